//! Workers who write as fast as they are answered: a closed loop. Each message is sent when the
//! one before it was answered and the answer was before the worker's eyes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::sync::mpsc;

use super::figures::{Figures, Spent};
use super::world::{CHANNEL, PAYER, Post, Shown, adjuster_of, person};
use crate::channels::Incoming;
use crate::house::House;
use crate::store::EffectRef;

/// How long a worker waits for an answer before the run counts as broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a worker does next.
enum Act {
    Says(&'static str),
    /// Taps a choice of the last question.
    Taps(&'static str),
    /// The adjuster taps a choice of the card.
    Decides(&'static str),
}

/// The seven messages, six from the worker and one from the adjuster.
const ACTS: [Act; 7] = [
    Act::Says("hi"),
    Act::Says("ibuprofen"),
    Act::Says("600 mg"),
    Act::Says("Corner Pharmacy"),
    Act::Taps("send"),
    Act::Decides("approve"),
    Act::Taps("five"),
];

/// How hard to push.
pub(super) struct Load {
    /// Workers at once.
    pub(super) users: usize,
    /// How long.
    pub(super) lasts: Duration,
    /// A pause after each answer; zero for as fast as it goes.
    pub(super) pause: Duration,
}

/// Lets everybody be known before anything is measured.
pub(super) async fn meet(house: &House, users: usize) -> anyhow::Result<()> {
    let workers: Vec<_> = (0..users).map(worker).collect();
    let adjusters = workers.iter().map(|it| adjuster_of(it));
    for id in workers.iter().cloned().chain(adjusters.collect::<std::collections::BTreeSet<_>>()) {
        house.store.know(&person(&id)).await.context("making people known")?;
    }
    Ok(())
}

pub(super) fn worker(number: usize) -> String {
    format!("worker-{number}")
}

/// Runs the load; the loops of the house must run.
pub(super) async fn run(
    house: &Arc<House>,
    post: &Arc<Post>,
    load: &Load,
) -> anyhow::Result<Figures> {
    let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let run = format!("{:x}", house.clock.now().0);
    let (spent, began) = (Spent::now(), Instant::now());
    let mut users = Vec::new();
    for number in 0..load.users {
        let worker = worker(number);
        let mailbox = post.open(&worker);
        let player = Player {
            house: house.clone(),
            adjuster: adjuster_of(&worker),
            worker,
            mailbox,
            run: run.clone(),
            sent: 0,
        };
        let (over, done, pause) = (over.clone(), done.clone(), load.pause);
        users.push(tokio::spawn(player.play(over, done, pause)));
    }
    tokio::time::sleep(load.lasts).await;
    let (turns, lasted, spent) = (done.load(Ordering::SeqCst), began.elapsed(), spent.since());
    over.store(true, Ordering::SeqCst);
    let mut took = Vec::new();
    for user in users {
        took.extend(user.await.context("a worker fell over")??);
    }
    Ok(Figures::of(turns, lasted, took, spent))
}

struct Player {
    house: Arc<House>,
    worker: String,
    adjuster: String,
    mailbox: mpsc::UnboundedReceiver<Shown>,
    run: String,
    sent: u64,
}

impl Player {
    /// Plays the conversation again and again; answers how long each message took to be durable
    /// together with its turn.
    async fn play(
        mut self,
        over: Arc<AtomicBool>,
        done: Arc<AtomicU64>,
        pause: Duration,
    ) -> anyhow::Result<Vec<Duration>> {
        let mut took = Vec::new();
        let mut question: Option<EffectRef> = None;
        while !over.load(Ordering::SeqCst) {
            for (nth, act) in ACTS.iter().enumerate() {
                let (who, incoming) = match act {
                    Act::Says(words) => (self.worker.clone(), Incoming::Words((*words).into())),
                    Act::Taps(choice) => (self.worker.clone(), tap(question.take(), choice)?),
                    Act::Decides(choice) => (self.adjuster.clone(), tap(question.take(), choice)?),
                };
                self.sent += 1;
                let id = format!("{}/{}/{}", self.run, self.worker, self.sent);
                let began = Instant::now();
                self.house.arrive(PAYER, CHANNEL, &id, &who, incoming, None).await?;
                took.push(began.elapsed());
                done.fetch_add(1, Ordering::SeqCst);
                if nth + 1 == ACTS.len() {
                    self.told().await?;
                } else {
                    let reader = matches!(ACTS[nth + 1], Act::Decides(_));
                    let answered = self.answered(reader).await;
                    question =
                        Some(answered.with_context(|| format!("after message {}", nth + 1))?);
                }
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                if over.load(Ordering::SeqCst) {
                    return Ok(took);
                }
            }
        }
        Ok(took)
    }

    /// Waits for the last words, which ask nothing.
    async fn told(&mut self) -> anyhow::Result<()> {
        loop {
            let shown = tokio::time::timeout(PATIENCE, self.mailbox.recv()).await;
            let shown = shown.with_context(|| format!("{} is not told", self.worker))?;
            if shown.context("the post has closed")?.question.is_none() {
                return Ok(());
            }
        }
    }

    /// Waits for the next question: the adjuster's card, or the worker's own.
    async fn answered(&mut self, card: bool) -> anyhow::Result<EffectRef> {
        loop {
            let shown = tokio::time::timeout(PATIENCE, self.mailbox.recv()).await;
            let shown = shown.with_context(|| format!("{} waits in vain", self.worker))?;
            let shown = shown.context("the post has closed")?;
            if let Some(question) = shown.question
                && card == (shown.person != self.worker)
            {
                return Ok(question);
            }
        }
    }
}

fn tap(question: Option<EffectRef>, choice: &str) -> anyhow::Result<Incoming> {
    ensure!(question.is_some(), "there is no question to answer");
    let question = question.context("there is no question to answer")?;
    Ok(Incoming::Tap { question, choice: choice.into(), with: BTreeMap::new() })
}
