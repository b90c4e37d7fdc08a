//! Rule 9: a conversation ends on the version that it began with, unless a deploy moves it.

use mendline::store::{InboxBody, NewArrival};
use mendline_engine::event::Event;

use crate::support::*;

const BEFORE: &str = "Are you at the pharmacy right now?";
const AFTER: &str = "Is the pharmacist with you at this moment?";

async fn second_version(place: &Place) -> String {
    let text = include_str!("../../flows/medication-approval/flow.yaml");
    let text = text.replace("version: 1", "version: 2").replace(BEFORE, AFTER);
    let spanish =
        flow(&text.replace("languages: [en, es]", "languages: [en]"), &place.house.catalog);
    let hash = spanish.hash.clone();
    place.publish(spanish).await;
    hash
}

#[tokio::test]
async fn rule_09_a_new_version_is_for_those_who_begin_after_it() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    let pinned = place.of("ana").await.flow_hash;
    let second = second_version(&place).await;
    assert_ne!(pinned, second);
    place.writes("ana", "web", "gabapentin 300 mg").await;
    let read = place.sees("ana").await.join("\n");
    assert!(read.contains(BEFORE) && !read.contains(AFTER), "{read}");
    assert_eq!(place.of("ana").await.flow_hash, pinned);
    place.writes("mina", "web", "my prescription was rejected").await;
    place.sees("mina").await;
    place.writes("mina", "web", "pregabalin 75 mg").await;
    let read = place.sees("mina").await.join("\n");
    assert!(read.contains(AFTER) && !read.contains(BEFORE), "{read}");
}

#[tokio::test]
async fn rule_09_a_version_in_use_outlives_the_memory_of_the_server() {
    let place = place().await;
    place.ana_asks().await;
    let kept = place.house.store.kept_flow(&place.of("ana").await.flow_hash).await.unwrap();
    assert_eq!(kept.unwrap().program.flow, "medication_approval");
}

#[tokio::test]
async fn rule_09_nobody_is_moved_while_a_decision_is_open() {
    let place = place().await;
    place.ana_asks().await;
    let before = place.of("ana").await;
    let moved = NewArrival {
        payer: PAYER.into(),
        source: "deploy".into(),
        id: "move-1".into(),
        person: None,
        body: InboxBody::Event { conversation: before.id.clone(), event: Event::Moved },
        received: place.house.clock.now(),
        line: None,
    };
    place.house.store.accept(&moved).await.unwrap();
    place.settle().await;
    let after = place.of("ana").await;
    assert_eq!(after.state.position, before.state.position);
    assert_eq!(after.state.turn, before.state.turn + 1, "it was looked at");
    let last = place.record("ana").await.pop().unwrap().to_string();
    assert!(last.contains("cannot_move"), "the refusal is on the record: {last}");
}
