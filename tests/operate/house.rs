//! A house in a folder, with the demo's fictional people, a phone that is only pretended, and an
//! operator.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mendline::admin::{Answer, Ask, Office};
use mendline::channels::{Channel, Incoming, Outgoing, Profile, SendError, Sent};
use mendline::clock::Virtual;
use mendline::config::Outbound;
use mendline::host::Host;
use mendline::house::House;
use mendline::open::{Parts, assemble};
use mendline::store::consent::{Consent, Method};
use mendline::store::reach::Whose;
use mendline::store::sqlite::SqliteStore;
use mendline::store::{Became, Conversation, Person, Store};
use mendline::vault::Vault;
use mendline::{catalog, directory, library, pump};
use mendline_engine::event::Receipt;
use mendline_engine::time::Timestamp;
use mendline_pbm::Pbm;
use mendline_plugin::{Manifest, Plugin};

pub const PAYER: &str = "northwind-mutual-demo";
/// 2026-11-18 09:00 in Los Angeles, a Wednesday.
pub const START: &str = "2026-11-18T17:00:00Z";
pub const HOUR_MS: i64 = 60 * 60_000;

/// A phone: it disturbs whoever sleeps, and keeps what it got.
#[derive(Default)]
pub struct Phone(Mutex<Vec<(String, String)>>);

#[async_trait]
impl Channel for Phone {
    fn profile(&self) -> Profile {
        Profile { name: "sms", text_chars_max: 1600, buttons: false, level: 3, intrudes: true }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let got = (outgoing.person.clone(), outgoing.frozen.text.clone());
        self.0.lock().unwrap().push(got);
        Ok(Sent::as_shown())
    }
}

pub struct Place {
    pub house: Arc<House>,
    pub clock: Arc<Virtual>,
    pub phone: Arc<Phone>,
}

/// Ids of arrivals; never twice in this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

pub fn key() -> Arc<Vault> {
    Arc::new(Vault::from_key([7; 32]))
}

/// The house in a folder, made if there is none.
pub async fn open(folder: &Path) -> Place {
    let store = SqliteStore::open(&folder.join("mendline.db"), key()).await.unwrap();
    let at = Timestamp::parse(START).unwrap();
    over(Arc::new(store), folder, at, Outbound::default()).await
}

/// A server over a store.
pub async fn over(
    store: Arc<dyn Store>,
    folder: &Path,
    at: Timestamp,
    outbound: Outbound,
) -> Place {
    let clock = Arc::new(Virtual::at(at));
    let pbm: Arc<dyn Plugin> = Arc::new(Pbm::open(Some(&folder.join("pbm.db"))).await.unwrap());
    let catalog = catalog::gather(&[Manifest::read(pbm.manifest()).unwrap()]).unwrap();
    let mut host = Host::default();
    host.add("pbm", pbm);
    let phone = Arc::new(Phone::default());
    let house = assemble(Parts {
        store,
        clock: clock.clone(),
        vault: key(),
        host,
        catalog,
        channels: vec![phone.clone()],
        demo: true,
    });
    house.pauses.limit(outbound);
    let shelf = library::shelve(library::shipped(), &house.catalog);
    library::publish(&house, &shelf).await.unwrap();
    Place { house, clock, phone }
}

impl Place {
    pub async fn settle(&self) {
        pump::until_idle(&self.house).await.unwrap();
    }

    pub async fn later(&self, ms: i64) {
        self.clock.set(self.house.clock.now().plus_ms(ms));
        self.settle().await;
    }

    pub async fn does(&self, person: &str, source: &str, incoming: Incoming) {
        let id = format!("i{}", NEXT.fetch_add(1, Ordering::SeqCst));
        let line = match &incoming {
            Incoming::Words(words) => Some(words.clone()),
            _ => None,
        };
        self.house.arrive(PAYER, source, &id, person, incoming, line).await.unwrap();
        self.settle().await;
    }

    pub async fn writes(&self, person: &str, source: &str, words: &str) {
        self.does(person, source, Incoming::Words(words.into())).await;
    }

    /// What stands in a person's chat; her page shows all of it.
    pub async fn sees(&self, person: &str) -> Vec<String> {
        let store = &self.house.store;
        let lines = store.lines_after(PAYER, person, "web", 0, 500).await.unwrap();
        let last = lines.last().map_or(0, |it| it.seq);
        for message in store.acknowledge(PAYER, person, "web", last).await.unwrap() {
            let became = Became::Reported(Receipt::Shown);
            store.settle_message(&message, became, self.house.clock.now()).await.unwrap();
        }
        self.settle().await;
        lines.iter().map(|it| it.body["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// What a person's phone got.
    pub fn rang(&self, person: &str) -> Vec<String> {
        let got = self.phone.0.lock().unwrap();
        got.iter().filter(|(it, _)| it == person).map(|(_, text)| text.clone()).collect()
    }

    /// Says these words in the chat, one after the other.
    pub async fn talks(&self, person: &str, words: &[&str]) {
        for it in words {
            self.writes(person, "web", it).await;
            self.sees(person).await;
        }
    }

    /// A worker is reached by phone alone.
    pub async fn by_phone(&self, person: &str) {
        directory::ensure_known(&self.house, PAYER, person).await.unwrap();
        let row = self.house.store.person(PAYER, person).await.unwrap().unwrap();
        let addresses = BTreeMap::from([("sms".to_owned(), person.to_owned())]);
        self.house.store.know(&Person { addresses, ..row }).await.unwrap();
        let agreed = Consent::to_everything("sms", Method::Staff, "test:1", "en");
        let whose = Whose { payer: PAYER.into(), person: person.into() };
        self.house.store.reach().agree(&whose, &agreed, self.house.clock.now()).await.unwrap();
    }

    /// The newest conversation of a worker.
    pub async fn of(&self, person: &str) -> Conversation {
        let mut all = self.house.store.conversations_of(PAYER, person, 9).await.unwrap();
        assert!(!all.is_empty(), "{person} has no conversation");
        all.remove(0)
    }

    /// An operator asks, as through the socket.
    pub async fn asks(&self, ask: Ask) -> Answer {
        let office = Office {
            store: self.house.store.as_ref(),
            house: Some(&self.house),
            now: self.house.clock.now(),
            who: "operator/uid-0".into(),
        };
        let answer = office.perform(ask).await.unwrap();
        self.settle().await;
        answer
    }

    /// The same, and it is done.
    pub async fn is_done(&self, ask: Ask) -> String {
        match self.asks(ask).await {
            Answer::Done(said) => said,
            other => panic!("{other:?}"),
        }
    }

    /// The same, and it is refused.
    pub async fn is_refused(&self, ask: Ask) -> String {
        match self.asks(ask).await {
            Answer::Refused(why) => why,
            other => panic!("{other:?}"),
        }
    }
}
