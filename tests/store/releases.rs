//! Two releases on one PostgreSQL, side by side: nobody is stopped for an upgrade, and nothing is
//! written that one of them could not read.

use mendline::store::Store;
use mendline::store::postgres::{Address, PostgresStore, SCHEMA, Step};
use sqlx::Row;

use crate::postgres::Base;
use crate::support::*;

/// What a later release adds: a column and a table that this one can leave alone.
const FURTHER: &[Step] = &[Step {
    sql: "alter table conversations add column mood text not null default 'calm';
          create table moods (payer text not null, mood text not null)",
    needs: SCHEMA,
}];
/// What this release could not live with.
const TOO_FAR: &[Step] =
    &[Step { sql: "alter table conversations drop column turned", needs: SCHEMA + 1 }];

async fn later(base: &Base, further: &[Step]) -> PostgresStore {
    let address = Address { url: base.url.clone(), pooled: false, direct: None };
    PostgresStore::open_as(&address, vault(), further).await.unwrap()
}

#[tokio::test]
async fn an_older_server_goes_on_over_a_database_that_a_newer_one_migrated() {
    let Some(base) = Base::new().await else { return };
    let older = PostgresStore::open(&base.url, vault()).await.unwrap();
    begin(&older, ACME, ANA, "c1", "hello").await;
    let newer = later(&base, FURTHER).await;
    let mut taken = turn(&claim_one(&older).await);
    taken.messages = vec![to(ANA, 0, 0, message("worker", "hello"))];
    commit(&older, taken).await;
    assert_eq!(newer.messages(ACME, "c1").await.unwrap().len(), 1);
    happen(&newer, ACME, "c1", "news").await;
    commit(&newer, turn(&claim_one(&newer).await)).await;
    assert_eq!(older.conversation(ACME, "c1").await.unwrap().unwrap().state.turn, 2);
    assert_eq!(older.verify_chain(ACME, "c1").await.unwrap(), None);
    // An older one that is started anew joins them, and migrates nothing.
    drop(older);
    let again = PostgresStore::open(&base.url, vault()).await.unwrap();
    begin(&again, ACME, ANA, "c2", "hello").await;
    assert!(newer.conversation(ACME, "c2").await.unwrap().is_some());
    PostgresStore::open_read_only(&base.url, vault()).await.unwrap();
}

#[tokio::test]
async fn an_older_server_is_refused_where_it_could_not_live() {
    let Some(base) = Base::new().await else { return };
    drop(later(&base, TOO_FAR).await);
    let refused = PostgresStore::open(&base.url, vault()).await.err().unwrap().to_string();
    assert!(refused.contains("use the newer mendline"), "{refused}");
    let refused = PostgresStore::open_read_only(&base.url, vault()).await.err().unwrap();
    assert!(refused.to_string().contains("use the newer mendline"), "{refused}");
}

#[tokio::test]
async fn no_newer_format_is_written_before_every_server_reads_it() {
    let Some(base) = Base::new().await else { return };
    let older = PostgresStore::open(&base.url, vault()).await.unwrap();
    let newer = later(&base, FURTHER).await;
    older.shared().note_reader("older", 1, NOW, LEASE_MS).await.unwrap();
    newer.shared().note_reader("newer", 2, NOW, LEASE_MS).await.unwrap();
    begin(&older, ACME, ANA, "c1", "hello").await;
    commit(&newer, turn(&claim_one(&newer).await)).await;
    let read = older.conversation(ACME, "c1").await.unwrap().unwrap();
    assert_eq!(read.state.format, 1, "what the newer one wrote beside the older");
    older.shared().forget_reader("older").await.unwrap();
    newer.shared().note_reader("newer", 2, NOW, LEASE_MS).await.unwrap();
    happen(&newer, ACME, "c1", "news").await;
    commit(&newer, turn(&claim_one(&newer).await)).await;
    assert_eq!(newer.conversation(ACME, "c1").await.unwrap().unwrap().state.format, 2);
    let unread = older.conversation(ACME, "c1").await.unwrap_err();
    assert!(unread.to_string().contains("newer than this program"), "{unread}");
    let refused = older.shared().note_reader("older", 1, NOW, LEASE_MS).await.unwrap_err();
    assert!(refused.to_string().contains("use the newer mendline"), "{refused}");
}

#[tokio::test]
async fn servers_that_start_together_migrate_once() {
    let Some(cluster) = crate::postgres::Cluster::shared() else { return };
    let base = Base::empty(cluster).await;
    let opening = || PostgresStore::open(&base.url, vault());
    let (a, b, c) = tokio::join!(opening(), opening(), opening());
    let stores = [a.unwrap(), b.unwrap(), c.unwrap()];
    begin(&stores[0], ACME, ANA, "c1", "hello").await;
    assert!(stores[2].conversation(ACME, "c1").await.unwrap().is_some());
    let mut shell = base.shell().await;
    let rows = sqlx::query("select version from schema_version order by version");
    let rows = rows.fetch_all(&mut shell).await.unwrap();
    let taken: Vec<i64> = rows.iter().map(|it| it.get("version")).collect();
    assert_eq!(taken, (1..=SCHEMA).collect::<Vec<_>>(), "each step once");
}

#[tokio::test]
async fn a_migration_that_was_interrupted_leaves_whole_steps() {
    let Some(cluster) = crate::postgres::Cluster::shared() else { return };
    let base = Base::empty(cluster).await;
    // Its second half fails, as if the connection had been cut there.
    const CUT: &[Step] =
        &[Step { sql: "create table halves (a text); select 1 / 0", needs: SCHEMA }];
    let address = Address { url: base.url.clone(), pooled: false, direct: None };
    PostgresStore::open_as(&address, vault(), CUT).await.err().unwrap();
    let mut shell = base.shell().await;
    let halves: Option<String> = sqlx::query_scalar("select to_regclass('halves')::text")
        .fetch_one(&mut shell)
        .await
        .unwrap();
    assert_eq!(halves, None, "nothing of the step is there");
    let store = PostgresStore::open(&base.url, vault()).await.unwrap();
    begin(&store, ACME, ANA, "c1", "hello").await;
}
