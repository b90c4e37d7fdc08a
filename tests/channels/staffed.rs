//! A whole house with one chat app as a channel, its staff seeded, and a worker who asks for
//! something on her own page.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mendline::channels::inward::Gate;
use mendline::channels::{Channel, Incoming};
use mendline::clock::Virtual;
use mendline::desk::accounts::seed_demo;
use mendline::gate::Doorkeeper;
use mendline::host::Host;
use mendline::house::House;
use mendline::open::{Parts, assemble};
use mendline::store::reach::Whose;
use mendline::store::sqlite::SqliteStore;
use mendline::store::{Became, QuestionRow, Store};
use mendline::vault::Vault;
use mendline::{catalog, directory, library, links, pump};
use mendline_engine::event::Receipt;
use mendline_engine::time::Timestamp;
use mendline_pbm::Pbm;
use mendline_plugin::{Manifest, Plugin};
use serde_json::Value;
use tempfile::TempDir;

const PAYER: &str = "northwind-mutual-demo";
/// 2026-11-18 09:00 in Los Angeles, a Wednesday.
const START: &str = "2026-11-18T17:00:00Z";

pub struct Staffed {
    pub house: Arc<House>,
    pub gate: Arc<dyn Gate>,
    clock: Arc<Virtual>,
    next: AtomicU32,
    _files: TempDir,
}

pub async fn staffed(channel: Arc<dyn Channel>) -> Staffed {
    let files = tempfile::tempdir().unwrap();
    let clock = Arc::new(Virtual::at(Timestamp::parse(START).unwrap()));
    let vault = Arc::new(Vault::from_key([7; 32]));
    let store = SqliteStore::open(&files.path().join("house.db"), vault.clone()).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let pbm: Arc<dyn Plugin> = Arc::new(Pbm::open(None).await.unwrap());
    let catalog = catalog::gather(&[Manifest::read(pbm.manifest()).unwrap()]).unwrap();
    let mut host = Host::default();
    host.add("pbm", pbm);
    let name = channel.profile().name;
    let parts = Parts {
        store,
        clock: clock.clone(),
        vault,
        host,
        catalog,
        channels: vec![channel],
        demo: true,
    };
    let house = assemble(parts);
    for flow in library::shelve(library::shipped(), &house.catalog).flows {
        house.store.keep_flow(&flow).await.unwrap();
        house.flows.publish(Arc::new(flow.program));
    }
    seed_demo(house.store.as_ref()).await.unwrap();
    house.links.begin("https://care.example.test");
    let visitors = [(name.to_owned(), PAYER.to_owned())].into();
    let gate: Arc<dyn Gate> = Arc::new(Doorkeeper::of(house.clone(), visitors));
    Staffed { house, gate, clock, next: AtomicU32::new(0), _files: files }
}

impl Staffed {
    pub async fn settle(&self) {
        pump::until_idle(&self.house).await.unwrap();
    }

    pub async fn later(&self, ms: i64) {
        self.clock.set(self.house.clock.now().plus_ms(ms));
        self.settle().await;
    }

    /// A code that somebody took from her desk.
    pub async fn code(&self, person: &str, channel: &str) -> String {
        directory::ensure_known(&self.house, PAYER, person).await.unwrap();
        let whose = Whose { payer: PAYER.into(), person: person.into() };
        links::code_for(&self.house, &whose, channel).await.unwrap()
    }

    /// Ana asks for an approval on her own page.
    pub async fn ana_asks(&self) {
        for words in ["my prescription was rejected", "gabapentin 300 mg", "No", "Ask now"] {
            let id = format!("w{}", self.next.fetch_add(1, Ordering::SeqCst));
            let said = Incoming::Words(words.into());
            self.house.arrive(PAYER, "web", &id, "ana", said, None).await.unwrap();
            self.settle().await;
            let store = &self.house.store;
            let lines = store.lines_after(PAYER, "ana", "web", 0, 500).await.unwrap();
            let last = lines.last().unwrap().seq;
            for message in store.acknowledge(PAYER, "ana", "web", last).await.unwrap() {
                let became = Became::Reported(Receipt::Shown);
                store.settle_message(&message, became, self.house.clock.now()).await.unwrap();
            }
            self.settle().await;
        }
    }

    /// The card that Dana holds, while it is open.
    pub async fn card(&self) -> Option<QuestionRow> {
        self.house.store.cards(PAYER, "dana").await.unwrap().pop()
    }

    /// What was decided for Ana, if anything was.
    pub async fn decided(&self) -> Option<Value> {
        let all = self.house.store.conversations_of(PAYER, "ana", 9).await.unwrap();
        all[0].state.fields.get("decision").map(|it| it["choice"].clone())
    }
}
