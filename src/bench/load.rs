//! Workers who play the seven messages, in this process. In a closed loop each writes as soon as
//! what came back stands before her eyes; at a given pace messages are due at fixed moments, and a
//! message that waits for its turn has been waiting since the moment at which it was due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::sync::mpsc;

use super::figures::{Figures, Process, ms};
use super::world::{CHANNEL, PAYER, Post, Shown, adjuster_of, person};
use crate::channels::Incoming;
use crate::house::House;
use crate::store::EffectRef;

/// How long a worker waits for an answer before the run counts as broken.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How long adjusters stay after the end of a run, for those who are in the middle.
const LONGER: Duration = Duration::from_millis(500);

/// What a worker does next.
pub(super) enum Act {
    Says(&'static str),
    /// Taps a choice of the last question.
    Taps(&'static str),
    /// The adjuster taps a choice of the card.
    Decides(&'static str),
}

/// The seven messages, six from the worker and one from the adjuster.
pub(super) const ACTS: [Act; 7] = [
    Act::Says("hi"),
    Act::Says("ibuprofen"),
    Act::Says("600 mg"),
    Act::Says("Corner Pharmacy"),
    Act::Taps("send"),
    Act::Decides("approve"),
    Act::Taps("five"),
];

/// How hard to push.
#[derive(Clone, Copy)]
pub(super) struct Load {
    /// Workers at once.
    pub(super) users: usize,
    /// How long.
    pub(super) lasts: Duration,
    /// Messages a second; `None` for as fast as it goes.
    pub(super) pace: Option<f64>,
}

/// People of a run. Each run is played by people of its own, because whoever went home in the
/// middle of a conversation would go on with it.
pub(super) struct People {
    pub(super) workers: Vec<String>,
}

impl People {
    pub(super) fn new(users: usize) -> People {
        let run = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
        let workers = (0..users).map(|nth| format!("worker-{run}-{nth}")).collect();
        People { workers }
    }

    pub(super) fn adjusters(&self) -> BTreeSet<String> {
        self.workers.iter().map(|it| adjuster_of(it)).collect()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = String> {
        self.adjusters().into_iter().chain(self.workers.clone())
    }
}

/// What the players of one run share.
pub(super) struct Run {
    began: Instant,
    ends: Instant,
    pace: Option<f64>,
    tickets: AtomicU64,
    done: AtomicU64,
}

impl Run {
    /// It begins now.
    pub(super) fn begin(load: &Load) -> Arc<Run> {
        let began = Instant::now();
        Arc::new(Run {
            began,
            ends: began + load.lasts,
            pace: load.pace,
            tickets: AtomicU64::new(0),
            done: AtomicU64::new(0),
        })
    }

    /// Waits until the next message is due; answers that moment.
    pub(super) async fn due(&self) -> Instant {
        let Some(pace) = self.pace else { return Instant::now() };
        let nth = self.tickets.fetch_add(1, Ordering::SeqCst);
        let due = self.began + Duration::from_secs_f64(nth as f64 / pace);
        tokio::time::sleep_until(due.min(self.ends).into()).await;
        due
    }

    /// Waits for the end; answers how many turns there were, and in what time.
    pub(super) async fn over(&self) -> (u64, Duration) {
        tokio::time::sleep_until(self.ends.into()).await;
        (self.done.load(Ordering::SeqCst), self.began.elapsed())
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.ends
    }

    /// When nobody waits for anybody any more.
    pub(super) fn long_over(&self) -> Instant {
        self.ends + LONGER
    }

    pub(super) fn took_one(&self) {
        self.done.fetch_add(1, Ordering::SeqCst);
    }
}

/// Lets somebody be known before anything is measured.
pub(super) async fn meet(house: &House, id: &str) -> anyhow::Result<()> {
    house.store.know(&person(id, CHANNEL)).await.context("making people known")
}

/// Runs the load; the loops of the house must run. `database` says what processor time the
/// database's own processes took until now.
pub(super) async fn run(
    house: &Arc<House>,
    post: &Arc<Post>,
    load: &Load,
    database: impl Fn() -> Option<Duration>,
) -> anyhow::Result<Figures> {
    let people = People::new(load.users);
    for id in people.all() {
        meet(house, &id).await?;
    }
    Process::Ours.forget_peak();
    let (spent, run) = ([Process::Ours.spent(), database()], Run::begin(load));
    let mut users = Vec::new();
    for worker in people.workers {
        let (mailbox, adjuster) = (post.open(&worker), adjuster_of(&worker));
        let (house, run) = (house.clone(), run.clone());
        let player = Player { house, run, worker, adjuster, mailbox, sent: 0 };
        users.push(tokio::spawn(player.play()));
    }
    let (turns, lasted) = run.over().await;
    let [spent, database] = since(spent, [Process::Ours.spent(), database()]);
    let mut took = Vec::new();
    for user in users {
        took.extend(user.await.context("a worker fell over")??);
    }
    let memory_mb = Process::Ours.memory_mb().map(|it| it.0);
    let database_cpu_ms = database.map(|it| ms(&it) / turns.max(1) as f64);
    Ok(Figures { memory_mb, database_cpu_ms, ..Figures::of(turns, lasted, took, spent) })
}

/// What was spent between two looks, where both could look.
pub(super) fn since<const N: usize>(
    then: [Option<Duration>; N],
    now: [Option<Duration>; N],
) -> [Option<Duration>; N] {
    std::array::from_fn(|nth| Some(now[nth]?.saturating_sub(then[nth]?)))
}

struct Player {
    house: Arc<House>,
    run: Arc<Run>,
    worker: String,
    adjuster: String,
    mailbox: mpsc::UnboundedReceiver<Shown>,
    sent: u64,
}

impl Player {
    /// Plays the conversation again and again; answers how long each message took to be durable
    /// together with its turn.
    async fn play(mut self) -> anyhow::Result<Vec<Duration>> {
        let mut took = Vec::new();
        let mut question: Option<EffectRef> = None;
        loop {
            for (nth, act) in ACTS.iter().enumerate() {
                let due = self.run.due().await;
                if self.run.is_over() {
                    return Ok(took);
                }
                let (who, incoming) = match act {
                    Act::Says(words) => (self.worker.clone(), Incoming::Words((*words).into())),
                    Act::Taps(choice) => (self.worker.clone(), tap(question.take(), choice)?),
                    Act::Decides(choice) => (self.adjuster.clone(), tap(question.take(), choice)?),
                };
                self.sent += 1;
                let id = format!("{}/{}", self.worker, self.sent);
                self.house.arrive(PAYER, CHANNEL, &id, &who, incoming, None).await?;
                took.push(due.elapsed());
                self.run.took_one();
                if self.run.is_over() {
                    return Ok(took);
                }
                if nth + 1 == ACTS.len() {
                    self.told().await?;
                } else {
                    let reader = matches!(ACTS[nth + 1], Act::Decides(_));
                    let answered = self.answered(reader).await;
                    question =
                        Some(answered.with_context(|| format!("after message {}", nth + 1))?);
                }
            }
        }
    }

    /// Waits for the last words, which ask nothing.
    async fn told(&mut self) -> anyhow::Result<()> {
        while self.next().await?.question.is_some() {}
        Ok(())
    }

    /// Waits for the next question: the adjuster's card, or the worker's own.
    async fn answered(&mut self, card: bool) -> anyhow::Result<EffectRef> {
        loop {
            let shown = self.next().await?;
            if let Some(question) = shown.question
                && card == (shown.person != self.worker)
            {
                return Ok(question);
            }
        }
    }

    async fn next(&mut self) -> anyhow::Result<Shown> {
        let shown = tokio::time::timeout(PATIENCE, self.mailbox.recv()).await;
        let shown = shown.with_context(|| format!("{} waits in vain", self.worker))?;
        shown.context("the post has closed")
    }
}

fn tap(question: Option<EffectRef>, choice: &str) -> anyhow::Result<Incoming> {
    ensure!(question.is_some(), "there is no question to answer");
    let question = question.context("there is no question to answer")?;
    Ok(Incoming::Tap { question, choice: choice.into(), with: BTreeMap::new() })
}
