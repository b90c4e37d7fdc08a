//! One way in: once each, in order, and nothing is lost on the way to its conversation.

use mendline::channels::Incoming;
use mendline::store::{InboxBody, NewArrival, Settled, Store, StoreError};
use mendline_engine::event::Event;
use serde_json::json;

use crate::support::*;

crate::on_every_store! {
    rule_03_a_second_arrival_with_the_same_id_is_the_first
    the_same_id_from_another_source_or_payer_is_another_arrival
    arrivals_come_oldest_first_and_one_a_person
    an_arrival_is_routed_once
    an_arrival_is_settled_when_its_turn_is_committed
    what_routing_settles_is_settled_at_once
    a_conversation_that_begins_hears_its_start_first
    an_event_for_nobody_is_refused
    what_came_from_nobody_is_kept_all_the_same
}

async fn rule_03_a_second_arrival_with_the_same_id_is_the_first(store: &dyn Store) {
    let first = store.accept(&arrival(ACME, ANA, "1", "hello")).await.unwrap();
    let again = store.accept(&arrival(ACME, ANA, "1", "hello again")).await.unwrap();
    assert!(!first.duplicate);
    assert!(again.duplicate);
    assert_eq!(again.seq, first.seq);
    let unrouted = store.unrouted(10).await.unwrap();
    assert_eq!(unrouted.len(), 1);
    assert_eq!(unrouted[0].incoming, Incoming::Words("hello".into()));
    let lines = store.lines_after(ACME, ANA, "web", 0, 10).await.unwrap();
    assert_eq!(lines.len(), 1, "and it stands in her chat once");
    assert_eq!(lines[0].body, json!({ "from": "you", "text": "hello" }));
}

async fn the_same_id_from_another_source_or_payer_is_another_arrival(store: &dyn Store) {
    let first = arrival(ACME, ANA, "1", "hello");
    store.accept(&first).await.unwrap();
    for other in [
        NewArrival { source: "desk".into(), ..first.clone() },
        NewArrival { payer: "birch".into(), ..first.clone() },
    ] {
        assert!(!store.accept(&other).await.unwrap().duplicate);
    }
}

async fn arrivals_come_oldest_first_and_one_a_person(store: &dyn Store) {
    for (person, id) in [("bo", "1"), (ANA, "2"), ("bo", "3"), (ANA, "4")] {
        store.accept(&arrival(ACME, person, id, id)).await.unwrap();
    }
    let first: Vec<_> =
        store.unrouted(10).await.unwrap().into_iter().map(|it| it.incoming).collect();
    assert_eq!(first, [Incoming::Words("1".into()), Incoming::Words("2".into())]);
    let one = store.unrouted(1).await.unwrap();
    store.commit_person(routing(&one[0])).await.unwrap();
    let next: Vec<_> =
        store.unrouted(10).await.unwrap().into_iter().map(|it| it.incoming).collect();
    assert_eq!(next, [Incoming::Words("2".into()), Incoming::Words("3".into())]);
}

async fn an_arrival_is_routed_once(store: &dyn Store) {
    let seq = begin(store, ACME, ANA, "c1", "hello").await;
    assert_eq!(store.unrouted(10).await.unwrap(), []);
    store.accept(&arrival(ACME, ANA, "2", "more")).await.unwrap();
    let mut again = routing(&store.unrouted(10).await.unwrap()[0]);
    again.seq = seq;
    again.begins.push(new_conversation("c2", ANA, "hello"));
    assert!(matches!(store.commit_person(again).await, Err(StoreError::Conflict)));
    assert_eq!(store.conversation(ACME, "c2").await.unwrap(), None);
}

async fn an_arrival_is_settled_when_its_turn_is_committed(store: &dyn Store) {
    let accepted = store.accept(&arrival(ACME, ANA, "1", "hello")).await.unwrap();
    assert_eq!(store.settled(ACME, accepted.seq).await.unwrap(), None, "not routed yet");
    let mut routed = routing(&waiting(store, accepted.seq).await);
    routed.begins.push(new_conversation("c1", ANA, "hello"));
    store.commit_person(routed).await.unwrap();
    assert_eq!(store.settled(ACME, accepted.seq).await.unwrap(), None, "no turn yet");
    let claimed = claim_one(store).await;
    assert_eq!(claimed.events[0].2, "web", "the event keeps the source of its arrival");
    let mut taken = turn(&claimed);
    taken.done[0].1 = Some(json!("done"));
    commit(store, taken).await;
    let settled = Settled { conversation: Some("c1".into()), answer: Some(json!("done")) };
    assert_eq!(store.settled(ACME, accepted.seq).await.unwrap(), Some(settled));
    assert_eq!(store.settled("birch", accepted.seq).await.unwrap(), None, "nobody else's");
}

async fn what_routing_settles_is_settled_at_once(store: &dyn Store) {
    let accepted = store.accept(&arrival(ACME, ANA, "1", "hello")).await.unwrap();
    let mut routed = routing(&waiting(store, accepted.seq).await);
    routed.settled = Some(json!("no_such_flow"));
    store.commit_person(routed).await.unwrap();
    let settled = Settled { conversation: None, answer: Some(json!("no_such_flow")) };
    assert_eq!(store.settled(ACME, accepted.seq).await.unwrap(), Some(settled));
}

async fn a_conversation_that_begins_hears_its_start_first(store: &dyn Store) {
    let accepted = store.accept(&arrival(ACME, ANA, "1", "hello")).await.unwrap();
    let mut routed = routing(&waiting(store, accepted.seq).await);
    routed.begins.push(new_conversation("c1", ANA, "hello"));
    routed.events.push(("c1".into(), Event::Danger { party: "worker".into() }));
    store.commit_person(routed).await.unwrap();
    let events: Vec<_> = claim_one(store).await.events.into_iter().map(|it| it.1).collect();
    assert!(matches!(events[..], [Event::Started { .. }, Event::Danger { .. }]), "{events:?}");
}

async fn an_event_for_nobody_is_refused(store: &dyn Store) {
    let event = Event::Happened { name: "x".into(), data: json!(null) };
    let stray = NewArrival {
        body: InboxBody::Event { conversation: "nowhere".into(), event },
        line: None,
        ..arrival(ACME, ANA, "1", "")
    };
    assert!(matches!(store.accept(&stray).await, Err(StoreError::Unreadable(_))));
    begin(store, "birch", ANA, "nowhere", "hello").await;
    assert!(
        matches!(store.accept(&stray).await, Err(StoreError::Unreadable(_))),
        "another payer's conversation is nobody's"
    );
}

async fn what_came_from_nobody_is_kept_all_the_same(store: &dyn Store) {
    let outside = NewArrival { person: None, line: None, ..arrival(ACME, "", "1", "hello") };
    store.accept(&outside).await.unwrap();
    assert_eq!(store.unrouted(10).await.unwrap()[0].person, "");
}
