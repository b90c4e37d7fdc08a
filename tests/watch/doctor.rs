//! `mendline doctor`: over a folder, and beside a server that runs in it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use mendline::channels::Incoming;
use mendline::clock::{Clock, System};
use mendline::phrases;
use mendline::store::sqlite::SqliteStore;
use mendline::store::{
    Became, Conversation, InboxBody, NewArrival, NewConversation, PersonCommit, Store, TurnCommit,
};
use mendline::vault::Vault;
use mendline_engine::event::Event;
use mendline_engine::message::MessageKind;
use mendline_engine::time::Timestamp;
use serde_json::Value;

use crate::binary::Site;
use crate::support::PAYER;

struct Data {
    folder: tempfile::TempDir,
    store: SqliteStore,
}

async fn data() -> Data {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::load_or_create(&folder.path().join("operator.key")).unwrap();
    let file = folder.path().join("mendline.db");
    let store = SqliteStore::open(&file, Arc::new(vault)).await.unwrap();
    Data { folder, store }
}

impl Data {
    /// Whether it calls the house healthy, and what it finds.
    fn doctor(&self) -> (bool, Value) {
        let mut it = Command::new(env!("CARGO_BIN_EXE_mendline"));
        let out = it.args(["doctor", "--json", "--data"]).arg(self.folder.path()).output().unwrap();
        let said = serde_json::from_slice(&out.stdout);
        (out.status.success(), said.unwrap_or_else(|_| panic!("{out:?}")))
    }

    async fn arrives(&self, received: Timestamp) {
        let arrival = arrival(received, Incoming::Words("secret words".into()));
        self.store.accept(&arrival).await.unwrap();
    }
}

fn arrival(received: Timestamp, what: Incoming) -> NewArrival {
    NewArrival {
        payer: PAYER.into(),
        source: "web".into(),
        id: received.0.to_string(),
        person: Some("ana".into()),
        body: InboxBody::Arrival(what),
        received,
        line: None,
    }
}

fn finding(said: &Value, about: &str) -> Value {
    let looks = said["looks"].as_array().unwrap();
    let it = looks.iter().find(|it| it["about"] == about);
    it.unwrap_or_else(|| panic!("nothing about {about} in {said:#}")).clone()
}

#[tokio::test]
async fn a_house_without_faults_is_called_healthy() {
    let data = data().await;
    let (well, said) = data.doctor();
    assert!(well, "{said:#}");
    for about in ["flows", "operator_key", "database", "stuck", "inbox", "dead_letters", "clock"] {
        assert_eq!(finding(&said, about)["ok"], true, "{about}");
    }
}

#[tokio::test]
async fn what_waits_too_long_is_a_finding_with_what_to_do_and_without_words() {
    let data = data().await;
    data.arrives(System.now().plus_ms(-10 * 60_000)).await;
    let (well, said) = data.doctor();
    assert!(!well);
    let inbox = finding(&said, "inbox");
    assert!(inbox["ok"] == false && inbox["do"].is_string(), "{inbox}");
    assert!(!said.to_string().contains("secret"), "{said}");
}

#[tokio::test]
async fn rows_from_the_future_say_that_the_clock_went_back() {
    let data = data().await;
    data.arrives(System.now().plus_ms(24 * 60 * 60_000)).await;
    let clock = finding(&data.doctor().1, "clock");
    assert!(clock["ok"] == false && clock["do"].as_str().unwrap().contains("time service"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_that_others_may_read_is_a_finding() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = data().await;
    let key = data.folder.path().join("operator.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(finding(&data.doctor().1, "operator_key")["ok"], false);
}

/// A folder before its server begins: one message was given up, and one conversation waits for
/// nothing.
async fn with_faults(data: &Path) {
    std::fs::create_dir_all(data).unwrap();
    let vault = Vault::load_or_create(&data.join("operator.key")).unwrap();
    let store = SqliteStore::open(&data.join("mendline.db"), Arc::new(vault)).await.unwrap();
    let said = Incoming::Words("secret words".into());
    let arrival = arrival(System.now(), said);
    let seq = store.accept(&arrival).await.unwrap().seq;
    let begins = NewConversation {
        id: "c1".into(),
        flow_hash: "hash".into(),
        flow: "medication_approval".into(),
        principal: "ana".into(),
        parent: None,
        event: Event::Started { fields: Default::default(), words: None },
        at: arrival.received,
    };
    let commit = PersonCommit {
        seq,
        payer: PAYER.into(),
        person: "ana".into(),
        now: arrival.received,
        events: vec![],
        begins: vec![begins],
        facts: vec![],
        says: vec![phrases::message(phrases::FAULT, "worker", MessageKind::Reply)],
        settled: None,
    };
    store.commit_person(commit).await.unwrap();
    let leased = store.lease_outbox(arrival.received, 1_000, 9).await.unwrap().remove(0);
    let dead = Became::Dead("number_gone".into());
    store.settle_message(&leased.key, dead, arrival.received).await.unwrap();
    let claimed = store.claim(arrival.received, 1_000, 9, 9).await.unwrap().remove(0);
    let Conversation { payer, id, principal, head, mut state, .. } = claimed.conversation;
    state.turn += 1;
    let quiet = TurnCommit {
        payer,
        conversation: id,
        principal,
        expected_turn: state.turn - 1,
        head,
        state,
        done: claimed.events.iter().map(|it| (it.0, None)).collect(),
        messages: vec![],
        calls: vec![],
        timers: vec![],
        cleared: vec![],
        closed: vec![],
        answered_on: vec![],
        handoffs: vec![],
        begins: vec![],
        events: vec![],
        identifiers: vec![],
        record: vec![],
        now: arrival.received,
    };
    store.commit(vec![quiet]).await.remove(0).unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn beside_a_running_server_a_house_without_faults_is_called_healthy() {
    let mut site = Site::new();
    site.start();
    let said = site.run(&["doctor"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success() && text.ends_with("healthy\n"), "{text}");
    assert!(!text.contains("NO "), "{text}");
    site.kill();
}

#[tokio::test]
async fn beside_a_running_server_what_stands_still_and_what_was_given_up_is_named() {
    let mut site = Site::new();
    with_faults(&site.data()).await;
    site.start();
    let said = site.run(&["doctor", "--json"]);
    site.kill();
    assert!(!said.status.success());
    let said: Value = serde_json::from_slice(&said.stdout).unwrap();
    let stuck = finding(&said, "stuck");
    assert!(stuck["ok"] == false && stuck["says"].as_str().unwrap().contains("c1"), "{stuck}");
    let letter = finding(&said, "dead_letter");
    assert!(letter["says"].as_str().unwrap().contains("number_gone"), "{letter}");
    assert!(!said.to_string().contains("secret"), "{said:#}");
}
