//! The house, its people, and the outside world as each test wants it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mendline::channels::inward::NoFile;
use mendline::channels::{Channel, Incoming, Outgoing, Profile, SendError, Sent};
use mendline::clock::Virtual;
use mendline::host::Host;
use mendline::house::House;
use mendline::open::{Parts, assemble};
use mendline::store::consent::{Consent, Method};
use mendline::store::reach::Whose;
use mendline::store::sqlite::SqliteStore;
use mendline::store::standing::Stands;
use mendline::store::{
    Became, Conversation, EffectRef, HandoffRow, KeptFlow, MessageRef, Person, QuestionRow, Store,
};
use mendline::vault::Vault;
use mendline::{catalog, library, pump};
use mendline_engine::catalog::Catalog;
use mendline_engine::event::Receipt;
use mendline_engine::load::{Source, load};
use mendline_engine::time::Timestamp;
use mendline_pbm::Pbm;
use mendline_plugin::{Action, ActionError, Call, Example, Manifest, Plugin};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::chat::Chat;

pub const PAYER: &str = "northwind-mutual-demo";
/// 2026-11-18 09:00 in Los Angeles, a Wednesday.
pub const START: &str = "2026-11-18T17:00:00Z";
pub const MINUTE_MS: i64 = 60_000;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;

type Says = dyn Fn(&Call, &Value) -> Result<Value, ActionError> + Send + Sync;

/// An action that does as the test says, and remembers with what it was called.
#[derive(Clone)]
pub struct Stub {
    says: Arc<Says>,
    pub calls: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Stub {
    pub fn new(
        says: impl Fn(&Call, &Value) -> Result<Value, ActionError> + Send + Sync + 'static,
    ) -> Stub {
        Stub { says: Arc::new(says), calls: Arc::default() }
    }

    /// Key and arguments of every call, oldest first.
    pub fn calls(&self) -> Vec<(String, Value)> {
        self.calls.lock().unwrap().clone()
    }
}

#[async_trait]
impl Action for Stub {
    fn name(&self) -> &'static str {
        "stub"
    }

    fn examples(&self) -> Vec<Example> {
        Vec::new()
    }

    async fn run(&self, call: &Call, input: Value) -> Result<Value, ActionError> {
        self.calls.lock().unwrap().push((call.key.clone(), input.clone()));
        (self.says)(call, &input)
    }
}

/// A phone, or a mailbox: level 1, and it disturbs whoever sleeps.
#[derive(Default)]
pub struct Phone {
    /// Whether it is a mailbox.
    mail: bool,
    /// What it got: for whom, the words, under which key.
    got: Mutex<Vec<(String, String, MessageRef)>>,
    /// Whether its provider takes everything and reports nothing.
    pub silent: AtomicBool,
    /// What its provider refuses everything with.
    pub refuses: Mutex<Option<SendError>>,
    /// Whether what stands there can be changed.
    pub changes: AtomicBool,
    /// Whether its provider is away.
    pub away: AtomicBool,
    /// Whether its provider takes everything and never answers.
    pub hangs: AtomicBool,
    /// What was closed where it stood: its number, and how it reads.
    pub closed: Mutex<Vec<(String, String)>>,
    /// Files that its provider hands out.
    pub files: Mutex<BTreeMap<String, Result<Vec<u8>, NoFile>>>,
    /// How often it was asked for one.
    pub fetched: AtomicU32,
}

#[async_trait]
impl Channel for Phone {
    fn profile(&self) -> Profile {
        let name = if self.mail { "email" } else { "sms" };
        Profile { name, text_chars_max: 1600, buttons: false, level: 1, intrudes: true }
    }

    fn carrier_rules(&self) -> bool {
        !self.mail
    }

    fn closes(&self) -> bool {
        self.changes.load(Ordering::SeqCst)
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(SendError::Later("away".into()));
        }
        if let Some(why) = self.refuses.lock().unwrap().clone() {
            return Err(why);
        }
        let text = outgoing.frozen.text.clone();
        let mut got = self.got.lock().unwrap();
        got.push((outgoing.person.clone(), text, outgoing.key.clone()));
        let shown = !self.silent.load(Ordering::SeqCst);
        Ok(Sent { id: Some(got.len().to_string()), shown })
    }

    async fn close(&self, stands: &Stands) -> Result<(), SendError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(SendError::Later("away".into()));
        }
        self.closed.lock().unwrap().push((stands.id.clone(), stands.text.clone()));
        Ok(())
    }

    async fn fetch(&self, file: &str, _bytes_max: usize) -> Result<Vec<u8>, NoFile> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        let files = self.files.lock().unwrap();
        files.get(file).cloned().unwrap_or(Err(NoFile::NotHere))
    }
}

impl Phone {
    /// What anybody got, oldest first.
    pub fn all(&self) -> Vec<(String, String)> {
        let got = self.got.lock().unwrap();
        got.iter().map(|(person, text, _)| (person.clone(), text.clone())).collect()
    }

    /// The last thing that it got.
    pub fn last(&self) -> MessageRef {
        self.got.lock().unwrap().last().unwrap().2.clone()
    }

    /// What a person has got, oldest first.
    pub fn of(&self, person: &str) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter().filter(|(it, ..)| it == person).map(|(_, text, _)| text.clone()).collect()
    }
}

pub struct Place {
    pub house: Arc<House>,
    pub clock: Arc<Virtual>,
    pub phone: Arc<Phone>,
    pub telegram: Arc<Chat>,
    pub discord: Arc<Chat>,
    /// Used where a test puts somebody on it.
    pub mail: Arc<Phone>,
    _files: TempDir,
    next: AtomicU32,
}

/// The demo's claims.
pub async fn place() -> Place {
    place_with([]).await
}

/// The demo's claims, with some actions in the test's hands.
pub async fn place_with(stubs: impl IntoIterator<Item = (&'static str, Stub)>) -> Place {
    place_of(stubs, false).await
}

/// The demo's claims, and mailboxes beside the phones.
pub async fn place_with_mail() -> Place {
    place_of([], true).await
}

async fn place_of(stubs: impl IntoIterator<Item = (&'static str, Stub)>, mails: bool) -> Place {
    let files = tempfile::tempdir().unwrap();
    let clock = Arc::new(Virtual::at(Timestamp::parse(START).unwrap()));
    let vault = Arc::new(Vault::from_key([7; 32]));
    let store = SqliteStore::open(&files.path().join("house.db"), vault.clone()).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let pbm: Arc<dyn Plugin> = Arc::new(Pbm::open(None).await.unwrap());
    let catalog = catalog::gather(&[Manifest::read(pbm.manifest()).unwrap()]).unwrap();
    let mut host = Host::default();
    host.add("pbm", pbm);
    for (action, stub) in stubs {
        host.replace(format!("pbm.{action}"), Box::new(stub));
    }
    let phone = Arc::new(Phone::default());
    let telegram = Arc::new(Chat::new("telegram"));
    let discord = Arc::new(Chat::new("discord"));
    let mail = Arc::new(Phone { mail: true, ..Phone::default() });
    let chats = [telegram.clone() as Arc<dyn Channel>, discord.clone()];
    let boxes = mails.then(|| mail.clone() as Arc<dyn Channel>);
    let house = assemble(Parts {
        store,
        clock: clock.clone(),
        vault,
        host,
        catalog,
        channels: [phone.clone() as Arc<dyn Channel>]
            .into_iter()
            .chain(chats)
            .chain(boxes)
            .collect(),
        demo: true,
    });
    let shelf = library::shelve(library::shipped(), &house.catalog);
    for flow in shelf.flows {
        house.store.keep_flow(&flow).await.unwrap();
        house.flows.publish(Arc::new(flow.program));
    }
    let next = AtomicU32::new(0);
    Place { house, clock, phone, telegram, discord, mail, _files: files, next }
}

/// A flow of the test's own, checked like any other.
pub fn flow(yaml: &str, catalog: &Catalog) -> KeptFlow {
    let source = Source { file: "flow.yaml".into(), text: yaml.into() };
    let others = ["gather_information".to_owned(), "refill".to_owned()];
    let loaded = load(&source, &[], catalog, &others);
    let program = loaded.program.unwrap_or_else(|| panic!("{:#?}", loaded.findings));
    KeptFlow { hash: program.hash.clone(), sources: BTreeMap::new(), program }
}

impl Place {
    /// Everything that can happen now happens.
    pub async fn settle(&self) {
        pump::until_idle(&self.house).await.unwrap();
    }

    pub async fn publish(&self, flow: KeptFlow) {
        self.house.store.keep_flow(&flow).await.unwrap();
        self.house.flows.publish(Arc::new(flow.program));
    }

    /// Puts what somebody did on disk, and nothing more.
    pub async fn arrives(&self, person: &str, source: &str, incoming: Incoming) -> i64 {
        let id = format!("i{}", self.next.fetch_add(1, Ordering::SeqCst));
        let line = match &incoming {
            Incoming::Words(words) => Some(words.clone()),
            _ => None,
        };
        self.house.arrive(PAYER, source, &id, person, incoming, line).await.unwrap().seq
    }

    /// What somebody did is on disk, and nobody has looked at it yet.
    pub async fn lies(&self, person: &str, source: &str, incoming: Incoming) {
        let arrival = mendline::store::NewArrival {
            payer: PAYER.into(),
            source: source.into(),
            id: format!("i{}", self.next.fetch_add(1, Ordering::SeqCst)),
            person: Some(person.into()),
            body: mendline::store::InboxBody::Arrival(incoming),
            received: self.house.clock.now(),
            line: None,
        };
        self.house.store.accept(&arrival).await.unwrap();
    }

    /// Somebody does something; answers what became of it.
    pub async fn does(&self, person: &str, source: &str, incoming: Incoming) -> Value {
        let seq = self.arrives(person, source, incoming).await;
        self.settle().await;
        let settled = self.house.store.settled(PAYER, seq).await.unwrap();
        settled.and_then(|it| it.answer).unwrap_or_default()
    }

    pub async fn writes(&self, person: &str, source: &str, words: &str) -> Value {
        self.does(person, source, Incoming::Words(words.into())).await
    }

    pub async fn taps(
        &self,
        person: &str,
        question: &EffectRef,
        choice: &str,
        with: &[(&str, Value)],
    ) -> Value {
        let with = with.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let tap = Incoming::Tap { question: question.clone(), choice: choice.into(), with };
        self.does(person, "desk", tap).await
    }

    /// The person's page shows every line that is there.
    pub async fn sees(&self, person: &str) -> Vec<String> {
        let store = &self.house.store;
        let lines = store.lines_after(PAYER, person, "web", 0, 500).await.unwrap();
        let last = lines.last().map_or(0, |it| it.seq);
        for message in store.acknowledge(PAYER, person, "web", last).await.unwrap() {
            let became = Became::Reported(Receipt::Shown);
            store.settle_message(&message, became, self.house.clock.now()).await.unwrap();
        }
        self.settle().await;
        texts(&lines)
    }

    pub async fn desk_lines(&self, person: &str) -> Vec<String> {
        texts(&self.house.store.lines_after(PAYER, person, "desk", 0, 500).await.unwrap())
    }

    /// A worker asks for an approval on her page; the adjuster has a card afterwards.
    pub async fn asks_for(&self, person: &str, drug: &str) {
        for words in ["my prescription was rejected", drug, "No", "Ask now"] {
            self.writes(person, "web", words).await;
            self.sees(person).await;
        }
    }

    pub async fn ana_asks(&self) {
        self.asks_for("ana", "gabapentin 300 mg").await;
    }

    pub async fn later(&self, ms: i64) {
        self.clock.set(self.house.clock.now().plus_ms(ms));
        self.settle().await;
    }

    pub async fn cards(&self, person: &str) -> Vec<QuestionRow> {
        self.house.store.cards(PAYER, person).await.unwrap()
    }

    /// The one conversation of a worker.
    pub async fn of(&self, person: &str) -> Conversation {
        let mut all = self.house.store.conversations_of(PAYER, person, 9).await.unwrap();
        assert!(!all.is_empty(), "{person} has no conversation");
        all.remove(0)
    }

    pub async fn handoffs(&self) -> Vec<HandoffRow> {
        let desks: Vec<String> = self.house.catalog.desks.keys().cloned().collect();
        self.house.store.handoffs(PAYER, &desks).await.unwrap()
    }

    /// The record of a worker's conversation, as text to search in.
    pub async fn record(&self, person: &str) -> Vec<Value> {
        let conversation = self.of(person).await.id;
        let rows = self.house.store.record(PAYER, &conversation).await.unwrap();
        rows.into_iter().map(|it| it.body).collect()
    }

    /// Puts a worker on these channels only.
    pub async fn reached_by(&self, person: &str, channels: &[&str]) {
        mendline::directory::ensure_known(&self.house, PAYER, person).await.unwrap();
        let row = self.house.store.person(PAYER, person).await.unwrap().unwrap();
        let addresses = channels.iter().map(|it| ((*it).to_owned(), person.to_owned())).collect();
        self.house.store.know(&Person { addresses, ..row }).await.unwrap();
        for channel in channels {
            agrees(&self.house, PAYER, person, channel).await;
        }
    }
}

/// Somebody agreed to be told everything on a channel.
pub async fn agrees(house: &House, payer: &str, person: &str, channel: &str) {
    let agreed = Consent::to_everything(channel, Method::Staff, "test:1", "en");
    let whose = Whose { payer: payer.into(), person: person.into() };
    house.store.reach().agree(&whose, &agreed, house.clock.now()).await.unwrap();
}

pub fn texts(lines: &[mendline::store::Line]) -> Vec<String> {
    let text = |it: &mendline::store::Line| it.body["text"].as_str().unwrap_or_default().to_owned();
    lines.iter().map(text).collect()
}

/// A claim as the claim system tells it.
pub fn claim(number: &str, worker: &str, adjuster: &str) -> Value {
    json!({
        "number": number, "jurisdiction": "CA", "status": "accepted", "employer": "Example Works",
        "injured_on": "2026-05-04", "body_parts": ["left wrist"], "worker": worker,
        "worker_name": format!("{worker} Example"), "worker_born": "1980-01-02",
        "adjuster": adjuster, "supervisor": "sam", "medications": [drug()],
    })
}

pub fn drug() -> Value {
    json!({
        "name": "gabapentin", "strength": "300 mg", "form": "capsule", "rx_number": "RX-1",
        "days_supply": 30, "quantity": 90, "prescriber": "dr-sample",
    })
}

pub fn person(id: &str, role: &str) -> Value {
    let mut first = id.to_owned();
    first[..1].make_ascii_uppercase();
    json!({
        "id": id, "role": role, "name": format!("{first} Example"), "first_name": first,
        "language": "en", "zone": "America/Los_Angeles", "office": "us-office",
    })
}

pub fn needs_approval() -> Stub {
    Stub::new(|_, _| {
        Ok(json!({
            "status": "needs_approval", "days_supply": 30, "quantity": 90, "price": "182.40 USD",
            "reason": { "code": "75" }, "reject_code": "75", "history": [],
        }))
    })
}

/// Writes an authorization for whatever it is asked, and says for which claim.
pub fn authorizes() -> Stub {
    Stub::new(|_, input| {
        let number = format!("PA-{}", input["claim"]["number"].as_str().unwrap());
        Ok(json!({
            "number": number, "from": "2026-11-18", "until": "2026-12-18", "refills": 0,
            "days": 30, "status": "active",
        }))
    })
}
