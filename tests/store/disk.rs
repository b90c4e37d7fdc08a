//! One file on one disk: what is in it, who may open it, and what happens when it is full.

use std::sync::Arc;

use mendline::store::sqlite::{SCHEMA, SqliteStore};
use mendline::store::{Account, HandoffChange, NewCall, NewLine, Person, Store, StoreError};
use mendline::vault::Vault;
use mendline_engine::effect::{Closed, OpenHandoff};
use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use crate::support::*;

/// A word that must not be found in the file.
const SECRET: &str = "gabapentin-for-ana";
/// A word that must be found, or the search is worth nothing.
const OPEN_WORD: &str = "medication_approval";

/// Puts the secret into everything private that there is.
async fn write_secrets(store: &dyn Store) {
    let ana = Person {
        addresses: [("sms".to_owned(), SECRET.to_owned())].into(),
        ..person(ACME, ANA, SECRET)
    };
    store.know(&ana).await.unwrap();
    begin(store, ACME, ANA, "c1", SECRET).await;
    let mut taken = turn(&claim_one(store).await);
    let question = key(0, 0);
    let open = OpenHandoff {
        desk: "claims_desk".into(),
        party: None,
        why: "asked".into(),
        says: Some(message("worker", SECRET)),
        save: None,
        closed: vec![],
        retry: false,
        next: [("en".to_owned(), SECRET.to_owned())].into(),
        due: None,
    };
    taken.state.fields.insert("drug".into(), json!(SECRET));
    taken.done[0].1 = Some(json!(SECRET));
    taken.messages = vec![to(DANA, 0, 0, card(SECRET, question))];
    taken.calls = vec![NewCall {
        key: key(0, 1),
        action: "a".into(),
        input: json!({ "drug": SECRET }),
        write: false,
    }];
    taken.closed = vec![(question, Closed::Answered { by: SECRET.into(), choice: "a".into() })];
    taken.handoffs = vec![
        HandoffChange::Open { key: key(0, 2), open, person: None },
        HandoffChange::Draft { key: key(0, 2), draft: json!(SECRET) },
        HandoffChange::Taken { key: key(0, 2), holder: (DANA.into(), SECRET.into()) },
    ];
    let mut later = new_conversation("c2", ANA, SECRET);
    later.at = after_ms(9);
    taken.begins = vec![later];
    taken.identifiers = vec![SECRET.into()];
    taken.record = vec![json!({ "words": SECRET })];
    commit(store, taken).await;
    let key = message_ref(ACME, "c1", 0, 0);
    store.freeze(&key, &frozen("web", SECRET)).await.unwrap();
    let line = NewLine {
        payer: ACME.into(),
        person: DANA.into(),
        channel: "web".into(),
        key: "k".into(),
        message: Some(key),
        leaving: None,
        body: json!({ "text": SECRET }),
        at: NOW,
    };
    store.append_line(&line).await.unwrap();
    let account = Account {
        login: SECRET.into(),
        payer: ACME.into(),
        person: DANA.into(),
        password: "$".into(),
        roles: vec![],
        demo: true,
    };
    store.put_account(&account).await.unwrap();
}

/// Whether any file of the database has these bytes.
fn on_disk(place: &Place, word: &str) -> bool {
    std::fs::read_dir(place.folder.path()).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes.windows(word.len()).any(|it| it == word.as_bytes())
    })
}

#[tokio::test]
async fn rule_12_nothing_private_is_in_the_file() {
    let place = Place::new().await;
    write_secrets(&place.store).await;
    assert!(on_disk(&place, OPEN_WORD), "the search finds what is in the open");
    assert!(!on_disk(&place, SECRET));
    assert_eq!(place.store.person(ACME, ANA).await.unwrap().unwrap().first_name, SECRET);
}

#[tokio::test]
async fn rule_12_a_destroyed_key_is_not_left_on_the_disk() {
    let place = Place::new().await;
    write_secrets(&place.store).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.path());
    let mut shell = SqliteConnection::connect_with(&options).await.unwrap();
    let find = "select wrapped from person_keys where person = 'ana'";
    let wrapped: Vec<u8> = sqlx::query_scalar(find).fetch_one(&mut shell).await.unwrap();
    shell.close().await.unwrap();
    let key_on_disk = || {
        std::fs::read_dir(place.folder.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(wrapped.len()).any(|it| it == wrapped)
        })
    };
    assert!(key_on_disk());
    place.store.forget(ACME, ANA).await.unwrap();
    assert!(!key_on_disk());
}

#[tokio::test]
async fn rule_13_a_second_server_is_refused() {
    let place = Place::new().await;
    let second = SqliteStore::open(&place.path(), vault()).await.err().unwrap();
    let text = second.to_string();
    assert!(matches!(second, StoreError::Taken(_)));
    assert!(text.contains("another server has this database open"), "{text}");
    assert!(text.contains("stop it, or use another --data"), "{text}");
    let migrated = SqliteStore::migrate(&place.path()).await.err().unwrap();
    assert!(migrated.to_string().contains("another server"), "{migrated}");
    let Place { folder, store } = place;
    drop(store);
    SqliteStore::open(&folder.path().join("house.db"), vault()).await.unwrap();
}

#[tokio::test]
async fn rule_13_a_reader_beside_a_server_sees_and_changes_nothing() {
    let place = Place::new().await;
    begin(&place.store, ACME, ANA, "c1", "hello").await;
    let reader = SqliteStore::open_read_only(&place.path(), vault()).await.unwrap();
    assert!(reader.conversation(ACME, "c1").await.unwrap().is_some());
    let refused = reader.accept(&arrival(ACME, ANA, "2", "hello")).await;
    assert!(matches!(refused, Err(StoreError::Unwritable(_))));
    begin(&place.store, ACME, ANA, "c2", "hello").await;
    assert!(reader.conversation(ACME, "c2").await.unwrap().is_some());
}

#[tokio::test]
async fn everything_is_there_after_it_was_closed_and_opened() {
    let Place { folder, store } = Place::new().await;
    let path = folder.path().join("house.db");
    begin(&store, ACME, ANA, "c1", "hello").await;
    store.close().await.unwrap();
    let store = SqliteStore::open(&path, vault()).await.unwrap();
    assert_eq!(claim_one(&store).await.conversation.id, "c1");
}

#[tokio::test]
async fn a_newer_schema_is_refused_where_this_program_could_not_live() {
    let Place { folder, store } = Place::new().await;
    let path = folder.path().join("house.db");
    store.close().await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut shell = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("insert into schema_version (version) values (?1)")
        .bind(SCHEMA + 1)
        .execute(&mut shell)
        .await
        .unwrap();
    // What came later leaves alone what this program knows, and says so.
    SqliteStore::open(&path, vault()).await.unwrap().close().await.unwrap();
    SqliteStore::open_read_only(&path, vault()).await.unwrap().close().await.unwrap();
    sqlx::query("update house set value = ?1 where name = 'needs_schema'")
        .bind((SCHEMA + 1).to_string())
        .execute(&mut shell)
        .await
        .unwrap();
    shell.close().await.unwrap();
    for refused in [
        SqliteStore::open(&path, vault()).await.err().unwrap(),
        SqliteStore::open_read_only(&path, vault()).await.err().unwrap(),
        SqliteStore::migrate(&path).await.err().unwrap(),
    ] {
        let text = refused.to_string();
        assert!(text.contains("use the newer mendline"), "{text}");
    }
}

#[tokio::test]
async fn migrating_makes_a_database_that_opens_and_twice_is_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/house.db");
    SqliteStore::migrate(&path).await.unwrap();
    SqliteStore::migrate(&path).await.unwrap();
    SqliteStore::open(&path, vault()).await.unwrap();
}

#[tokio::test]
async fn another_operator_key_is_refused() {
    let Place { folder, store } = Place::new().await;
    store.close().await.unwrap();
    let other = Arc::new(Vault::from_key([1; 32]));
    let refused = SqliteStore::open(&folder.path().join("house.db"), other).await.err().unwrap();
    assert!(refused.to_string().contains("another operator key"), "{refused}");
}

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    let place = Place::new().await;
    let store = &place.store;
    begin(store, ACME, ANA, "c1", "hello").await;
    begin(store, ACME, ANA, "c2", "hello").await;
    let claimed = claim(store).await;
    store.limit_pages(1).await.unwrap();
    let words = "word ".repeat(2000);
    let mut accepted = 0;
    let refused = loop {
        let arrival = arrival(ACME, ANA, &format!("n{accepted}"), &words);
        match store.accept(&arrival).await {
            Ok(_) => accepted += 1,
            Err(error) => break (arrival, error),
        }
        assert!(accepted < 1000, "the disk is never full");
    };
    assert!(matches!(refused.1, StoreError::Unwritable(_)), "{:?}", refused.1);
    let mut turns: Vec<_> = claimed.iter().map(turn).collect();
    turns[0].state.fields.insert("words".into(), json!(words));
    turns[0].record = vec![json!(words)];
    for result in store.commit(turns.clone()).await {
        assert!(matches!(result, Err(StoreError::Unwritable(_))), "{result:?}");
    }
    assert_eq!(store.conversation(ACME, "c2").await.unwrap().unwrap().state.turn, 0);
    assert_eq!(store.record(ACME, "c1").await.unwrap(), []);

    store.limit_pages(1_000_000).await.unwrap();
    assert!(!store.accept(&refused.0).await.unwrap().duplicate, "nothing of it was there");
    for result in store.commit(turns).await {
        result.unwrap();
    }
    let lines = store.lines_after(ACME, ANA, "web", 0, 10_000).await.unwrap();
    assert_eq!(lines.len(), 2 + accepted + 1, "everything that was accepted, and no gap");
    assert_eq!(lines.last().unwrap().seq, i64::try_from(lines.len()).unwrap());
}
