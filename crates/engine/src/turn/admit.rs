//! What an event means where the conversation rests. Nothing is dropped: what nobody waits
//! for is recorded with its reason.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::core::Pc;
use crate::effect::{Draft, Effect};
use crate::event::{Event, Receipt};
use crate::message::EffectKey;
use crate::phrases::Phrase;
use crate::state::{Position, Rest};
use crate::text::Values;
use crate::time::Timestamp;
use crate::turn::ask::Answer;
use crate::turn::cx::Cx;
use crate::turn::notice::UNREAD;
use crate::turn::rest::{SILENCE, WAIT};
use crate::turn::tap::Tap;
use crate::turn::{Next, WAITING_MAX, Went};

impl Cx<'_> {
    /// Applies one event.
    pub(super) fn admit(&mut self, event: &Event) -> Went {
        match event {
            Event::Started { fields, words } => self.started(fields, words.as_deref()),
            Event::Said { party, words, question } => self.said(party, words, *question),
            Event::Tapped { actor, question, choice, with } => {
                self.tapped(&Tap { actor, question: *question, choice, with })
            }
            Event::Repair { party, repair } => {
                self.hears(party);
                self.repair(party, repair)
            }
            Event::Danger { party } => self.danger(party),
            Event::Returned { call, result } => self.returned(*call, result),
            Event::Due { timer, generation } => self.came_due(timer, *generation),
            Event::Receipt { message, receipt } => self.receipt(*message, receipt),
            Event::ChildEnded { run, outcome, fields } => self.child_ended(*run, outcome, fields),
            Event::Happened { name, data } => self.happened(name, data),
            Event::PartyChanged { party } => self.party_changed(party),
            Event::Desk { handoff, actor, action } => self.desk(*handoff, actor, action),
            Event::Moved => self.moved(),
        }
    }

    /// It begins. The words may already answer the first question, wherever that stands.
    fn started(&mut self, fields: &BTreeMap<String, Value>, words: Option<&str>) -> Went {
        if self.state.position != Position::Start {
            return self.ignore("overtaken");
        }
        for (field, value) in fields {
            if self.program.fields.contains_key(field) {
                self.set(field, value.clone(), "start");
            }
        }
        if let Some(words) = words {
            let principal = self.program.principal.clone();
            self.hears(&principal);
            let (fields, words) = (BTreeMap::new(), Some(words.to_owned()));
            self.state.waiting.push(Event::Started { fields, words });
        }
        Ok(Next::Step(0))
    }

    /// A party wrote.
    fn said(&mut self, party: &str, words: &str, question: Option<EffectKey>) -> Went {
        self.hears(party);
        if let Some(handoff) = self.held(party) {
            let draft = Draft::Wrote(words.to_owned());
            self.emit(Effect::Draft { handoff, draft });
            return Ok(Next::Rest);
        }
        match &self.state.position {
            Position::Start => return self.ignore("late_words"),
            Position::Ended => {
                self.say_phrase(party, Phrase::Ended, Values::new());
                return self.ignore("ended");
            }
            Position::At { .. } => {}
        }
        if let Some(went) = self.fill_needs(party, words) {
            return went;
        }
        if let Some(went) = self.aside_words(party, words) {
            return went;
        }
        if matches!(self.state.position, Position::At { rest: Rest::Calling { .. }, .. }) {
            return self.said_in_call(party, words, question);
        }
        self.heard(party, words, question)
    }

    /// Words that arrive during a call wait in order and are applied after it; a person and
    /// cancel are heard at once (rule 1).
    fn said_in_call(&mut self, party: &str, words: &str, question: Option<EffectKey>) -> Went {
        if let Some(went) = self.urgent_words(party, words) {
            return went;
        }
        // The words that started it may wait there for their question, and are none of these.
        let said = self.state.waiting.iter().filter(|it| matches!(it, Event::Said { .. })).count();
        if said >= WAITING_MAX {
            self.hold_here("not_understood", party)?;
            let handoff = self.held(party);
            if let Some(handoff) = handoff {
                let draft = Draft::Wrote(words.to_owned());
                self.emit(Effect::Draft { handoff, draft });
            }
            return Ok(Next::Rest);
        }
        if said == 0 {
            self.say_phrase(party, Phrase::Working, Values::new());
        }
        let (party, words) = (party.to_owned(), words.to_owned());
        self.state.waiting.push(Event::Said { party, words, question });
        Ok(Next::Rest)
    }

    /// An answer in so many words, else a repair, else a likely answer, else not understood.
    fn heard(&mut self, party: &str, words: &str, question: Option<EffectKey>) -> Went {
        let answer = self.answer_of(party, words, question);
        if let Some((pc, Answer::Exactly(key, value))) = answer {
            return self.answer(pc, &key, value, party);
        }
        if let Some(went) = self.spoken(party, words) {
            return went;
        }
        match answer {
            Some((pc, Answer::Likely(key, value))) => self.answer(pc, &key, value, party),
            Some((_, Answer::Several(keys))) => self.which_one(&keys),
            Some((_, _)) => self.not_understood(party),
            None => self.unasked(party),
        }
    }

    /// What the words answer, if this party is asked something that it has seen. Words that
    /// were received before the question was shown never answer it (rule 4).
    fn answer_of(
        &self,
        party: &str,
        words: &str,
        question: Option<EffectKey>,
    ) -> Option<(Pc, Answer)> {
        let Position::At { anchor, rest: Rest::Asking(asking) } = &self.state.position else {
            return None;
        };
        let (pc, ask) = (self.pc_of(anchor).ok()?, self.ask_at(anchor).ok()?);
        let seen =
            question == Some(asking.question) || (question.is_none() && asking.shown.is_some());
        if ask.party != party || !seen {
            return None;
        }
        let buttons = self.buttons(ask).ok()?;
        Some((pc, self.answer_in(words, ask, &buttons)))
    }

    fn answer(&mut self, pc: Pc, key: &str, value: Value, party: &str) -> Went {
        match self.core(pc)? {
            crate::core::Core::Ask(ask) => self.answered(pc, ask, key, value, party),
            _ => self.ignore("late_words"),
        }
    }

    /// A timer came due.
    fn came_due(&mut self, name: &str, generation: u32) -> Went {
        match self.state.timers.get_mut(name) {
            Some(timer) if timer.set && timer.generation == generation => timer.set = false,
            _ => return self.ignore("stale_timer"),
        }
        match name {
            SILENCE => self.silent(),
            WAIT => self.waited(),
            _ if name.starts_with(UNREAD) => self.unread(name),
            _ => match name.split_once('.') {
                Some((anchor, what)) => {
                    let (anchor, what) = (anchor.to_owned(), what.to_owned());
                    self.decision_due(&anchor, &what)
                }
                None => self.ignore("stale_timer"),
            },
        }
    }

    /// Dispatch reports on a message (rule 7).
    fn receipt(&mut self, message: EffectKey, receipt: &Receipt) -> Went {
        match receipt {
            Receipt::Shown => {
                self.notice_read(message);
                self.question_shown(message)
            }
            Receipt::Maybe => self.question_shown(message),
            Receipt::HeldUntil(until) => self.notice_held(message, Timestamp(*until)),
            // What it asked was over before it left: there was nothing to deliver any more.
            Receipt::Withheld(why) if why == "over" => self.ignore("receipt"),
            Receipt::Withheld(_) | Receipt::Failed => match self.notice_of(message) {
                Some(notice) => self.notice_failed(notice, message, receipt),
                None => self.undelivered(message),
            },
        }
    }

    /// Every channel was tried: a person reaches the party another way, and may type in the
    /// answer. The bot is not mute: if the party writes after all, it answers.
    fn undelivered(&mut self, message: EffectKey) -> Went {
        let asked = match &self.state.position {
            Position::At { anchor, rest: Rest::Asking(asking) } if asking.message == message => {
                Some(self.ask_at(anchor)?.field.clone())
            }
            _ => None,
        };
        self.open_task("undeliverable", None, asked);
        Ok(Next::Rest)
    }
}
