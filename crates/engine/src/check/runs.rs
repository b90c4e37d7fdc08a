//! Flows that run each other in a circle: seen only over several programs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Severity};
use crate::core::{Core, Program};
use crate::surface::Span;

/// Finds the circles among flows that `run` each other. A `remind` starts a flow another day
/// and waits for nothing, so it closes no circle. The file of each finding is the flow's name.
pub fn circular(programs: &[&Program]) -> Vec<Finding> {
    let mut runs: BTreeMap<&str, Vec<(&str, Span)>> = BTreeMap::new();
    for program in programs {
        let calls = program.steps.iter().zip(&program.spans).filter_map(|(step, at)| match step {
            Core::Run(run) => Some((run.flow.as_str(), *at)),
            _ => None,
        });
        runs.entry(&program.flow).or_default().extend(calls);
    }
    let mut found = Vec::new();
    for (&flow, calls) in &runs {
        for &(next, at) in calls {
            if let Some(way) = way_back(&runs, next, flow) {
                found.push(finding(flow, at, &way));
            }
        }
    }
    found
}

/// The flows from `from` to `to`, if they lead there.
fn way_back<'a>(
    runs: &BTreeMap<&'a str, Vec<(&'a str, Span)>>,
    from: &'a str,
    to: &'a str,
) -> Option<Vec<&'a str>> {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![vec![from]];
    while let Some(way) = open.pop() {
        let last = *way.last().expect("a way starts with one flow");
        if last == to {
            return Some(way);
        }
        for &(next, _) in runs.get(last).into_iter().flatten() {
            if seen.insert(next) {
                open.push(way.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}

fn finding(flow: &str, at: Span, way: &[&str]) -> Finding {
    Finding {
        code: "S105".to_owned(),
        severity: Severity::Error,
        file: flow.to_owned(),
        at,
        message: format!("'{flow}' runs itself by way of {}", way.join(" → ")),
        help: "break the circle: let one of them end, and start the other by an event".to_owned(),
    }
}
