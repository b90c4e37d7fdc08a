//! What the measured house stands in: a claim system in memory, people of whom there are as many
//! as are needed, and a channel that hands every message to the one who plays its reader. Everyone
//! is fictional.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use mendline_plugin::{Action, ActionError, Call, Example, Plugin};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::FLOW;
use crate::channels::{Channel, Outgoing, Profile, SendError, Sent};
use crate::clock::Clock;
use crate::config::Outbound;
use crate::host::Host;
use crate::house::House;
use crate::library::{self, Folder};
use crate::open::{Parts, assemble};
use crate::store::{EffectRef, MessageRef, NewLine, Person, Store};
use crate::vault::Vault;

/// Whose claims these are.
pub(super) const PAYER: &str = "bench-demo";
/// The channel of everybody here.
pub(super) const CHANNEL: &str = "bench";
/// Guards fiction only.
const KEY: [u8; 32] = *b"the bench's key guards fictions.";

/// A message that its reader has before her eyes.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) person: String,
    pub(super) question: Option<EffectRef>,
}

/// Where messages go: to the worker whose conversation it is, whoever of the parties reads them.
#[derive(Default)]
pub(super) struct Post {
    boxes: Mutex<BTreeMap<String, mpsc::UnboundedSender<Shown>>>,
    of_conversation: Mutex<BTreeMap<String, String>>,
    /// Messages of which the house has not written yet that they were taken.
    written: Mutex<BTreeMap<MessageRef, Shown>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Post {
    /// The box of a worker.
    pub(super) fn open(&self, worker: &str) -> mpsc::UnboundedReceiver<Shown> {
        let (put, take) = mpsc::unbounded_channel();
        lock(&self.boxes).insert(worker.into(), put);
        take
    }

    fn write(&self, outgoing: &Outgoing) {
        let conversation = &outgoing.key.effect.conversation;
        if lock(&self.boxes).contains_key(&outgoing.person) {
            lock(&self.of_conversation).insert(conversation.clone(), outgoing.person.clone());
        }
        let shown = Shown { person: outgoing.person.clone(), question: outgoing.question.clone() };
        lock(&self.written).insert(outgoing.key.clone(), shown);
    }

    fn hand(&self, key: &MessageRef) {
        let Some(shown) = lock(&self.written).remove(key) else { return };
        let worker = lock(&self.of_conversation).get(&key.effect.conversation).cloned();
        if let Some(put) = worker.and_then(|it| lock(&self.boxes).get(&it).cloned()) {
            // A worker who went home reads nothing any more.
            let _ = put.send(shown);
        }
    }
}

/// The channel of the measured house: read from its own database, as the desk is.
struct Mailboxes(Arc<Post>);

#[async_trait]
impl Channel for Mailboxes {
    fn profile(&self) -> Profile {
        Profile { name: CHANNEL, text_chars_max: 16_000, buttons: true, level: 3, intrudes: false }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        self.0.write(outgoing);
        Ok(Sent::as_shown())
    }

    fn keeps_lines(&self) -> bool {
        true
    }

    fn post(&self, outgoing: &Outgoing) -> Option<(NewLine, Sent)> {
        self.0.write(outgoing);
        let line = NewLine {
            payer: outgoing.key.payer.clone(),
            person: outgoing.person.clone(),
            channel: CHANNEL.into(),
            key: format!("message/{}", outgoing.key.effect),
            message: Some(outgoing.key.clone()),
            leaving: Some(outgoing.leaving.clone()),
            body: json!({ "text": outgoing.frozen.text, "buttons": outgoing.frozen.buttons }),
            at: Timestamp(outgoing.now_ms),
        };
        Some((line, Sent::as_shown()))
    }

    fn settled(&self, key: &MessageRef) {
        self.0.hand(key);
    }
}

/// An action of the domain pack that answers from memory, so that only the house is measured.
struct FromMemory {
    name: &'static str,
    answer: fn(&Value) -> Value,
}

#[async_trait]
impl Action for FromMemory {
    fn name(&self) -> &'static str {
        self.name
    }

    fn examples(&self) -> Vec<Example> {
        Vec::new()
    }

    async fn run(&self, _call: &Call, input: Value) -> Result<Value, ActionError> {
        Ok((self.answer)(&input))
    }
}

const ANSWERS: [FromMemory; 4] = [
    FromMemory { name: "open_claims", answer: |input| json!([claim(text(&input["person"]))]) },
    FromMemory {
        name: "parties_of_claim",
        answer: |input| {
            let worker = text(&input["claim"]["worker"]);
            let adjuster = text(&input["claim"]["adjuster"]);
            json!({ "parties": [listed(worker, "injured_worker"), listed(adjuster, "adjuster")] })
        },
    },
    FromMemory {
        name: "person",
        answer: |input| listed(text(&input["person"]), role_of(text(&input["person"]))),
    },
    FromMemory {
        name: "claim_status",
        answer: |_| {
            json!({
                "state": "accepted", "since": "2026-01-05", "body_parts": ["left shoulder"],
                "letter_sent": false, "adjuster_name": "Dana Demo", "adjuster_phone": "555-0100",
            })
        },
    },
];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn role_of(person: &str) -> &'static str {
    if person.starts_with("adjuster") { "adjuster" } else { "injured_worker" }
}

fn claim(worker: &str) -> Value {
    json!({
        "number": format!("DEMO-{worker}"), "jurisdiction": "CA", "status": "accepted",
        "employer": "Demo Orchards", "injured_on": "2026-01-02", "body_parts": ["left shoulder"],
        "worker": worker, "worker_name": "Ana Demo", "worker_born": "1985-05-05",
        "adjuster": adjuster_of(worker), "supervisor": "sam", "medications": [],
    })
}

/// Adjusters of everybody together: each has a handful of cards at a time, as in life.
const ADJUSTERS: u32 = 64;

/// Every worker has one of them.
pub(super) fn adjuster_of(worker: &str) -> String {
    let number = worker.bytes().map(u32::from).sum::<u32>() % ADJUSTERS;
    format!("adjuster-{number}")
}

fn listed(person: &str, role: &str) -> Value {
    json!({
        "id": person, "role": role, "name": format!("{person} Demo"), "first_name": person,
        "language": "en", "zone": "America/Los_Angeles",
    })
}

/// Somebody whom the house knows already, and reaches on this channel.
pub(super) fn person(id: &str, channel: &str) -> Person {
    Person {
        payer: PAYER.into(),
        person: id.into(),
        role: role_of(id).into(),
        first_name: id.into(),
        name: format!("{id} Demo"),
        language: "en".into(),
        zone: "America/Los_Angeles".into(),
        office: None,
        addresses: BTreeMap::from([(channel.to_owned(), id.to_owned())]),
        opted_out: Vec::new(),
        consents: Default::default(),
        at: None,
    }
}

/// The key that guards what is measured.
pub(super) fn vault() -> Arc<Vault> {
    Arc::new(Vault::from_key(KEY))
}

/// A house over this store, with the flow published; with a post, everybody is reached through it.
pub(super) async fn house(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    post: Option<Arc<Post>>,
) -> anyhow::Result<Arc<House>> {
    let pbm: Arc<dyn Plugin> = Arc::new(mendline_pbm::Pbm::open(None).await.context("the pack")?);
    let mut host = Host::default();
    host.add("pbm", pbm);
    for it in ANSWERS {
        host.replace(format!("pbm.{}", it.name), Box::new(it));
    }
    let catalog = crate::cli::demo::shipped_catalog()?;
    let mailboxes = post.map(|it| Arc::new(Mailboxes(it)) as Arc<dyn Channel>);
    let channels = mailboxes.into_iter().collect();
    let parts = Parts { store, clock, vault: vault(), host, catalog, channels, demo: true };
    let house = assemble(parts);
    // A day's messages in a minute are what is measured here.
    house.pauses.limit(Outbound { proactive_per_hour: u32::MAX, flows: BTreeMap::new() });
    let folder = Folder::of("src/bench/approval.yaml", FLOW);
    let shelf = library::shelve(vec![folder], &house.catalog);
    for finding in &shelf.findings {
        eprintln!("{}", mendline_engine::check::explain(finding, FLOW));
    }
    ensure!(!shelf.flows.is_empty(), "the measured flow does not load");
    library::publish(&house, &shelf).await?;
    Ok(house)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_flow_is_one_that_the_checker_lets_pass_without_a_word() {
        let catalog = crate::cli::demo::shipped_catalog().unwrap();
        let shelf = library::shelve(vec![Folder::of("src/bench/approval.yaml", FLOW)], &catalog);
        assert!(shelf.findings.is_empty(), "{:#?}", shelf.findings);
        assert_eq!(shelf.flows.len(), 1);
    }
}
