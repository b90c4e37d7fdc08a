//! Conversations that wait: how much memory they take, how long a start takes among them, how late
//! timers fire that are due together, and whether a turn costs more the more are stored.
//!
//! They are made in this process and woken in a fresh one, whose memory holds nothing else.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::figures::{Process, ms};
use super::load::{self, Load};
use super::start;
use super::world::{self, CHANNEL, PAYER, Post};
use crate::channels::Incoming;
use crate::clock::{Clock, System, Virtual};
use crate::pump;
use crate::store::sqlite::SqliteStore;
use crate::store::watched::{Use, Watch, Watched};
use crate::store::{
    Carry, Conversation, InboxBody, NewArrival, NewConversation, PersonCommit, Store, StoreError,
    TurnCommit,
};

/// Conversations made in one transaction.
const AT_ONCE: usize = 256;
/// Timers that are due together.
const DUE_TOGETHER: usize = 10_000;
/// Workers who write while the others wait.
const USERS: usize = 32;
/// How long they write.
const LASTS: Duration = Duration::from_secs(4);
/// How those who wait are called.
const PARKED: &str = "parked-";
/// Who is parked first, and who writes first after the start.
const MODEL: &str = "worker-model";
const FIRST: &str = "worker-first";
/// How often it is looked whether all have fired.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long timers may take before the run counts as broken.
const PATIENCE: Duration = Duration::from_secs(300);

/// The figures of one count.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parked {
    /// Conversations that wait, each with a timer.
    pub count: usize,
    /// Bytes on disk for each.
    pub disk_bytes_each: f64,
    /// Megabytes that the fresh process holds after its first reply.
    pub memory_mb: f64,
    /// The same after the 32 users went home.
    pub memory_after_mb: f64,
    /// From the start of the process to the first reply, in milliseconds.
    pub first_reply_ms: f64,
    /// Messages whose turn was durable, a second, with 32 users.
    pub turns_a_second: f64,
    /// Processor time a turn, in milliseconds.
    pub cpu_ms: f64,
    /// Timers due together.
    pub due: usize,
    /// Until half of them had taken their turn, in milliseconds.
    pub half_late_ms: f64,
    /// Until the last had, in milliseconds.
    pub last_late_ms: f64,
}

/// Parks so many conversations, and wakes them in a process of its own.
pub async fn parked(folder: &Path, count: usize) -> anyhow::Result<Parked> {
    let place = tempfile::tempdir_in(folder).context("a folder for the database")?;
    let file = place.path().join("house.db");
    park(&file, count).await?;
    let on_disk = std::fs::metadata(&file).context("the size of the database")?.len();
    let out = Command::new(std::env::current_exe()?)
        .args(["bench", "--parked", &count.to_string(), "--wake"])
        .arg(&file)
        .output()
        .context("waking them in a process of its own")?;
    ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let mut woken: Parked = serde_json::from_slice(&out.stdout).context("what it said")?;
    woken.disk_bytes_each = on_disk as f64 / count.max(1) as f64;
    Ok(woken)
}

async fn park(file: &Path, count: usize) -> anyhow::Result<()> {
    let store = Arc::new(SqliteStore::open(file, world::vault()).await?);
    let post = Arc::new(Post::default());
    let house = world::house(store.clone(), Arc::new(System), Some(post)).await?;
    // One is parked as anybody would be, and is the model of the others.
    let model = MODEL.to_owned();
    for id in [MODEL, FIRST, &world::adjuster_of(FIRST)] {
        load::meet(&house, id).await?;
    }
    let hi = Incoming::Words("hi".into());
    house.arrive(PAYER, CHANNEL, "model", &model, hi, None).await?;
    pump::until_idle(&house).await?;
    let found = house.store.conversations_of(PAYER, &model, 1).await?;
    let model = found.into_iter().next().context("the model did not begin")?;
    ensure!(!model.state.timers.is_empty(), "the model has no timer");
    fill(store.as_ref(), &model, count).await?;
    drop(house);
    let store = Arc::into_inner(store).context("somebody still holds the store")?;
    store.close().await?;
    Ok(())
}

/// So many who wait as the model does.
async fn fill(store: &dyn Store, model: &Conversation, count: usize) -> anyhow::Result<()> {
    let far = Timestamp(model.turned.0 + 30 * 24 * 3_600_000);
    let bar = indicatif::ProgressBar::new(u64::try_from(count).unwrap_or_default());
    bar.set_style(indicatif::ProgressStyle::with_template("parking {bar:40} {pos}/{len} {eta}")?);
    // While some are written the next are made.
    let parking = stream::iter((0..count).step_by(AT_ONCE)).map(async |first| {
        let last = count.min(first + AT_ONCE);
        let carries = (first..last).map(|nth| like(model, nth, far)).collect();
        let carried: Result<Vec<_>, _> = store.carry(carries).await.into_iter().collect();
        carried.map(|it| it.len())
    });
    let mut parking = std::pin::pin!(parking.buffered(2));
    while let Some(parked) = parking.next().await {
        bar.inc(u64::try_from(parked.context("parking some")?).unwrap_or_default());
    }
    bar.finish_and_clear();
    Ok(())
}

/// A conversation that waits like the model does. The first ones are due together.
fn like(model: &Conversation, nth: usize, far: Timestamp) -> Carry {
    let (person, id) = (format!("{PARKED}{nth}"), uuid::Uuid::now_v7().to_string());
    let now = model.turned;
    let begin = NewConversation {
        id: id.clone(),
        flow_hash: model.flow_hash.clone(),
        flow: model.flow.clone(),
        principal: person.clone(),
        parent: None,
        event: mendline_engine::event::Event::Moved,
        at: now,
    };
    let arrival = NewArrival {
        payer: PAYER.into(),
        source: CHANNEL.into(),
        id: id.clone(),
        person: Some(person.clone()),
        body: InboxBody::Arrival(Incoming::Words("hi".into())),
        received: now,
        line: None,
    };
    let due = if nth < DUE_TOGETHER { far } else { Timestamp(far.0 * 2) };
    let timers = model.state.timers.iter();
    let turn = TurnCommit {
        payer: PAYER.into(),
        conversation: id,
        principal: person.clone(),
        expected_turn: 0,
        head: Default::default(),
        state: model.state.clone(),
        done: vec![(-1, None)],
        messages: vec![],
        calls: vec![],
        timers: timers.map(|(name, set)| (name.clone(), set.generation, due)).collect(),
        cleared: vec![],
        closed: vec![],
        answered_on: vec![],
        handoffs: vec![],
        begins: vec![],
        events: vec![],
        identifiers: vec![],
        record: vec![json!({ "parked": nth })],
        now,
    };
    let person = PersonCommit {
        seq: 0,
        payer: PAYER.into(),
        person,
        now,
        events: vec![],
        begins: vec![begin],
        facts: vec![],
        says: vec![],
        settled: None,
    };
    Carry { arrival, person, turns: vec![turn] }
}

/// What the fresh process does; prints its figures as JSON.
pub async fn wake(file: &Path, count: usize, started: Instant) -> anyhow::Result<()> {
    let store = Arc::new(SqliteStore::open(file, world::vault()).await?);
    let post = Arc::new(Post::default());
    let house = world::house(store.clone(), Arc::new(System), Some(post.clone())).await?;
    let running = start(&house);
    let mut mailbox = post.open(FIRST);
    let hi = Incoming::Words("hi".into());
    house.arrive(PAYER, CHANNEL, "first", FIRST, hi, None).await?;
    mailbox.recv().await.context("no first reply")?;
    let first_reply_ms = ms(&started.elapsed());
    let memory_mb = Process::Ours.memory_mb().map_or(0.0, |(_, now)| now);
    let load = Load { users: USERS, lasts: LASTS, pace: None };
    let figures = load::run(&house, &post, &load, || None).await?;
    let memory_after_mb = Process::Ours.memory_mb().map_or(0.0, |(_, now)| now);
    running.stop().await?;
    drop(house);
    let due = count.min(DUE_TOGETHER);
    let (half_late_ms, last_late_ms) = ring(store, due).await?;
    let woken = Parked {
        count,
        disk_bytes_each: 0.0,
        memory_mb,
        memory_after_mb,
        first_reply_ms,
        turns_a_second: figures.turns_a_second,
        cpu_ms: figures.cpu_ms.unwrap_or_default(),
        due,
        half_late_ms,
        last_late_ms,
    };
    println!("{}", serde_json::to_string(&woken)?);
    Ok(())
}

/// Sees timers take their turn.
struct Bell {
    began: Instant,
    rang: Mutex<Vec<Duration>>,
}

/// Timers of those who wait; whoever wrote in between has some of her own.
fn rings(commit: &TurnCommit) -> bool {
    let due = |it: &Value| it["event"].get("due").is_some();
    commit.principal.starts_with(PARKED) && commit.record.iter().any(due)
}

#[async_trait]
impl Watch for Arc<Bell> {
    async fn before(&self, _it: Use) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn after(&self, _it: Use, _number: u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn turned(&self, commits: &[TurnCommit], results: &mut [Result<(), StoreError>]) {
        let went = commits.iter().zip(results).filter(|(_, it)| it.is_ok());
        let rang = went.filter(|(commit, _)| rings(commit)).map(|_| self.began.elapsed());
        self.rang.lock().unwrap_or_else(PoisonError::into_inner).extend(rang);
    }
}

/// Moves the clock to where the timers are due together, and waits until each took its turn.
async fn ring(store: Arc<dyn Store>, due: usize) -> anyhow::Result<(f64, f64)> {
    let clock = Arc::new(Virtual::at(Timestamp(chrono::Utc::now().timestamp_millis())));
    clock.set(Timestamp(clock.now().0 + 40 * 24 * 3_600_000));
    let bell = Arc::new(Bell { began: Instant::now(), rang: Mutex::default() });
    let watched = Arc::new(Watched::over(store, bell.clone()));
    let house = world::house(watched, clock, Some(Arc::new(Post::default()))).await?;
    let running = start(&house);
    let rang = || bell.rang.lock().unwrap_or_else(PoisonError::into_inner).len();
    while rang() < due {
        ensure!(bell.began.elapsed() < PATIENCE, "the timers do not fire");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    running.stop().await?;
    let mut rang = bell.rang.lock().unwrap_or_else(PoisonError::into_inner).clone();
    rang.sort();
    let at = |nth: usize| rang.get(nth).map_or(0.0, ms);
    Ok((at(due / 2), at(due.saturating_sub(1))))
}
