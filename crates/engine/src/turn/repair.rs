//! The built-in repairs: help, again, a person, stop, language, danger (worded once for all
//! flows; a flow states only its differences).

use serde_json::Value;

use crate::core::Core;
use crate::effect::{Closed, Draft, Effect, VerdictKind};
use crate::event::Repair;
use crate::listen::{self, Heard, Offer, Spoken};
use crate::message::{Button, Message};
use crate::phrases::{self, Phrase};
use crate::state::{Aside, Position, Rest};
use crate::text::{Values, Wording};
use crate::turn::cx::Cx;
use crate::turn::tap::Tap;
use crate::turn::{MISSES_MAX, Next, Went};

/// The keys of "Shall I stop?".
const STOP: &str = "stop";
const GO_ON: &str = "go_on";

/// The outcome of a cancel where the flow names none.
const WITHDRAWN: &str = "withdrawn";

impl Cx<'_> {
    /// A repair that a button or command names.
    pub(super) fn repair(&mut self, party: &str, repair: &Repair) -> Went {
        if let Some(handoff) = self.held(party) {
            // The holder sees that she asked; the bot stays mute.
            let draft = Draft::Wrote(format!("[{}]", repair_name(repair)));
            self.emit(Effect::Draft { handoff, draft });
            return self.ignore("held");
        }
        if matches!(self.state.position, Position::Ended | Position::Start) {
            return self.ignore("ended");
        }
        match repair {
            Repair::Help => self.help(party),
            Repair::Repeat => self.again(party, Some(Phrase::Again)),
            Repair::Return => self.again(party, None),
            Repair::Human => self.hold_here("asked", party),
            Repair::Cancel => self.cancel(party),
            Repair::Language { .. } => self.again(party, Some(Phrase::LanguageSet)),
            Repair::Correct { field, words } => self.correct(party, Some(field), words.as_deref()),
        }
    }

    /// A repair in words, if the words are one.
    pub(super) fn spoken(&mut self, party: &str, words: &str) -> Option<Went> {
        Some(match listen::repair(words)? {
            Spoken::Help => self.help(party),
            Spoken::Repeat => self.again(party, Some(Phrase::Again)),
            Spoken::Human => self.hold_here("asked", party),
            Spoken::Cancel => self.cancel(party),
            Spoken::Correct { called, words } => {
                let names = self.correctable();
                let field = match &called {
                    Some(called) => Some(listen::named(called, &names)?.to_owned()),
                    None => None,
                };
                self.correct(party, field.as_deref(), words.as_deref())
            }
        })
    }

    /// What is heard even while a call runs.
    pub(super) fn urgent_words(&mut self, party: &str, words: &str) -> Option<Went> {
        match listen::repair(words)? {
            Spoken::Human => Some(self.hold_here("asked", party)),
            Spoken::Cancel => Some(self.cancel(party)),
            Spoken::Help | Spoken::Repeat | Spoken::Correct { .. } => None,
        }
    }

    fn help(&mut self, party: &str) -> Went {
        let own = self.program.interrupts.help.clone();
        let asked = self.asked_of(party).is_some();
        let phrase = if asked { Phrase::Help } else { Phrase::HelpNothingOpen };
        if asked {
            // The flow's own words may hold values, so they go as a message of their own.
            let Some(own) = own else {
                return self.put_again(Some(&phrases::wording(phrase)), None);
            };
            let message = self.message(party, &own)?;
            self.deliver(message);
            return self.put_again(None, None);
        }
        match own {
            Some(own) => {
                let message = self.message(party, &own)?;
                self.deliver(message);
            }
            None => self.say_phrase(party, phrase, Values::new()),
        }
        Ok(Next::Rest)
    }

    /// The open question or card again.
    fn again(&mut self, party: &str, first: Option<Phrase>) -> Went {
        if self.asked_of(party).is_some() {
            return self.put_again(first.map(phrases::wording).as_ref(), None);
        }
        if let Some((_, open)) =
            self.open().filter(|(_, it)| it.holders.iter().any(|it| it == party))
        {
            self.put_card(&open, party);
            return Ok(Next::Rest);
        }
        match first {
            None => self.ignore("not_concerned"),
            Some(Phrase::LanguageSet) => {
                self.say_phrase(party, Phrase::LanguageSet, Values::new());
                Ok(Next::Rest)
            }
            Some(_) => self.unasked(party),
        }
    }

    /// Words that were no answer, for the first times; then a person comes.
    pub(super) fn not_understood(&mut self, party: &str) -> Went {
        self.state.misses += 1;
        if self.state.misses > MISSES_MAX {
            return self.hold_here("not_understood", party);
        }
        match self.program.interrupts.not_understood.clone() {
            Some(own) => {
                let message = self.message(party, &own)?;
                self.deliver(message);
                self.put_again(None, None)
            }
            None => self.put_again(Some(&phrases::wording(Phrase::NotUnderstood)), None),
        }
    }

    /// Several choices fit: ask back among them.
    pub(super) fn which_one(&mut self, keys: &[String]) -> Went {
        self.state.misses += 1;
        if self.state.misses > MISSES_MAX {
            let party = self.from.clone().unwrap_or_else(|| self.program.principal.clone());
            return self.hold_here("not_understood", &party);
        }
        self.put_again(Some(&phrases::wording(Phrase::WhichOne)), Some(keys))
    }

    /// Words of somebody who is asked nothing (that was shown) now.
    pub(super) fn unasked(&mut self, party: &str) -> Went {
        if self.asked_of(party).is_some() {
            return self.ignore("late_words");
        }
        if let Some((_, open)) =
            self.open().filter(|(_, it)| it.holders.iter().any(|it| it == party))
        {
            self.say_phrase(party, Phrase::CardNeedsTap, Values::new());
            self.put_card(&open, party);
            return Ok(Next::Rest);
        }
        self.say_phrase(party, Phrase::StillWaiting, Values::new());
        Ok(Next::Rest)
    }

    /// "Stop this."
    fn cancel(&mut self, party: &str) -> Went {
        if party != self.program.principal {
            self.say_phrase(party, Phrase::OnlyPrincipalCancels, Values::new());
            return Ok(Next::Rest);
        }
        let in_write = matches!(
            self.state.position,
            Position::At { rest: Rest::Calling { write: true, .. }, .. }
        );
        if !in_write && (self.state.written || !self.state.decided.is_empty()) {
            return self.hold_here("after_decision", party);
        }
        if !self.program.interrupts.cancel_asks {
            return self.cancel_now();
        }
        let button = |key: &str, phrase: Phrase| Button {
            key: key.to_owned(),
            label: phrases::words(phrase),
            value: Value::Null,
            needs: Vec::new(),
        };
        let buttons = vec![button(STOP, Phrase::CancelYes), button(GO_ON, Phrase::CancelNo)];
        let message = self.phrase(party, Phrase::CancelQuestion, Values::new());
        if let Some(old) = self.state.aside.take() {
            self.emit(Effect::Close { question: old.question, why: Closed::Over });
        }
        let question = self.next_key();
        self.deliver(Message { question: Some(question), buttons, ..message });
        self.state.aside = Some(Aside { question, party: party.to_owned() });
        Ok(Next::Rest)
    }

    /// Stops now. A write that is out is waited for: what it did must be known.
    pub(super) fn cancel_now(&mut self) -> Went {
        if let Position::At {
            anchor,
            rest: Rest::Calling { call, write: true, cancelled: false },
        } = self.state.position.clone()
        {
            return self.rest(&anchor, Rest::Calling { call, write: true, cancelled: true });
        }
        self.leave(&Closed::Over);
        self.drop_suspended();
        self.told.clear();
        if let Some(to) = self.program.interrupts.cancel {
            return Ok(Next::Step(to));
        }
        let outcomes = &self.program.outcomes;
        let neutral = || {
            let kind = crate::surface::OutcomeKind::Neutral;
            outcomes.iter().find(|(_, it)| it.kind == kind).map(|(name, _)| name.clone())
        };
        let named = outcomes.contains_key(WITHDRAWN).then(|| WITHDRAWN.to_owned());
        Ok(Next::End(named.or_else(neutral).unwrap_or_else(|| WITHDRAWN.to_owned())))
    }

    /// The answer to "Shall I stop?" by tap.
    pub(super) fn tapped_aside(&mut self, tap: &Tap<'_>) -> Went {
        let asked = self.state.aside.as_ref().map(|it| it.party.clone());
        if tap.actor.party != asked {
            self.verdict(&tap.actor.person, Some(tap.question), VerdictKind::NotAllowed);
            return Ok(Next::Rest);
        }
        if ![STOP, GO_ON].contains(&tap.choice) {
            self.verdict(&tap.actor.person, Some(tap.question), VerdictKind::NoSuchChoice);
            return Ok(Next::Rest);
        }
        self.verdict(&tap.actor.person, Some(tap.question), VerdictKind::Done);
        self.aside_answered(tap.choice == STOP)
    }

    /// The answer to "Shall I stop?" in words; anything else goes on as if it had not been
    /// asked. Its party has it in focus.
    pub(super) fn aside_words(&mut self, party: &str, words: &str) -> Option<Went> {
        self.state.aside.as_ref().filter(|it| it.party == party)?;
        let offer = |key: &str, phrase: Phrase| Offer {
            key: key.to_owned(),
            labels: phrases::words(phrase).into_values().collect(),
        };
        let offers = [offer(STOP, Phrase::CancelYes), offer(GO_ON, Phrase::CancelNo)];
        match listen::choice(words, &offers) {
            Heard::Exactly(index) => Some(self.aside_answered(index == 0)),
            Heard::Likely(_) | Heard::Several(_) | Heard::Nothing => None,
        }
    }

    fn aside_answered(&mut self, stop: bool) -> Went {
        let Some(aside) = self.state.aside.take() else { return self.ignore("overtaken") };
        let choice = if stop { STOP } else { GO_ON }.to_owned();
        let why = Closed::Answered { by: self.party_name(&aside.party), choice };
        self.emit(Effect::Close { question: aside.question, why });
        if stop {
            return self.cancel_now();
        }
        let go_on: Wording = phrases::wording(Phrase::CancelledNot);
        if self.asked_of(&aside.party).is_some() {
            return self.put_again(Some(&go_on), None);
        }
        self.say_phrase(&aside.party, Phrase::CancelledNot, Values::new());
        Ok(Next::Rest)
    }

    /// Danger was heard. The words of help were said where it was heard, before any
    /// conversation; here the flow rests toward this party, and a person comes.
    pub(super) fn danger(&mut self, party: &str) -> Went {
        self.hears(party);
        if self.state.holds.iter().any(|it| it.why == "danger") {
            return self.ignore("held");
        }
        self.hold_here("danger", party)
    }

    /// Whether the core step at an anchor is an ask that may be corrected.
    pub(super) fn ask_of_field(&self, field: &str) -> Option<(usize, &crate::core::Ask)> {
        self.program.steps.iter().enumerate().find_map(|(pc, step)| match step {
            Core::Ask(ask) if ask.field == field => Some((pc, ask)),
            _ => None,
        })
    }
}

/// How a holder reads a repair that came as a button.
fn repair_name(repair: &Repair) -> &'static str {
    match repair {
        Repair::Help => "help",
        Repair::Repeat => "repeat",
        Repair::Human => "a person",
        Repair::Cancel => "cancel",
        Repair::Correct { .. } => "a correction",
        Repair::Return => "return",
        Repair::Language { .. } => "language",
    }
}
