//! What kind of private everything is, and what depends on what. Both are fixpoints over the
//! core: labels travel through calls, questions and computed fields until nothing changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::Expr;
use crate::core::{Answers, Core, Program, Wait, WaitFor};
use crate::label::{Label, Labels};
use crate::scope::{Scope, join_lowered};
use crate::template::slots;
use crate::text::{Path, Wording};
use crate::types::Type;

/// Fills in every label, and [`Program::derived`]. `contexts` says of each step what the
/// branches read that it stands in.
pub(super) fn settle(program: &mut Program, mut scope: Scope<'_>, contexts: &[Vec<Path>]) {
    lowered(program, &mut scope);
    // Labels only join, and a field has at most five: this ends, and soon.
    while spread(program, &mut scope, contexts) {}
    for (pc, step) in program.steps.iter_mut().enumerate() {
        let around = reads(&scope, &contexts[pc]);
        write_labels(step, &scope, around);
    }
    for outcome in program.outcomes.values_mut() {
        outcome.say.iter_mut().for_each(|it| word_labels(it, &scope, Labels::NONE));
    }
    let interrupts = &mut program.interrupts;
    let texts = interrupts.help.iter_mut().chain(&mut interrupts.not_understood);
    texts.for_each(|it| word_labels(it, &scope, Labels::NONE));
    for (name, field) in &scope.fields {
        if let Some(spec) = program.fields.get_mut(name) {
            spec.labels = field.labels;
        }
    }
    program.derived = derived(program, contexts);
}

fn lowered(program: &Program, scope: &mut Scope<'_>) {
    let mut fillings: BTreeMap<&str, Vec<BTreeMap<String, Labels>>> = BTreeMap::new();
    for step in &program.steps {
        let (field, lowers) = match step {
            Core::Call(call) => {
                let Some(save) = call.save.as_deref() else { continue };
                let action = scope.catalog.actions.get(&call.action);
                (save, action.map(|it| it.lowers.clone()).unwrap_or_default())
            }
            Core::Set { field, .. } => (field.as_str(), BTreeMap::new()),
            Core::Ask(ask) => (ask.field.as_str(), BTreeMap::new()),
            _ => continue,
        };
        fillings.entry(field).or_default().push(lowers);
    }
    for (field, lowers) in fillings {
        if let Some(field) = scope.fields.get_mut(field) {
            field.lowered = join_lowered(lowers.into_iter());
        }
    }
}

fn reads(scope: &Scope<'_>, paths: &[Path]) -> Labels {
    let labels = paths.iter().filter_map(|it| scope.resolve(it).ok());
    labels.fold(Labels::NONE, |sum, (_, labels)| sum.join(labels))
}

fn expr(scope: &Scope<'_>, expr: &Expr) -> Labels {
    reads(scope, &expr.reads)
}

/// One round over the steps; whether any field got a label more.
fn spread(program: &Program, scope: &mut Scope<'_>, contexts: &[Vec<Path>]) -> bool {
    let mut grew = false;
    let health = Labels::NONE.with(Label::Health);
    let claim = Labels::NONE.with(Label::Claim);
    for (pc, step) in program.steps.iter().enumerate() {
        let (field, labels) = match step {
            Core::Call(call) => {
                let Some(save) = &call.save else { continue };
                let own = scope.catalog.actions.get(&call.action).map(|it| it.labels);
                let inputs = call.with.iter().map(|(_, it)| expr(scope, it));
                (save, inputs.fold(own.unwrap_or_default(), Labels::join))
            }
            Core::Ask(ask) => {
                let labels = match &ask.answers {
                    Answers::Keys(_) => Labels::NONE,
                    Answers::List(path) => reads(scope, std::slice::from_ref(path)),
                    Answers::Type(Type::Text) => health,
                    Answers::Type(_) => Labels::NONE,
                };
                (&ask.field, labels)
            }
            Core::Set { field, to } => (field, expr(scope, to).join(reads(scope, &contexts[pc]))),
            Core::Run(run) => {
                // What another flow learned may speak of anything.
                for (ours, _) in &run.keep {
                    grew |= joins(scope, ours, claim.join(health));
                }
                match &run.save {
                    Some(save) => (save, claim),
                    None => continue,
                }
            }
            // What comes from outside, and what staff type, may speak of anything.
            Core::Wait(Wait { until: WaitFor::Event { save: Some(save), .. }, .. }) => {
                (save, claim.join(health))
            }
            Core::Handoff(it) => match it.save.as_ref() {
                Some(save) if is_text(scope, save) => (save, health),
                _ => continue,
            },
            Core::Decide(decide) => {
                grew |= decision(decide, scope);
                continue;
            }
            _ => continue,
        };
        grew |= joins(scope, field, labels);
    }
    grew
}

/// Gives a field more labels. Whether it had not all of them.
fn joins(scope: &mut Scope<'_>, field: &str, labels: Labels) -> bool {
    let Some(field) = scope.fields.get_mut(field) else { return false };
    let joined = field.labels.join(labels);
    let grew = joined != field.labels;
    field.labels = joined;
    grew
}

fn is_text(scope: &Scope<'_>, field: &str) -> bool {
    scope.fields.get(field).is_some_and(|it| it.shape.ty() == Type::Text)
}

/// What a choice sets on a decision carries the labels of what it is computed from.
fn decision(decide: &crate::core::Decide, scope: &mut Scope<'_>) -> bool {
    let mut grew = false;
    for (name, to) in decide.choices.iter().flat_map(|it| &it.set) {
        let labels = expr(scope, to);
        let members = scope.decisions.get_mut(&decide.anchor);
        if let Some((_, own)) = members.and_then(|it| it.get_mut(name)) {
            let joined = own.join(labels);
            grew |= joined != *own;
            *own = joined;
        }
    }
    grew
}

fn word_labels(wording: &mut Wording, scope: &Scope<'_>, around: Labels) {
    let shown = |path: &Path| scope.resolve_shown(path).map_or(Labels::NONE, |(_, it)| it);
    let in_all = |words: &BTreeMap<String, crate::text::Template>| {
        let slots = words.values().flat_map(slots);
        slots.fold(Labels::NONE, |sum, slot| sum.join(shown(&slot.path)))
    };
    wording.labels = wording.labels.join(around).join(in_all(&wording.words));
    wording.private_labels = in_all(&wording.private);
}

fn write_labels(step: &mut Core, scope: &Scope<'_>, around: Labels) {
    let to = |it: &mut Expr| it.labels = expr(scope, it);
    match step {
        Core::Say(say) => word_labels(&mut say.wording, scope, around),
        Core::Ask(ask) => {
            // The buttons of a list show what is in it.
            let buttons = match &ask.answers {
                Answers::List(path) => scope.resolve_shown(path).map_or(Labels::NONE, |it| it.1),
                Answers::Keys(_) | Answers::Type(_) => Labels::NONE,
            };
            word_labels(&mut ask.wording, scope, around.join(buttons));
        }
        Core::Call(call) => call.with.iter_mut().for_each(|(_, it)| to(it)),
        Core::Decide(decide) => {
            word_labels(&mut decide.wording, scope, around);
            let notes = decide.keep_informed.iter_mut();
            notes.for_each(|it| word_labels(&mut it.wording, scope, around));
            let sets = decide.choices.iter_mut().flat_map(|it| &mut it.set);
            sets.for_each(|(_, it)| to(it));
            decide.escalate.iter_mut().filter_map(|it| it.when.as_mut()).for_each(to);
        }
        Core::Branch { condition, .. } => to(condition),
        Core::Switch { path, labels, .. } => *labels = reads(scope, std::slice::from_ref(path)),
        Core::Set { to: it, .. } => to(it),
        Core::Schedule { with, .. } => with.iter_mut().for_each(|(_, it)| to(it)),
        Core::Run(run) => run.with.iter_mut().for_each(|(_, it)| to(it)),
        Core::Handoff(handoff) => {
            handoff.why.iter_mut().for_each(|it| word_labels(it, scope, around));
        }
        Core::Wait(_) | Core::Jump(_) | Core::End { .. } | Core::AskAgain { .. } => {}
    }
}

/// For each field, every field whose asking, computing or choosing used it, however far.
fn derived(program: &Program, contexts: &[Vec<Path>]) -> BTreeMap<String, BTreeSet<String>> {
    let mut direct: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (pc, step) in program.steps.iter().enumerate() {
        let (filled, used) = filled_by(step);
        for path in used.into_iter().chain(&contexts[pc]) {
            let known = program.fields.contains_key(path.root());
            for &field in filled.iter().filter(|it| known && **it != path.root()) {
                direct.entry(path.root()).or_default().insert(field);
            }
        }
    }
    let mut all = BTreeMap::new();
    for &start in direct.keys() {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut open = vec![start];
        while let Some(field) = open.pop() {
            for &next in direct.get(field).into_iter().flatten() {
                if next != start && seen.insert(next.to_owned()) {
                    open.push(next);
                }
            }
        }
        all.insert(start.to_owned(), seen);
    }
    all
}

/// The fields that a step fills, and what it uses for that.
fn filled_by(step: &Core) -> (Vec<&str>, Vec<&Path>) {
    fn words(wording: &Wording) -> impl Iterator<Item = &Path> {
        wording.words.values().flat_map(slots).map(|it| &it.path)
    }
    fn exprs(with: &[(String, Expr)]) -> impl Iterator<Item = &Path> {
        with.iter().flat_map(|(_, it)| &it.reads)
    }
    match step {
        Core::Ask(ask) => {
            let mut used: Vec<_> = words(&ask.wording).collect();
            if let Answers::List(path) = &ask.answers {
                used.push(path);
            }
            (vec![&ask.field], used)
        }
        Core::Call(call) => {
            (call.save.as_deref().into_iter().collect(), exprs(&call.with).collect())
        }
        Core::Set { field, to } => (vec![field], to.reads.iter().collect()),
        Core::Decide(decide) => {
            let sets = decide.choices.iter().flat_map(|it| exprs(&it.set));
            (vec![&decide.anchor], words(&decide.wording).chain(sets).collect())
        }
        Core::Run(run) => {
            let kept = run.keep.iter().map(|(ours, _)| ours.as_str());
            (run.save.as_deref().into_iter().chain(kept).collect(), exprs(&run.with).collect())
        }
        _ => (Vec::new(), Vec::new()),
    }
}
