//! A bug of the engine's own: one event is set aside, a person comes, the house goes on.

use mendline::channels::Incoming;
use mendline::store::{EffectRef, TurnCommit};
use mendline_engine::event::{DeskAction, GiveBack};
use mendline_engine::message::EffectKey;
use mendline_engine::state::{Hold, Position, Rest, Resume};
use serde_json::json;

use crate::support::*;

/// A hold whose way back lies beyond every number: the engine falls when it is taken. Should it
/// learn not to, another poison must be found for this test.
fn poison(handoff: EffectKey) -> Hold {
    Hold {
        handoff,
        desk: "pharmacy_desk".into(),
        party: None,
        holder: None,
        anchor: None,
        why: "flow".into(),
        resume: Some(Resume { anchor: Some("at_counter".into()), steps: usize::MAX }),
        save: None,
    }
}

async fn poisoned(place: &Place) -> EffectRef {
    let it = place.of("ana").await;
    let key = EffectKey { turn: it.state.turn, index: 0 };
    let mut state = it.state.clone();
    state.turn += 1;
    state.holds.push(poison(key));
    state.position = Position::At { anchor: "drug".into(), rest: Rest::HandedOff { handoff: key } };
    let commit = TurnCommit {
        payer: PAYER.into(),
        conversation: it.id.clone(),
        principal: it.principal.clone(),
        expected_turn: it.state.turn,
        state,
        done: vec![],
        messages: vec![],
        calls: vec![],
        timers: vec![],
        cleared: vec![],
        closed: vec![],
        handoffs: vec![],
        begins: vec![],
        events: vec![],
        identifiers: vec![],
        record: vec![json!({ "test": "poison" })],
        now: place.house.clock.now(),
    };
    place.house.store.commit(vec![commit]).await.remove(0).unwrap();
    EffectRef { conversation: it.id, key }
}

#[tokio::test]
async fn rule_01_an_event_that_fells_the_engine_is_set_aside_and_a_person_comes() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    let handoff = poisoned(&place).await;
    let before = place.of("ana").await.state;
    let back = |action| Incoming::Desk { handoff: handoff.clone(), action };
    let retry = back(DeskAction::GiveBack(GiveBack::Retry));
    assert_eq!(place.does("sam", "desk", retry).await, json!("fault"));
    let after = place.of("ana").await;
    assert_eq!((after.state.turn, &after.state.position), (before.turn + 1, &before.position));
    let open = place.handoffs().await;
    assert_eq!(open.iter().map(|it| it.open.why.as_str()).collect::<Vec<_>>(), ["fault"]);
    assert_eq!(place.house.store.verify_chain(PAYER, &after.id).await.unwrap(), None);
    let row = place.record("ana").await.pop().unwrap();
    assert!(row["event"]["desk"].is_object() && row.to_string().contains("the engine fell"));

    // The conversation, and everybody else's, goes on.
    let end = back(DeskAction::GiveBack(GiveBack::Outcome("withdrawn".into())));
    assert_eq!(place.does("sam", "desk", end).await, json!("done"));
    assert_eq!(place.of("ana").await.state.outcome.as_deref(), Some("withdrawn"));
    place.asks_for("mina", "pregabalin 75 mg").await;
    assert_eq!(place.cards("dana").await.len(), 1);
}
