//! What a person at a desk does with a handoff, and how it comes back.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::core::{Core, Pc};
use crate::effect::{Draft, Effect, VerdictKind};
use crate::event::{Actor, DeskAction, GiveBack};
use crate::label::{Label, Labels};
use crate::message::{EffectKey, Message, MessageKind};
use crate::phrases::{self, Phrase};
use crate::state::{Hold, Position, Rest};
use crate::text::{Values, Wording};
use crate::turn::cx::Cx;
use crate::turn::say::text;
use crate::turn::{Next, Went};
use crate::types::Type;

/// What stands open while the desk acts.
struct Act<'e> {
    hold: Hold,
    actor: &'e Actor,
}

impl Cx<'_> {
    /// A person at a desk acted.
    pub(super) fn desk(&mut self, key: EffectKey, actor: &Actor, action: &DeskAction) -> Went {
        let hold = self.state.holds.iter().find(|it| it.handoff == key).cloned();
        let Some(hold) = hold else {
            self.verdict(&actor.person, Some(key), VerdictKind::Over);
            return self.ignore("overtaken");
        };
        let other = hold.holder.as_ref().filter(|(person, _)| *person != actor.person);
        if let (Some((_, name)), false) = (other, matches!(action, DeskAction::Note { .. })) {
            let name = name.clone();
            self.verdict(&actor.person, Some(key), VerdictKind::HeldBy { name });
            return Ok(Next::Rest);
        }
        let act = Act { hold, actor };
        match action {
            DeskAction::Note { words } => {
                let draft = Draft::Note { by: actor.name.clone(), words: words.clone() };
                self.emit(Effect::Draft { handoff: key, draft });
                self.done(&act)
            }
            DeskAction::Take => {
                self.take(&act);
                self.done(&act)
            }
            DeskAction::Reply { words, language } => self.reply(&act, words, language),
            DeskAction::Correct { field, value } => self.staff_corrects(&act, field, value),
            DeskAction::GiveBack(back) => self.give_back(&act, back),
        }
    }

    /// Whoever acts on a handoff that nobody has holds it from then on.
    fn take(&mut self, act: &Act<'_>) {
        let holder = (act.actor.person.clone(), act.actor.name.clone());
        let holds = self.state.holds.iter_mut().filter(|it| it.handoff == act.hold.handoff);
        holds.for_each(|it| it.holder = Some(holder.clone()));
    }

    fn done(&mut self, act: &Act<'_>) -> Went {
        self.verdict(&act.actor.person, Some(act.hold.handoff), VerdictKind::Done);
        Ok(Next::Rest)
    }

    fn lacks(&mut self, act: &Act<'_>, name: &str, code: &str) -> Went {
        let missing = BTreeMap::from([(name.to_owned(), code.to_owned())]);
        self.verdict(&act.actor.person, Some(act.hold.handoff), VerdictKind::Needs { missing });
        Ok(Next::Rest)
    }

    /// How others see the holder of a handoff; its desk while nobody took it.
    pub(super) fn holder_of(&self, handoff: EffectKey) -> String {
        let hold = self.state.holds.iter().find(|it| it.handoff == handoff);
        let name = |it: &Hold| it.holder.as_ref().map_or(it.desk.clone(), |(_, name)| name.clone());
        hold.map(name).unwrap_or_default()
    }

    /// A person's words to the party. In another language than hers they stay with staff
    /// until a person has translated them (rule 8).
    fn reply(&mut self, act: &Act<'_>, words: &str, language: &str) -> Went {
        self.take(act);
        let party = act.hold.party.clone().unwrap_or_else(|| self.program.principal.clone());
        let Some(reader) = self.party(&party) else { return self.lacks(act, "party", "missing") };
        if words.trim().is_empty() {
            return self.lacks(act, "words", "missing");
        }
        if reader.language != language {
            let by = act.actor.name.clone();
            let draft = Draft::Note { by, words: words.to_owned() };
            self.emit(Effect::Draft { handoff: act.hold.handoff, draft });
            return self.lacks(act, "language", "translate_first");
        }
        let template = phrases::literal(words);
        let wording = Wording {
            key: "person".to_owned(),
            words: BTreeMap::from([(language.to_owned(), template)]),
            private: BTreeMap::new(),
            labels: Labels::NONE.with(Label::Health),
            private_labels: Labels::NONE,
        };
        let kind = MessageKind::Person;
        // Whose words these are: channels show the name beside them.
        let values = Values::from([text("speaker", &act.actor.name)]);
        let plain = self.phrase(&party, Phrase::PersonKnows, Values::new());
        self.deliver(Message { kind, wording, values, ..plain });
        self.done(act)
    }

    /// Staff mend a field. What was derived from it is computed again.
    fn staff_corrects(&mut self, act: &Act<'_>, field: &str, value: &Value) -> Went {
        self.take(act);
        let Some(spec) = self.program.fields.get(field) else {
            return self.lacks(act, field, "no_such_field");
        };
        if spec.ty == Type::Record("decision".to_owned()) {
            return self.lacks(act, field, "not_allowed");
        }
        let value = match self.fits(value, &spec.ty) {
            Ok(value) => value,
            Err(code) => return self.lacks(act, field, code),
        };
        self.verdict(&act.actor.person, Some(act.hold.handoff), VerdictKind::Done);
        let by = act.actor.name.clone();
        self.corrected_by_staff(field, value, &by)
    }

    /// It comes back.
    fn give_back(&mut self, act: &Act<'_>, back: &GiveBack) -> Went {
        let here = matches!(&self.state.position,
            Position::At { rest: Rest::HandedOff { handoff }, .. } if *handoff == act.hold.handoff);
        if let GiveBack::Outcome(outcome) = back {
            return self.end_by_desk(act, outcome);
        }
        if here { self.back_in_place(act, back) } else { self.back_over(act, back) }
    }

    fn end_by_desk(&mut self, act: &Act<'_>, outcome: &str) -> Went {
        let listed = match self.handoff_step(&act.hold) {
            Some((_, step)) if !step.closed.is_empty() => {
                step.closed.iter().any(|it| it == outcome)
            }
            _ => self.program.outcomes.contains_key(outcome),
        };
        if !listed || matches!(self.state.position, Position::Ended) {
            return self.lacks(act, "outcome", "no_such_choice");
        }
        self.close_hold(&act.hold);
        self.done(act)?;
        Ok(Next::End(outcome.to_owned()))
    }

    /// The handoff step that opened a hold, if one did.
    fn handoff_step(&self, hold: &Hold) -> Option<(Pc, &crate::core::Handoff)> {
        let pc = self.pc_of(hold.anchor.as_deref()?).ok()?;
        match self.program.steps.get(pc)? {
            Core::Handoff(step) => Some((pc, step)),
            _ => None,
        }
    }

    /// A handoff that is the position: the flow goes on from it.
    fn back_in_place(&mut self, act: &Act<'_>, back: &GiveBack) -> Went {
        let step = self.handoff_step(&act.hold);
        let stands_in = step.map_or(act.hold.resume.is_some(), |(_, step)| step.stands_in);
        let step = step.map(|(pc, step)| (step.retry, pc + 1));
        let (retry, after) = match (&act.hold.resume, step) {
            (_, Some(both)) => both,
            (Some(resume), None) => {
                let pc = self.pc_of_resume(resume)?;
                (pc, self.after(pc))
            }
            (None, None) => (0, 0),
        };
        let save = act.hold.save.clone();
        let to = match back {
            GiveBack::Retry => retry,
            GiveBack::Continue => match save {
                Some(save) if stands_in && !self.known(&save) => {
                    return self.lacks(act, &save, "missing");
                }
                _ => after,
            },
            GiveBack::Value(value) => {
                let Some(save) = save else { return self.lacks(act, "value", "not_wanted") };
                let ty = self.program.fields.get(&save).map_or(Type::Text, |it| it.ty.clone());
                match self.fits(value, &ty) {
                    Ok(value) => self.set(&save, value, &act.actor.name),
                    Err(code) => return self.lacks(act, &save, code),
                }
                after
            }
            GiveBack::Outcome(outcome) => return Ok(Next::End(outcome.clone())),
        };
        self.close_hold(&act.hold);
        self.done(act)?;
        if matches!(back, GiveBack::Retry) {
            self.forget_answer(to, &act.actor.name);
        }
        Ok(Next::Step(to))
    }

    /// Where a built-in handoff goes on without repeating its step. A choice of ways cannot be
    /// skipped: there is no telling which way. Nor can a decision.
    fn after(&self, pc: Pc) -> Pc {
        match self.program.steps.get(pc) {
            Some(
                Core::Branch { .. }
                | Core::Switch { .. }
                | Core::Jump(_)
                | Core::End { .. }
                | Core::Decide(_),
            ) => pc,
            _ => pc + 1,
        }
    }

    /// A hold over the position: the bot speaks again, and puts its open question again. What
    /// it would have said meanwhile the holder has seen.
    fn back_over(&mut self, act: &Act<'_>, back: &GiveBack) -> Went {
        let asked = act.hold.save.clone();
        let asking = match &self.state.position {
            Position::At { anchor, rest: Rest::Asking(_) } => Some(self.pc_of(anchor)?),
            _ => None,
        };
        if let GiveBack::Value(value) = back {
            let open = asking.zip(asked).and_then(|(pc, field)| match self.program.steps.get(pc) {
                Some(Core::Ask(ask)) if ask.field == field => Some((pc, ask)),
                _ => None,
            });
            let Some((pc, ask)) = open else { return self.lacks(act, "value", "not_wanted") };
            let ty = self.program.fields.get(&ask.field).map_or(Type::Text, |it| it.ty.clone());
            let value = match self.fits(value, &ty) {
                Ok(value) => value,
                Err(code) => return self.lacks(act, &ask.field, code),
            };
            self.close_hold(&act.hold);
            self.done(act)?;
            return self.answered(pc, ask, "value", value, &act.actor.name);
        }
        self.close_hold(&act.hold);
        self.done(act)?;
        self.state.misses = 0;
        let Some(party) = act.hold.party.clone().filter(|it| self.held(it).is_none()) else {
            return self.put_undelivered_again(&act.hold);
        };
        if matches!(self.state.position, Position::Ended) {
            self.close_toward(&party);
            return Ok(Next::Rest);
        }
        let hello = phrases::wording(Phrase::HandoffReturned);
        if self.asked_of(&party).is_some() {
            return self.put_again(Some(&hello), None);
        }
        if let Some((_, open)) = self.open().filter(|(_, it)| it.holders.contains(&party)) {
            self.put_card(&open, &party);
            return Ok(Next::Rest);
        }
        self.say_phrase(&party, Phrase::HandoffReturned, Values::new());
        Ok(Next::Rest)
    }

    /// A task for a question that could not be delivered is over without an answer: the
    /// question is tried again, so that its silence is counted or a new task is opened.
    fn put_undelivered_again(&mut self, hold: &Hold) -> Went {
        let Position::At { anchor, rest: Rest::Asking(_) } = &self.state.position else {
            return Ok(Next::Rest);
        };
        let asked = self.ask_at(anchor)?;
        if hold.save.as_ref() == Some(&asked.field) && self.held(&asked.party).is_none() {
            return self.put_again(None, None);
        }
        Ok(Next::Rest)
    }

    pub(super) fn close_hold(&mut self, hold: &Hold) {
        let handoff = hold.handoff;
        // She was told by a person.
        self.state.notices.retain(|_, it| it.task != Some(handoff));
        self.state.holds.retain(|it| it.handoff != handoff);
        self.emit(Effect::CloseHandoff { handoff });
    }
}
