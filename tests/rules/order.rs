//! Rule 3: conversations in the order of their ids, events in the order of their arrival.

use mendline::channels::Incoming;
use mendline::store::StoreError;
use mendline_engine::message::EffectKey;

use crate::support::*;

#[tokio::test]
async fn rule_03_events_are_applied_oldest_first_and_each_once() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    let words = ["help", "what can I do", "gabapentin 300 mg"];
    for it in words {
        place.arrives("ana", "web", Incoming::Words(it.into())).await;
    }
    place.settle().await;
    let record = place.record("ana").await;
    let said: Vec<_> =
        record.iter().filter_map(|it| it["event"]["said"]["words"].as_str()).collect();
    assert_eq!(said, words);
}

#[tokio::test]
async fn rule_03_a_conflict_drops_its_own_turn_and_no_other() {
    let place = place().await;
    for person in ["ana", "mina"] {
        place.writes(person, "web", "my prescription was rejected").await;
        place.sees(person).await;
    }
    let now = place.house.clock.now();
    for person in ["ana", "mina"] {
        place.lies(person, "web", Incoming::Words("help".into())).await;
    }
    mendline::people::route(&place.house).await.unwrap();
    let claimed = place.house.store.claim(now, 1, 64, 16).await.unwrap();
    let ids: Vec<_> = claimed.iter().map(|it| it.conversation.id.clone()).collect();
    let mut sorted = ids.clone();
    sorted.sort();
    assert_eq!((ids.len(), &ids), (2, &sorted), "in the order of their ids");
    // Somebody else was faster with the first.
    let turn = |it: &mendline::store::Claimed, behind: u32| {
        let mut state = it.conversation.state.clone();
        let expected_turn = state.turn - behind;
        state.turn += 1;
        mendline::store::TurnCommit {
            payer: PAYER.into(),
            conversation: it.conversation.id.clone(),
            principal: it.conversation.principal.clone(),
            expected_turn,
            head: it.conversation.head.clone(),
            state,
            done: it.events.iter().map(|(seq, ..)| (*seq, None)).collect(),
            messages: vec![],
            calls: vec![],
            timers: vec![],
            cleared: vec![],
            closed: vec![(EffectKey { turn: 0, index: 0 }, mendline_engine::effect::Closed::Over)],
            answered_on: vec![],
            handoffs: vec![],
            begins: vec![],
            events: vec![],
            identifiers: vec![],
            record: vec![serde_json::json!({ "test": "turn" })],
            now,
        }
    };
    let results = place.house.store.commit(vec![turn(&claimed[0], 1), turn(&claimed[1], 0)]).await;
    assert!(matches!(results[0], Err(StoreError::Conflict)), "{results:?}");
    assert!(results[1].is_ok(), "{results:?}");
}
