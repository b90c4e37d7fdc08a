//! What holds at each core step, over every path that leads there.

use std::collections::BTreeMap;

use super::bits::Bits;
use crate::catalog::{ActionVerb, Catalog};
use crate::check::data::{filled, is_run_by_others};
use crate::check::scan::{Fact, facts};
use crate::core::{Core, Decide, Pc, Program, SilenceThen, WaitFor};
use crate::surface::{Flow, Trigger, Verb};
use crate::text::Path;

/// What is true when a step is reached. "Surely" is over all paths, "maybe" over some.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    /// Fields that surely have a value.
    pub known: Bits,
    /// Per decision, the choices with which it may have been decided.
    pub chosen: Vec<Bits>,
    /// Parties who maybe wait for a word about how things stand.
    pub owed: Bits,
    /// Parties to whom something was maybe said.
    pub told: Bits,
    /// Maybe nobody of the principal's side has just spoken.
    pub unprompted: bool,
    /// Maybe nothing was decided yet.
    pub undecided: bool,
    /// Writes that were maybe sent, by their place.
    pub writes: Bits,
}

impl State {
    /// Both ways lead here. Says whether that changed anything.
    fn meet(&mut self, other: &State) -> bool {
        let before = self.clone();
        self.known.and(&other.known);
        self.chosen.iter_mut().zip(&other.chosen).for_each(|(mine, more)| mine.or(more));
        self.owed.or(&other.owed);
        self.told.or(&other.told);
        self.writes.or(&other.writes);
        self.unprompted |= other.unprompted;
        self.undecided |= other.undecided;
        *self != before
    }
}

/// The names behind the numbers of a [`State`].
pub(super) struct Walk<'a> {
    pub program: &'a Program,
    catalog: &'a Catalog,
    pub fields: Vec<&'a str>,
    pub parties: Vec<&'a str>,
    pub decides: BTreeMap<&'a str, (usize, &'a Decide)>,
    /// By step; `None` where no path leads.
    pub states: Vec<Option<State>>,
}

impl<'a> Walk<'a> {
    pub fn new(
        flow: &Flow,
        verbs: &[&Verb],
        program: &'a Program,
        catalog: &'a Catalog,
    ) -> Walk<'a> {
        let decides = program.steps.iter().filter_map(|it| match it {
            Core::Decide(it) => Some(&**it),
            _ => None,
        });
        let decides = decides.enumerate().map(|(nth, it)| (it.anchor.as_str(), (nth, it)));
        let mut walk = Walk {
            program,
            catalog,
            fields: program.fields.keys().map(String::as_str).collect(),
            parties: program.parties.keys().map(String::as_str).collect(),
            decides: decides.collect(),
            states: vec![None; program.steps.len()],
        };
        let start = walk.start(flow, verbs);
        walk.run(start);
        walk
    }

    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.binary_search(&name).ok()
    }

    pub fn party(&self, name: &str) -> Option<usize> {
        self.parties.binary_search(&name).ok()
    }

    fn start(&self, flow: &Flow, verbs: &[&Verb]) -> State {
        let mut state = State {
            known: Bits::default(),
            chosen: vec![Bits::default(); self.decides.len()],
            owed: Bits::default(),
            told: Bits::default(),
            unprompted: is_run_by_others(flow)
                || flow.start_when.iter().any(|it| matches!(it.it, Trigger::Event(_))),
            undecided: true,
            writes: Bits::default(),
        };
        self.owe(&mut state);
        if is_run_by_others(flow) {
            // What nothing here fills is what the other flow hands over.
            let filled = filled(flow, verbs);
            let given = flow.data.iter().filter(|it| !filled.contains(&it.name.it));
            given.filter_map(|it| self.field(&it.name.it)).for_each(|it| state.known.put(it));
        }
        state
    }

    fn run(&mut self, start: State) {
        let mut open = Vec::new();
        self.reach(0, start, &mut open);
        while let Some(pc) = open.pop() {
            let state = self.states[pc].clone().expect("only reached steps are opened");
            for (to, state) in self.edges(pc, state) {
                self.reach(to, state, &mut open);
            }
        }
    }

    fn reach(&mut self, pc: Pc, state: State, open: &mut Vec<Pc>) {
        let Some(there) = self.states.get_mut(pc) else { return };
        let changed = match there {
            Some(there) => there.meet(&state),
            None => {
                *there = Some(state);
                true
            }
        };
        if changed {
            open.push(pc);
        }
    }

    fn edges(&self, pc: Pc, state: State) -> Vec<(Pc, State)> {
        let mut out = Vec::new();
        if let (true, Some(cancel)) =
            (rests(&self.program.steps[pc]), self.program.interrupts.cancel)
        {
            let mut stopped = state.clone();
            stopped.unprompted = false;
            self.owe(&mut stopped);
            out.push((cancel, stopped));
        }
        match &self.program.steps[pc] {
            Core::Say(say) => {
                let mut next = state;
                if let Some(party) = self.party(&say.party) {
                    next.owed.take(party);
                    next.told.put(party);
                }
                out.push((pc + 1, next));
            }
            Core::Ask(_) => self.ask(pc, state, &mut out),
            Core::Call(_) => self.call(pc, state, &mut out),
            Core::Decide(decide) => self.decide(pc, decide, state, &mut out),
            Core::Wait(_) => self.wait(pc, state, &mut out),
            Core::Branch { condition, otherwise } => {
                out.extend(
                    self.proved(state.clone(), &condition.source, true).map(|it| (pc + 1, it)),
                );
                out.extend(self.proved(state, &condition.source, false).map(|it| (*otherwise, it)));
            }
            Core::Switch { path, cases, .. } => {
                for (key, to) in cases {
                    let fact = Fact::OneOf(path.0.clone(), vec![key.clone()]);
                    out.extend(self.prove(state.clone(), &fact).map(|it| (*to, it)));
                }
            }
            Core::Jump(to) => out.push((*to, state)),
            Core::Set { field, .. } => out.push((pc + 1, self.with(state, Some(field)))),
            Core::Schedule { .. } => out.push((pc + 1, state)),
            Core::Run(run) => {
                let mut later = self.with(self.later(state), run.save.as_ref());
                // What the other flow did not learn is empty afterwards.
                let kept = run.keep.iter().filter_map(|(ours, _)| self.field(ours));
                kept.for_each(|it| later.known.take(it));
                out.push((pc + 1, later));
            }
            Core::Handoff(handoff) => {
                let later = self.later(state);
                if let Some(save) = &handoff.save {
                    out.push((pc + 1, self.with(later.clone(), Some(save))));
                }
                out.push((handoff.retry, later));
            }
            Core::AskAgain { anchor } => {
                out.extend(self.program.anchors.get(anchor).map(|to| (*to, state)));
            }
            Core::End { .. } => {}
        }
        out
    }

    fn ask(&self, pc: Pc, state: State, out: &mut Vec<(Pc, State)>) {
        let Core::Ask(ask) = &self.program.steps[pc] else { return };
        let mut answered = self.with(state.clone(), Some(&ask.field));
        if ask.party == self.program.principal {
            answered.unprompted = false;
            self.owe(&mut answered);
        } else {
            answered = self.later(answered);
        }
        out.push((pc + 1, answered));
        let silent = self.later(state);
        match ask.silence.as_ref().map(|it| &it.then) {
            Some(SilenceThen::Take(_)) => out.push((pc + 1, self.with(silent, Some(&ask.field)))),
            Some(SilenceThen::Go(to)) => out.push((*to, silent)),
            None => {}
        }
    }

    fn call(&self, pc: Pc, mut state: State, out: &mut Vec<(Pc, State)>) {
        let Core::Call(call) = &self.program.steps[pc] else { return };
        let spec = self.catalog.actions.get(&call.action);
        if spec.is_some_and(|it| it.verb == ActionVerb::Write) {
            state.writes.put(pc);
        }
        if let Some(fails) = call.fails {
            let mut failed = state.clone();
            self.owe(&mut failed);
            out.push((fails, failed));
        }
        out.push((pc + 1, self.with(state, call.save.as_ref())));
    }

    fn decide(&self, pc: Pc, decide: &Decide, state: State, out: &mut Vec<(Pc, State)>) {
        let Some(&(nth, _)) = self.decides.get(decide.anchor.as_str()) else { return };
        let mut state = state;
        let noted = decide.keep_informed.iter().filter_map(|it| self.party(&it.party));
        noted.for_each(|it| state.told.put(it));
        let later = self.later(state);
        let mut decided = self.with(later.clone(), Some(&decide.anchor));
        decided.chosen[nth] = Bits::default();
        let mut last = decided.clone();
        last.undecided = false;
        for (at, choice) in decide.choices.iter().enumerate() {
            match choice.steps {
                None => last.chosen[nth].put(at),
                Some(to) => {
                    let mut taken = decided.clone();
                    taken.chosen[nth].put(at);
                    out.push((to, taken));
                }
            }
        }
        if decide.choices.iter().any(|it| it.steps.is_none()) {
            out.push((pc + 1, last));
        }
        out.extend(decide.nobody_decided.map(|to| (to, later)));
    }

    fn wait(&self, pc: Pc, state: State, out: &mut Vec<(Pc, State)>) {
        let Core::Wait(wait) = &self.program.steps[pc] else { return };
        let later = self.later(state);
        match &wait.until {
            WaitFor::For(_) | WaitFor::Until(_) => out.push((pc + 1, later)),
            WaitFor::Event { otherwise, save, .. } => {
                out.push((*otherwise, later.clone()));
                out.push((pc + 1, self.with(later, save.as_ref())));
            }
        }
    }

    /// After something that took time: whoever heard of the matter wants to hear on.
    fn later(&self, mut state: State) -> State {
        state.unprompted = true;
        let told = state.told.clone();
        state.owed.or(&told);
        self.owe(&mut state);
        state
    }

    fn owe(&self, state: &mut State) {
        if let Some(principal) = self.party(&self.program.principal) {
            state.owed.put(principal);
        }
    }

    fn with(&self, mut state: State, field: Option<&String>) -> State {
        if let Some(field) = field.and_then(|it| self.field(it)) {
            state.known.put(field);
        }
        state
    }

    /// The state where a condition turned out as `holds`; `None` where it cannot.
    fn proved(&self, state: State, condition: &str, holds: bool) -> Option<State> {
        facts(condition, holds).iter().try_fold(state, |state, fact| self.prove(state, fact))
    }

    fn prove(&self, mut state: State, fact: &Fact) -> Option<State> {
        let (path, keys, among) = match fact {
            Fact::Known(field) => return Some(self.with(state, Some(field))),
            Fact::OneOf(path, keys) => (path, keys, true),
            Fact::NoneOf(path, keys) => (path, keys, false),
        };
        let path = Path(path.clone());
        let Some(&(nth, decide)) = self.decides.get(path.root()) else { return Some(state) };
        let known = self.field(path.root()).is_some_and(|it| state.known.has(it));
        if !known || path.members().collect::<Vec<_>>() != ["choice"] {
            return Some(state);
        }
        for (at, choice) in decide.choices.iter().enumerate() {
            if keys.contains(&choice.key) != among {
                state.chosen[nth].take(at);
            }
        }
        let possible = state.chosen[nth].iter().next().is_some();
        possible.then_some(state)
    }
}

/// Whether a conversation rests here, so that a person may stop it.
fn rests(step: &Core) -> bool {
    matches!(
        step,
        Core::Ask(_)
            | Core::Call(_)
            | Core::Decide(_)
            | Core::Wait(_)
            | Core::Run(_)
            | Core::Handoff(_)
    )
}
