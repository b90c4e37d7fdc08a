//! Data: what is filled, what is used, and whether the types agree.

use std::collections::BTreeSet;

use super::cx::Cx;
use super::decisions::can_be_typed;
use super::names::did_you_mean;
use super::{scan, texts};
use crate::condition::Expr;
use crate::core::{Answers, Core, SilenceThen, WaitFor};
use crate::scope::Unknown;
use crate::surface::{Ask, At, Choices, Choose, Flow, Handoff, NoAnswer, Span, Verb, Wait};
use crate::template::slots;
use crate::text::Path;
use crate::types::Type;

pub(super) fn check(cx: &mut Cx<'_>) {
    fields(cx);
    questions(cx);
    cases(cx);
    conditions(cx);
    times(cx);
    sets(cx);
    correctable(cx);
}

/// The fields that something in the flow fills.
pub(super) fn filled(flow: &Flow, verbs: &[&Verb]) -> BTreeSet<String> {
    let sourced = flow.data.iter().filter(|it| it.from.is_some()).map(|it| it.name.it.clone());
    let mut all: BTreeSet<String> = sourced.collect();
    for verb in verbs {
        match verb {
            Verb::Ask(it) => drop(all.insert(it.field.it.clone())),
            Verb::Decide(it) => drop(all.insert(it.field.it.clone())),
            Verb::Do(it) => all.extend(it.save.iter().map(|it| it.it.clone())),
            Verb::Run(it) => {
                all.extend(it.save.iter().map(|it| it.it.clone()));
                all.extend(it.keep.iter().map(|(ours, _)| ours.it.clone()));
            }
            Verb::Handoff(it) => all.extend(it.save.iter().map(|it| it.it.clone())),
            Verb::Wait(Wait::Event { save, .. }) => all.extend(save.iter().map(|it| it.it.clone())),
            Verb::Set(fields) => all.extend(fields.iter().map(|(it, _)| it.it.clone())),
            _ => {}
        }
    }
    all
}

/// Every root that something reads.
fn used(cx: &Cx<'_>) -> BTreeSet<String> {
    let mut all = texts::roots(cx);
    let parties = cx.flow.parties.iter().filter_map(|it| it.of.as_ref());
    all.extend(parties.map(|it| Path(it.it.clone()).root().to_owned()));
    for (expr, _) in exprs(cx) {
        all.extend(expr.reads.iter().map(|it| it.root().to_owned()));
        all.extend(scan::asks_whether_known(&expr.source).map(str::to_owned));
    }
    for site in cx.sites.iter().filter(|it| it.choice_of.is_some()) {
        // The card that is put anew shows what was found out for it.
        if let Verb::Run(run) = &site.step.verb {
            all.extend(run.keep.iter().map(|(ours, _)| ours.it.clone()));
        }
    }
    for step in &cx.program.steps {
        match step {
            Core::Switch { path, .. }
            | Core::Schedule { at: path, .. }
            | Core::Wait(crate::core::Wait { until: WaitFor::Until(path), .. }) => {
                all.insert(path.root().to_owned());
            }
            Core::Ask(ask) => {
                if let Answers::List(path) = &ask.answers {
                    all.insert(path.root().to_owned());
                }
            }
            Core::Decide(it) => {
                let from = it.within.as_ref().and_then(|it| it.from.as_ref());
                all.extend(from.map(|it| it.root().to_owned()));
            }
            Core::Handoff(it) => {
                all.extend(it.due.iter().map(|it| it.root().to_owned()));
                let words = it.why.iter().flat_map(|it| it.words.values());
                all.extend(words.flat_map(slots).map(|it| it.path.root().to_owned()));
            }
            _ => {}
        }
    }
    all
}

/// Every expression of the program, and the place of its step.
pub(super) fn exprs<'a>(cx: &Cx<'a>) -> Vec<(&'a Expr, Span)> {
    let mut all = Vec::new();
    for (step, &at) in cx.program.steps.iter().zip(&cx.program.spans) {
        match step {
            Core::Branch { condition, .. } => all.push((condition, at)),
            Core::Set { to, .. } => all.push((to, at)),
            Core::Call(it) => all.extend(it.with.iter().map(|(_, it)| (it, at))),
            Core::Run(it) => all.extend(it.with.iter().map(|(_, it)| (it, at))),
            Core::Schedule { with, .. } => all.extend(with.iter().map(|(_, it)| (it, at))),
            Core::Decide(it) => {
                let sets = it.choices.iter().flat_map(|it| &it.set).map(|(_, it)| it);
                let rungs = it.escalate.iter().filter_map(|it| it.when.as_ref());
                all.extend(sets.chain(rungs).map(|it| (it, at)));
            }
            _ => {}
        }
    }
    all
}

/// Whether only other flows start this one, so that its first fields come from them.
pub(super) fn is_run_by_others(flow: &Flow) -> bool {
    flow.start_when.is_empty()
}

fn fields(cx: &mut Cx<'_>) {
    let verbs: Vec<_> = cx.sites.iter().map(|it| &it.step.verb).collect();
    let (filled, used) = (filled(cx.flow, &verbs), used(cx));
    for field in &cx.flow.data {
        let name = &field.name;
        if cx.has_party(&name.it) {
            let message = format!("'{}' is a party and a field", name.it);
            cx.report("D221", name.at, message, "give the field another name");
        }
        if !used.contains(&name.it) {
            // What a question or lookup keeps is worth keeping only if something reads it.
            let message = format!("nothing uses field '{}'", name.it);
            cx.report("D202", name.at, message, "remove it, or use it in a text or condition");
        } else if !filled.contains(&name.it) && !is_run_by_others(cx.flow) {
            let message = format!("nothing fills field '{}'", name.it);
            cx.report("D203", name.at, message, "ask for it, look it up, or give it a `from:`");
        }
    }
}

fn questions(cx: &mut Cx<'_>) {
    for site in cx.sites.clone() {
        let Verb::Ask(ask) = &site.step.verb else { continue };
        let ty = cx.program.fields.get(&ask.field.it).map(|it| it.ty.clone());
        match &ask.choices {
            None => {
                if ty.as_ref().is_some_and(|it| !can_be_typed(it)) {
                    let message = format!("nobody can type '{}'", ask.field.it);
                    cx.report("D223", ask.field.at, message, "offer `choices:`");
                }
            }
            Some(Choices::List(path)) => list(cx, path),
            Some(Choices::Keys(keys)) => taken(cx, ask, keys),
        }
    }
}

fn list(cx: &mut Cx<'_>, path: &At<String>) {
    match cx.type_of(&Path(path.it.clone())) {
        Ok(Type::List(_)) => {}
        Ok(ty) => {
            let message = format!("'{}' is {ty}, and choices need a list", path.it);
            cx.report("D219", path.at, message, "name a list, or write the choices out");
        }
        Err(why) => unknown(cx, path.at, why),
    }
}

fn taken(cx: &mut Cx<'_>, ask: &Ask, keys: &[(At<String>, At<String>)]) {
    let Some(NoAnswer::Take { take, .. }) = &ask.no_answer else { return };
    let keys: Vec<&str> = keys.iter().map(|(key, _)| key.it.as_str()).collect();
    if !keys.contains(&take.it.as_str()) {
        let help = did_you_mean(&take.it, &keys, &format!("take one of {}", keys.join(", ")));
        let message = format!("'{}' is none of the choices of '{}'", take.it, ask.field.it);
        cx.report("D218", take.at, message, &help);
    }
}

fn cases(cx: &mut Cx<'_>) {
    for site in cx.sites.clone() {
        let Verb::Choose(choose) = &site.step.verb else { continue };
        match cx.type_of(&Path(choose.field.it.clone())) {
            Ok(Type::Choice(keys)) => cases_of(cx, choose, &keys),
            Ok(ty) => {
                let message = format!("'{}' is {ty}, and `choose` needs a choice", choose.field.it);
                cx.report("D210", choose.field.at, message, "use `when:` with a condition");
            }
            Err(why) => unknown(cx, choose.field.at, why),
        }
    }
}

fn cases_of(cx: &mut Cx<'_>, choose: &Choose, keys: &[String]) {
    if keys.is_empty() {
        return;
    }
    let cased: Vec<&str> = choose.cases.iter().map(|(it, _)| it.it.as_str()).collect();
    for key in keys.iter().filter(|it| !cased.contains(&it.as_str())) {
        let message =
            format!("'{}' can be '{key}', and no case says what happens then", choose.field.it);
        let help = format!("add `{key}:` with steps, or `{key}: continue`");
        cx.report("D208", choose.field.at, message, &help);
    }
    for (case, _) in choose.cases.iter().filter(|(it, _)| !keys.contains(&it.it)) {
        let help = did_you_mean(&case.it, keys, &format!("it can be {}", keys.join(", ")));
        let message = format!("'{}' is never '{}'", choose.field.it, case.it);
        cx.report("D209", case.at, message, &help);
    }
}

fn conditions(cx: &mut Cx<'_>) {
    let program = cx.program;
    for (step, &near) in program.steps.iter().zip(&program.spans) {
        let tested: Vec<&Expr> = match step {
            Core::Branch { condition, .. } => vec![condition],
            Core::Decide(it) => it.escalate.iter().filter_map(|it| it.when.as_ref()).collect(),
            _ => Vec::new(),
        };
        for condition in tested.into_iter().filter(|it| it.ty != Type::Boolean) {
            let at = if condition.at.line == 0 { near } else { condition.at };
            let message = format!("this is {}, and a condition is true or false", condition.ty);
            cx.report("D212", at, message, "compare it with something, or ask `known(…)`");
        }
    }
}

fn times(cx: &mut Cx<'_>) {
    for site in cx.sites.clone() {
        let path = match &site.step.verb {
            Verb::Wait(Wait::Until(path)) => path,
            Verb::Remind { at, .. } => at,
            Verb::Handoff(Handoff { due: Some(due), .. }) => due,
            _ => continue,
        };
        match cx.type_of(&Path(path.it.clone())) {
            Ok(Type::Date | Type::Instant) => {}
            Ok(ty) => {
                let message = format!("'{}' is {ty}, not a day or a moment", path.it);
                cx.report("D225", path.at, message, "name a field of type date or instant");
            }
            Err(why) => unknown(cx, path.at, why),
        }
    }
}

/// Reports a path that names nothing.
pub(super) fn unknown(cx: &mut Cx<'_>, at: Span, why: Unknown) {
    let otherwise = match why.member {
        None => "declare it under `data:`".to_owned(),
        Some(_) if why.among.is_empty() => "it has no members".to_owned(),
        Some(_) => format!("it has {}", why.among.join(", ")),
    };
    let help = did_you_mean(&why.name, &why.among, &otherwise);
    match why.member {
        None => {
            let message = format!("there is no field or party '{}'", why.name);
            cx.report("D204", at, message, &help);
        }
        Some(_) => {
            cx.report("D205", at, format!("{} has no '{}'", why.of, why.name), &help);
        }
    }
}

fn sets(cx: &mut Cx<'_>) {
    let program = cx.program;
    for (step, &at) in program.steps.iter().zip(&program.spans) {
        let Core::Set { field, to } = step else { continue };
        let Some(spec) = program.fields.get(field).filter(|_| !field.starts_with('_')) else {
            continue;
        };
        if spec.ty != Type::Record("decision".into()) && !fits(&to.ty, &spec.ty) {
            let message = format!("'{field}' is {}, and this gives {}", spec.ty, to.ty);
            cx.report("D227", at, message, "change the type of the field, or what it is set to");
        }
    }
    for (step, &at) in program.steps.iter().zip(&program.spans) {
        let Core::Ask(ask) = step else { continue };
        let Some(silence) = &ask.silence else { continue };
        if let (SilenceThen::Take(value), Answers::Type(ty)) = (&silence.then, &ask.answers) {
            let fits = match ty {
                Type::Integer | Type::Number => value.is_number(),
                Type::Boolean => value.is_boolean(),
                _ => value.is_string(),
            };
            if !fits {
                let message =
                    format!("silence would put {value} into '{}', which is {ty}", ask.field);
                cx.report("D218", at, message, "take a value of the field's type");
            }
        }
    }
}

/// Whether a value of `from` may stand where `to` is wanted.
pub(super) fn fits(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Integer, Type::Number) | (Type::Choice(_), Type::Text) => true,
        // The source lists both as choices, and a key that never occurs is D209's and D211's.
        (Type::Choice(_), Type::Choice(_)) | (Type::Text, Type::Choice(_)) => true,
        (Type::List(from), Type::List(to)) => fits(from, to),
        (from, to) => from == to,
    }
}

fn correctable(cx: &mut Cx<'_>) {
    let asked: BTreeSet<&str> = cx
        .sites
        .iter()
        .filter_map(|it| match &it.step.verb {
            Verb::Ask(ask) => Some(ask.field.it.as_str()),
            _ => None,
        })
        .collect();
    let flow = cx.flow;
    for field in flow.interrupts.correct.iter().flatten() {
        // A field with a source is asked for too, when there are several candidates.
        let sourced = flow.data.iter().any(|it| it.name.it == field.it && it.from.is_some());
        if !asked.contains(field.it.as_str()) && !sourced {
            let help =
                did_you_mean(&field.it, &asked, "only what a person answered can be corrected");
            cx.report("D220", field.at, format!("no question fills '{}'", field.it), &help);
        }
    }
}
