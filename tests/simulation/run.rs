//! One run: replicas of the whole house over one store, driven one piece at a time.
//!
//! Whatever waits for the store is a pass that the run holds in its hand. A pass that is held up
//! stays there, with what it has claimed and read, until the run lets go of it.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use mendline::channels::Channel;
use mendline::config::Outbound;
use mendline::house::House;
use mendline::open::{Parts, assemble};
use mendline::pump;
use mendline::seams::{Ids, Seams};
use mendline::store::watched::Watched;
use mendline::store::{Became, Store, StoreError};
use mendline_engine::event::Receipt;
use rand::Rng;
use tempfile::TempDir;

use crate::backdrop::{Backdrop, CHANGED};
use crate::bugs::Bug;
use crate::channel::{Phone, SMS, TELEGRAM};
use crate::eye::Eye;
use crate::operator;
use crate::people::Cast;
use crate::plugin;
use crate::world::{DAY_MS, HOUR_MS, MINUTE_MS, OUTAGE, SimClock, Weather, World};

/// A simulated plugin that answers does so at once; this is only for those that never do.
const PATIENCE: Duration = Duration::from_millis(1);
/// A pass that takes so long, so often in a row, waits for something that never comes. Once alone
/// is no proof: the machine itself may have stood still.
const STUCK: (Duration, u32) = (Duration::from_secs(10), 4);
/// How far the clock moves after everything was calm: past every ladder and reminder.
const SETTLES_FOR_MS: i64 = 90 * DAY_MS;
/// Passes in one quiet moment of a run.
const QUIET_PASSES_MAX: usize = 8;
/// Moments between two acts of an operator, and between two replicas that get newer flows.
const OPERATED_EVERY: usize = 10;
const DEPLOYED_EVERY: usize = 30;
/// Moments that an outage is outlasted for: more than anything is tried again.
const OUTAGE_ROUNDS: usize = 24;
/// Rounds in which a calm house comes to rest. One that takes more runs in circles.
const ROUNDS_MAX: usize = 1_500;

/// What a piece of work came to.
pub enum Outcome {
    /// A pass of the loops; whether anything moved.
    Passed(Result<bool, StoreError>),
    /// A client handed in its act of this number.
    Arrived(usize, Result<i64, StoreError>),
    /// A page read its lines: whose, and how far.
    Looked(Result<bool, StoreError>),
}

pub type Work = Pin<Box<dyn Future<Output = Outcome>>>;

pub struct Replica {
    pub house: Arc<House>,
    dead: Arc<AtomicBool>,
    /// What is held up: the number of its stop, its own, and what it is.
    held: Vec<(u64, u64, Work)>,
    /// Whether nothing of it moves: the machine sleeps.
    asleep: bool,
}

pub struct Run<'a> {
    pub world: Arc<World>,
    pub store: Arc<dyn Store>,
    pub replicas: Vec<Option<Replica>>,
    pub cast: Cast,
    pub backdrop: &'a Backdrop,
    /// Whether the last piece of work ended with an error.
    pub failed: bool,
    _folder: TempDir,
}

impl<'a> Run<'a> {
    pub async fn open(backdrop: &'a Backdrop, seed: u64, bug: Option<Bug>) -> Run<'a> {
        let world = Arc::new(World::new(seed, bug));
        let (folder, store) = backdrop.store().await;
        let newest = backdrop.newer.flows.iter().find(|it| it.program.flow == CHANGED);
        world.lock().newest = newest.expect("it was changed").hash.clone();
        let replicas = world.lock().weather.replicas;
        let mut run = Run {
            world,
            store,
            replicas: (0..replicas).map(|_| None).collect(),
            cast: Cast::default(),
            backdrop,
            failed: false,
            _folder: folder,
        };
        for number in 0..replicas {
            run.start(number);
        }
        run.cast = Cast::draw(&run).await;
        let weather = run.world.lock().weather;
        run.world.note(|| format!("weather   {weather:?}"));
        run
    }

    fn start(&mut self, number: usize) {
        let (world, backdrop) = (&self.world, self.backdrop);
        let dead = Arc::new(AtomicBool::new(false));
        let eye = Eye { world: world.clone(), replica: number, dead: dead.clone() };
        let phone = |name| {
            Arc::new(Phone { name, replica: number, world: world.clone() }) as Arc<dyn Channel>
        };
        let mut house = assemble(Parts {
            store: Arc::new(Watched::over(self.store.clone(), eye)),
            clock: Arc::new(SimClock { world: world.clone(), replica: number }),
            vault: backdrop.vault.clone(),
            host: plugin::host(&backdrop.catalog, world, &backdrop.reads),
            catalog: backdrop.catalog.clone(),
            channels: vec![phone(SMS), phone(TELEGRAM)],
            demo: true,
        });
        if world.lock().deployed {
            // What others are in the middle of, it finds in the database.
            for flow in &backdrop.newer.flows {
                house.flows.publish(Arc::new(flow.program.clone()));
            }
        } else {
            backdrop.flows.iter().for_each(|it| house.flows.publish(it.clone()));
        }
        house.pauses.keep_nothing();
        if let Some(hourly) = world.lock().weather.hourly {
            let outbound = Outbound { proactive_per_hour: hourly, flows: BTreeMap::new() };
            house.pauses.limit(outbound);
        }
        let names = world.clone();
        let seams = Seams {
            ids: Ids::of(move || names.name("c")),
            call_patience: PATIENCE,
            read_patience: PATIENCE,
            // What is held up there stays there until the run lets go of it.
            carry_patience: Duration::from_secs(3_600),
            send_patience: Duration::from_secs(3_600),
            sends_at_once: 1,
            ..Seams::default()
        };
        Arc::get_mut(&mut house).expect("nobody else has it yet").seams = seams;
        self.replicas[number] = Some(Replica { house, dead, held: Vec::new(), asleep: false });
        world.note(|| format!("replica   {number} starts"));
    }

    /// The disorderly part.
    pub async fn live(&mut self) {
        if self.world.below(2) == 0 {
            self.begins_in_peace().await;
        }
        let Weather { steps, operated, deploys, .. } = self.world.lock().weather;
        for _ in 0..steps {
            if operated && self.world.below(OPERATED_EVERY) == 0 {
                operator::acts(self).await;
            }
            if deploys && self.world.below(DEPLOYED_EVERY) == 0 {
                operator::deploys(self).await;
            }
            match self.world.below(100) {
                0..45 => {
                    self.someone_acts().await;
                    match self.world.below(3) {
                        0 => self.passes(2).await,
                        _ => self.quiet().await,
                    }
                }
                45..64 => self.passes(3).await,
                64..74 => self.someone_looks().await,
                74..88 => self.time_passes().await,
                88..92 => self.comes_again().await,
                92..94 => self.provider_reports().await,
                94..96 => self.somebody_wakes().await,
                96..98 => self.revive(),
                _ => self.database_goes(),
            }
            if self.world.below(4) == 0 {
                self.revive();
            }
            if self.world.below(4) == 0 {
                self.somebody_wakes().await;
            }
            if !self.world.lock().wrong.is_empty() {
                return;
            }
        }
    }

    /// One replica has time for everything that can be done now, and everybody looks.
    pub async fn quiet(&mut self) {
        let number = self.world.below(self.replicas.len());
        for _ in 0..QUIET_PASSES_MAX {
            let Some(replica) = self.awake(number) else { return };
            let house = replica.house.clone();
            let pass = Box::pin(async move { Outcome::Passed(pump::pass(&house).await) });
            if self.work(number, pass).await == Some(true) {
                continue;
            }
            if !self.everybody_looks(number).await {
                return;
            }
        }
    }

    /// A few passes on one replica.
    async fn passes(&mut self, most: usize) {
        for _ in 0..=self.world.below(most) {
            let number = self.world.below(self.replicas.len());
            let Some(replica) = self.awake(number) else { continue };
            let house = replica.house.clone();
            let pass = Box::pin(async move { Outcome::Passed(pump::pass(&house).await) });
            self.work(number, pass).await;
        }
    }

    pub fn awake(&self, number: usize) -> Option<&Replica> {
        self.replicas[number].as_ref().filter(|it| !it.asleep)
    }

    /// Does a piece of work until it is done, held up, or its replica is killed.
    pub async fn work(&mut self, number: usize, work: Work) -> Option<bool> {
        let pass = {
            let mut world = self.world.lock();
            world.passes += 1;
            world.passes
        };
        self.go_on(number, pass, work).await
    }

    async fn go_on(&mut self, number: usize, pass: u64, mut work: Work) -> Option<bool> {
        let world = self.world.clone();
        world.lock().running = number;
        world.lock().pass = pass;
        let mut going = poll_fn(|context| {
            world.lock().parked = None;
            match work.as_mut().poll(context) {
                Poll::Ready(outcome) => Poll::Ready(Ok(outcome)),
                Poll::Pending => match world.lock().parked.take() {
                    Some(park) => Poll::Ready(Err(park)),
                    None => Poll::Pending,
                },
            }
        });
        let mut waited = 0;
        let went = loop {
            match tokio::time::timeout(STUCK.0, &mut going).await {
                Ok(went) => break went,
                Err(_) if waited < STUCK.1 => waited += 1,
                Err(_) => {
                    self.world.wrong(format!("replica {number} waits for what never comes"));
                    return None;
                }
            }
        };
        let moved = match went {
            Ok(outcome) => Some(self.came(number, outcome)),
            Err(park) => {
                let sleeps = self.world.below(2) == 0;
                if let Some(replica) = &mut self.replicas[number] {
                    replica.held.push((park, pass, work));
                    replica.asleep |= sleeps;
                }
                None
            }
        };
        let killed = |it: &Replica| it.dead.load(Ordering::SeqCst);
        if self.replicas[number].as_ref().is_some_and(killed) {
            self.kill(number);
        }
        moved
    }

    fn came(&mut self, number: usize, outcome: Outcome) -> bool {
        self.failed = false;
        match outcome {
            Outcome::Passed(Ok(moved)) | Outcome::Looked(Ok(moved)) => moved,
            Outcome::Arrived(act, Ok(seq)) => {
                let mut world = self.world.lock();
                world.acts[act].under_way = false;
                world.acts[act].seq = Some(seq);
                let (id, who) = (world.acts[act].id.clone(), world.acts[act].person.clone());
                world.note(format!("took      {id} of {who} as {seq}"));
                true
            }
            Outcome::Arrived(act, Err(error)) => {
                let mut world = self.world.lock();
                world.acts[act].under_way = false;
                world.note(format!("not taken act {act}: {error}"));
                false
            }
            Outcome::Passed(Err(error)) | Outcome::Looked(Err(error)) => {
                self.world.note(|| format!("stopped   replica {number}: {error}"));
                self.failed = true;
                false
            }
        }
    }

    /// Everything of it that was not written down is gone.
    fn kill(&mut self, number: usize) {
        let Some(replica) = self.replicas[number].take() else { return };
        let mut world = self.world.lock();
        for (park, ..) in &replica.held {
            world.held.remove(park);
        }
        // Clients see their connection end, and will hand in again what was not acknowledged.
        world.acts.iter_mut().for_each(|it| it.under_way = false);
        world.note(format!("replica   {number} is gone"));
    }

    fn revive(&mut self) {
        for number in 0..self.replicas.len() {
            if self.replicas[number].is_none() {
                self.start(number);
                return;
            }
        }
    }

    /// A pass that was held up goes on, with all it knew then.
    async fn somebody_wakes(&mut self) {
        let number = self.world.below(self.replicas.len());
        self.wake(number).await;
    }

    async fn wake(&mut self, number: usize) -> bool {
        let Some(replica) = &mut self.replicas[number] else { return false };
        replica.asleep = false;
        if replica.held.is_empty() {
            return false;
        }
        let (park, pass, work) = replica.held.remove(0);
        self.world.lock().held.remove(&park);
        self.world.note(|| format!("wakes     replica {number} goes on where it was held up"));
        self.go_on(number, pass, work).await;
        true
    }

    async fn time_passes(&mut self) {
        let weather = self.world.lock().weather;
        let now = self.world.now();
        let due = self.store.next_due().await.ok().flatten().map(|it| it.0);
        let by = |below: i64| self.world.lock().rng.random_range(1..=below);
        let to = match by(10) {
            1..=3 => now + by(90_000),
            4 => now + by(90) * MINUTE_MS,
            5..=7 => due.filter(|it| *it > now).unwrap_or(now + by(30) * MINUTE_MS),
            8 => now + by(20) * HOUR_MS,
            9 if weather.far => now + by(60) * DAY_MS,
            10 if weather.back => now - by(30) * MINUTE_MS,
            _ => now + by(10_000),
        };
        if weather.skew && by(4) == 1 {
            let number = self.world.below(self.replicas.len());
            let off = by(8 * MINUTE_MS) - 4 * MINUTE_MS;
            self.world.set_skew(number, off);
        }
        self.world.set_now(to);
    }

    fn database_goes(&mut self) {
        let mut world = self.world.lock();
        let weather = world.weather;
        if world.away {
            world.away = false;
            world.note("database  is back".into());
        } else if world.chance(weather.away * 10) {
            world.away = true;
            world.fault("database away");
            world.note("database  is away".into());
        }
    }

    /// A provider says, late or twice, that a message was shown.
    async fn provider_reports(&mut self) {
        let number = self.world.below(self.replicas.len());
        let Some(replica) = self.awake(number) else { return };
        let (house, key) = {
            let mut world = self.world.lock();
            if world.reports.is_empty() {
                return;
            }
            let at = {
                let many = world.reports.len();
                world.rng.random_range(0..many)
            };
            // Half of the time it will be said again.
            let again = world.rng.random_bool(0.5);
            let key = if again { world.reports[at].clone() } else { world.reports.remove(at) };
            (replica.house.clone(), key)
        };
        let report = async move {
            let became = Became::Reported(Receipt::Shown);
            let done = house.store.settle_message(&key, became, house.clock.now()).await;
            Outcome::Looked(done.map(|()| true))
        };
        self.work(number, Box::pin(report)).await;
    }

    /// What is as good as gone stays so until everybody has given up on it; nothing else fails.
    async fn outlast(&mut self) {
        {
            let mut world = self.world.lock();
            let Weather { plugin, provider, .. } = world.weather;
            if plugin != OUTAGE && provider != OUTAGE {
                return;
            }
            let calm = Weather {
                kill: 0,
                pause: 0,
                refuse: 0,
                lose: 0,
                hang: 0,
                away: 0,
                ..world.weather
            };
            world.weather = calm;
            world.away = false;
        }
        for _ in 0..OUTAGE_ROUNDS {
            self.revive();
            self.somebody_wakes().await;
            self.quiet().await;
            let Some(due) = self.store.next_due().await.unwrap() else { return };
            let later = due.0.clamp(self.world.now() + 1, self.world.now() + HOUR_MS);
            self.world.set_now(later);
        }
    }

    /// All is calm: nothing fails any more, what was held up goes on, and time passes until
    /// nobody waits for anything.
    pub async fn settle(&mut self) {
        self.outlast().await;
        {
            let mut world = self.world.lock();
            world.calm = true;
            world.away = false;
            world.note("calm      nothing goes wrong from here on".into());
        }
        (0..self.replicas.len()).for_each(|it| self.world.set_skew(it, 0));
        for number in 0..self.replicas.len() {
            while self.wake(number).await {}
        }
        while self.replicas.iter().any(Option::is_none) {
            self.revive();
        }
        self.hand_in_everything().await;
        self.rest().await;
    }

    /// Lets time pass until nothing is due any more.
    pub async fn rest(&mut self) {
        let until = self.world.now() + SETTLES_FOR_MS;
        for round in 0..ROUNDS_MAX {
            let number = round % self.replicas.len();
            if !self.world.lock().wrong.is_empty() {
                return;
            }
            let Some(replica) = self.awake(number) else { continue };
            let house = replica.house.clone();
            let pass = Box::pin(async move { Outcome::Passed(pump::pass(&house).await) });
            let mut moved = self.work(number, pass).await.unwrap_or(false);
            if !moved {
                moved = self.everybody_looks(number).await;
            }
            if moved {
                continue;
            }
            if operator::reviews(self, number).await {
                continue;
            }
            match self.store.next_due().await.unwrap() {
                Some(due) if due.0 <= until => {
                    let later = due.0.max(self.world.now() + 1);
                    self.world.set_now(later);
                }
                _ => return,
            }
        }
        self.world.wrong("the house runs in circles".into());
    }
}
