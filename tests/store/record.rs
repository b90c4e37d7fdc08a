//! The record: immutable, chained, readable until its person is forgotten.

use std::path::Path;

use mendline::store::{Became, CallBecame, HandoffChange, NewCall, PersonFact, Store, StoreError};
use mendline_engine::effect::OpenHandoff;
use mendline_engine::event::CallResult;
use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use crate::support::*;

crate::on_every_store! {
    rule_12_every_turn_leaves_a_row
    rule_12_forgetting_leaves_the_chain_and_no_content
    whoever_is_forgotten_is_out_of_everybodys_way
    nobody_gets_a_new_key_after_being_forgotten
    forgetting_one_person_leaves_the_others
}

async fn rule_12_every_turn_leaves_a_row(store: &dyn Store) {
    said(store, "c1", vec![]).await;
    happen(store, ACME, "c1", "n1").await;
    let mut taken = turn(&claim_one(store).await);
    taken.record = vec![json!({ "turn": 1 }), json!({ "turn": 2 })];
    taken.state.turn = 3;
    taken.now = after_ms(5);
    commit(store, taken).await;
    let record = store.record(ACME, "c1").await.unwrap();
    let rows: Vec<_> = record.iter().map(|it| (it.seq, it.at, it.body["turn"].clone())).collect();
    let later = after_ms(5);
    assert_eq!(rows, [(1, NOW, json!(0)), (2, later, json!(1)), (3, later, json!(2))]);
    assert_eq!(record[0].hash.len(), 64);
    assert_eq!(store.verify_chain(ACME, "c1").await.unwrap(), None);
    assert_eq!(store.record("birch", "c1").await.unwrap(), []);
    assert_eq!(store.verify_chain(ACME, "nowhere").await.unwrap(), None);
}

/// Ana with something of everything.
async fn with_everything(store: &dyn Store) {
    store.know(&person(ACME, ANA, "Ana")).await.unwrap();
    begin(store, ACME, ANA, "c1", "hello").await;
    let mut taken = turn(&claim_one(store).await);
    let open = OpenHandoff {
        desk: "claims_desk".into(),
        party: None,
        why: "asked".into(),
        says: None,
        save: None,
        closed: vec![],
        retry: false,
        next: Default::default(),
        due: None,
    };
    taken.messages =
        vec![to(DANA, 0, 0, card("approve?", key(0, 0))), to(ANA, 0, 1, message("worker", "hi"))];
    taken.calls =
        vec![NewCall { key: key(0, 2), action: "a".into(), input: json!({}), write: false }];
    taken.timers = vec![("silence".into(), 1, after_ms(5))];
    taken.handoffs = vec![HandoffChange::Open { key: key(0, 3), open, person: None }];
    taken.identifiers = vec!["WC-1".into()];
    let mut later = new_conversation("c2", ANA, "later");
    later.at = after_ms(9);
    taken.begins.push(later);
    commit(store, taken).await;
    happen(store, ACME, "c1", "n1").await;
    store.accept(&arrival(ACME, ANA, "waits", "more words")).await.unwrap();
}

async fn rule_12_forgetting_leaves_the_chain_and_no_content(store: &dyn Store) {
    with_everything(store).await;
    store.forget(ACME, ANA).await.unwrap();
    assert_eq!(store.verify_chain(ACME, "c1").await.unwrap(), None);
    for gone in [
        store.record(ACME, "c1").await.err(),
        store.messages(ACME, "c1").await.err(),
        store.conversation(ACME, "c1").await.err(),
        store.question(ACME, &effect("c1", 0, 0), None).await.err(),
        store.handoff(ACME, &effect("c1", 0, 3)).await.err(),
    ] {
        assert!(matches!(gone, Some(StoreError::Forgotten)), "{gone:?}");
    }
    assert_eq!(store.person(ACME, ANA).await.unwrap(), None);
    assert_eq!(store.conversations_of(ACME, ANA, 9).await.unwrap(), []);
    assert_eq!(store.conversations_about(ACME, "WC-1", 9).await.unwrap(), []);
    assert_eq!(store.cards(ACME, DANA).await.unwrap(), []);
    assert_eq!(store.handoffs(ACME, &["claims_desk".into()]).await.unwrap(), []);
    assert_eq!(store.lines_after(ACME, ANA, "web", 0, 9).await.unwrap(), []);
}

async fn whoever_is_forgotten_is_out_of_everybodys_way(store: &dyn Store) {
    with_everything(store).await;
    let leased = store.lease_calls(NOW, LEASE_MS, 9).await.unwrap();
    store.forget(ACME, ANA).await.unwrap();
    store.forget(ACME, ANA).await.unwrap();
    let late = after_ms(1_000_000);
    assert_eq!(store.unrouted(9).await.unwrap(), []);
    assert_eq!(store.claim(late, LEASE_MS, 9, 9).await.unwrap(), []);
    assert_eq!(store.fire_due(late, 9).await.unwrap(), 0);
    assert_eq!(store.lease_outbox(late, LEASE_MS, 9).await.unwrap(), []);
    assert_eq!(store.lease_calls(late, LEASE_MS, 9).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), None);
    // What was on its way comes back to nobody.
    let returned = CallBecame::Returned(CallResult::Unknown);
    store.settle_call(ACME, &leased[0].key, returned, NOW).await.unwrap();
    let message = message_ref(ACME, "c1", 0, 0);
    store.settle_message(&message, Became::Sent { shown: true }, NOW).await.unwrap();
    assert_eq!(store.claim(late, LEASE_MS, 9, 9).await.unwrap(), []);
}

async fn nobody_gets_a_new_key_after_being_forgotten(store: &dyn Store) {
    store.forget(ACME, ANA).await.unwrap();
    let again = store.accept(&arrival(ACME, ANA, "1", "hello")).await;
    assert!(matches!(again, Err(StoreError::Forgotten)));
    let known = store.know(&person(ACME, ANA, "Ana")).await;
    assert!(matches!(known, Err(StoreError::Forgotten)));
    store.accept(&arrival("birch", ANA, "1", "hello")).await.unwrap();
}

async fn forgetting_one_person_leaves_the_others(store: &dyn Store) {
    with_everything(store).await;
    begin(store, ACME, "bo", "c3", "hello").await;
    store.know(&person(ACME, DANA, "Dana")).await.unwrap();
    store.forget(ACME, ANA).await.unwrap();
    let claimed = claim_one(store).await;
    assert_eq!(claimed.conversation.id, "c3");
    let mut taken = turn(&claimed);
    // A turn that tells one who was forgotten meanwhile still stands.
    taken.events = vec![("c1".into(), mendline_engine::event::Event::Moved)];
    taken.messages = vec![to(DANA, 0, 0, message("adjuster", "hello"))];
    commit(store, taken).await;
    assert!(store.person(ACME, DANA).await.unwrap().is_some());
    assert_eq!(store.lease_outbox(NOW, LEASE_MS, 9).await.unwrap().len(), 1);
    let seq = store.accept(&arrival(ACME, DANA, "1", "hello")).await.unwrap().seq;
    let mut routed = routing(&waiting(store, seq).await);
    routed.facts = vec![PersonFact::Language("es".into())];
    routed.events = vec![("c1".into(), mendline_engine::event::Event::Moved)];
    store.commit_person(routed).await.unwrap();
}

/// Somebody at the database with a shell.
async fn tamper(path: &Path, statement: &'static str) -> Result<(), sqlx::Error> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut shell = SqliteConnection::connect_with(&options).await?;
    sqlx::raw_sql(statement).execute(&mut shell).await?;
    shell.close().await
}

async fn three_turns(store: &dyn Store) {
    begin(store, ACME, ANA, "c1", "hello").await;
    let mut taken = turn(&claim_one(store).await);
    taken.record = vec![json!(1), json!(2), json!(3)];
    commit(store, taken).await;
}

#[tokio::test]
async fn rule_12_nobody_rewrites_the_record() {
    let place = Place::new().await;
    three_turns(&place.store).await;
    for statement in [
        "update record set at = 0",
        "delete from record",
        "insert or replace into record select payer, conversation, seq, 0, body_ct, hash from record where true",
    ] {
        let refused = tamper(&place.path(), statement).await;
        assert!(refused.is_err(), "{statement}");
    }
    assert_eq!(place.store.record(ACME, "c1").await.unwrap().len(), 3);
    assert_eq!(place.store.verify_chain(ACME, "c1").await.unwrap(), None);
}

#[tokio::test]
async fn rule_12_a_record_that_was_touched_shows_it() {
    for (statement, broken) in [
        ("update record set body_ct = x'00' where seq = 2", 2),
        ("update record set at = at + 1 where seq = 1", 1),
        ("update record set hash = 'x' where seq = 3", 3),
        ("delete from record where seq = 2", 2),
        ("delete from record where seq = 3", 3),
        ("delete from record", 1),
    ] {
        let place = Place::new().await;
        three_turns(&place.store).await;
        let triggers = "drop trigger record_stays; drop trigger record_remains";
        tamper(&place.path(), triggers).await.unwrap();
        tamper(&place.path(), statement).await.unwrap();
        let found = place.store.verify_chain(ACME, "c1").await.unwrap();
        assert_eq!(found, Some(broken), "{statement}");
    }
}

#[tokio::test]
async fn a_row_that_was_moved_to_another_person_does_not_open_there() {
    let place = Place::new().await;
    said(&place.store, "c1", vec![to(ANA, 0, 0, message("worker", "one"))]).await;
    said(&place.store, "c2", vec![to(ANA, 0, 0, message("worker", "two"))]).await;
    let swap =
        "update outbox set message_ct = (select message_ct from outbox o where o.effect = 'c2/0.0')
                where effect = 'c1/0.0'";
    tamper(&place.path(), swap).await.unwrap();
    let read = place.store.messages(ACME, "c1").await;
    assert!(matches!(read, Err(StoreError::Unreadable(_))), "{read:?}");
    let leased = place.store.lease_outbox(NOW, LEASE_MS, 9).await.unwrap();
    assert_eq!(leased.len(), 1, "and holds nobody else up");
}
