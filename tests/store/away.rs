//! PostgreSQL goes away, comes back, or will not take any more: nothing is lost, and the words
//! say what to do.

use std::time::Duration;

use mendline::store::postgres::PostgresStore;
use mendline::store::{Store, StoreError};
use sqlx::Connection;

use crate::postgres::{Base, Cluster};
use crate::support::*;

/// A server of the test's own, with a store open in an empty database of it.
async fn alone(connections: u32) -> Option<(&'static Cluster, Base, PostgresStore)> {
    let cluster = Cluster::of_its_own(connections)?;
    let base = Base::empty(cluster).await;
    let store = PostgresStore::open(&base.url, vault()).await.unwrap();
    Some((cluster, base, store))
}

/// Asks until the database is there.
async fn until_there<T>(ask: impl AsyncFn() -> Result<T, StoreError>) -> T {
    for _ in 0..500 {
        match ask().await {
            Ok(it) => return it,
            Err(StoreError::Away(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("it is only away: {error}"),
        }
    }
    panic!("the database did not come back");
}

/// Says it until the database took it: what a channel does whose arrival was not acknowledged.
async fn insist(store: &dyn Store, id: &str) {
    until_there(async || store.accept(&arrival(ACME, ANA, id, id)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_while_the_database_restarts_is_there_once() {
    let Some((cluster, _base, store)) = alone(20).await else { return };
    let speaking = async {
        for number in 0..300 {
            insist(&store, &format!("said {number}")).await;
        }
    };
    let restarting = tokio::task::spawn_blocking(|| (0..3).for_each(|_| cluster.restart()));
    let ((), restarted) = tokio::join!(speaking, restarting);
    restarted.unwrap();
    let lines = until_there(async || store.lines_after(ACME, ANA, "web", 0, 1000).await).await;
    let numbers: Vec<i64> = lines.iter().map(|it| it.seq).collect();
    assert_eq!(numbers, (1..=300).collect::<Vec<_>>(), "each line once, without a gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_that_were_being_committed_when_it_fell_are_whole_or_not_there() {
    let Some((cluster, _base, store)) = alone(20).await else { return };
    for number in 0..40 {
        begin(&store, ACME, ANA, &format!("c{number:02}"), "hello").await;
    }
    let claimed = claim(&store).await;
    let committing = async {
        let mut said = Vec::new();
        for it in &claimed {
            let mut taken = turn(it);
            taken.messages = vec![to(ANA, 0, 0, message("worker", "hello"))];
            said.push(store.commit(vec![taken]).await.remove(0));
        }
        said
    };
    let restarting = tokio::task::spawn_blocking(|| cluster.restart());
    let (said, restarted) = tokio::join!(committing, restarting);
    restarted.unwrap();
    // Connections that died in their sleep are found out one by one.
    for number in 0..9 {
        insist(&store, &format!("are you back {number}")).await;
        until_there(async || store.person(ACME, ANA).await).await;
    }
    for (it, said) in claimed.iter().zip(said) {
        let id = &it.conversation.id;
        let found = until_there(async || store.conversation(ACME, id).await).await.unwrap();
        let taken = found.state.turn == 1;
        // Whoever got no answer does not know; whoever got one can rely on it.
        assert!(said.is_err() || taken, "{id} was acknowledged and is lost");
        let conflict = taken && matches!(said, Err(StoreError::Conflict));
        assert!(conflict || matches!(said, Ok(()) | Err(StoreError::Away(_))), "{said:?}");
        assert_eq!(store.messages(ACME, id).await.unwrap().len(), usize::from(taken));
        assert_eq!(store.record(ACME, id).await.unwrap().len(), usize::from(taken));
        assert_eq!(store.verify_chain(ACME, id).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_stopped_it_is_away_and_says_so() {
    let Some((cluster, _base, store)) = alone(20).await else { return };
    insist(&store, "before").await;
    tokio::task::spawn_blocking(|| cluster.stop()).await.unwrap();
    let refused = store.accept(&arrival(ACME, ANA, "during", "during")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Away(_)), "{refused}");
    assert!(refused.to_string().starts_with("the database is away"), "{refused}");
    tokio::task::spawn_blocking(|| cluster.start_again()).await.unwrap();
    insist(&store, "during").await;
    let lines = until_there(async || store.lines_after(ACME, ANA, "web", 0, 9).await).await;
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn a_database_that_fails_over_to_reading_says_so_and_takes_writes_again() {
    let Some((_cluster, base, store)) = alone(20).await else { return };
    let mut shell = base.shell().await;
    let read_only = |on: &str| {
        let name = &base.name;
        sqlx::AssertSqlSafe(format!(
            "alter database {name} set default_transaction_read_only = {on}"
        ))
    };
    sqlx::query(read_only("on")).execute(&mut shell).await.unwrap();
    // Connections that were there before are cut, as a failover cuts them.
    cut(&mut shell).await;
    let refused = until_not_away(&store, "during").await.unwrap_err();
    assert!(matches!(refused, StoreError::Unwritable(_)), "{refused}");
    assert!(refused.to_string().contains("Name the primary"), "{refused}");
    sqlx::query("set default_transaction_read_only = off").execute(&mut shell).await.unwrap();
    sqlx::query(read_only("off")).execute(&mut shell).await.unwrap();
    cut(&mut shell).await;
    until_not_away(&store, "during").await.unwrap();
    let lines = until_there(async || store.lines_after(ACME, ANA, "web", 0, 9).await).await;
    assert_eq!(lines.len(), 1);
}

async fn cut(shell: &mut sqlx::PgConnection) {
    let others = "select pg_terminate_backend(pid) from pg_stat_activity
                  where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query(others).execute(shell).await.unwrap();
}

/// Says it until the answer is something else than that the database is away.
async fn until_not_away(store: &dyn Store, id: &str) -> Result<(), StoreError> {
    for _ in 0..50 {
        match store.accept(&arrival(ACME, ANA, id, id)).await {
            Err(StoreError::Away(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            other => return other.map(|_| ()),
        }
    }
    panic!("the database did not come back");
}

#[tokio::test]
async fn a_database_that_lets_nobody_more_in_says_what_to_do() {
    // Three places are kept for its owner; the shells below take what is left.
    let Some(cluster) = Cluster::of_its_own(20) else { return };
    let base = Base::empty(cluster).await;
    let store = PostgresStore::open(&base.url, vault()).await.unwrap();
    store.accept(&arrival(ACME, ANA, "before", "before")).await.unwrap();
    let mut shells = Vec::new();
    let crowded = loop {
        match sqlx::PgConnection::connect(&base.url).await {
            Ok(shell) => shells.push(shell),
            Err(error) => break StoreError::from(error),
        }
    };
    assert!(matches!(crowded, StoreError::Away(_)), "{crowded}");
    assert!(crowded.to_string().contains("max_connections"), "{crowded}");
    let refused = PostgresStore::open(&base.url, vault()).await.err().unwrap();
    assert!(refused.to_string().contains("max_connections"), "{refused}");
    // Whoever is in goes on.
    store.accept(&arrival(ACME, ANA, "during", "during")).await.unwrap();
    drop(shells);
    assert_eq!(store.lines_after(ACME, ANA, "web", 0, 9).await.unwrap().len(), 2);
}
