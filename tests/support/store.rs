//! Small things that the store's tests are made of: a person who says something, a turn that
//! says something back. All people are fictional.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use mendline::channels::Incoming;
use mendline::store::sqlite::SqliteStore;
use mendline::store::{
    Claimed, EffectRef, Frozen, InboxBody, MessageRef, NewArrival, NewConversation, NewMessage,
    Person, PersonCommit, Store, TurnCommit, Unrouted,
};
use mendline::vault::Vault;
use mendline_engine::event::Event;
use mendline_engine::label::Labels;
use mendline_engine::message::{Card, EffectKey, Message, MessageKind};
use mendline_engine::text::{Part, Template, Values, Wording};
use mendline_engine::time::Timestamp;
use serde_json::json;
use tempfile::TempDir;

pub const ACME: &str = "acme";
pub const ANA: &str = "ana";
pub const DANA: &str = "dana";
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub const LEASE_MS: i64 = 30_000;

/// A database in a folder of its own that goes away with it.
pub struct Place {
    pub folder: TempDir,
    pub store: SqliteStore,
}

impl Place {
    pub async fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("house.db"), vault()).await.unwrap();
        Place { folder, store }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("house.db")
    }
}

pub fn vault() -> Arc<Vault> {
    Arc::new(Vault::from_key([42; 32]))
}

pub fn after_ms(ms: i64) -> Timestamp {
    NOW.plus_ms(ms)
}

pub fn arrival(payer: &str, person: &str, id: &str, words: &str) -> NewArrival {
    NewArrival {
        payer: payer.into(),
        source: "web".into(),
        id: id.into(),
        person: Some(person.into()),
        body: InboxBody::Arrival(Incoming::Words(words.into())),
        received: NOW,
        line: Some(words.into()),
    }
}

pub fn routing(arrival: &Unrouted) -> PersonCommit {
    PersonCommit {
        seq: arrival.seq,
        payer: arrival.payer.clone(),
        person: arrival.person.clone(),
        now: NOW,
        events: vec![],
        begins: vec![],
        facts: vec![],
        says: vec![],
        settled: None,
    }
}

pub fn new_conversation(id: &str, principal: &str, words: &str) -> NewConversation {
    NewConversation {
        id: id.into(),
        flow_hash: "hash".into(),
        flow: "medication_approval".into(),
        principal: principal.into(),
        parent: None,
        event: Event::Started { fields: BTreeMap::new(), words: Some(words.into()) },
        at: NOW,
    }
}

/// The person says something, and a conversation begins with it; answers the arrival's number.
pub async fn begin(store: &dyn Store, payer: &str, principal: &str, id: &str, words: &str) -> i64 {
    let accepted =
        store.accept(&arrival(payer, principal, &format!("begin {id}"), words)).await.unwrap();
    let mut commit = routing(&waiting(store, accepted.seq).await);
    commit.begins.push(new_conversation(id, principal, words));
    store.commit_person(commit).await.unwrap();
    accepted.seq
}

pub async fn waiting(store: &dyn Store, seq: i64) -> Unrouted {
    let all = store.unrouted(1000).await.unwrap();
    all.into_iter().find(|it| it.seq == seq).expect("it waits for its person turn")
}

/// Puts an event before a conversation.
pub async fn happen(store: &dyn Store, payer: &str, conversation: &str, id: &str) -> i64 {
    let event = Event::Happened { name: "news".into(), data: json!({ "id": id }) };
    let arrival = NewArrival {
        source: "event".into(),
        person: None,
        body: InboxBody::Event { conversation: conversation.into(), event },
        line: None,
        ..arrival(payer, "", id, "")
    };
    store.accept(&arrival).await.unwrap().seq
}

pub async fn claim(store: &dyn Store) -> Vec<Claimed> {
    store.claim(NOW, LEASE_MS, 100, 100).await.unwrap()
}

/// The one conversation that has work.
pub async fn claim_one(store: &dyn Store) -> Claimed {
    let mut claimed = claim(store).await;
    assert_eq!(claimed.len(), 1, "one conversation has work");
    claimed.remove(0)
}

/// A turn that applies the claimed events and says nothing.
pub fn turn(claimed: &Claimed) -> TurnCommit {
    let mut state = claimed.conversation.state.clone();
    let expected_turn = state.turn;
    state.turn += 1;
    TurnCommit {
        payer: claimed.conversation.payer.clone(),
        conversation: claimed.conversation.id.clone(),
        principal: claimed.conversation.principal.clone(),
        expected_turn,
        head: claimed.conversation.head.clone(),
        state,
        done: claimed.events.iter().map(|(seq, ..)| (*seq, None)).collect(),
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
        record: vec![json!({ "turn": expected_turn })],
        now: NOW,
    }
}

pub async fn commit(store: &dyn Store, commit: TurnCommit) {
    let mut results = store.commit(vec![commit]).await;
    assert_eq!(results.len(), 1);
    results.remove(0).unwrap();
}

pub fn key(turn: u32, index: u32) -> EffectKey {
    EffectKey { turn, index }
}

pub fn effect(conversation: &str, turn: u32, index: u32) -> EffectRef {
    EffectRef { conversation: conversation.into(), key: key(turn, index) }
}

pub fn message_ref(payer: &str, conversation: &str, turn: u32, index: u32) -> MessageRef {
    MessageRef { payer: payer.into(), effect: effect(conversation, turn, index) }
}

pub fn message(party: &str, words: &str) -> Message {
    let template = Template { source: words.into(), parts: vec![Part::Words(words.into())] };
    Message {
        party: party.into(),
        kind: MessageKind::Proactive,
        wording: Wording {
            key: "drug.say".into(),
            words: BTreeMap::from([("en".into(), template)]),
            private: BTreeMap::new(),
            labels: Labels::NONE,
            private_labels: Labels::NONE,
        },
        values: Values::new(),
        buttons: vec![],
        question: None,
        card: None,
        notice: None,
    }
}

pub fn card(words: &str, question: EffectKey) -> Message {
    let card = Card {
        decision: "decision".into(),
        facts: BTreeMap::new(),
        digest: "digest".into(),
        authority: None,
        opened: NOW,
        due: None,
        rule: None,
        round: 0,
        preview: BTreeMap::new(),
    };
    Message { question: Some(question), card: Some(card), ..message("adjuster", words) }
}

pub fn to(person: &str, turn: u32, index: u32, message: Message) -> NewMessage {
    NewMessage { key: key(turn, index), person: person.into(), message, due: None, posted: None }
}

pub fn frozen(channel: &str, text: &str) -> Frozen {
    Frozen {
        channel: channel.into(),
        text: text.into(),
        buttons: vec![("yes".into(), "Yes".into())],
        numbers: Vec::new(),
        language: "en".into(),
        private: false,
    }
}

pub fn person(payer: &str, person: &str, name: &str) -> Person {
    Person {
        payer: payer.into(),
        person: person.into(),
        role: "injured_worker".into(),
        first_name: name.into(),
        name: format!("{name} Example"),
        language: "en".into(),
        zone: "America/Chicago".into(),
        office: None,
        addresses: BTreeMap::from([("web".into(), person.into())]),
        opted_out: vec![],
        consents: BTreeMap::new(),
        at: None,
    }
}

/// A conversation `id` of Ana that has taken one turn and said these things to her.
pub async fn said(store: &dyn Store, id: &str, messages: Vec<NewMessage>) -> TurnCommit {
    begin(store, ACME, ANA, id, "hello").await;
    let claimed = claim(store).await;
    let claimed = claimed.iter().find(|it| it.conversation.id == id).unwrap();
    let mut taken = turn(claimed);
    taken.messages = messages;
    commit(store, taken.clone()).await;
    taken
}
