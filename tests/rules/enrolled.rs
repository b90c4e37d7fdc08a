//! A house with two chat apps, and staff who take a code from their desk to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mendline::channels::Incoming;
use mendline::channels::inward::{Came, Gate, Said};
use mendline::desk::accounts::seed_demo;
use mendline::gate::Doorkeeper;
use mendline::phrases::requests;
use mendline::store::EffectRef;
use mendline::store::reach::Whose;
use mendline::{directory, links, pump};
use serde_json::{Value, json};

use crate::chat::Chat;
use crate::support::*;

pub const DANA: &str = "5550102";
pub const SAM: &str = "5550103";
pub const ROBIN: &str = "5550104";
pub const PRIYA: &str = "5550105";
pub const STRANGER: &str = "5550199";
/// What may never stand in a chat app.
const PRIVATE: &[&str] =
    &["DEMO-", "CLAIM-", "gabapentin", "Ana", "Bea", "Whitfield", "Okafor", "wrist"];

pub struct Front {
    pub place: Place,
    pub gate: Arc<dyn Gate>,
    pub authorize: Stub,
    next: AtomicU32,
}

/// Ana and Bea, each with a claim of Dana's, which Sam supervises. Nobody has asked for anything.
pub async fn front() -> Front {
    let authorize = authorizes();
    let claims = Stub::new(|_, input| {
        let id = input["person"].as_str().unwrap();
        Ok(json!([claim(&format!("CLAIM-{id}"), id, "dana")]))
    });
    let parties = Stub::new(|_, input| {
        let worker = input["claim"]["worker"].as_str().unwrap();
        let all = [("dana", "adjuster"), ("sam", "supervisor"), (worker, "injured_worker")];
        Ok(json!({ "parties": all.map(|(id, role)| person(id, role)) }))
    });
    let who = Stub::new(|_, input| {
        let id = input["person"].as_str().unwrap();
        let role = match id {
            "dana" | "priya" => "adjuster",
            "sam" => "supervisor",
            "robin" => "agent",
            _ => "injured_worker",
        };
        Ok(person(id, role))
    });
    let place = place_with([
        ("open_claims", claims),
        ("parties_of_claim", parties),
        ("person", who),
        ("check_coverage", needs_approval()),
        ("authorize", authorize.clone()),
    ])
    .await;
    place.house.links.begin("https://care.example.test");
    seed_demo(place.house.store.as_ref()).await.unwrap();
    let visitors = ["telegram", "discord"].map(|it| (it.to_owned(), PAYER.to_owned()));
    let gate = Arc::new(Doorkeeper::of(place.house.clone(), visitors.into()));
    Front { place, gate, authorize, next: AtomicU32::new(0) }
}

/// The same, with Dana and Sam in their chats, and one request of Ana's.
pub async fn enrolled() -> Front {
    let front = front().await;
    front.links("dana", "telegram", DANA).await;
    front.links("sam", "discord", SAM).await;
    front.place.asks_for("ana", "gabapentin 300 mg").await;
    front
}

impl Front {
    pub async fn came(&self, channel: &'static str, address: &str, said: Said) -> Option<String> {
        let id = format!("u{}", self.next.fetch_add(1, Ordering::SeqCst));
        self.came_as(&id, channel, address, said).await
    }

    pub async fn came_as(
        &self,
        id: &str,
        channel: &'static str,
        address: &str,
        said: Said,
    ) -> Option<String> {
        let (address, id) = (address.to_owned(), id.to_owned());
        let it = Came { channel, address, id, said, language: None };
        let entered = self.gate.came(it).await.unwrap();
        pump::until_idle(&self.place.house).await.unwrap();
        entered.notice
    }

    pub async fn code(&self, person: &str, channel: &str) -> String {
        directory::ensure_known(&self.place.house, PAYER, person).await.unwrap();
        let whose = Whose { payer: PAYER.into(), person: person.into() };
        links::code_for(&self.place.house, &whose, channel).await.unwrap()
    }

    /// Somebody takes a code from her desk to a chat app.
    pub async fn links(&self, person: &str, channel: &'static str, address: &str) {
        let code = self.code(person, channel).await;
        self.came(channel, address, Said::Link(code)).await;
    }

    /// Dana writes on Telegram; answers what she got for it.
    pub async fn dana(&self, words: &str) -> Vec<String> {
        self.writes("telegram", DANA, words).await
    }

    pub async fn writes(&self, channel: &'static str, address: &str, words: &str) -> Vec<String> {
        let before = self.chat(channel).texts(address).len();
        let incoming = Incoming::Words(words.into());
        self.came(channel, address, Said::Incoming { incoming, line: Some(words.into()) }).await;
        self.chat(channel).texts(address).split_off(before)
    }

    pub async fn taps(
        &self,
        channel: &'static str,
        address: &str,
        question: &EffectRef,
        choice: &str,
    ) -> Vec<String> {
        let before = self.chat(channel).texts(address).len();
        self.came(channel, address, tap(question, choice)).await;
        self.chat(channel).texts(address).split_off(before)
    }

    pub fn chat(&self, channel: &str) -> &Chat {
        if channel == "telegram" { &self.place.telegram } else { &self.place.discord }
    }

    /// The card of a worker that Dana holds.
    pub async fn card(&self, worker: &str) -> EffectRef {
        let cards = self.place.cards("dana").await;
        cards.into_iter().find(|it| it.principal == worker).unwrap().question
    }

    pub async fn number(&self, worker: &str) -> String {
        requests::number(&self.place.of(worker).await.id).unwrap()
    }

    /// What was decided for a worker, if anything was.
    pub async fn decided(&self, worker: &str) -> Option<Value> {
        self.place.of(worker).await.state.fields.get("decision").cloned()
    }

    pub fn nothing_private_was_said(&self) {
        for text in self.place.telegram.all().into_iter().chain(self.place.discord.all()) {
            for it in PRIVATE {
                assert!(!text.contains(it), "{it} in a chat app: {text}");
            }
        }
    }
}

pub fn tap(question: &EffectRef, choice: &str) -> Said {
    let (question, choice) = (question.clone(), choice.to_owned());
    let incoming = Incoming::Tap { question, choice, with: BTreeMap::new() };
    Said::Incoming { incoming, line: None }
}

#[track_caller]
pub fn one(said: &[String]) -> &str {
    let [one] = said else { panic!("one answer: {said:?}") };
    one
}
