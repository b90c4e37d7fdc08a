//! Rules 12 and 13 through the house: what stays when a person is forgotten, and who may open
//! the file while a server runs. (Rule 14, links, is in `tests/web/chat.rs`.)

use std::process::Command;
use std::sync::Arc;

use mendline::store::StoreError;
use mendline::store::sqlite::SqliteStore;
use mendline::vault::Vault;

use crate::support::*;

#[tokio::test]
async fn rule_12_forgetting_a_person_leaves_a_record_that_can_be_verified_and_not_read() {
    let place = place().await;
    place.ana_asks().await;
    let id = place.of("ana").await.id;
    let rows = place.house.store.record(PAYER, &id).await.unwrap();
    assert!(rows.len() > 5 && rows.iter().any(|it| it.body.to_string().contains("gabapentin")));
    assert_eq!(place.house.store.verify_chain(PAYER, &id).await.unwrap(), None);
    place.house.store.forget(PAYER, "ana").await.unwrap();
    assert_eq!(place.house.store.verify_chain(PAYER, &id).await.unwrap(), None);
    let read = place.house.store.record(PAYER, &id).await;
    assert!(matches!(read, Err(StoreError::Forgotten)), "{read:?}");
    // The others go on.
    place.settle().await;
    place.asks_for("mina", "pregabalin 75 mg").await;
    assert_eq!(place.cards("dana").await.len(), 1);
}

#[tokio::test]
async fn rule_13_beside_a_running_server_doctor_reads_and_migrate_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mendline.db");
    let vault = Vault::load_or_create(&folder.path().join("operator.key")).unwrap();
    let server = SqliteStore::open(&file, Arc::new(vault)).await.unwrap();
    let beside = |command: &str| {
        let data = folder.path().to_str().unwrap();
        let mut it = Command::new(env!("CARGO_BIN_EXE_mendline"));
        let out = it.args([command, "--data", data]).output().unwrap();
        let text = [out.stdout, out.stderr].map(|it| String::from_utf8(it).unwrap()).join("\n");
        (out.status.success(), text)
    };
    let (well, text) = beside("doctor");
    assert!(well, "{text}");
    let (done, text) = beside("migrate");
    assert!(!done, "{text}");
    assert!(text.contains("another server has this database open"), "{text}");
    assert!(text.contains("stop it"), "{text}");
    server.close().await.unwrap();
    let (done, text) = beside("migrate");
    assert!(done, "{text}");
}
