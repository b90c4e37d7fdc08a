//! Who runs the house: pauses something, looks at what waits and sends or drops it, and publishes
//! a new version of a flow, on one replica after the other.
//!
//! Beside it stands what must be true of that: nothing leaves under a pause but help in danger and
//! people's own words, nothing that was dropped leaves, and a flow begins no more in an hour than
//! it was allowed.

use std::collections::{BTreeMap, BTreeSet};

use mendline::admin::{Ask, Office, Waits};
use mendline::library;
use mendline::store::care::{Allowance, Pause, PauseKind, PauseRef};
use mendline::store::{
    EffectRef, MessageRef, NewConversation, PersonCommit, StoreError, TurnCommit,
};
use mendline_engine::message::{EffectKey, MessageKind};

use crate::channel::{ON_ITS_WAY_MS, SMS, TELEGRAM};
use crate::people::{CEDAR, NORTH};
use crate::run::{Outcome, Run};
use crate::world::Inner;

const FLOWS: &[&str] = &["medication_approval", "medication_approval", "claim_status", "refill"];
const CHANNELS: &[&str] = &["web", "web", "desk", SMS, TELEGRAM];
/// Who says so, for the audit.
const OPERATOR: &str = "operator/simulated";

/// What is known of pauses, of the hour's allowance, and of what leaves under them.
#[derive(Default)]
pub struct Ops {
    /// What is paused, whether only what we begin is, the number of the change since which it is,
    /// and when that was.
    paused: BTreeMap<PauseRef, (bool, u64, i64)>,
    changes: u64,
    /// The pass that read what is paused, and which change was the last then.
    read: BTreeMap<u64, u64>,
    flow_of: BTreeMap<String, String>,
    kind_of: BTreeMap<MessageRef, MessageKind>,
    /// What a payer's flow was allowed in all, and what it began.
    granted: BTreeMap<(String, String), u32>,
    begun: BTreeSet<MessageRef>,
    /// The hour that a payer's flow takes from, and what it took of it.
    hours: BTreeMap<(String, String), (i64, u32)>,
    dropped: BTreeSet<MessageRef>,
    lined: BTreeSet<MessageRef>,
}

/// Somebody pauses or resumes something, mostly as one should.
pub async fn acts(run: &mut Run<'_>) {
    let world = run.world.clone();
    let paused: Vec<PauseRef> = world.lock().ops.paused.keys().cloned().collect();
    let resumes = !paused.is_empty() && world.below(3) > 0;
    let ask = if resumes {
        let of = paused[world.below(paused.len())].clone();
        let waits = [None, Some(Waits::Release), Some(Waits::Release), Some(Waits::Drop)];
        Ask::Resume { of, waits: waits[world.below(waits.len())] }
    } else {
        let payer = [NORTH, NORTH, CEDAR][world.below(3)].to_owned();
        let anybodys = world.below(2) == 0;
        let (kind, name) = match world.below(4) {
            0 => (PauseKind::Payer, ""),
            1 => (PauseKind::Channel, CHANNELS[world.below(CHANNELS.len())]),
            _ => (PauseKind::Flow, FLOWS[world.below(FLOWS.len())]),
        };
        let payer = (kind == PauseKind::Payer || !anybodys).then_some(payer);
        let of = PauseRef { payer, kind, name: name.into() };
        Ask::Pause { of, proactive: world.below(3) == 0, why: "simulated".into() }
    };
    let number = world.below(run.replicas.len());
    asks(run, number, ask).await;
}

/// Whoever reviews has seen what waits: pauses end. Answers whether there were any.
pub async fn reviews(run: &mut Run<'_>, number: usize) -> bool {
    let pauses = run.store.care().pauses().await.unwrap();
    let Some(pause) = pauses.first() else { return false };
    let drops = run.world.below(4) == 0;
    let waits = Some(if drops { Waits::Drop } else { Waits::Release });
    asks(run, number, Ask::Resume { of: pause.of.clone(), waits }).await;
    true
}

async fn asks(run: &mut Run<'_>, number: usize, ask: Ask) {
    let Some(replica) = run.awake(number) else { return };
    let house = replica.house.clone();
    run.world.note(|| format!("operator  at replica {number}: {ask:?}"));
    let asking = async move {
        let (store, now) = (house.store.as_ref(), house.clock.now());
        let office = Office { store, house: Some(&*house), now, who: OPERATOR.into() };
        Outcome::Looked(office.perform(ask).await.map(|_| true))
    };
    run.work(number, Box::pin(asking)).await;
}

/// A replica reads the folder of flows again, in which newer versions lie.
pub async fn deploys(run: &mut Run<'_>) {
    let number = run.world.below(run.replicas.len());
    let Some(replica) = run.awake(number) else { return };
    let (house, newer) = (replica.house.clone(), run.backdrop.newer.clone());
    let world = run.world.clone();
    let deploying = async move {
        if let Err(why) = library::publish(&house, &newer).await {
            return Outcome::Looked(Err(StoreError::Away(format!("{why:#}"))));
        }
        world.note(|| format!("deploy    replica {number} has the newer flows"));
        world.lock().deployed = true;
        Outcome::Looked(Ok(true))
    };
    run.work(number, Box::pin(deploying)).await;
}

impl Ops {
    pub fn turned(&mut self, commit: &TurnCommit) {
        self.begins(&commit.begins);
        for it in &commit.messages {
            let effect = EffectRef { conversation: commit.conversation.clone(), key: it.key };
            let key = MessageRef { payer: commit.payer.clone(), effect };
            self.kind_of.insert(key, it.message.kind);
        }
    }

    pub fn routed(&mut self, commit: &PersonCommit) {
        self.begins(&commit.begins);
        for (index, it) in (0..).zip(&commit.says) {
            let conversation = format!("person/{}/{}", commit.person, commit.seq);
            let effect = EffectRef { conversation, key: EffectKey { turn: 0, index } };
            self.kind_of.insert(MessageRef { payer: commit.payer.clone(), effect }, it.kind);
        }
    }

    fn begins(&mut self, all: &[NewConversation]) {
        self.flow_of.extend(all.iter().map(|it| (it.id.clone(), it.flow.clone())));
    }

    pub fn resumed(&mut self, of: &PauseRef) {
        self.changes += 1;
        self.paused.remove(of);
        if of.kind == PauseKind::Flow {
            let same = |payer: &String| of.payer.as_ref().is_none_or(|it| it == payer);
            self.hours.retain(|(payer, flow), _| !(same(payer) && *flow == of.name));
        }
    }

    /// The pause that must stop this, and since when, if whoever sends it knew of it.
    fn stops(&self, pass: u64, now: i64, key: &MessageRef, channel: &str) -> Option<&PauseRef> {
        let kind = self.kind_of.get(key)?;
        let begins = match kind {
            MessageKind::Safety | MessageKind::Person | MessageKind::Duty => return None,
            MessageKind::Reply | MessageKind::Code => false,
            MessageKind::Proactive | MessageKind::Closing => true,
        };
        let flow = self.flow_of.get(&key.effect.conversation);
        let known = self.read.get(&pass).copied().unwrap_or_default();
        let stops = self.paused.iter().find(|(of, (proactive, since, at))| {
            let concerns = match of.kind {
                PauseKind::Payer => true,
                PauseKind::Channel => of.name == channel,
                PauseKind::Flow => flow == Some(&of.name),
            };
            let theirs = of.payer.as_ref().is_none_or(|it| *it == key.payer);
            // What was looked at before may be on its way, as long as its lease lasts.
            let knew = known >= *since || now - at > ON_ITS_WAY_MS;
            concerns && theirs && knew && (begins || !proactive)
        });
        stops.map(|it| it.0)
    }
}

pub fn paused(world: &mut Inner, pause: &Pause, now: i64) {
    world.reach(&format!("paused a {}", pause.of.kind.name()));
    let ops = &mut world.ops;
    ops.changes += 1;
    let (proactive, since) = (pause.proactive, ops.changes);
    // Said anew it holds since the first time, for what it stopped then already.
    let stood = ops.paused.get(&pause.of).filter(|it| it.0 == proactive).copied();
    ops.paused.insert(pause.of.clone(), stood.unwrap_or((proactive, since, now)));
}

pub fn read(world: &mut Inner) {
    let (pass, changes) = (world.pass, world.ops.changes);
    world.ops.read.insert(pass, changes);
}

pub fn dropped(world: &mut Inner, key: &MessageRef) {
    world.reach("dropped in a review");
    world.ops.dropped.insert(key.clone());
}

/// A piece of an hour was taken: of all that was since the last review, no more than there is.
pub fn allowed(world: &mut Inner, it: &Allowance<'_>) {
    let of = (it.payer.to_owned(), it.flow.to_owned());
    *world.ops.granted.entry(of.clone()).or_default() += it.want;
    let taken = world.ops.hours.entry(of).or_insert((it.hour, 0));
    if it.hour > taken.0 {
        *taken = (it.hour, 0);
    }
    taken.1 += it.want;
    if taken.1 > it.limit {
        let (much, limit) = (taken.1, it.limit);
        world.wrong(format!("{} of {} took {much} of the {limit} of an hour", it.flow, it.payer));
    }
}

/// A line stands in somebody's chat. Appended again it is the same one, and leaves no second time.
pub fn lined(world: &mut Inner, now: i64, key: &MessageRef, channel: &str) {
    if world.ops.lined.insert(key.clone()) {
        leaves(world, now, key, channel);
    }
}

/// Something is before somebody now.
pub fn leaves(world: &mut Inner, now: i64, key: &MessageRef, channel: &str) {
    let pass = world.pass;
    if let Some(of) = world.ops.stops(pass, now, key, channel) {
        let wrong = format!("{} left on {channel} under the pause of {of}", key.effect);
        world.wrong(wrong);
    }
    if world.ops.dropped.contains(key) {
        world.wrong(format!("{} was dropped, and left all the same", key.effect));
    }
    let begins =
        matches!(world.ops.kind_of.get(key), Some(MessageKind::Proactive | MessageKind::Closing));
    let Some(flow) = world.ops.flow_of.get(&key.effect.conversation).filter(|_| begins) else {
        return;
    };
    if channel == "desk" || world.ops.begun.contains(key) {
        return;
    }
    let of = (key.payer.clone(), flow.clone());
    world.ops.begun.insert(key.clone());
    let left =
        world.ops.granted.get_mut(&of).and_then(|it| it.checked_sub(1).map(|less| *it = less));
    if left.is_none() {
        world.wrong(format!("{} began although its flow had no more of its hour", key.effect));
    }
}
