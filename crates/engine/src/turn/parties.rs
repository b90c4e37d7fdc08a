//! Other people in a role, and other versions of a flow (rules 9 and 11).

use crate::core::{Answers, Core};
use crate::effect::{Closed, Effect, Note};
use crate::message::EffectKey;
use crate::state::{Asking, Position, Rest};
use crate::turn::cx::Cx;
use crate::turn::rest::SILENCE;
use crate::turn::typed::slots;
use crate::turn::{Fault, Next, Went};

impl Cx<'_> {
    /// The person behind a party is another one. What the old one had open is recalled, and
    /// asked of the new one.
    pub(super) fn party_changed(&mut self, party: &str) -> Went {
        if matches!(self.state.position, Position::Ended | Position::Start) {
            return self.ignore("ended");
        }
        let held_card = self.open().filter(|(_, it)| it.holders.iter().any(|it| it == party));
        let asked = self.asked_of(party).is_some();
        if held_card.is_none() && !asked {
            return self.ignore("not_concerned");
        }
        if self.party(party).is_none() {
            return self.nobody_there(party);
        }
        if asked { self.ask_anew() } else { self.recall(Some(party)) }
    }

    /// Nobody holds the role now. Other holders keep the card; a required party that nobody
    /// plays goes to the desk, and the decision stays open meanwhile.
    fn nobody_there(&mut self, party: &str) -> Went {
        self.note(Note::NobodyToTell { party: party.to_owned() });
        if let Some((anchor, mut open)) = self.open().filter(|(_, it)| it.holders.len() > 1) {
            open.holders.retain(|it| it != party);
            self.keep_open(&anchor, open)?;
            return self.recall(None);
        }
        let asked = self.asked_of(party);
        self.open_task("no_party", None, asked);
        Ok(Next::Rest)
    }

    /// The open question under a new key, for another person.
    fn ask_anew(&mut self) -> Went {
        let Position::At { anchor, rest: Rest::Asking(asking) } = self.state.position.clone()
        else {
            return self.ignore("not_concerned");
        };
        self.emit(Effect::Close { question: asking.question, why: Closed::Recalled });
        self.clear_timer(SILENCE);
        self.forget_notice(asking.question);
        let question: EffectKey = self.next_key();
        let asking = Asking { question, message: question, shown: None, reminded: 0, ..asking };
        self.rest(&anchor, Rest::Asking(asking))?;
        self.put_again(None, None)
    }

    /// A deploy moves the conversation to the flow that this turn is called with. Only at
    /// rest, never with a decision or a write open, and only where the step it comes to has
    /// what it needs.
    pub(super) fn moved(&mut self) -> Went {
        let Position::At { anchor, rest } = self.state.position.clone() else {
            return self.ignore("cannot_move");
        };
        let closed = matches!(rest, Rest::Deciding(_) | Rest::Calling { write: true, .. });
        let kept = self.state.holds.iter().any(|it| it.resume.is_some());
        if closed || kept || !self.state.suspended.is_empty() {
            return self.ignore("cannot_move");
        }
        let to = self.program.moved.get(&anchor).unwrap_or(&anchor).clone();
        match self.fits_there(&to, &rest) {
            Ok(true) => {
                for hold in &mut self.state.holds {
                    if hold.anchor.as_ref() == Some(&anchor) {
                        hold.anchor = Some(to.clone());
                    }
                }
                self.note(Note::Moved { from: anchor, to: to.clone() });
                self.rest(&to, rest)
            }
            Ok(false) | Err(_) => self.ignore("cannot_move"),
        }
    }

    /// Whether the step at an anchor rests in the same way and has its fields.
    fn fits_there(&self, anchor: &str, rest: &Rest) -> Result<bool, Fault> {
        let has = |root: &str| self.known(root) || self.party(root).is_some();
        Ok(match (self.core(self.pc_of(anchor)?)?, rest) {
            (Core::Ask(ask), Rest::Asking(_)) => {
                let list = match &ask.answers {
                    Answers::List(path) => has(path.root()),
                    Answers::Keys(_) | Answers::Type(_) => true,
                };
                list && slots(&ask.wording).all(|it| has(it.path.root()))
            }
            (Core::Call(_), Rest::Calling { .. })
            | (Core::Wait(_), Rest::Waiting)
            | (Core::Run(_), Rest::Running { .. })
            | (Core::Handoff(_), Rest::HandedOff { .. }) => true,
            _ => false,
        })
    }
}
