//! People: who is spoken to, and whether there is somebody.

use std::collections::BTreeSet;

use super::cx::Cx;
use super::names::did_you_mean;
use super::scan::{Fact, facts};
use super::texts;
use super::walk::Guard;
use crate::clearance;
use crate::surface::{At, RungDoes, Verb};
use crate::text::Path;
use crate::types::Type;

/// A party, where it is named, and whether an answer from it is needed.
struct Named<'a> {
    party: &'a At<String>,
    must_answer: bool,
    must_read: bool,
    guard: Option<Guard<'a>>,
}

pub(super) fn check(cx: &mut Cx<'_>) {
    roles(cx);
    let named = named(cx);
    for one in &named {
        exists(cx, one);
    }
    never_addressed(cx, &named);
    nobody_to_read(cx, &named);
    desks(cx);
}

fn named<'a>(cx: &Cx<'a>) -> Vec<Named<'a>> {
    let mut all = Vec::new();
    for site in &cx.sites {
        let guard = site.guard;
        let told = matches!(site.step.verb, Verb::Tell { .. });
        let must_read = told && site.step.not_read.is_some();
        let mut add = |party, must_answer| {
            all.push(Named { party, must_answer, must_read, guard });
        };
        match &site.step.verb {
            Verb::Tell { party, .. } => add(party, false),
            Verb::Ask(ask) => ask.party.iter().for_each(|it| add(it, true)),
            Verb::Decide(it) => {
                add(&it.ask, true);
                for rung in &it.escalate {
                    let (RungDoes::Remind(party) | RungDoes::AlsoAsk(party)) = &rung.does;
                    add(party, false);
                }
                it.keep_informed.iter().for_each(|it| add(&it.party, false));
            }
            _ => {}
        }
    }
    all
}

fn roles(cx: &mut Cx<'_>) {
    let roles: Vec<&str> = clearance::roles().collect();
    for party in &cx.flow.parties {
        if !clearance::is_role(&party.role.it) {
            let help =
                did_you_mean(&party.role.it, &roles, &format!("roles are {}", roles.join(", ")));
            let message = format!("there is no role '{}'", party.role.it);
            cx.report("P403", party.role.at, message, &help);
        }
        let Some(of) = &party.of else { continue };
        match cx.type_of(&Path(of.it.clone())) {
            Ok(Type::Record(_)) => {}
            Ok(ty) => {
                let message = format!("'{}' is {ty}, and nobody's name stands in it", of.it);
                cx.report("P412", of.at, message, "name a field whose record says who this is");
            }
            Err(_) => {
                let names = cx.program.fields.keys().filter(|it| !it.starts_with('_'));
                let help = did_you_mean(&of.it, names, "declare it under `data:`");
                cx.report("P412", of.at, format!("there is no field '{}'", of.it), &help);
            }
        }
    }
}

fn exists(cx: &mut Cx<'_>, named: &Named<'_>) {
    let party = named.party;
    let Some(spec) = cx.program.parties.get(&party.it) else {
        let help =
            did_you_mean(&party.it, cx.program.parties.keys(), "declare it under `parties:`");
        cx.report("P402", party.at, format!("there is no party '{}'", party.it), &help);
        return;
    };
    let known = Fact::Known(party.it.clone());
    let guarded = named.guard.is_some_and(|it| facts(it.source, it.holds).contains(&known));
    if named.must_answer && spec.optional && !guarded {
        let message = format!("'{}' may be missing, and the flow waits for its answer", party.it);
        let help = format!("ask it under `when: known({})`, or do not call it optional", party.it);
        cx.report("P404", party.at, message, &help);
    }
}

fn never_addressed(cx: &mut Cx<'_>, named: &[Named<'_>]) {
    let mut used: BTreeSet<String> = named.iter().map(|it| it.party.it.clone()).collect();
    used.extend(texts::roots(cx));
    used.insert(cx.program.principal.clone());
    for party in &cx.flow.parties {
        let name = &party.name.it;
        let sourced = |it: &At<String>| it.it.split('.').next() == Some(name);
        let source = cx.flow.data.iter().filter_map(|it| it.from.as_ref()).any(sourced);
        if !used.contains(name) && !source {
            let message = format!("nothing is ever said to '{name}'");
            cx.report(
                "P401",
                party.name.at,
                message,
                "remove the party, or tell it how this ended",
            );
        }
    }
}

/// To a party that is not there a `tell` is nothing, and nobody makes up for it.
fn nobody_to_read(cx: &mut Cx<'_>, named: &[Named<'_>]) {
    for one in named.iter().filter(|it| it.must_read) {
        let party = one.party;
        let optional = cx.program.parties.get(&party.it).is_some_and(|it| it.optional);
        let known = Fact::Known(party.it.clone());
        let guarded = one.guard.is_some_and(|it| facts(it.source, it.holds).contains(&known));
        if optional && !guarded {
            let message = format!("this must be read, and '{}' may be missing", party.it);
            let help = format!(
                "say it under `when: known({})`, and in `else:` who is told instead",
                party.it
            );
            cx.report("P414", party.at, message, &help);
        }
    }
}

fn desks(cx: &mut Cx<'_>) {
    let named = cx.sites.iter().filter_map(|it| match &it.step.verb {
        Verb::Handoff(handoff) => Some(&handoff.desk),
        _ => None,
    });
    let unread = cx.sites.iter().filter_map(|it| it.step.not_read.as_ref()).map(|it| &it.then);
    let human = cx.flow.interrupts.human.as_ref();
    for desk in named.chain(unread).chain(human).collect::<Vec<_>>() {
        if !cx.catalog.desks.contains_key(&desk.it) {
            let help = did_you_mean(&desk.it, cx.catalog.desks.keys(), "no such desk is staffed");
            cx.report("P409", desk.at, format!("there is no desk '{}'", desk.it), &help);
        }
    }
}
