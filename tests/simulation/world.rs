//! What is outside the house, and what may go wrong: one seed decides all of it.
//!
//! Everything that chance decides is drawn here, in the order in which it happens, and the run
//! is on one thread; so the same seed plays the same run.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mendline::channels::Incoming;
use mendline::clock::Clock;
use mendline::store::{EffectRef, MessageRef};
use mendline_engine::time::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use crate::bugs::Bug;
use crate::operator::Ops;

/// 2026-11-16, a Monday, 09:00 in Los Angeles: when the fictional claims are told from.
pub const BASE_MS: i64 = 1_794_848_400_000;
pub const MINUTE_MS: i64 = 60_000;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// How often what goes wrong in this run, in thousandths of the occasions for it. Each run draws
/// its own, and leaves some out: what hides behind a frequent fault shows where that one is off.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub kill: u32,
    pub pause: u32,
    pub refuse: u32,
    pub lose: u32,
    pub provider: u32,
    pub plugin: u32,
    pub hang: u32,
    pub away: u32,
    pub skew: bool,
    pub back: bool,
    pub far: bool,
    /// Whether most are on phones.
    pub phones: bool,
    pub replicas: usize,
    pub steps: u32,
    /// Whether somebody pauses and resumes.
    pub operated: bool,
    /// What a flow may begin in an hour, where that is little.
    pub hourly: Option<u32>,
    /// Whether newer versions of flows come in the middle of it.
    pub deploys: bool,
}

/// So much fails where something is as good as gone.
pub const OUTAGE: u32 = 900;

impl Weather {
    fn draw(rng: &mut StdRng) -> Weather {
        let often = |rng: &mut StdRng, most: u32| match rng.random_range(0..2) {
            0 => 0,
            _ => rng.random_range(1..=most),
        };
        Weather {
            kill: often(rng, 12),
            pause: often(rng, 30),
            refuse: often(rng, 20),
            lose: often(rng, 60),
            provider: if rng.random_bool(0.1) { OUTAGE } else { often(rng, 500) },
            plugin: if rng.random_bool(0.1) { OUTAGE } else { often(rng, 500) },
            hang: often(rng, 150),
            away: often(rng, 60),
            skew: rng.random_bool(0.3),
            back: rng.random_bool(0.3),
            far: rng.random_bool(0.3),
            phones: rng.random_bool(0.4),
            replicas: rng.random_range(1..=3),
            steps: rng.random_range(30..=100),
            operated: rng.random_bool(0.4),
            hourly: rng.random_bool(0.2).then(|| rng.random_range(1..=4)),
            deploys: rng.random_bool(0.4),
        }
    }
}

/// Something that somebody did, as the client keeps it until the house says that it took it.
#[derive(Clone, Debug)]
pub struct Act {
    pub payer: String,
    pub source: String,
    pub id: String,
    pub person: String,
    pub incoming: Incoming,
    pub line: Option<String>,
    pub seq: Option<i64>,
    pub under_way: bool,
}

/// A message that somebody has before her eyes, on a phone.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub channel: &'static str,
    pub key: MessageRef,
    pub person: String,
    pub text: String,
    pub question: Option<EffectRef>,
    pub buttons: Vec<(String, String)>,
    /// Faults before it: a second delivery of the same needs one in between.
    pub disturbed: u64,
}

/// What a plugin has written down.
#[derive(Default)]
pub struct Ledger {
    /// Call key to what it was answered; the plugin's own promise.
    pub done: BTreeMap<String, (String, Value)>,
    /// (payer, claim, drug) to the authorization.
    pub authorized: BTreeMap<(String, String, String), Value>,
    /// (payer, claim) to its adjuster now.
    pub adjuster: BTreeMap<(String, String), String>,
    /// Every key that a call came under.
    pub keys: BTreeSet<String>,
}

pub struct Inner {
    pub rng: StdRng,
    pub weather: Weather,
    pub bug: Option<Bug>,
    /// Nothing goes wrong any more.
    pub calm: bool,
    /// The database cannot be reached.
    pub away: bool,
    /// Faults so far.
    pub disturbed: u64,
    pub trace: VecDeque<String>,
    pub traced: u64,
    pub acts: Vec<Act>,
    pub delivered: Vec<Delivery>,
    /// Receipts that a provider has still to send.
    pub reports: Vec<MessageRef>,
    pub ledger: Ledger,
    /// (payer, person, channel) to when the opt-out was committed.
    pub opted_out: BTreeMap<(String, String, String), i64>,
    /// (pass, payer, person) to when that pass last read who the person is.
    pub met: BTreeMap<(u64, String, String), i64>,
    /// What operators did.
    pub ops: Ops,
    /// Newer versions lie in the folder of flows.
    pub deployed: bool,
    /// The newer version's hash.
    pub newest: String,
    /// Conversation to its last committed turn.
    pub turn_of: BTreeMap<String, u32>,
    /// Messages whose end was written down.
    pub settled: BTreeSet<MessageRef>,
    pub wrong: Vec<String>,
    pub names: u64,
    pub parks: u64,
    /// The pass that was just held up.
    pub parked: Option<u64>,
    /// Passes that are held up.
    pub held: BTreeSet<u64>,
    /// Whose pass is running, and which.
    pub running: usize,
    pub pass: u64,
    pub passes: u64,
    pub faults: BTreeMap<&'static str, u64>,
    /// What the run came to: how often each kind of thing happened.
    pub reached: BTreeMap<String, u64>,
}

/// Lines of the trace that are kept: the end is what one reads.
const TRACE_MAX: usize = 4_000;

pub struct World {
    now: AtomicI64,
    /// Each replica's clock is off by so much.
    skew: [AtomicI64; 3],
    inner: Mutex<Inner>,
}

impl World {
    pub fn new(seed: u64, bug: Option<Bug>) -> World {
        let mut rng = StdRng::seed_from_u64(seed);
        let weather = Weather::draw(&mut rng);
        let start = BASE_MS + rng.random_range(0..7 * 24) * HOUR_MS;
        let inner = Inner {
            rng,
            weather,
            bug,
            calm: false,
            away: false,
            disturbed: 0,
            trace: VecDeque::new(),
            traced: 0,
            acts: Vec::new(),
            delivered: Vec::new(),
            reports: Vec::new(),
            ledger: Ledger::default(),
            opted_out: BTreeMap::new(),
            met: BTreeMap::new(),
            ops: Ops::default(),
            deployed: false,
            newest: String::new(),
            turn_of: BTreeMap::new(),
            settled: BTreeSet::new(),
            wrong: Vec::new(),
            names: 0,
            parks: 0,
            parked: None,
            held: BTreeSet::new(),
            running: 0,
            pass: 0,
            passes: 0,
            faults: BTreeMap::new(),
            reached: BTreeMap::new(),
        };
        let skew = [AtomicI64::new(0), AtomicI64::new(0), AtomicI64::new(0)];
        World { now: AtomicI64::new(start), skew, inner: Mutex::new(inner) }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The true time.
    pub fn now(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    pub fn set_now(&self, to: i64) {
        self.now.store(to, Ordering::SeqCst);
        self.note(|| format!("clock     {}", Timestamp(to)));
    }

    /// The time on a replica.
    pub fn now_at(&self, replica: usize) -> i64 {
        self.now() + self.skew[replica].load(Ordering::SeqCst)
    }

    pub fn set_skew(&self, replica: usize, ms: i64) {
        self.skew[replica].store(ms, Ordering::SeqCst);
        self.note(|| format!("clock     replica {replica} is off by {ms} ms"));
    }

    pub fn note(&self, line: impl FnOnce() -> String) {
        self.lock().note(line());
    }

    /// Something that must never be.
    pub fn wrong(&self, what: String) {
        self.lock().wrong(what);
    }

    /// A number below this one.
    pub fn below(&self, count: usize) -> usize {
        self.lock().rng.random_range(0..count.max(1))
    }

    /// A name that nothing had before; later ones sort after earlier ones.
    pub fn name(&self, kind: &str) -> String {
        let mut inner = self.lock();
        inner.names += 1;
        format!("{kind}{:06}", inner.names)
    }
}

impl Inner {
    pub fn note(&mut self, line: String) {
        self.traced += 1;
        if self.trace.len() == TRACE_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back(line);
    }

    pub fn wrong(&mut self, what: String) {
        self.note(format!("WRONG     {what}"));
        self.wrong.push(what);
    }

    /// Whether something goes wrong now; never when all is calm.
    pub fn chance(&mut self, thousandths: u32) -> bool {
        thousandths > 0 && !self.calm && self.rng.random_range(0..1000) < thousandths
    }

    pub fn reach(&mut self, what: &str) {
        *self.reached.entry(what.to_owned()).or_default() += 1;
    }

    /// A fault happens.
    pub fn fault(&mut self, what: &'static str) {
        self.disturbed += 1;
        *self.faults.entry(what).or_default() += 1;
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

/// A replica's clock.
pub struct SimClock {
    pub world: std::sync::Arc<World>,
    pub replica: usize,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.world.now_at(self.replica))
    }
}
