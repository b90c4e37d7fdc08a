//! What servers agree on: who holds what only one may hold, and what all can read.

use mendline::store::{Store, StoreError};

use crate::support::*;

const POLL: &str = "sms/long-poll";

crate::on_every_store! {
    rule_13_only_one_holds_a_name
    rule_13_whoever_died_is_followed_when_its_lease_ends
    rule_13_whoever_lets_go_is_followed_at_once
    rule_13_whoever_slept_through_its_lease_is_refused
    a_holder_that_asks_again_keeps_its_token
    what_is_written_can_be_read_by_every_server_that_runs
    a_server_that_could_not_read_what_is_written_is_refused
    a_server_that_died_holds_the_format_back_no_longer_than_its_lease
}

async fn take(store: &dyn Store, who: &str, at_ms: i64) -> Option<i64> {
    store.shared().take_hold(POLL, who, after_ms(at_ms), 10_000).await.unwrap()
}

async fn rule_13_only_one_holds_a_name(store: &dyn Store) {
    assert_eq!(take(store, "a", 0).await, Some(1));
    assert_eq!(take(store, "b", 9_999).await, None);
    let other = store.shared().take_hold("discord", "b", NOW, 10_000).await.unwrap();
    assert_eq!(other, Some(1), "another name is free");
}

async fn rule_13_whoever_died_is_followed_when_its_lease_ends(store: &dyn Store) {
    let first = take(store, "a", 0).await.unwrap();
    let second = take(store, "b", 10_000).await.unwrap();
    assert!(second > first);
    assert_eq!(take(store, "a", 10_001).await, None, "it is b's now");
}

async fn rule_13_whoever_lets_go_is_followed_at_once(store: &dyn Store) {
    let first = take(store, "a", 0).await.unwrap();
    store.shared().let_go(POLL, first).await.unwrap();
    let second = take(store, "b", 1).await.unwrap();
    assert!(second > first);
    store.shared().let_go(POLL, first).await.unwrap();
    assert_eq!(take(store, "a", 2).await, None, "an old token lets go of nothing");
}

async fn rule_13_whoever_slept_through_its_lease_is_refused(store: &dyn Store) {
    let shared = store.shared();
    let first = take(store, "a", 0).await.unwrap();
    assert!(shared.keep_place(POLL, first, "7").await.unwrap());
    let second = take(store, "b", 10_000).await.unwrap();
    assert_eq!(shared.place(POLL).await.unwrap().as_deref(), Some("7"), "b goes on from there");
    assert!(shared.keep_place(POLL, second, "9").await.unwrap());
    assert!(!shared.keep_place(POLL, first, "8").await.unwrap());
    assert_eq!(shared.place(POLL).await.unwrap().as_deref(), Some("9"));
    assert_eq!(shared.place("unheard of").await.unwrap(), None);
}

async fn a_holder_that_asks_again_keeps_its_token(store: &dyn Store) {
    let first = take(store, "a", 0).await;
    assert_eq!(take(store, "a", 9_000).await, first);
    assert_eq!(take(store, "b", 18_999).await, None, "the lease was made longer");
    assert_eq!(take(store, "a", 30_000).await, first, "late, but nobody took it meanwhile");
}

async fn note(store: &dyn Store, who: &str, reads: u32, at_ms: i64) -> Result<u32, StoreError> {
    store.shared().note_reader(who, reads, after_ms(at_ms), 10_000).await
}

async fn what_is_written_can_be_read_by_every_server_that_runs(store: &dyn Store) {
    assert_eq!(note(store, "old", 1, 0).await.unwrap(), 1);
    assert_eq!(note(store, "new", 2, 1).await.unwrap(), 1, "the old one reads no more than this");
    store.shared().forget_reader("old").await.unwrap();
    assert_eq!(note(store, "new", 2, 2).await.unwrap(), 2);
}

async fn a_server_that_could_not_read_what_is_written_is_refused(store: &dyn Store) {
    assert_eq!(note(store, "new", 2, 0).await.unwrap(), 2);
    let refused = note(store, "old", 1, 1).await.unwrap_err();
    assert!(refused.to_string().contains("use the newer mendline"), "{refused}");
    assert_eq!(note(store, "new", 3, 2).await.unwrap(), 3, "and holds nobody back");
}

async fn a_server_that_died_holds_the_format_back_no_longer_than_its_lease(store: &dyn Store) {
    note(store, "old", 1, 0).await.unwrap();
    assert_eq!(note(store, "new", 2, 9_999).await.unwrap(), 1);
    assert_eq!(note(store, "new", 2, 10_000).await.unwrap(), 2);
}
