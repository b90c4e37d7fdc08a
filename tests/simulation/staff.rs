//! What staff do: decide on cards, and take and give back what stands at the desks.

use std::collections::BTreeMap;

use mendline::channels::Incoming;
use mendline::store::HandoffRow;
use mendline_engine::event::{DeskAction, GiveBack};
use serde_json::{Value, json};

use crate::people::{AGENTS, CEDAR, NORTH};
use crate::run::Run;

const DESKS: &[&str] = &["pharmacy_desk", "claims_desk", "desk"];

/// Somebody with cards decides on one, mostly as one should.
pub async fn decides(run: &mut Run<'_>) {
    let world = run.world.clone();
    let staff = run.cast.staff();
    let first = world.below(staff.len());
    let mut found = None;
    for at in 0..staff.len() {
        let (payer, who) = staff[(first + at) % staff.len()];
        let cards = run.store.cards(payer, who).await.unwrap();
        if !cards.is_empty() {
            found = Some((payer, who, cards));
            break;
        }
    }
    let Some((payer, who, cards)) = found else {
        if world.below(16) == 0 {
            let (payer, who) = staff[first];
            let words = "approve".to_owned();
            run.act(payer, "desk", who, Incoming::Words(words.clone()), Some(words));
        }
        return;
    };
    let card = cards[world.below(cards.len())].clone();
    let choices =
        ["approve", "approve", "approve", "shorter", "deny", "info", "not_mine", "period"];
    let choice = choices[world.below(choices.len())];
    let needs = match world.below(8) {
        0 => BTreeMap::new(),
        _ => needs(choice),
    };
    // Now and then somebody else's hands are on it.
    let (_, other) = staff[world.below(staff.len())];
    let by = if world.below(8) == 0 { other } else { who };
    let tap = Incoming::Tap { question: card.question, choice: choice.into(), with: needs };
    run.act(payer, "desk", by, tap.clone(), None);
    if world.below(5) == 0 {
        // A second tap is an act of its own.
        run.act(payer, "desk", by, tap, None);
    }
}

fn needs(choice: &str) -> BTreeMap<String, Value> {
    let given = match choice {
        "shorter" => json!({ "days": 7 }),
        "deny" => json!({ "reason": "DENY_BODY_PART" }),
        "info" => json!({ "whom": "worker", "question": "When did it begin?" }),
        "period" => {
            json!({ "from": "2026-11-16", "until": "2027-01-15", "refills": 1, "days": 14 })
        }
        _ => json!({}),
    };
    serde_json::from_value(given).unwrap()
}

/// Somebody at a desk does something with what stands there.
pub async fn at_the_desk(run: &mut Run<'_>) {
    let world = run.world.clone();
    let payer = [NORTH, CEDAR][usize::from(world.below(4) == 0)];
    let open = handoffs(run, payer).await;
    if open.is_empty() {
        return;
    }
    let it = &open[world.below(open.len())];
    let action = match world.below(10) {
        0..3 => DeskAction::Take,
        3..5 => {
            // What a person types is as private as what the flow says.
            let words = format!("I am looking at your gabapentin, number {}", world.name(""));
            DeskAction::Reply { words, language: ["en", "es"][world.below(2)].into() }
        }
        5 => DeskAction::Note { words: "called, no answer".into() },
        6 => DeskAction::Correct { field: "at_counter".into(), value: json!("later") },
        _ => DeskAction::GiveBack(give_back(run, it)),
    };
    let who = AGENTS[world.below(AGENTS.len())];
    let incoming = Incoming::Desk { handoff: it.handoff.clone(), action };
    run.act(payer, "desk", who, incoming, None);
}

/// Everything at the desks is given back, with an outcome where it has one.
pub async fn clears(run: &mut Run<'_>) {
    for payer in [NORTH, CEDAR] {
        for it in handoffs(run, payer).await {
            let back = match it.open.closed.first() {
                Some(outcome) => GiveBack::Outcome(outcome.clone()),
                None => give_back(run, &it),
            };
            // Whoever holds it gives it back.
            let holder = it.holder.map_or_else(|| AGENTS[0].to_owned(), |(person, _)| person);
            let action = DeskAction::GiveBack(back);
            let incoming = Incoming::Desk { handoff: it.handoff.clone(), action };
            run.act(payer, "desk", &holder, incoming, None);
        }
    }
}

/// A way back that the handoff allows, mostly.
fn give_back(run: &Run<'_>, it: &HandoffRow) -> GiveBack {
    let closed = &it.open.closed;
    match run.world.below(4) {
        0 if it.open.retry => GiveBack::Retry,
        1 if it.open.save.is_some() => GiveBack::Value(json!("found out by phone")),
        2 if !closed.is_empty() => GiveBack::Outcome(closed[0].clone()),
        _ => GiveBack::Continue,
    }
}

pub async fn handoffs(run: &Run<'_>, payer: &str) -> Vec<HandoffRow> {
    let desks: Vec<String> = DESKS.iter().map(|it| (*it).to_owned()).collect();
    run.store.handoffs(payer, &desks).await.unwrap()
}
