//! A store that is killed at a write: before it nothing is there, after it everything is.

use std::sync::Arc;

use mendline::store::crashing::{Crash, CrashingStore};
use mendline::store::sqlite::SqliteStore;
use mendline::store::{Store, StoreError};

use crate::support::*;

/// Three arrivals through a store that crashes; answers how many are found afterwards.
async fn found_after(at: u64, crash: Crash) -> usize {
    let Place { folder, store } = Place::new().await;
    let crashing = CrashingStore::new(Arc::new(store), at, crash);
    for id in ["1", "2", "3"] {
        let accepted = crashing.accept(&arrival(ACME, ANA, id, id)).await;
        assert_eq!(accepted.is_err(), crashing.crashed());
    }
    assert!(crashing.crashed());
    assert_eq!(crashing.writes(), at, "a dead one begins nothing");
    assert!(matches!(crashing.unrouted(9).await, Err(StoreError::Away(_))));
    drop(crashing);
    let store = SqliteStore::open(&folder.path().join("house.db"), vault()).await.unwrap();
    store.lines_after(ACME, ANA, "web", 0, 9).await.unwrap().len()
}

#[tokio::test]
async fn before_the_write_nothing_of_it_is_there() {
    assert_eq!(found_after(1, Crash::Before).await, 0);
    assert_eq!(found_after(3, Crash::Before).await, 2);
}

#[tokio::test]
async fn after_the_write_all_of_it_is_there() {
    assert_eq!(found_after(1, Crash::After).await, 1);
    assert_eq!(found_after(3, Crash::After).await, 3);
}

#[tokio::test]
async fn what_a_dead_server_had_claimed_waits_for_nobody() {
    let Place { folder, store } = Place::new().await;
    begin(&store, ACME, ANA, "c1", "hello").await;
    let claimed = claim_one(&store).await;
    assert_eq!(store.claim(NOW, LEASE_MS, 9, 9).await.unwrap().len(), 0, "it is leased");
    drop(store);
    let store = SqliteStore::open(&folder.path().join("house.db"), vault()).await.unwrap();
    assert_eq!(claim_one(&store).await, claimed, "at once, not a lease later");
}
