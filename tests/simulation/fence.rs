//! A process that slept leaves to others what it had leased before.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mendline::channels::{Channel, Incoming, Outgoing, Profile, SendError, Sent};
use mendline::clock::{Clock, Virtual};
use mendline::house::House;
use mendline::open::{Parts, assemble};
use mendline::pump;
use mendline::store::watched::{Use, Watch, Watched};
use mendline::store::{Became, MessageRef, Pause, PauseKind, PauseRef, Person, Store, StoreError};
use mendline_engine::time::Timestamp;

use crate::backdrop::Backdrop;
use crate::people::NORTH;
use crate::plugin;
use crate::world::{BASE_MS, World};

/// Longer than any lease.
const SLEEP_MS: i64 = 61_000;

/// Falls asleep once, just before a use of the store; meanwhile somebody may pause the payer.
struct Sleepy {
    clock: Arc<Virtual>,
    slept: AtomicBool,
    before: &'static str,
    pauses: Option<Arc<dyn Store>>,
}

fn payer() -> PauseRef {
    PauseRef { payer: Some(NORTH.into()), kind: PauseKind::Payer, name: String::new() }
}

#[async_trait]
impl Watch for Sleepy {
    async fn before(&self, it: Use) -> Result<u64, StoreError> {
        if it.method == self.before && !self.slept.swap(true, Ordering::SeqCst) {
            self.clock.set(self.clock.now().plus_ms(SLEEP_MS));
            if let Some(store) = &self.pauses {
                let (since, who) = (self.clock.now(), "operator/simulated".into());
                let pause = Pause { of: payer(), proactive: false, since, who, why: "late".into() };
                store.care().pause(&pause).await?;
            }
        }
        Ok(0)
    }

    async fn after(&self, _it: Use, _number: u64) -> Result<(), StoreError> {
        Ok(())
    }
}

fn house(
    backdrop: &Backdrop,
    store: Arc<dyn Store>,
    clock: Arc<Virtual>,
    channels: Vec<Arc<dyn Channel>>,
) -> Arc<House> {
    let world = Arc::new(World::new(1, None));
    world.lock().calm = true;
    let house = assemble(Parts {
        store,
        clock,
        vault: backdrop.vault.clone(),
        host: plugin::host(&backdrop.catalog, &world, &backdrop.reads),
        catalog: backdrop.catalog.clone(),
        channels,
        demo: true,
    });
    backdrop.flows.iter().for_each(|it| house.flows.publish(it.clone()));
    house
}

async fn lines(store: &Arc<dyn Store>) -> usize {
    let lines = store.lines_after(NORTH, "ana", "web", 0, 100).await.unwrap();
    lines.iter().filter(|it| it.body["from"] != "you").count()
}

#[test]
fn rule_13_a_sleeper_leaves_to_others_what_it_had_leased() {
    crate::on_one_thread(async {
        let backdrop = Backdrop::open().await;
        let (_folder, store) = backdrop.store().await;
        let clock = Arc::new(Virtual::at(Timestamp(BASE_MS)));
        let slept = AtomicBool::new(false);
        let sleepy = Sleepy { clock: clock.clone(), slept, before: "freeze", pauses: None };
        let watched: Arc<dyn Store> = Arc::new(Watched::over(store.clone(), sleepy));
        let sleeper = house(&backdrop, watched, clock.clone(), Vec::new());
        let words = Incoming::Words("hello there".into());
        sleeper.arrive(NORTH, "web", "1", "ana", words, None).await.unwrap();
        pump::pass(&sleeper).await.unwrap();
        assert_eq!(lines(&store).await, 0, "it left although its lease was over");

        let other = house(&backdrop, store.clone(), clock, Vec::new());
        pump::until_idle(&other).await.unwrap();
        pump::until_idle(&sleeper).await.unwrap();
        assert_eq!(lines(&store).await, 1, "it left once, from whoever had it then");
    });
}

/// Seed 188 of one run: the last look at pauses was half an hour old when the line was written.
#[test]
fn who_slept_before_it_wrote_a_line_shows_nothing_that_was_paused_meanwhile() {
    crate::on_one_thread(async {
        let backdrop = Backdrop::open().await;
        let (_folder, store) = backdrop.store().await;
        let clock = Arc::new(Virtual::at(Timestamp(BASE_MS)));
        let slept = AtomicBool::new(false);
        let pauses = Some(store.clone());
        let sleepy = Sleepy { clock: clock.clone(), slept, before: "append_line", pauses };
        let watched: Arc<dyn Store> = Arc::new(Watched::over(store.clone(), sleepy));
        let sleeper = house(&backdrop, watched, clock.clone(), Vec::new());
        // What is said outside any conversation is not written with a turn: dispatch shows it.
        let words = Incoming::Words("STOP".into());
        sleeper.arrive(NORTH, "web", "1", "ana", words, None).await.unwrap();
        pump::until_idle(&sleeper).await.unwrap();
        assert_eq!(lines(&store).await, 0, "it was shown under a pause");
        store.care().resume(&payer(), clock.now()).await.unwrap();
        clock.set(clock.now().plus_ms(SLEEP_MS));
        pump::until_idle(&sleeper).await.unwrap();
        assert_eq!(lines(&store).await, 1, "it came when the pause ended");
    });
}

/// A provider that turns away the first attempt, and takes the rest.
#[derive(Default)]
struct Provider(Mutex<Vec<MessageRef>>);

#[async_trait]
impl Channel for Provider {
    fn profile(&self) -> Profile {
        Profile { name: "sms", text_chars_max: 1600, buttons: false, level: 1, intrudes: true }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let mut tried = self.0.lock().unwrap();
        tried.push(outgoing.key.clone());
        if tried.len() == 1 { Err(SendError::Later("busy".into())) } else { Ok(Sent::as_shown()) }
    }
}

/// Another server sends what this one was about to: its clock is ahead, so the lease was over there.
struct Ahead {
    store: Arc<dyn Store>,
    provider: Arc<Provider>,
    clock: Arc<Virtual>,
}

#[async_trait]
impl Watch for Ahead {
    async fn before(&self, it: Use) -> Result<u64, StoreError> {
        let sent = self.provider.0.lock().unwrap().first().cloned();
        if let Some(key) = sent.filter(|_| it.method == "people") {
            let became = Became::Sent { shown: true };
            self.store.settle_message(&key, became, self.clock.now()).await?;
        }
        Ok(0)
    }

    async fn after(&self, _it: Use, _number: u64) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Seed 2001617: bytes that were frozen before are no leave to send them.
#[test]
fn what_another_server_sent_meanwhile_is_not_sent_again_although_its_bytes_are_frozen() {
    crate::on_one_thread(async {
        let backdrop = Backdrop::open().await;
        let (_folder, store) = backdrop.store().await;
        let clock = Arc::new(Virtual::at(Timestamp(BASE_MS)));
        let provider = Arc::new(Provider::default());
        let ahead =
            Ahead { store: store.clone(), provider: provider.clone(), clock: clock.clone() };
        let watched: Arc<dyn Store> = Arc::new(Watched::over(store.clone(), ahead));
        let late = house(&backdrop, watched, clock.clone(), vec![provider.clone()]);
        store.know(&by_phone()).await.unwrap();
        let words = Incoming::Words("hello there".into());
        late.arrive(NORTH, "sms", "1", "ana", words, None).await.unwrap();
        pump::until_idle(&late).await.unwrap();
        assert_eq!(provider.0.lock().unwrap().len(), 1, "it was turned away");
        clock.set(clock.now().plus_ms(SLEEP_MS));
        pump::until_idle(&late).await.unwrap();
        assert_eq!(provider.0.lock().unwrap().len(), 1, "it was sent once more");
    });
}

fn by_phone() -> Person {
    Person {
        payer: NORTH.into(),
        person: "ana".into(),
        role: "injured_worker".into(),
        first_name: "Ana".into(),
        name: "Ana (fictional)".into(),
        language: "en".into(),
        zone: "America/Los_Angeles".into(),
        office: None,
        addresses: [("sms".to_owned(), "+15555550100".to_owned())].into(),
        opted_out: Vec::new(),
        consents: Default::default(),
        at: None,
    }
}
