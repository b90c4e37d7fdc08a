//! Conversations: claimed in order, leased, committed once; a conflict drops one turn alone.

use mendline::store::{Store, StoreError};
use mendline_engine::event::Event;
use serde_json::json;

use crate::support::*;

crate::on_every_store! {
    rule_03_conversations_are_claimed_in_id_order_with_their_oldest_events
    a_claimed_conversation_is_leased_until_it_is_committed_or_lapses
    what_is_committed_is_read_back
    rule_03_a_conflict_drops_that_turn_alone
    rule_03_an_event_is_applied_once
    a_turn_that_cannot_be_written_costs_nobody_else_theirs
    a_turn_starts_others_and_tells_them
    conversations_are_found_by_person_and_by_identifier
    nothing_of_a_turn_that_lost_is_there
}

async fn rule_03_conversations_are_claimed_in_id_order_with_their_oldest_events(store: &dyn Store) {
    for id in ["c3", "c1", "c2"] {
        begin(store, ACME, ANA, id, "hello").await;
    }
    happen(store, ACME, "c2", "n1").await;
    happen(store, ACME, "c2", "n2").await;
    let claimed = store.claim(NOW, LEASE_MS, 2, 2).await.unwrap();
    let ids: Vec<_> = claimed.iter().map(|it| it.conversation.id.as_str()).collect();
    assert_eq!(ids, ["c1", "c2"]);
    let events: Vec<_> = claimed[1].events.iter().map(|it| &it.1).collect();
    assert_eq!(events.len(), 2, "at most two");
    assert!(matches!(events[0], Event::Started { .. }));
    assert_eq!(*events[1], Event::Happened { name: "news".into(), data: json!({ "id": "n1" }) });
}

async fn a_claimed_conversation_is_leased_until_it_is_committed_or_lapses(store: &dyn Store) {
    begin(store, ACME, ANA, "c1", "hello").await;
    let claimed = claim_one(store).await;
    assert_eq!(claim(store).await, []);
    assert_eq!(store.claim(after_ms(LEASE_MS - 1), LEASE_MS, 9, 9).await.unwrap(), []);
    let again = store.claim(after_ms(LEASE_MS), LEASE_MS, 9, 9).await.unwrap();
    assert_eq!(again, std::slice::from_ref(&claimed), "after a crash somebody else takes it");
    happen(store, ACME, "c1", "n1").await;
    commit(store, turn(&claimed)).await;
    assert_eq!(claim_one(store).await.events.len(), 1, "free again, with what came meanwhile");
}

async fn what_is_committed_is_read_back(store: &dyn Store) {
    begin(store, ACME, ANA, "c1", "hello").await;
    let claimed = claim_one(store).await;
    assert_eq!(claimed.conversation.state.turn, 0);
    let mut taken = turn(&claimed);
    taken.state.fields.insert("drug".into(), json!("gabapentin"));
    taken.now = after_ms(5);
    commit(store, taken.clone()).await;
    let kept = store.conversation(ACME, "c1").await.unwrap().unwrap();
    assert_eq!(kept.state, taken.state);
    assert_eq!((kept.began, kept.turned), (NOW, after_ms(5)));
    assert_eq!(kept.flow, "medication_approval");
    assert_eq!(claim(store).await, []);
    assert_eq!(store.conversation("birch", "c1").await.unwrap(), None);
}

async fn rule_03_a_conflict_drops_that_turn_alone(store: &dyn Store) {
    for id in ["c1", "c2", "c3"] {
        begin(store, ACME, ANA, id, "hello").await;
    }
    let mut turns: Vec<_> = claim(store).await.iter().map(turn).collect();
    turns[1].expected_turn = 7;
    for it in &mut turns {
        it.messages.push(to(ANA, 0, 0, message("worker", "hello")));
    }
    let results = store.commit(turns).await;
    assert!(matches!(results[..], [Ok(()), Err(StoreError::Conflict), Ok(())]), "{results:?}");
    assert_eq!(store.messages(ACME, "c1").await.unwrap().len(), 1);
    assert_eq!(store.messages(ACME, "c2").await.unwrap().len(), 0);
    assert_eq!(store.messages(ACME, "c3").await.unwrap().len(), 1);
    let left = store.claim(after_ms(LEASE_MS), LEASE_MS, 9, 9).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].conversation.id, "c2", "its event still waits");
}

async fn rule_03_an_event_is_applied_once(store: &dyn Store) {
    begin(store, ACME, ANA, "c1", "hello").await;
    let claimed = claim_one(store).await;
    commit(store, turn(&claimed)).await;
    let mut again = turn(&claimed);
    assert!(matches!(store.commit(vec![again.clone()]).await[..], [Err(StoreError::Conflict)]));
    // Even if somebody got the revision right, the event is done.
    again.expected_turn = 1;
    assert!(matches!(store.commit(vec![again]).await[..], [Err(StoreError::Conflict)]));
    assert_eq!(store.record(ACME, "c1").await.unwrap().len(), 1);
}

async fn a_turn_that_cannot_be_written_costs_nobody_else_theirs(store: &dyn Store) {
    for id in ["c1", "c2", "c3", "c4", "c5"] {
        begin(store, ACME, ANA, id, "hello").await;
    }
    let mut turns: Vec<_> = claim(store).await.iter().map(turn).collect();
    // The same effect twice, and an event for a conversation that is nowhere.
    turns[1].messages.push(to(ANA, 0, 0, message("worker", "one")));
    turns[1].messages.push(to(ANA, 0, 0, message("worker", "two")));
    turns[3].events.push(("nowhere".into(), Event::Moved));
    let results: Vec<_> = store.commit(turns).await.iter().map(Result::is_ok).collect();
    assert_eq!(results, [true, false, true, false, true]);
    assert_eq!(store.messages(ACME, "c2").await.unwrap(), []);
    assert_eq!(store.conversation(ACME, "c4").await.unwrap().unwrap().state.turn, 0);
}

async fn a_turn_starts_others_and_tells_them(store: &dyn Store) {
    begin(store, ACME, ANA, "c1", "hello").await;
    begin(store, ACME, ANA, "c2", "hello").await;
    let claimed = claim(store).await;
    let mut parent = turn(&claimed[0]);
    let mut child = new_conversation("c3", ANA, "");
    child.parent = Some(effect("c1", 0, 2));
    parent.begins.push(child);
    let ended =
        Event::ChildEnded { run: key(0, 0), outcome: "ok".into(), fields: Default::default() };
    parent.events.push(("c2".into(), ended.clone()));
    commit(store, parent).await;
    commit(store, turn(&claimed[1])).await;
    let claimed = claim(store).await;
    let ids: Vec<_> = claimed.iter().map(|it| it.conversation.id.as_str()).collect();
    assert_eq!(ids, ["c2", "c3"]);
    assert_eq!(claimed[0].events[0].1, ended);
    assert_eq!(claimed[1].conversation.parent, Some(effect("c1", 0, 2)));
}

async fn conversations_are_found_by_person_and_by_identifier(store: &dyn Store) {
    begin(store, ACME, ANA, "c1", "hello").await;
    let mut taken = turn(&claim_one(store).await);
    taken.identifiers = vec!["WC-2026-0417".into()];
    commit(store, taken.clone()).await;
    begin(store, ACME, ANA, "c2", "hello").await;
    begin(store, ACME, "bo", "c3", "hello").await;
    let ids = |all: Vec<mendline::store::Conversation>| -> Vec<String> {
        all.into_iter().map(|it| it.id).collect()
    };
    assert_eq!(ids(store.conversations_of(ACME, ANA, 9).await.unwrap()), ["c2", "c1"]);
    assert_eq!(ids(store.conversations_of(ACME, ANA, 1).await.unwrap()), ["c2"]);
    let about = |it: &'static str| store.conversations_about(ACME, it, 9);
    assert_eq!(ids(about("wc 2026 0417").await.unwrap()), ["c1"]);
    assert!(about("WC-2026-0418").await.unwrap().is_empty());
    assert!(store.conversations_about("birch", "WC-2026-0417", 9).await.unwrap().is_empty());
}

async fn nothing_of_a_turn_that_lost_is_there(store: &dyn Store) {
    begin(store, ACME, ANA, "c1", "hello").await;
    let claimed = claim_one(store).await;
    let mut late = turn(&claimed);
    late.timers.push(("silence".into(), 1, after_ms(5)));
    late.begins.push(new_conversation("c2", ANA, ""));
    late.identifiers.push("WC-1".into());
    late.messages.push(to(ANA, 0, 1, message("worker", "late")));
    commit(store, turn(&claimed)).await;
    assert!(matches!(store.commit(vec![late]).await[..], [Err(StoreError::Conflict)]));
    assert_eq!(store.next_due().await.unwrap(), None);
    assert_eq!(store.conversation(ACME, "c2").await.unwrap(), None);
    assert!(store.conversations_about(ACME, "WC-1", 9).await.unwrap().is_empty());
    assert_eq!(store.record(ACME, "c1").await.unwrap().len(), 1);
}
