//! A bug of the engine's own: one event is set aside, a person comes, the house goes on. (One that
//! fells the whole process: `tests/watch/poison.rs`.)

use mendline::channels::Incoming;
use mendline::store::EffectRef;
use mendline_engine::event::{DeskAction, Event, GiveBack};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn rule_01_an_event_that_fells_the_engine_is_set_aside_and_a_person_comes() {
    let place = place().await;
    place.house.seams.poison.lay(|event| {
        let words = matches!(event, Event::Said { words, .. } if words.contains("gabapentin"));
        assert!(!words, "the poison of this test");
    });
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    let before = place.of("ana").await.state;
    assert_eq!(place.writes("ana", "web", "gabapentin 300 mg").await, json!("fault"));
    let after = place.of("ana").await;
    assert_eq!((after.state.turn, &after.state.position), (before.turn + 1, &before.position));
    let open = place.handoffs().await;
    assert_eq!(open.iter().map(|it| it.open.why.as_str()).collect::<Vec<_>>(), ["fault"]);
    assert_eq!(place.house.store.verify_chain(PAYER, &after.id).await.unwrap(), None);
    let row = place.record("ana").await.pop().unwrap();
    assert!(row["event"]["said"].is_object() && row.to_string().contains("the engine fell"));

    // The conversation, and everybody else's, goes on.
    let key = after.state.holds[0].handoff;
    let handoff = EffectRef { conversation: after.id.clone(), key };
    let back = Incoming::Desk { handoff, action: DeskAction::GiveBack(GiveBack::Retry) };
    assert_eq!(place.does("sam", "desk", back).await, json!("done"));
    assert_eq!(place.of("ana").await.state.holds, []);
    place.asks_for("mina", "pregabalin 75 mg").await;
    assert_eq!(place.cards("dana").await.len(), 1);
}

#[tokio::test]
async fn rule_01_an_arrival_that_fells_its_routing_is_set_aside_and_a_person_comes() {
    let place = place().await;
    place.house.seams.poison_routing.lay(|incoming| {
        let words = matches!(incoming, Incoming::Words(words) if words.contains("gabapentin"));
        assert!(!words, "the poison of this test");
    });
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    assert_eq!(place.writes("ana", "web", "gabapentin 300 mg").await, json!("fault"));
    let told = place.sees("ana").await;
    assert!(told.iter().any(|it| it.contains("A person will look at it")), "{told:?}");
    assert_eq!(place.handoffs().await.len(), 1, "a person is told");

    // Everybody goes on, she herself too.
    place.asks_for("mina", "pregabalin 75 mg").await;
    assert_eq!(place.cards("dana").await.len(), 1);
}
