//! Taps and commands that name a question: who may, what is missing, who was first.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::core::{Decide, DecideChoice};
use crate::effect::{Draft, Effect, Note, Verdict, VerdictKind};
use crate::event::Actor;
use crate::message::EffectKey;
use crate::state::{Deciding, PendingChoice, Position, Rest, Taken};
use crate::time::Timestamp;
use crate::turn::cx::Cx;
use crate::turn::decide::Decider;
use crate::turn::{Next, PENDING_MS, Went};

/// A tap.
pub(super) struct Tap<'e> {
    pub(super) actor: &'e Actor,
    pub(super) question: EffectKey,
    pub(super) choice: &'e str,
    pub(super) with: &'e BTreeMap<String, Value>,
}

impl Cx<'_> {
    /// Tells the one who acted what became of it.
    pub(super) fn verdict(&mut self, person: &str, about: Option<EffectKey>, verdict: VerdictKind) {
        let person = person.to_owned();
        self.emit(Effect::Verdict(Verdict { person, about, verdict }));
    }

    /// Answers a tap and stays where it is.
    fn refuse(&mut self, tap: &Tap<'_>, verdict: VerdictKind) -> Went {
        self.verdict(&tap.actor.person, Some(tap.question), verdict);
        Ok(Next::Rest)
    }

    /// Somebody tapped.
    pub(super) fn tapped(&mut self, tap: &Tap<'_>) -> Went {
        if let Some(party) = &tap.actor.party {
            self.hears(party);
        }
        if self.state.aside.as_ref().is_some_and(|it| it.question == tap.question) {
            return self.tapped_aside(tap);
        }
        match &self.state.position {
            Position::At { rest: Rest::Asking(asking), .. } if asking.question == tap.question => {
                self.tapped_ask(tap)
            }
            Position::At { rest: Rest::Deciding(_), .. } => self.tapped_card(tap),
            _ => self.tapped_late(tap),
        }
    }

    /// An answer by tap.
    fn tapped_ask(&mut self, tap: &Tap<'_>) -> Went {
        let Position::At { anchor, rest: Rest::Asking(asking) } = &self.state.position else {
            return self.tapped_late(tap);
        };
        let (pc, ask) = (self.pc_of(anchor)?, self.ask_at(anchor)?);
        let value = asking.offered.get(tap.choice).cloned();
        if tap.actor.party.as_ref() != Some(&ask.party) {
            return self.refuse(tap, VerdictKind::NotAllowed);
        }
        let Some(value) = value else { return self.refuse(tap, VerdictKind::NoSuchChoice) };
        if let Some(handoff) = self.held(&ask.party) {
            let draft = Draft::Wrote(tap.choice.to_owned());
            self.emit(Effect::Draft { handoff, draft });
            let name = self.holder_of(handoff);
            return self.refuse(tap, VerdictKind::HeldBy { name });
        }
        self.verdict(&tap.actor.person, Some(tap.question), VerdictKind::Done);
        self.answered(pc, ask, tap.choice, value, &ask.party)
    }

    /// A tap on a question that is not open (any more).
    fn tapped_late(&mut self, tap: &Tap<'_>) -> Went {
        let taken = self.state.decided.values().find(|it| it.question == tap.question).cloned();
        let taken = taken.or_else(|| self.taken_for_now(tap.question));
        let Some(taken) = taken else {
            self.note(Note::Ignored { why: "overtaken".to_owned() });
            let recalled = self.state.recalled.contains(&tap.question);
            let verdict = if recalled && self.state.outcome.is_none() {
                VerdictKind::Changed
            } else {
                VerdictKind::Over
            };
            return self.refuse(tap, verdict);
        };
        if taken.by == tap.actor.name && taken.choice == tap.choice {
            self.note(Note::Ignored { why: "duplicate_tap".to_owned() });
            return self.refuse(tap, VerdictKind::Done);
        }
        let (by, choice, at) = (taken.by, taken.choice, taken.at);
        self.note(Note::Ignored { why: "overtaken".to_owned() });
        self.refuse(tap, VerdictKind::AlreadyDecided { by, choice, at })
    }

    /// The choice whose steps are running, as if it were a decision: who, what and when.
    fn taken_for_now(&self, question: EffectKey) -> Option<Taken> {
        let (anchor, _) = self.state.suspended.iter().find(|(_, it)| it.question == question)?;
        let chosen = self.state.fields.get(anchor)?;
        let text = |name: &str| chosen.get(name)?.as_str().map(str::to_owned);
        let at = Timestamp::parse(&text("at")?)?;
        Some(Taken { question, by: text("by")?, choice: text("choice")?, at })
    }

    /// A tap while a decision is open: on its card, or on one that was recalled.
    fn tapped_card(&mut self, tap: &Tap<'_>) -> Went {
        let Some((anchor, open)) = self.open() else { return self.tapped_late(tap) };
        let decide = self.decide_at(&anchor)?;
        if open.question != tap.question {
            if self.state.decided.values().any(|it| it.question == tap.question) {
                return self.tapped_late(tap);
            }
            self.verdict(&tap.actor.person, Some(tap.question), VerdictKind::Changed);
            if let Some(holder) = tap.actor.party.as_ref().filter(|it| open.holders.contains(it)) {
                self.put_card(&open, holder);
            }
            return Ok(Next::Rest);
        }
        let Some(choice) = self.offered_choice(decide, &open, tap.choice) else {
            let filled = tap.actor.party.as_ref().and_then(|it| self.fill_needs(it, tap.choice));
            return filled.unwrap_or_else(|| self.refuse(tap, VerdictKind::NoSuchChoice));
        };
        if !self.may_decide(decide, &open, tap.actor) {
            let (person, choice) = (tap.actor.person.clone(), choice.key.clone());
            self.note(Note::NotAllowed { person, choice });
            return self.refuse(tap, VerdictKind::NotAllowed);
        }
        let before = open.pending.as_ref();
        let before = before.filter(|it| it.person == tap.actor.person && it.choice == tap.choice);
        let mut with = before.map(|it| it.with.clone()).unwrap_or_default();
        with.extend(tap.with.iter().map(|(name, value)| (name.clone(), value.clone())));
        let by = Decider {
            name: tap.actor.name.clone(),
            person: Some(tap.actor.person.clone()),
            party: tap.actor.party.clone(),
        };
        self.choose(choice, &by, with, Some(tap.question))
    }

    /// The choice, if the card offers it.
    pub(super) fn offered_choice<'d>(
        &self,
        decide: &'d Decide,
        open: &Deciding,
        key: &str,
    ) -> Option<&'d DecideChoice> {
        let offered = open.card.buttons.iter().any(|it| it.key == key);
        decide.choices.iter().find(|it| offered && it.key == key)
    }

    /// A decision is made by a person with authority over that claim. Where the flow asks for
    /// none, by one who holds the card.
    fn may_decide(&self, decide: &Decide, open: &Deciding, actor: &Actor) -> bool {
        let holds = actor.party.as_ref().is_some_and(|it| open.holders.contains(it));
        let requester = actor.party.as_ref() == Some(&self.program.principal) && !holds;
        match &decide.authority {
            Some(authority) => !requester && actor.authorities.contains(authority),
            None => holds,
        }
    }

    /// Takes a choice if its needs are complete; else remembers what was given, and waits for
    /// the rest from this person (rule 4).
    pub(super) fn choose(
        &mut self,
        choice: &DecideChoice,
        by: &Decider,
        with: BTreeMap<String, Value>,
        question: Option<EffectKey>,
    ) -> Went {
        let Some((anchor, mut open)) = self.open() else { return self.ignore("overtaken") };
        let person = by.person.clone().unwrap_or_default();
        let (given, missing) = self.needs(&open, &choice.key, &with);
        if !missing.is_empty() {
            let until = self.env.now.plus_ms(PENDING_MS);
            let with = given.into_iter().collect();
            let (choice, of) = (choice.key.clone(), person.clone());
            open.pending = Some(PendingChoice { person: of, choice, with, until });
            self.verdict(&person, question, VerdictKind::Needs { missing });
            if let Some(party) = &by.party {
                self.ask_need(party, &open);
            }
            return self.keep_open(&anchor, open);
        }
        self.verdict(&person, question, VerdictKind::Done);
        match choice.steps {
            Some(to) => self.suspend(choice, to, by, given),
            None => self.decided(choice, by, given),
        }
    }
}
