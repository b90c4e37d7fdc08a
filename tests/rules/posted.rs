//! What is answered to somebody who reads our own database leaves with the turn that says it.

use mendline::channels::Incoming;
use mendline::dispatch;

use crate::support::*;

async fn lines(place: &Place, person: &str) -> Vec<String> {
    texts(&place.house.store.lines_after(PAYER, person, "web", 0, 500).await.unwrap())
}

#[tokio::test]
async fn rule_13_an_answer_leaves_with_its_turn_and_nothing_is_left_to_send() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    let before = lines(&place, "ana").await.len();
    place.arrives("ana", "web", Incoming::Words("help".into())).await;
    let read = lines(&place, "ana").await;
    assert!(read.len() > before + 1, "her words and the answer: {read:#?}");
    assert_eq!(dispatch::send(&place.house).await.unwrap(), 0);
    place.settle().await;
    assert_eq!(lines(&place, "ana").await, read, "and it is said once");
    let conversation = place.of("ana").await.id;
    let said = place.house.store.messages(PAYER, &conversation).await.unwrap();
    assert!(said.iter().all(|it| it.frozen.is_some()), "the words that left are kept");
}

#[tokio::test]
async fn rule_03_an_answer_keeps_its_place_behind_what_has_not_left_yet() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    // She is silent, and a reminder lies in the outbox when she writes.
    place.clock.set(place.house.clock.now().plus_ms(3 * 60 * 60 * 1_000));
    assert!(place.house.store.fire_due(place.house.clock.now(), 64).await.unwrap() > 0);
    assert!(mendline::turns::take(&place.house).await.unwrap() > 0);
    let before = lines(&place, "ana").await.len();
    place.arrives("ana", "web", Incoming::Words("help".into())).await;
    assert_eq!(lines(&place, "ana").await.len(), before + 1, "her own words alone");
    place.settle().await;
    let read = lines(&place, "ana").await.split_off(before + 1);
    let said = place.house.store.messages(PAYER, &place.of("ana").await.id).await.unwrap();
    let said: Vec<_> = said.into_iter().filter_map(|it| Some(it.frozen?.text)).collect();
    assert!(read.len() >= 2, "{read:#?}");
    assert_eq!(read, said[said.len() - read.len()..], "in the order in which it was decided");
}

#[tokio::test]
async fn rule_07_what_waits_under_a_pause_is_not_said_with_the_turn() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    let before = lines(&place, "ana").await.len();
    let pause = mendline::store::Pause {
        of: mendline::store::PauseRef {
            payer: None,
            kind: mendline::store::PauseKind::Flow,
            name: "medication_approval".into(),
        },
        proactive: false,
        since: place.house.clock.now(),
        who: "robin".into(),
        why: "a wrong text".into(),
    };
    place.house.store.care().pause(&pause).await.unwrap();
    place.house.pauses.changed();
    place.arrives("ana", "web", Incoming::Words("help".into())).await;
    place.settle().await;
    assert_eq!(lines(&place, "ana").await.len(), before + 1, "her own words alone");
}
