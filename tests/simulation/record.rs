//! What one conversation's record must show: a row for every turn, each inner event once, and a
//! bot that is silent toward whom a person holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::invariants::Whole;
use crate::run::Run;

pub fn check(run: &Run<'_>, whole: &Whole) {
    let id = &whole.conversation.id;
    let wrong = |what: String| run.world.wrong(format!("{id}: {what}"));
    let turns: Vec<u64> =
        whole.record.iter().map(|it| it["turn"].as_u64().unwrap_or_default()).collect();
    let expected: Vec<u64> = (0..u64::from(whole.conversation.state.turn)).collect();
    if turns != expected {
        wrong(format!("the record has turns {turns:?}, the state {}", expected.len()));
    }
    if let Some(last) = whole.record.last() {
        let now = serde_json::to_value(&whole.conversation.state.position).unwrap();
        if last["position"] != now {
            wrong("the record ends elsewhere than the state".into());
        }
    }
    let pinned = &whole.conversation.flow_hash;
    for row in whole.record.iter().filter(|it| it["flow"]["hash"] != **pinned) {
        let (turn, by) = (&row["turn"], &row["flow"]["version"]);
        wrong(format!("turn {turn} was taken by version {by}, which it did not begin on"));
    }
    each_once(&whole.record).into_iter().for_each(wrong);
    silent_while_held(&whole.record).into_iter().for_each(wrong);
    decided_once(&whole.record).into_iter().for_each(wrong);
}

/// A question is decided once, by somebody who may; silence and a verified rule have no hands.
fn decided_once(record: &[Value]) -> Vec<String> {
    let mut decided = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in record {
        let effects = row["effects"].as_array().map_or(&[][..], |it| it);
        if !effects.iter().any(|it| it["noted"].get("decided").is_some()) {
            continue;
        }
        let Some(tap) = row["event"].get("tapped") else { continue };
        let question = tap["question"].to_string();
        let may = tap["actor"]["authorities"].as_array().is_some_and(|it| !it.is_empty());
        if !may {
            wrong
                .push(format!("{question} was decided by {}, who may not", tap["actor"]["person"]));
        }
        if !decided.insert(question.clone()) {
            wrong.push(format!("{question} was decided twice"));
        }
    }
    wrong
}

/// What came from inside the house came once: a timer's setting, a call's result, a receipt, a
/// child's end, the start.
fn each_once(record: &[Value]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in record {
        let event = &row["event"];
        let name = if let Some(due) = event.get("due") {
            format!("timer {} {}", due["timer"], due["generation"])
        } else if let Some(it) = event.get("returned") {
            format!("result of {}", it["call"])
        } else if let Some(it) = event.get("receipt") {
            format!("receipt {} {}", it["message"], it["receipt"])
        } else if let Some(it) = event.get("child_ended") {
            format!("end of {}", it["run"])
        } else if event.get("started").is_some() {
            "start".to_owned()
        } else {
            continue;
        };
        if !seen.insert(name.clone()) {
            wrong.push(format!("{name} was applied twice"));
        }
    }
    wrong
}

/// From the handoff until it is given back, what the bot has to say goes to the holder.
fn silent_while_held(record: &[Value]) -> Vec<String> {
    let mut holds: BTreeMap<String, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in record {
        let turn = row["turn"].as_u64().unwrap_or_default();
        for (index, effect) in row["effects"].as_array().into_iter().flatten().enumerate() {
            let key = format!("{turn}.{index}");
            if let Some(party) = effect["open_handoff"]["party"].as_str() {
                holds.insert(key.clone(), party.to_owned());
            }
            if let Some(handoff) = effect["close_handoff"]["handoff"].as_str() {
                holds.remove(handoff);
            }
            let Some(sent) = effect.get("send") else { continue };
            let held = holds.values().any(|it| sent["party"] == it.as_str());
            let human = matches!(sent["kind"].as_str(), Some("person" | "safety"));
            // The word that something fell is said with the hold that it opens.
            let fault = sent["wording"]["key"] == "house.fault";
            if held && !human && !fault {
                let what = &sent["wording"]["key"];
                wrong.push(format!("the bot said {what} at {key} while a person held"));
            }
        }
    }
    wrong
}
