//! The end: everyone who was addressed hears it, once.

use crate::core::OutcomeSpec;
use crate::effect::{Closed, Effect};
use crate::message::MessageKind;
use crate::phrases::Phrase;
use crate::state::Position;
use crate::surface::OutcomeKind;
use crate::text::Values;
use crate::turn::cx::Cx;
use crate::turn::{Next, Went};

impl Cx<'_> {
    /// Ends with an outcome.
    pub(super) fn end(&mut self, outcome: &str) -> Went {
        self.leave(&Closed::Over);
        self.drop_suspended();
        for party in std::mem::take(&mut self.told) {
            let held = self.held(&party).is_some();
            self.party_state(&party).heard_end = !held;
        }
        self.state.position = Position::Ended;
        self.state.outcome = Some(outcome.to_owned());
        self.state.waiting.clear();
        self.state.aside = None;
        let parties: Vec<String> = self.state.parties.keys().cloned().collect();
        for party in parties {
            self.close_toward(&party);
        }
        self.emit(Effect::Ended { outcome: outcome.to_owned() });
        Ok(Next::Rest)
    }

    /// The closing for a party that was addressed and has not heard the end.
    pub(super) fn close_toward(&mut self, party: &str) {
        let state = self.party_state(party);
        if !state.addressed || state.heard_end {
            return;
        }
        let spec = self.state.outcome.as_ref().and_then(|it| self.program.outcomes.get(it));
        let mut message = self.closing(party, spec);
        if message.kind != MessageKind::Reply {
            message.kind = MessageKind::Closing;
        }
        let held = self.held(party).is_some();
        self.deliver(message);
        self.party_state(party).heard_end = !held;
    }

    /// The flow's words, written for the principal; for everybody else, and where a value of
    /// them is missing, the built-in ones of the outcome's kind.
    fn closing(&self, party: &str, spec: Option<&OutcomeSpec>) -> crate::message::Message {
        let principal = party == self.program.principal;
        let own = spec.and_then(|it| it.say.as_ref()).filter(|_| principal);
        if let Some(message) = own.and_then(|it| self.message(party, it).ok()) {
            return message;
        }
        let phrase = match (principal, spec.map(|it| it.kind)) {
            (false, _) => Phrase::ClosedForOthers,
            (true, Some(OutcomeKind::Success)) => Phrase::ClosedSuccess,
            (true, Some(OutcomeKind::Neutral)) => Phrase::ClosedNeutral,
            (true, Some(OutcomeKind::Failure) | None) => Phrase::ClosedFailure,
        };
        self.phrase(party, phrase, Values::new())
    }
}
