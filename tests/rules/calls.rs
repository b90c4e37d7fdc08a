//! Rules 1 and 2: what arrives during a call, and the three ways in which a write may end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mendline::channels::Incoming;
use mendline::{people, turns};
use mendline_engine::event::Event;
use mendline_engine::state::{Position, Rest};
use mendline_plugin::ActionError;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn rule_01_words_that_arrive_during_a_call_answer_nothing_asked_after_it() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    for words in ["gabapentin 300 mg", "No"] {
        place.arrives("ana", "web", Incoming::Words(words.into())).await;
        people::route(&place.house).await.unwrap();
        turns::take(&place.house).await.unwrap();
    }
    let state = place.of("ana").await.state;
    assert!(matches!(state.position, Position::At { rest: Rest::Calling { .. }, .. }));
    let waits = state.waiting.iter().filter(|it| matches!(it, Event::Said { .. }));
    assert_eq!(waits.count(), 1, "nothing is dropped");
    place.settle().await;
    let state = place.of("ana").await.state;
    assert!(!state.fields.contains_key("at_counter"), "she had not seen that question");
    let heard = place.record("ana").await;
    assert!(heard.iter().any(|it| it["event"]["said"]["words"] == "No"), "it is on the record");
}

#[tokio::test]
async fn rule_02_an_unknown_write_is_repeated_under_its_key_then_asked_about() {
    let place_for = |known: bool| async move {
        let write = Stub::new(|_, _| Err(ActionError::Unknown("the line broke".into())));
        let inquire = Stub::new(move |_, _| match known {
            true => Ok(json!({
                "number": "PA-7", "from": "2026-11-18", "until": "2026-12-18", "refills": 0,
                "days": 30, "status": "active",
            })),
            false => Err(ActionError::Unavailable("it is away".into())),
        });
        let stubs = [("authorize", write.clone()), ("inquire_authorization", inquire.clone())];
        let place = place_with(stubs).await;
        place.ana_asks().await;
        let card = place.cards("dana").await.remove(0);
        place.taps("dana", &card.question, "approve", &[]).await;
        for _ in 0..10 {
            place.later(2 * MINUTE_MS).await;
        }
        (place, write, inquire)
    };
    let (place, write, inquire) = place_for(true).await;
    let keys: Vec<_> = write.calls().into_iter().map(|(key, _)| key).collect();
    assert!(keys.len() > 1 && keys.iter().all(|it| *it == keys[0]), "{keys:?}");
    assert_eq!(inquire.calls()[0].0, keys[0]);
    assert!(place.sees("ana").await.join("\n").contains("PA-7"));

    let (place, ..) = place_for(false).await;
    let open = place.handoffs().await;
    assert!(open.iter().any(|it| it.open.why == "unknown_write"), "{open:?}");
    assert!(!place.sees("ana").await.join("\n").contains("is approved for"));
}

#[tokio::test]
async fn rule_02_a_write_that_may_have_been_done_is_not_called_refused_when_the_line_stays_dead() {
    let first = AtomicBool::new(true);
    let write = Stub::new(move |_, _| match first.swap(false, Ordering::SeqCst) {
        true => Err(ActionError::Unknown("the line broke".into())),
        false => Err(ActionError::Unavailable("it is away".into())),
    });
    let inquire = Stub::new(|_, _| Err(ActionError::Unavailable("it is away".into())));
    let place = place_with([("authorize", write), ("inquire_authorization", inquire)]).await;
    place.ana_asks().await;
    let card = place.cards("dana").await.remove(0);
    place.taps("dana", &card.question, "approve", &[]).await;
    for _ in 0..10 {
        place.later(2 * MINUTE_MS).await;
    }
    let open = place.handoffs().await;
    assert!(open.iter().any(|it| it.open.why == "unknown_write"), "{open:?}");
}

#[tokio::test]
async fn rule_02_a_refused_write_changes_nothing_and_brings_a_person() {
    let refuse = Arc::new(AtomicBool::new(true));
    let now = refuse.clone();
    let authorize = authorizes();
    let write = authorize.clone();
    let stub = Stub::new(move |_, _| match now.load(Ordering::SeqCst) {
        true => Err(ActionError::Refused { code: "busy".into(), message: "not now".into() }),
        false => Ok(json!({ "number": "PA-8", "days": 30 })),
    });
    let place = place_with([("authorize", stub)]).await;
    place.ana_asks().await;
    let card = place.cards("dana").await.remove(0);
    place.taps("dana", &card.question, "approve", &[]).await;
    assert_eq!(place.handoffs().await.len(), 1);
    assert!(write.calls().is_empty() && refuse.load(Ordering::SeqCst));
    assert!(!place.sees("ana").await.join("\n").contains("is approved for"));
}

#[tokio::test]
async fn rule_01_a_fast_read_is_answered_before_the_commit_and_a_slow_one_never() {
    let place = place().await;
    place.arrives("ana", "web", Incoming::Words("my prescription was rejected".into())).await;
    people::route(&place.house).await.unwrap();
    turns::take(&place.house).await.unwrap();
    let state = place.of("ana").await.state;
    assert!(state.fields.contains_key("claim"), "one commit brought the question and the claim");
    let record = place.record("ana").await;
    let fast = record.iter().find(|it| it["source"] == "fast").expect("the answer is recorded");
    assert!(fast["event"]["returned"]["result"]["done"].is_array(), "{}", fast["event"]);
    place.settle().await;
    place.sees("ana").await;
    place.arrives("ana", "web", Incoming::Words("gabapentin 300 mg".into())).await;
    people::route(&place.house).await.unwrap();
    turns::take(&place.house).await.unwrap();
    let state = place.of("ana").await.state;
    assert!(matches!(state.position, Position::At { rest: Rest::Calling { .. }, .. }));
    assert!(!state.fields.contains_key("check"), "coverage is not a fast read");
}
