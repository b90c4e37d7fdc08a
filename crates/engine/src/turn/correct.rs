//! Corrections: back to the ask, without what was derived from it (rule 5).

use serde_json::Value;

use crate::core::{Core, Pc};
use crate::effect::Closed;
use crate::phrases::Phrase;
use crate::state::{Position, Rest};
use crate::text::Values;
use crate::turn::ask::Answer;
use crate::turn::cx::Cx;
use crate::turn::say::text;
use crate::turn::{Next, Went};
use crate::types::Type;

/// What people call a field beside its own name, by the record type that it holds.
const SPOKEN: [(&str, &[&str]); 2] = [
    (
        "medication",
        &[
            "medicine",
            "medication",
            "drug",
            "med",
            "pill",
            "pills",
            "prescription",
            "medicina",
            "medicamento",
            "pastilla",
            "pastillas",
            "receta",
            "remedio",
        ],
    ),
    ("pharmacy", &["pharmacy", "drugstore", "farmacia", "botica"]),
];

impl Cx<'_> {
    /// The fields that may be corrected, with what people call them.
    pub(super) fn correctable(&self) -> Vec<(String, Vec<String>)> {
        let names = |field: &String| {
            let spec = self.program.fields.get(field)?;
            let mut names = vec![spec.spoken.clone(), field.clone()];
            if let Type::Record(record) = &spec.ty {
                names.push(record.rsplit('.').next().unwrap_or_default().to_owned());
                let more = SPOKEN.iter().filter(|(of, _)| record.ends_with(of));
                names.extend(more.flat_map(|(_, it)| *it).map(|it| (*it).to_owned()));
            }
            Some((field.clone(), names))
        };
        self.program.interrupts.correct.iter().filter_map(names).collect()
    }

    /// "No, I meant …". After a decision or a write a person looks at it. Without a field the
    /// latest answer is meant, or the one that the new words fit.
    pub(super) fn correct(
        &mut self,
        party: &str,
        field: Option<&str>,
        words: Option<&str>,
    ) -> Went {
        let Some((field, pc)) = self.meant(party, field, words) else {
            // "No, I meant X" may be the answer to what is asked right now.
            if let Some((asked, value)) = words.and_then(|it| self.answer_here(party, it)) {
                let ask = self.ask_at(&asked)?;
                return self.answered(self.pc_of(&asked)?, ask, &ask.field, value, party);
            }
            return self.what_to_change(party);
        };
        let in_write = matches!(
            self.state.position,
            Position::At { rest: Rest::Calling { write: true, .. }, .. }
        );
        if self.state.written || in_write || !self.state.decided.is_empty() {
            self.say_phrase(party, Phrase::CannotChangeNow, Values::new());
            return self.hold_here("after_decision", party);
        }
        let new = words.and_then(|it| self.parse_for(&field, it));
        self.rewind(&field, party);
        match new {
            Some(value) => {
                self.set(&field, value, party);
                Ok(Next::Step(pc + 1))
            }
            None => Ok(Next::Step(pc)),
        }
    }

    /// The field that is meant and its ask: one that this party was asked for and has given.
    fn meant(&self, party: &str, field: Option<&str>, words: Option<&str>) -> Option<(String, Pc)> {
        let mut candidates: Vec<(Pc, String)> = Vec::new();
        for (name, _) in self.correctable() {
            let Some((pc, ask)) = self.ask_of_field(&name) else { continue };
            if ask.party == party && self.known(&name) && field.is_none_or(|it| it == name) {
                candidates.push((pc, name));
            }
        }
        candidates.sort_by_key(|(pc, _)| std::cmp::Reverse(*pc));
        if let Some(words) = words {
            let fits = |it: &&(Pc, String)| self.parse_for(&it.1, words).is_some();
            if let Some((pc, name)) = candidates.iter().find(fits) {
                return Some((name.clone(), *pc));
            }
            // Words that fit none of them do not say which one was wrong.
            field?;
        }
        candidates.into_iter().next().map(|(pc, name)| (name, pc))
    }

    /// What the words answer of the open question, and its anchor. Only a question that was
    /// shown (rule 4).
    fn answer_here(&self, party: &str, words: &str) -> Option<(String, Value)> {
        self.asked_of(party)?;
        let Position::At { anchor, rest: Rest::Asking(asking) } = &self.state.position else {
            return None;
        };
        asking.shown?;
        let ask = self.ask_at(anchor).ok()?;
        let buttons = self.buttons(ask).ok()?;
        match self.answer_in(words, ask, &buttons) {
            Answer::Exactly(_, value) | Answer::Likely(_, value) => Some((anchor.clone(), value)),
            Answer::Several(_) | Answer::Nothing => None,
        }
    }

    /// The value that words mean for a field's ask.
    fn parse_for(&self, field: &str, words: &str) -> Option<Value> {
        let (_, ask) = self.ask_of_field(field)?;
        let buttons = self.buttons(ask).ok()?;
        match self.answer_in(words, ask, &buttons) {
            Answer::Exactly(_, value) | Answer::Likely(_, value) => Some(value),
            Answer::Several(_) | Answer::Nothing => None,
        }
    }

    fn what_to_change(&mut self, party: &str) -> Went {
        let names: Vec<String> = self.correctable().iter().map(|(_, it)| it[0].clone()).collect();
        if names.is_empty() || self.asked_of(party).is_some() {
            return match self.asked_of(party) {
                Some(_) => self.put_again(None, None),
                None => self.hold_here("asked", party),
            };
        }
        self.say_phrase(
            party,
            Phrase::ChangeWhat,
            Values::from([text("fields", names.join(", "))]),
        );
        Ok(Next::Rest)
    }

    /// Leaves the rest and clears the field with everything derived from it. An open card is
    /// recalled, and those who held it are told.
    fn rewind(&mut self, field: &str, by: &str) {
        if let Some((_, open)) = self.open() {
            self.state.recalled.push(open.question);
            for holder in &open.holders {
                self.say_phrase(holder, Phrase::CardChanged, Values::new());
            }
        }
        self.leave(&Closed::Recalled);
        self.drop_suspended();
        // What was said of it before does not hold any more.
        self.forget_notices();
        self.state.misses = 0;
        self.clear_derived(field, by);
        self.set(field, Value::Null, by);
    }

    /// Forgets the answer to the question at `pc`, if one stands there: trying it again asks it
    /// again, and does not lead straight back to the handoff.
    pub(super) fn forget_answer(&mut self, pc: Pc, by: &str) {
        let Some(Core::Ask(ask)) = self.program.steps.get(pc) else { return };
        let field = ask.field.clone();
        if self.known(&field) {
            self.clear_derived(&field, by);
            self.set(&field, Value::Null, by);
        }
    }

    fn clear_derived(&mut self, field: &str, by: &str) {
        for derived in self.program.derived.get(field).into_iter().flatten() {
            self.set(derived, Value::Null, by);
        }
    }

    /// Staff mended a field at the desk. Before a decision the flow computes again what came
    /// from it; after one only the field changes. A handoff stays where it is: its holder
    /// gives it back.
    pub(super) fn corrected_by_staff(&mut self, field: &str, value: Value, by: &str) -> Went {
        if self.state.written || !self.state.decided.is_empty() {
            self.set(field, value, by);
            return Ok(Next::Rest);
        }
        let here = matches!(
            self.state.position,
            Position::At { rest: Rest::HandedOff { .. } | Rest::Calling { write: true, .. }, .. }
                | Position::Ended
        );
        // Only what was asked can be asked anew: a field that the flow has not come to yet is kept
        // for then, and the questions before it stay.
        let now = match &self.state.position {
            Position::At { anchor, rest: Rest::Asking(_) } => Some(self.pc_of(anchor)?),
            _ => None,
        };
        let asked = self.ask_of_field(field).map(|(pc, _)| pc);
        match asked.filter(|pc| !here && (self.known(field) || now == Some(*pc))) {
            Some(pc) => {
                self.rewind(field, by);
                self.set(field, value, by);
                Ok(Next::Step(pc + 1))
            }
            None => {
                self.clear_derived(field, by);
                self.set(field, value, by);
                if self.open().is_some() { self.recall(None) } else { Ok(Next::Rest) }
            }
        }
    }
}
