//! Migration: what a new version does to people who are in the middle of the old one.

use std::collections::BTreeMap;

use super::cx::Cx;
use super::names::did_you_mean;
use super::{Finding, codes};
use crate::core::{Answers, Core, Program};
use crate::surface::Span;
use crate::types::Type;

/// `moved:` as far as one version shows it.
pub(super) fn moved(cx: &mut Cx<'_>) {
    let (flow, program) = (cx.flow, cx.program);
    for (old, new) in &flow.moved {
        if !program.anchors.contains_key(&new.it) {
            let help =
                did_you_mean(&new.it, program.anchors.keys(), "name the step where people go on");
            cx.report("M901", new.at, format!("no step rests at '{}'", new.it), &help);
        }
        if program.anchors.contains_key(&old.it) {
            let message = format!("'{}' is still a step of this flow, so nobody moves", old.it);
            cx.report("M902", old.at, message, "remove the line, or rename the step");
        }
    }
}

/// What deploying `new` would do to conversations that rest in `old`. `waiting` says how many
/// rest at each anchor; where that is not known (a conversation's state lies sealed under its
/// person's key, so that nobody counts them in passing), somebody may rest at any of them. The
/// places are those of the new flow.
pub fn migration(
    old: &Program,
    new: &Program,
    waiting: Option<&BTreeMap<String, usize>>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let head = Span { line: 1, column: 1, length: 1 };
    if old.hash != new.hash && old.version >= new.version {
        let message = format!("the flow changed, and its version is still {}", new.version);
        found.push(finding("M906", head, message, "raise `version:`"));
    }
    for anchor in old.anchors.keys() {
        let to = new.moved.get(anchor).unwrap_or(anchor);
        let people = waiting.map(|it| it.get(anchor).copied().unwrap_or_default());
        if !new.anchors.contains_key(to) && people != Some(0) {
            let message = match people {
                Some(people) => {
                    format!("'{anchor}' is gone, and {people} conversations rest there")
                }
                None => format!("'{anchor}' is gone, and somebody may rest there"),
            };
            let help = "they stay on the old version; add `moved:` to take them along";
            found.push(finding("M903", head, message, help));
        }
    }
    for (name, was) in &old.fields {
        let Some(is) = new.fields.get(name) else { continue };
        let same_kind = matches!((&was.ty, &is.ty), (Type::Choice(_), Type::Choice(_)));
        if was.ty != is.ty && !same_kind {
            let message = format!("'{name}' was {} and is {}", was.ty, is.ty);
            found.push(finding("M905", head, message, "give the new value a name of its own"));
        }
    }
    let (before, now) = (keys(old), keys(new));
    for (anchor, keys) in before {
        let to = new.moved.get(anchor).map_or(anchor, String::as_str);
        let (Some(left), Some(&pc)) = (now.get(to), new.anchors.get(to)) else { continue };
        for key in keys.iter().filter(|it| !left.contains(it)) {
            let at = new.spans.get(pc).copied().unwrap_or(head);
            let message =
                format!("'{key}' may be stored in '{anchor}', and it is no longer a choice");
            found.push(finding(
                "M904",
                at,
                message,
                "keep the choice until no conversation holds it",
            ));
        }
    }
    found
}

/// The fixed choices at each anchor.
fn keys(program: &Program) -> BTreeMap<&str, Vec<&str>> {
    let steps = program.steps.iter().filter_map(|it| match it {
        Core::Ask(ask) => match &ask.answers {
            Answers::Keys(keys) => {
                Some((ask.anchor.as_str(), keys.iter().map(|it| it.key.as_str()).collect()))
            }
            Answers::List(_) | Answers::Type(_) => None,
        },
        Core::Decide(it) => {
            Some((it.anchor.as_str(), it.choices.iter().map(|it| it.key.as_str()).collect()))
        }
        _ => None,
    });
    steps.collect()
}

fn finding(code: &'static str, at: Span, message: String, help: &str) -> Finding {
    let (.., severity) = *codes::row(code).expect("every reported code is in the table");
    Finding {
        code: code.to_owned(),
        severity,
        file: String::new(),
        at,
        message,
        help: help.to_owned(),
    }
}
