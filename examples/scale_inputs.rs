//! Measures what `docs/scale.md` calculates with, on a PostgreSQL that may be written to:
//!
//! ```console
//! $ createdb scale && cargo run --release --example scale_inputs -- postgres:///scale 20000
//! ```
//!
//! So many conversations of one turn each (an event, a message, a question, a timer), then the
//! timers of all of them at once. Everybody in it is invented.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use mendline::store::postgres::PostgresStore;
use mendline::store::{Claimed, NewConversation, NewMessage, Store, TurnCommit};
use mendline::vault::Vault;
use mendline_engine::event::Event;
use mendline_engine::label::Labels;
use mendline_engine::message::{EffectKey, Message, MessageKind};
use mendline_engine::text::{Part, Template, Values, Wording};
use mendline_engine::time::Timestamp;
use serde_json::json;

const PAYER: &str = "northwind-mutual-demo";
const BEGUN: Timestamp = Timestamp(1_800_000_000_000);
/// A day later every timer is due.
const DUE: Timestamp = Timestamp(BEGUN.0 + 86_400_000);
/// Turns that are handed in together, as a busy server does.
const TOGETHER: u32 = 256;
const LEASE_MS: i64 = 60_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut given = std::env::args().skip(1);
    let url = given.next().context("the address of an empty database")?;
    let many: usize = given.next().map_or(Ok(20_000), |it| it.parse())?;
    let store = PostgresStore::open(&url, Arc::new(Vault::from_key([7; 32]))).await?;
    ensure!(store.person(PAYER, "person 0").await?.is_none(), "the database is not empty");
    println!("{}", begin(&store, many).await?);
    let began = Instant::now();
    let mut turns = 0;
    loop {
        let claimed = store.claim(BEGUN, LEASE_MS, TOGETHER, 9).await?;
        if claimed.is_empty() {
            break;
        }
        turns += claimed.len();
        for result in store.commit(claimed.iter().map(first_turn).collect()).await {
            result?;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("turns: {turns}, {:.0} a second, one server", turns as f64 / seconds);
    let began = Instant::now();
    let mut fired = 0;
    while fired < many {
        let more = store.fire_due(DUE, 1024).await?;
        ensure!(more > 0, "every timer is due");
        fired += more as usize;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("timers: {fired} due at once, {:.0} a second, one server", fired as f64 / seconds);
    Ok(())
}

/// Conversations that begin, as a flow begins another.
async fn begin(store: &PostgresStore, many: usize) -> anyhow::Result<String> {
    let began = Instant::now();
    let persons: Vec<usize> = (0..many).collect();
    for some in persons.chunks(TOGETHER as usize) {
        let carries = some.iter().map(|nth| mendline::store::Carry {
            arrival: mendline::store::NewArrival {
                payer: PAYER.into(),
                source: "web".into(),
                id: format!("arrival {nth}"),
                person: Some(format!("person {nth}")),
                body: mendline::store::InboxBody::Arrival(mendline::channels::Incoming::Words(
                    "my prescription was rejected".into(),
                )),
                received: BEGUN,
                line: Some("my prescription was rejected".into()),
            },
            person: mendline::store::PersonCommit {
                seq: 0,
                payer: PAYER.into(),
                person: format!("person {nth}"),
                now: BEGUN,
                events: vec![],
                begins: vec![conversation(*nth)],
                facts: vec![],
                says: vec![],
                settled: None,
            },
            turns: vec![],
        });
        for result in store.carry(carries.collect()).await {
            result?;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(format!("arrivals: {many}, {:.0} a second, one server", many as f64 / seconds))
}

fn conversation(nth: usize) -> NewConversation {
    NewConversation {
        id: format!("01a20631-5b54-7185-a811-{nth:012}"),
        flow_hash: "5".repeat(64),
        flow: "medication_approval".into(),
        principal: format!("person {nth}"),
        parent: None,
        event: Event::Started {
            fields: BTreeMap::new(),
            words: Some("my prescription was rejected".into()),
        },
        at: BEGUN,
    }
}

/// Asks which medicine, and waits a day for the answer.
fn first_turn(claimed: &Claimed) -> TurnCommit {
    let mut state = claimed.conversation.state.clone();
    let expected_turn = state.turn;
    state.turn += 1;
    state.fields.insert("claim".into(), json!({ "number": "DEMO-CA-000123", "state": "CA" }));
    let words = "Which medicine do you need?";
    let template = Template { source: words.into(), parts: vec![Part::Words(words.into())] };
    let message = Message {
        party: "worker".into(),
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
        question: Some(EffectKey { turn: expected_turn, index: 0 }),
        card: None,
        notice: None,
    };
    let key = EffectKey { turn: expected_turn, index: 0 };
    let person = claimed.conversation.principal.clone();
    TurnCommit {
        payer: PAYER.into(),
        conversation: claimed.conversation.id.clone(),
        principal: person.clone(),
        expected_turn,
        state,
        done: claimed.events.iter().map(|(seq, ..)| (*seq, None)).collect(),
        messages: vec![NewMessage { key, person, message, due: None, posted: None }],
        calls: vec![],
        timers: vec![("drug.silence".into(), 1, DUE)],
        cleared: vec![],
        closed: vec![],
        answered_on: vec![],
        handoffs: vec![],
        begins: vec![],
        events: vec![],
        identifiers: vec!["DEMO-CA-000123".into()],
        record: vec![json!({ "event": "started", "reads": {}, "effects": 2 })],
        now: BEGUN,
        head: claimed.conversation.head.clone(),
    }
}
