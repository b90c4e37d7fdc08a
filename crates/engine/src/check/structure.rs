//! Structure: what can be reached, what ends, what is named twice or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::cx::Cx;
use super::flow_of_control::{Handoffs, goes_on, step_goes_on};
use super::names::did_you_mean;
use super::walk::anchor;
use crate::surface::{At, OutcomeKind, Span, Step, Trigger, Verb, Wait};

pub(super) fn check(cx: &mut Cx<'_>) {
    unreachable(cx);
    runs_off(cx);
    outcomes(cx);
    empty(cx);
    names(cx);
    flows(cx);
    starts(cx);
    stopping(cx);
}

/// Every list of steps in the flow.
fn blocks<'a>(cx: &Cx<'a>) -> Vec<&'a [Step]> {
    let mut all = vec![&cx.flow.steps[..]];
    for site in &cx.sites {
        match &site.step.verb {
            Verb::When { steps, otherwise, .. } => all.extend([&steps[..], &otherwise[..]]),
            Verb::Choose(it) => all.extend(it.cases.iter().map(|(_, steps)| &steps[..])),
            Verb::Decide(it) => all.extend(it.choices.iter().map(|it| &it.steps[..])),
            Verb::Wait(Wait::Event { otherwise, .. }) => all.push(otherwise),
            _ => {}
        }
    }
    all
}

fn unreachable(cx: &mut Cx<'_>) {
    for steps in blocks(cx) {
        let stop = steps.iter().position(|it| !step_goes_on(it, Handoffs::MayGoOn));
        if let Some(dead) = stop.and_then(|it| steps.get(it + 1)) {
            let message = "nothing leads to this step: the one before it always ends".to_owned();
            let help = "remove the step, or put it before the end";
            cx.report("S101", dead.at, message, help);
        }
    }
}

fn runs_off(cx: &mut Cx<'_>) {
    let steps = &cx.flow.steps;
    if !goes_on(steps, Handoffs::End) {
        return;
    }
    let at = steps.last().map_or(cx.flow.name.at, last_place);
    let help = "put `- end: OUTCOME` after it, so that the conversation ends and everyone is told";
    cx.report("S102", at, "after this step the flow just stops".to_owned(), help);
}

/// Where a reader looks for the missing end: in the last branch that runs off.
fn last_place(step: &Step) -> Span {
    let inside = match &step.verb {
        Verb::When { steps, .. } if goes_on(steps, Handoffs::End) => steps.last(),
        Verb::When { otherwise, .. } => otherwise.last(),
        Verb::Choose(it) => {
            let open = it.cases.iter().find(|(_, steps)| goes_on(steps, Handoffs::End));
            open.and_then(|(_, steps)| steps.last())
        }
        _ => None,
    };
    inside.map_or(step.at, last_place)
}

fn outcomes(cx: &mut Cx<'_>) {
    let declared: BTreeSet<&str> = cx.flow.outcomes.iter().map(|it| it.name.it.as_str()).collect();
    let mut used: BTreeMap<&str, Span> = BTreeMap::new();
    for site in &cx.sites {
        match &site.step.verb {
            Verb::End(outcome) => drop(used.insert(&outcome.it, outcome.at)),
            Verb::Handoff(it) => used.extend(it.closed.iter().map(|it| (it.it.as_str(), it.at))),
            _ => {}
        }
    }
    for (outcome, at) in &used {
        if !declared.contains(outcome) {
            let help = did_you_mean(outcome, &declared, "declare it under `outcomes:`");
            cx.report("S103", *at, format!("outcome '{outcome}' is not declared"), &help);
        }
    }
    for outcome in &cx.flow.outcomes {
        if !used.contains_key(outcome.name.it.as_str()) {
            never_used(cx, &outcome.name);
        }
    }
}

fn never_used(cx: &mut Cx<'_>, outcome: &At<String>) {
    let message = format!("no path ends in outcome '{}'", outcome.it);
    let help = "remove it, end a path with it, or let a desk end with it: `closed: […]`";
    cx.report("S104", outcome.at, message, help);
}

fn empty(cx: &mut Cx<'_>) {
    let nothing = |verb: &Verb| match verb {
        Verb::When { steps, otherwise, .. } => steps.is_empty() && otherwise.is_empty(),
        Verb::Choose(it) => it.cases.iter().all(|(_, steps)| steps.is_empty()),
        Verb::Set(fields) => fields.is_empty(),
        Verb::Ask(it) => {
            matches!(&it.choices, Some(crate::surface::Choices::Keys(keys)) if keys.is_empty())
        }
        _ => false,
    };
    let idle: Vec<Span> =
        cx.sites.iter().filter(|it| nothing(&it.step.verb)).map(|it| it.step.at).collect();
    for at in idle {
        let help = "remove the step, or say what should happen";
        cx.report("S106", at, "this step does nothing".to_owned(), help);
    }
    if cx.flow.steps.is_empty() {
        let help = "a flow needs at least one step and an end";
        cx.report("S106", cx.flow.name.at, "the flow has no steps".to_owned(), help);
    }
}

fn names(cx: &mut Cx<'_>) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    let anchors: Vec<_> = cx.sites.iter().filter_map(|it| anchor(it.step)).collect();
    for name in anchors {
        if let Some(first) = seen.insert(&name.it, name.at) {
            let line = first.line;
            let message = format!("'{}' already names the step on line {line}", name.it);
            let help = "give one of them a `name:` of its own, because people rest at names";
            cx.report("S107", name.at, message, help);
        }
    }
}

fn flows(cx: &mut Cx<'_>) {
    let known: BTreeSet<&str> = cx.others.iter().map(String::as_str).collect();
    for site in cx.sites.clone() {
        let (flow, waits) = match &site.step.verb {
            Verb::Run(it) => (&it.flow, true),
            // A reminder of a later day may well start the same flow anew.
            Verb::Remind { run, .. } => (run, false),
            _ => continue,
        };
        if waits && flow.it == cx.flow.name.it {
            let message = "the flow runs itself".to_owned();
            let help = "a flow that must repeat asks again, waits, or is started by an event";
            cx.report("S105", flow.at, message, help);
        } else if !known.contains(flow.it.as_str()) && flow.it != cx.flow.name.it {
            let help = did_you_mean(&flow.it, &known, "load that flow beside this one");
            cx.report("S113", flow.at, format!("there is no flow '{}'", flow.it), &help);
        }
    }
}

fn starts(cx: &mut Cx<'_>) {
    let mut seen = BTreeSet::new();
    let mut again = Vec::new();
    for trigger in &cx.flow.start_when {
        match &trigger.it {
            Trigger::Says(words) => {
                let folded = |it: &At<String>| ("says", it.it.trim().to_lowercase());
                again.extend(words.iter().filter(|it| !seen.insert(folded(it))).map(|it| it.at));
            }
            Trigger::Command(it) if !seen.insert(("command", it.clone())) => again.push(trigger.at),
            Trigger::Event(it) if !seen.insert(("event", it.clone())) => again.push(trigger.at),
            Trigger::Command(_) | Trigger::Event(_) => {}
        }
    }
    for at in again {
        let message = "the flow already starts in this way".to_owned();
        cx.report("S114", at, message, "keep one of the two");
    }
}

/// A person may stop at any moment, so there must be an end for that which is no failure.
fn stopping(cx: &mut Cx<'_>) {
    let neutral = cx.flow.outcomes.iter().any(|it| it.kind.it == OutcomeKind::Neutral);
    if cx.flow.interrupts.cancel.is_none() && !neutral {
        let message = "a person who stops this flow has no outcome to stop in".to_owned();
        let help = "declare `withdrawn: { kind: neutral }`, or say under `interrupts: cancel:` how it ends";
        cx.report("S115", cx.flow.name.at, message, help);
    }
}
