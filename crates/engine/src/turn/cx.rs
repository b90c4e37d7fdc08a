//! What a step or an event may see and do while its turn runs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::condition::Expr;
use crate::core::{Core, Pc, Program};
use crate::effect::{Effect, Note};
use crate::env::{Env, PartyEnv};
use crate::event::Event;
use crate::message::EffectKey;
use crate::state::{Fields, PartyState, Position, Rest, Resume, SetTimer, State};
use crate::time::{Duration, Timestamp};
use crate::turn::{Fault, Next, Turn, Went, seam};

/// A turn under way.
pub(super) struct Cx<'a> {
    pub(super) program: &'a Program,
    pub(super) env: &'a Env<'a>,
    pub(super) state: State,
    pub(super) effects: Vec<Effect>,
    /// The steps it went through.
    pub(super) path: Vec<Pc>,
    /// The party that this turn's event came from, if one did.
    pub(super) from: Option<String>,
    /// The step that runs, once one has run: a fault leads back to it.
    pub(super) at: Option<Pc>,
    /// Parties that were told something since the flow last did anything else. If it ends
    /// now, they have heard the end.
    pub(super) told: Vec<String>,
}

impl<'a> Cx<'a> {
    pub(super) fn new(program: &'a Program, state: &State, env: &'a Env<'a>) -> Cx<'a> {
        Cx {
            program,
            env,
            state: state.clone(),
            effects: Vec::new(),
            path: Vec::new(),
            from: None,
            at: None,
            told: Vec::new(),
        }
    }

    /// Ends the turn.
    pub(super) fn close(mut self) -> Turn {
        self.state.turn += 1;
        Turn { state: self.state, effects: self.effects, path: self.path }
    }

    /// The key of the effect that is emitted next.
    pub(super) fn next_key(&self) -> EffectKey {
        let index = u32::try_from(self.effects.len()).expect("a turn is bounded in its effects");
        EffectKey { turn: self.state.turn, index }
    }

    /// Records an effect and names it.
    pub(super) fn emit(&mut self, effect: Effect) -> EffectKey {
        let key = self.next_key();
        self.effects.push(effect);
        key
    }

    /// Writes a line of the timeline.
    pub(super) fn note(&mut self, note: Note) {
        self.emit(Effect::Noted(note));
    }

    /// Records that the event changes nothing, and why.
    pub(super) fn ignore(&mut self, why: &str) -> Went {
        self.note(Note::Ignored { why: why.to_owned() });
        Ok(Next::Rest)
    }

    /// Gives a field its value. Null means that it has none.
    pub(super) fn set(&mut self, field: &str, value: Value, by: &str) {
        let old = if value.is_null() {
            self.state.fields.remove(field)
        } else {
            self.state.fields.insert(field.to_owned(), value.clone())
        };
        let old = old.unwrap_or(Value::Null);
        if old != value {
            self.note(Note::Set { field: field.to_owned(), old, new: value, by: by.to_owned() });
        }
    }

    /// Whether a field has a value.
    pub(super) fn known(&self, field: &str) -> bool {
        self.state.fields.contains_key(field)
    }

    /// Sets a timer, in place of an earlier one of that name.
    pub(super) fn timer(&mut self, name: &str, due: Timestamp) {
        let generation = self.state.timers.get(name).map_or(1, |it| it.generation + 1);
        let set = SetTimer { generation, due, set: true };
        self.state.timers.insert(name.to_owned(), set);
        self.emit(Effect::Timer { name: name.to_owned(), generation, due });
    }

    /// Whether a timer is set.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.state.timers.get(name).is_some_and(|it| it.set)
    }

    /// Clears a timer, if it is set.
    pub(super) fn clear_timer(&mut self, name: &str) {
        if let Some(timer) = self.state.timers.get_mut(name).filter(|it| it.set) {
            timer.set = false;
            self.emit(Effect::ClearTimer { name: name.to_owned() });
        }
    }

    /// Clears every timer whose name begins so.
    pub(super) fn clear_timers(&mut self, prefix: &str) {
        let names: Vec<String> =
            self.state.timers.keys().filter(|it| it.starts_with(prefix)).cloned().collect();
        for name in names {
            self.clear_timer(&name);
        }
    }

    /// The person behind a party.
    pub(super) fn party(&self, name: &str) -> Option<&'a PartyEnv> {
        self.env.parties.get(name)
    }

    /// What is remembered of a party.
    pub(super) fn party_state(&mut self, name: &str) -> &mut PartyState {
        self.state.parties.entry(name.to_owned()).or_default()
    }

    /// How others see a party: its name, or what the flow calls it.
    pub(super) fn party_name(&self, name: &str) -> String {
        self.party(name).map_or_else(|| name.to_owned(), |it| it.name.clone())
    }

    /// The moment `d` from `from` as the party counts it: its office hours, its zone.
    pub(super) fn due(&self, from: Timestamp, d: Duration, party: &str) -> Timestamp {
        let office = self.party(party).and_then(|it| it.office.as_deref());
        self.env.calendars.due(from, d, office, self.zone(party))
    }

    /// A party's zone; that of the principal where the party is not known, else UTC.
    pub(super) fn zone(&self, party: &str) -> &'a str {
        let known = self.party(party).or_else(|| self.party(&self.program.principal));
        known.map_or("UTC", |it| it.zone.as_str())
    }

    /// A party as a record, for conditions and texts: person, first name, name, language. A field
    /// of that name comes before it.
    pub(super) fn party_record(&self, name: &str) -> Option<Value> {
        let it = self.party(name)?;
        Some(json!({
            "person": it.person, "first_name": it.first_name,
            "name": it.name, "language": it.language,
        }))
    }

    /// The parties that an expression may read, as records.
    pub(super) fn records_for(&self, expr: &Expr) -> Fields {
        let roots = expr.reads.iter().map(crate::text::Path::root);
        let roots = roots.filter(|it| !self.state.fields.contains_key(*it));
        roots.filter_map(|it| Some((it.to_owned(), self.party_record(it)?))).collect()
    }

    /// Computes an expression.
    pub(super) fn eval(&self, expr: &Expr) -> Result<Value, Fault> {
        let parties = self.records_for(expr);
        seam::eval(expr, |name| self.state.fields.get(name).or_else(|| parties.get(name)))
    }

    /// Computes a condition. What is not true or false is a fault.
    pub(super) fn holds(&self, condition: &Expr) -> Result<bool, Fault> {
        let value = self.eval(condition)?;
        value.as_bool().ok_or_else(|| Fault::Eval {
            expr: condition.source.clone(),
            why: "it is neither true nor false".to_owned(),
        })
    }

    /// Computes named arguments. Those without a value are left out.
    pub(super) fn arguments(
        &self,
        with: &[(String, Expr)],
    ) -> Result<BTreeMap<String, Value>, Fault> {
        let mut arguments = BTreeMap::new();
        for (name, expr) in with {
            let value = self.eval(expr)?;
            if !value.is_null() {
                arguments.insert(name.clone(), value);
            }
        }
        Ok(arguments)
    }

    /// The step at `pc`.
    pub(super) fn core(&self, pc: Pc) -> Result<&'a Core, Fault> {
        self.program.steps.get(pc).ok_or(Fault::NoStep(pc))
    }

    /// Where an anchor stands.
    pub(super) fn pc_of(&self, anchor: &str) -> Result<Pc, Fault> {
        self.program.anchors.get(anchor).copied().ok_or_else(|| Fault::NoAnchor(anchor.to_owned()))
    }

    /// Names a step by the nearest anchor before it.
    pub(super) fn resume_at(&self, pc: Pc) -> Resume {
        let nearest = self.program.anchors.iter().filter(|(_, at)| **at <= pc);
        match nearest.max_by_key(|(_, at)| **at) {
            Some((anchor, at)) => Resume { anchor: Some(anchor.clone()), steps: pc - at },
            None => Resume { anchor: None, steps: pc },
        }
    }

    /// The step that a [`Resume`] names.
    pub(super) fn pc_of_resume(&self, resume: &Resume) -> Result<Pc, Fault> {
        let base = resume.anchor.as_deref().map_or(Ok(0), |it| self.pc_of(it))?;
        Ok(base + resume.steps)
    }

    /// Comes to rest.
    pub(super) fn rest(&mut self, anchor: &str, rest: Rest) -> Went {
        // A later fault in this turn is not of the step that has come to rest.
        self.at = None;
        self.state.position = Position::At { anchor: anchor.to_owned(), rest };
        Ok(Next::Rest)
    }

    /// The next event that waited for a call, once no call is open.
    pub(super) fn next_waiting(&mut self) -> Option<Event> {
        if matches!(self.state.position, Position::At { rest: Rest::Calling { .. }, .. }) {
            return None;
        }
        let at = self.state.waiting.iter().position(|it| !matches!(it, Event::Started { .. }))?;
        Some(self.state.waiting.remove(at))
    }
}
