//! Decisions: the choices, who holds the card, and what happens while nobody answers.

use std::collections::BTreeSet;

use super::cx::{Cx, DECISION_MEMBERS};
use super::flow_of_control::{Handoffs, goes_on};
use super::names::did_you_mean;
use super::time::{at_least_minutes, before};
use crate::rules::{RuleRow, RuleUnit};
use crate::surface::{Decide, RungDoes, Verb};
use crate::time::{Duration, Unit};
use crate::types::Type;

/// The shortest time between two progress notes that is news and not noise, in minutes. Ours.
const NOTES_APART_MINUTES: u64 = 60;

pub(super) fn check(cx: &mut Cx<'_>) {
    asks_again(cx);
    let decides: Vec<&Decide> = cx
        .sites
        .iter()
        .filter_map(|it| match &it.step.verb {
            Verb::Decide(decide) => Some(&**decide),
            _ => None,
        })
        .collect();
    for decide in decides {
        choices(cx, decide);
        kept_values(cx, decide);
        authority(cx, decide);
        limit(cx, decide);
        ladder(cx, decide);
        legal_limits(cx, decide);
        holders(cx, decide);
        notes(cx, decide);
    }
}

fn asks_again(cx: &mut Cx<'_>) {
    for site in cx.sites.clone() {
        let Verb::AskAgain(decision) = &site.step.verb else { continue };
        match site.choice_of {
            None => {
                let help = "it belongs at the end of the `steps:` of a decision's choice";
                let message = "ask_again stands outside a decision's choice".to_owned();
                cx.report("S108", site.step.at, message, help);
            }
            Some(around) if around != decision.it => {
                let message =
                    format!("this choice belongs to '{around}', not to '{}'", decision.it);
                let help = format!("write `ask_again: {around}`");
                cx.report("S109", decision.at, message, &help);
            }
            Some(_) => {}
        }
    }
}

fn choices(cx: &mut Cx<'_>, decide: &Decide) {
    for choice in decide.choices.iter().filter(|it| !it.steps.is_empty()) {
        if goes_on(&choice.steps, Handoffs::End) {
            let message = format!("after choice '{}' nobody is asked again", choice.key.it);
            let help = format!("end its steps with `- ask_again: {}`", decide.field.it);
            cx.report("S110", choice.key.at, message, &help);
        }
        if let Some((name, _)) = choice.set.first() {
            let message = format!(
                "choice '{}' asks again, so what it sets in '{}' is lost",
                choice.key.it, name.it
            );
            let help = "set it with a final choice, or in a `set` step";
            cx.report("S111", name.at, message, help);
        }
    }
    if decide.choices.iter().all(|it| !it.steps.is_empty()) {
        let message =
            format!("no choice of '{}' is final, so it can never be decided", decide.field.it);
        cx.report(
            "S112",
            decide.field.at,
            message,
            "leave the `steps:` away from the choices that decide",
        );
    }
}

fn kept_values(cx: &mut Cx<'_>, decide: &Decide) {
    for choice in &decide.choices {
        let names =
            choice.needs.iter().map(|(it, _)| it).chain(choice.set.iter().map(|(it, _)| it));
        for name in names {
            if DECISION_MEMBERS.contains(&name.it.as_str()) {
                let message = format!("every decision already keeps its own '{}'", name.it);
                cx.report("D226", name.at, message, "give the value another name");
            }
        }
        for list in choice.needs.iter().filter_map(|(_, kind)| kind.as_ref()) {
            // A dotted word names a list of reasons; a plain one is a type, which is the parser's.
            let bound = list.it.starts_with("fewer than ");
            if !bound && list.it.contains('.') && !cx.catalog.reasons.contains_key(&list.it) {
                let help = did_you_mean(&list.it, cx.catalog.reasons.keys(), "no plugin offers it");
                let message = format!("there is no list of reasons '{}'", list.it);
                cx.report("D224", list.at, message, &help);
            }
        }
    }
}

fn authority(cx: &mut Cx<'_>, decide: &Decide) {
    let Some(authority) = &decide.authority else {
        let message = format!("anybody who holds the card could decide '{}'", decide.field.it);
        let help = "say which `authority:` the decider must hold on the claim";
        return cx.report("P406", decide.field.at, message, help);
    };
    if !cx.catalog.authorities.contains(&authority.it) {
        let help = did_you_mean(&authority.it, &cx.catalog.authorities, "no plugin offers it");
        let message = format!("there is no authority '{}'", authority.it);
        cx.report("P407", authority.at, message, &help);
    }
}

fn limit(cx: &mut Cx<'_>, decide: &Decide) {
    let Some(within) = &decide.within else {
        let message = format!("'{}' may stay undecided for ever", decide.field.it);
        let help = "write for example `within: rules.decision_deadline, else 2 business days`";
        return cx.report("T302", decide.field.at, message, help);
    };
    if within.fallback.is_none() {
        let message = "where no rule is verified, this limit has no length".to_owned();
        cx.report("T303", within.at, message, "add `, else 2 business days` or the like");
    }
    if let Some(rule) = &within.rule {
        let name = rule.it.strip_prefix("rules.").unwrap_or(&rule.it);
        let mut names = cx.rules.names();
        names.extend(cx.catalog.rules.iter().cloned());
        if !names.iter().any(|it| it == name) {
            let help = did_you_mean(name, &names, "no rule pack has it");
            cx.report("T309", rule.at, format!("there is no rule '{name}'"), &help);
        }
    }
    if decide.nobody_decided.is_none() {
        let message =
            format!("when the limit of '{}' passes, nothing is said to happen", decide.field.it);
        let help = "write for example `nobody_decided: handoff claims_desk`";
        cx.report("T308", decide.field.at, message, help);
    }
}

fn ladder(cx: &mut Cx<'_>, decide: &Decide) {
    let limit = decide.within.as_ref().and_then(|it| it.fallback.as_ref());
    let mut last: Option<Duration> = None;
    for rung in &decide.escalate {
        if limit.is_some_and(|limit| !before(rung.after.it, limit.it)) {
            let message =
                format!("at {} the limit has passed, so this never happens", rung.after.it);
            cx.report("T304", rung.after.at, message, "bring it before `within`, or drop it");
        }
        if last.is_some_and(|last| before(rung.after.it, last)) {
            let message = format!("{} comes before the rung above it", rung.after.it);
            cx.report(
                "T305",
                rung.after.at,
                message,
                "write the ladder in the order in which it happens",
            );
        }
        last = Some(rung.after.it);
    }
    let others = decide.escalate.iter().any(|it| matches!(it.does, RungDoes::AlsoAsk(_)));
    if !others && decide.within.is_some() {
        let message = format!("only '{}' is ever asked for '{}'", decide.ask.it, decide.field.it);
        let help = "add a rung with `also_ask:`, so that one absence does not stop the matter";
        cx.report("T313", decide.field.at, message, help);
    }
}

fn holders(cx: &mut Cx<'_>, decide: &Decide) {
    let role = cx.program.parties.get(&decide.ask.it).map(|it| it.role.as_str());
    if decide.ask.it == cx.program.principal || role == Some("injured_worker") {
        let message = format!("'{}' asks for the decision and would also make it", decide.ask.it);
        cx.report("P405", decide.ask.at, message, "ask a party with authority over the claim");
    }
    // A rung with `when:` may be skipped, so only the others surely hand out the card.
    let mut held = BTreeSet::from([decide.ask.it.as_str()]);
    let mut maybe = held.clone();
    for rung in &decide.escalate {
        match &rung.does {
            RungDoes::AlsoAsk(party) => {
                if held.contains(party.it.as_str()) {
                    let message = format!("'{}' already holds this card", party.it);
                    cx.report("P408", party.at, message, "write `remind:`, or ask somebody else");
                }
                let role = cx.program.parties.get(&party.it).map(|it| it.role.as_str());
                if role == Some("injured_worker") {
                    let message =
                        format!("'{}' asks for the decision and would also make it", party.it);
                    cx.report(
                        "P405",
                        party.at,
                        message,
                        "ask a party with authority over the claim",
                    );
                }
                maybe.insert(&party.it);
                if rung.when.is_none() {
                    held.insert(&party.it);
                }
            }
            RungDoes::Remind(party) if !maybe.contains(party.it.as_str()) => {
                let message = format!("'{}' does not hold this card yet", party.it);
                cx.report(
                    "P410",
                    party.at,
                    message,
                    "write `also_ask:`, or put it after the rung that asks",
                );
            }
            RungDoes::Remind(_) => {}
        }
    }
}

fn notes(cx: &mut Cx<'_>, decide: &Decide) {
    for note in &decide.keep_informed {
        if at_least_minutes(note.every.it) < NOTES_APART_MINUTES {
            let message = format!("a note every {} is more than anybody reads", note.every.it);
            cx.report("T307", note.every.at, message, "leave at least an hour between two notes");
        }
    }
    let principal = cx.program.principal.as_str();
    let told = decide.keep_informed.iter().any(|it| it.party.it == principal);
    if !told && decide.ask.it != principal {
        let message = format!("while '{}' is open, '{principal}' hears nothing", decide.field.it);
        let help = format!("add `keep_informed: {{ party: {principal}, every: 1 day, say: … }}`");
        cx.report("P413", decide.field.at, message, &help);
    }
}

/// A rung that some verified law leaves no time for.
fn legal_limits(cx: &mut Cx<'_>, decide: &Decide) {
    let Some(rule) = decide.within.as_ref().and_then(|it| it.rule.as_ref()) else { return };
    let name = rule.it.strip_prefix("rules.").unwrap_or(&rule.it);
    let mut limits: Vec<(String, Duration)> = Vec::new();
    for jurisdiction in cx.rules.jurisdictions() {
        let rows = cx.rules.rows(jurisdiction).filter(|it| it.name == name && it.acts());
        let lasts = rows.filter_map(length).map(|it| (jurisdiction.to_owned(), it));
        limits.extend(lasts);
    }
    for rung in &decide.escalate {
        let late = limits.iter().filter(|(_, limit)| !before(rung.after.it, *limit));
        let late: Vec<_> = late.map(|(place, limit)| format!("{place} ({limit})")).collect();
        if !late.is_empty() {
            let message =
                format!("at {} the legal limit has passed in {}", rung.after.it, late.join(", "));
            cx.report(
                "T314",
                rung.after.at,
                message,
                "bring the rung forward, so that it helps there too",
            );
        }
    }
}

/// A legal limit as a length. Working days are business days; from the day after receipt a
/// calendar day is a whole one.
fn length(row: &RuleRow) -> Option<Duration> {
    let unit = match row.unit? {
        RuleUnit::BusinessDay | RuleUnit::WorkingDay => Unit::BusinessDay,
        RuleUnit::CalendarDay => Unit::Day,
        RuleUnit::Hour => Unit::Hour,
    };
    Some(Duration { amount: row.number()?, unit })
}

/// Whether a choice of the decision sets or needs this member.
pub(super) fn gives(choice: &crate::core::DecideChoice, member: &str) -> bool {
    DECISION_MEMBERS.contains(&member)
        || choice.needs.iter().any(|it| it.name == member)
        || choice.set.iter().any(|(name, _)| name == member)
}

/// Whether words can be read as this type: a record or a list must be chosen.
pub(super) fn can_be_typed(ty: &Type) -> bool {
    match ty {
        Type::Record(_) | Type::List(_) | Type::Reason | Type::Choice(_) => false,
        Type::Text
        | Type::Integer
        | Type::Number
        | Type::Boolean
        | Type::Money
        | Type::Date
        | Type::Instant => true,
    }
}
