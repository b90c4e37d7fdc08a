//! The house as a talk plays in it: real rooms, a clock moved by hand, stubs for plugins, and
//! an outside world that survives a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use async_trait::async_trait;
use mendline_engine::catalog::{ActionVerb, Catalog};
use mendline_plugin::{Action, ActionError, Call, Example, Manifest, Plugin};
use serde_json::Value;

use super::script::{Stub, Talk};
use crate::channels::terminal::{TERMINAL, Terminal};
use crate::channels::{Channel, Outgoing, Profile, SendError, Sent};
use crate::clock::Clock;
use crate::host::Host;
use crate::house::House;
use crate::open::{Parts, assemble};
use crate::store::crashing::{Crash, CrashingStore};
use crate::store::sqlite::SqliteStore;
use crate::store::{EffectRef, Store};
use crate::vault::Vault;

/// The key of every talk's store. It guards fictional people in a temporary folder.
const TALK_KEY: [u8; 32] = *b"a talk's key guards fiction only";

/// What is outside the house: it remembers across crashes, as the real one would.
#[derive(Default)]
pub struct World {
    /// Messages that a stand-in channel delivered: key to (channel, person, text, buttons).
    delivered: Mutex<Vec<Delivery>>,
    /// Calls that stubs answered: action, key, answer.
    calls: Mutex<Vec<(String, String, Value)>>,
    /// Persons who do not look at their phones.
    away: Mutex<BTreeSet<String>>,
    /// What must fail the talk: a write that nobody stubbed.
    faults: Mutex<Vec<String>>,
    /// Plugins of the talk's own, when it writes to them for real.
    plugins: Option<Plugins>,
    /// The screen of whoever plays by hand, if somebody does.
    terminal: Option<Arc<Terminal>>,
}

/// A message that a stand-in channel delivered.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The idempotency key.
    pub key: String,
    /// The channel.
    pub channel: String,
    /// The person.
    pub person: String,
    /// What a client gets.
    pub body: Value,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Plugins by name.
type Plugins = Vec<(String, Arc<dyn Plugin>)>;

impl World {
    /// The world of a talk: with plugins of its own if it writes to them for real.
    pub async fn of(talk: &Talk) -> anyhow::Result<World> {
        let real = talk.stubs.values().any(|it| matches!(it, Stub::Real));
        let plugins = if real { Some(Backdrop::open().await?.plugins) } else { None };
        Ok(World { plugins, ..World::default() })
    }

    /// A world with a terminal in it, for playing by hand.
    pub fn with(terminal: Terminal) -> World {
        World { terminal: Some(Arc::new(terminal)), ..World::default() }
    }

    /// Everything that stand-in channels delivered.
    pub fn delivered(&self) -> Vec<Delivery> {
        lock(&self.delivered).clone()
    }

    /// Whether somebody looks at what comes.
    pub fn reads(&self, person: &str, reads: bool) {
        let mut away = lock(&self.away);
        if reads {
            away.remove(person);
        } else {
            away.insert(person.to_owned());
        }
    }

    /// How often an action was called, repetitions under one key not counted.
    pub fn calls_of(&self, action: &str) -> usize {
        let calls = lock(&self.calls);
        let keys: BTreeSet<_> =
            calls.iter().filter(|(it, ..)| it == action).map(|(_, key, _)| key).collect();
        keys.len()
    }

    /// What must fail the talk.
    pub fn faults(&self) -> Vec<String> {
        lock(&self.faults).clone()
    }
}

/// A channel that delivers into the [`World`], like a provider that takes idempotency keys.
struct StandIn {
    name: &'static str,
    level: u8,
    world: Arc<World>,
}

/// Channels that a talk may put people on, with their PHI levels (domain facts 4.2).
const STAND_INS: &[(&str, u8)] =
    &[("sms", 1), ("email", 1), ("whatsapp", 0), ("telegram", 0), ("discord", 0)];

#[async_trait]
impl Channel for StandIn {
    fn profile(&self) -> Profile {
        Profile {
            name: self.name,
            text_chars_max: 1600,
            buttons: self.name != "sms",
            level: self.level,
            intrudes: true,
        }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let mut delivered = lock(&self.world.delivered);
        let key = outgoing.key.effect.to_string();
        if !delivered.iter().any(|it| it.key == key) {
            let body = client_body(outgoing);
            let channel = self.name.to_owned();
            delivered.push(Delivery { key, channel, person: outgoing.person.clone(), body });
        }
        if lock(&self.world.away).contains(&outgoing.person) {
            return Ok(Sent::on_its_way());
        }
        Ok(Sent::as_shown())
    }
}

/// A stub in place of an action. The same key gets the same answer, as a good plugin gives.
struct Stubbed {
    name: String,
    stub: Stub,
    world: Arc<World>,
}

#[async_trait]
impl Action for Stubbed {
    fn name(&self) -> &'static str {
        "stubbed"
    }

    fn examples(&self) -> Vec<Example> {
        Vec::new()
    }

    async fn run(&self, call: &Call, _input: Value) -> Result<Value, ActionError> {
        let mut calls = lock(&self.world.calls);
        let before = calls.iter().filter(|(name, ..)| *name == self.name).count();
        let mut recent = calls.iter().rev();
        let same = recent.find(|(name, key, _)| *name == self.name && *key == call.key);
        let answer = match (same, &self.stub) {
            (Some((_, _, answer)), Stub::Gives(_)) => answer.clone(),
            (_, Stub::Gives(answer)) => answer.clone(),
            (Some((_, _, answer)), _) if !may_recover(answer) => answer.clone(),
            (_, Stub::Real) => Value::Null,
            (_, Stub::InTurn(answers)) => {
                answers.get(before).or(answers.last()).cloned().unwrap_or_default()
            }
        };
        if same.is_none_or(|(_, _, answer)| may_recover(answer)) {
            calls.push((self.name.clone(), call.key.clone(), answer.clone()));
        }
        spoken(answer)
    }
}

fn may_recover(answer: &Value) -> bool {
    answer.get("unknown").is_some() || answer.get("unavailable").is_some()
}

/// `{refused: code}`, `{unavailable: true}` and `{unknown: true}` are failures; all else is an answer.
fn spoken(answer: Value) -> Result<Value, ActionError> {
    if let Some(code) = answer.get("refused").and_then(Value::as_str) {
        let message = "refused by the talk".into();
        return Err(ActionError::Refused { code: code.into(), message });
    }
    if answer.get("unavailable").is_some() {
        return Err(ActionError::Unavailable("unavailable by the talk".into()));
    }
    if answer.get("unknown").is_some() {
        return Err(ActionError::Unknown("unknown by the talk".into()));
    }
    Ok(answer)
}

/// A write that the talk did not stub: it fails the talk.
struct Forbidden {
    name: String,
    world: Arc<World>,
}

#[async_trait]
impl Action for Forbidden {
    fn name(&self) -> &'static str {
        "forbidden"
    }

    fn examples(&self) -> Vec<Example> {
        Vec::new()
    }

    async fn run(&self, _call: &Call, _input: Value) -> Result<Value, ActionError> {
        let fault = format!("{} was called, and the talk does not stub it", self.name);
        lock(&self.world.faults).push(fault.clone());
        Err(ActionError::Refused { code: "not_stubbed".into(), message: fault })
    }
}

/// What a talk needs beside itself; made once for many talks.
pub struct Backdrop {
    /// The plugins, for their reads.
    pub plugins: Plugins,
    /// What flows may name.
    pub catalog: Catalog,
    /// The flows.
    pub flows: Vec<crate::store::KeptFlow>,
}

impl Backdrop {
    /// The shipped plugins, opened in memory over the demo's fictional claims.
    pub async fn open() -> anyhow::Result<Backdrop> {
        let pbm = mendline_pbm::Pbm::open(None).await.context("opening the pbm plugin")?;
        let pbm: Arc<dyn Plugin> = Arc::new(pbm);
        let manifest = Manifest::read(pbm.manifest()).map_err(anyhow::Error::msg)?;
        let catalog = crate::catalog::gather(std::slice::from_ref(&manifest))?;
        Ok(Backdrop { plugins: vec![(manifest.name, pbm)], catalog, flows: Vec::new() })
    }

    /// Plugins with the talk's stubs in their place.
    fn host(&self, talk: &Talk, world: &Arc<World>) -> Host {
        let mut host = Host::default();
        for (name, plugin) in world.plugins.as_ref().unwrap_or(&self.plugins) {
            host.add(name, plugin.clone());
        }
        for (name, spec) in &self.catalog.actions {
            let world = world.clone();
            let name = name.clone();
            if let Some(Stub::Real) = talk.stubs.get(&name) {
                continue;
            }
            if let Some(stub) = talk.stubs.get(&name) {
                let stub = stub.clone();
                host.replace(name.clone(), Box::new(Stubbed { name, stub, world }));
            } else if spec.verb == ActionVerb::Write && world.terminal.is_none() {
                host.replace(name.clone(), Box::new(Forbidden { name, world }));
            }
        }
        host
    }
}

/// Where a talk's house is killed: before or after its n-th write.
#[derive(Clone, Copy, Debug)]
pub struct CrashPlan {
    /// Which write, from 1.
    pub at: u64,
    /// On which side of it.
    pub side: Crash,
    /// Whether only turn commits count.
    pub at_turns: bool,
}

/// A house over a store that may crash.
pub struct Opened {
    /// The house.
    pub house: Arc<House>,
    /// The store that the plan watches, if there is a plan.
    pub watched: Option<Arc<CrashingStore>>,
}

/// Opens the house for a talk; again after a crash, over the same files.
pub async fn open(
    backdrop: &Backdrop,
    talk: &Talk,
    folder: &Path,
    clock: Arc<dyn Clock>,
    world: &Arc<World>,
    crash: Option<CrashPlan>,
) -> anyhow::Result<Opened> {
    let vault = Arc::new(Vault::from_key(TALK_KEY));
    let store = SqliteStore::open(&folder.join("talk.db"), vault.clone())
        .await
        .context("opening the talk's store")?;
    let store: Arc<dyn Store> = Arc::new(store);
    forget_what_never_was(world, store.as_ref(), &talk.payer).await?;
    let watched = crash.map(|plan| Arc::new(CrashingStore::new(store.clone(), plan.at, plan.side)));
    let store = watched.clone().map_or(store, |it| it as Arc<dyn Store>);
    let stand_ins = STAND_INS.iter().map(|&(name, level)| {
        Arc::new(StandIn { name, level, world: world.clone() }) as Arc<dyn Channel>
    });
    let parts = Parts {
        store,
        clock,
        vault,
        host: backdrop.host(talk, world),
        catalog: backdrop.catalog.clone(),
        channels: stand_ins
            .chain(world.terminal.clone().map(|it| it as Arc<dyn Channel>))
            .collect(),
        demo: true,
    };
    let house = assemble(parts);
    for flow in &backdrop.flows {
        house.store.keep_flow(flow).await?;
        house.flows.publish(Arc::new(flow.program.clone()));
    }
    Ok(Opened { house, watched })
}

/// A house that is killed before its first write has read for a conversation that nobody will ever
/// hear of: whoever comes again begins another. That a read was made for it changed nothing.
async fn forget_what_never_was(
    world: &World,
    store: &dyn Store,
    payer: &str,
) -> anyhow::Result<()> {
    let keys: BTreeSet<String> = lock(&world.calls).iter().map(|(_, key, _)| key.clone()).collect();
    for key in keys {
        let Ok(effect) = key.parse::<EffectRef>() else { continue };
        if store.conversation(payer, &effect.conversation).await?.is_none() {
            lock(&world.calls).retain(|(_, it, _)| *it != key);
        }
    }
    Ok(())
}

/// The lines that a person has on each channel, as a client gets them: from the store for web
/// and desk, from the world for stand-ins.
pub async fn lines(
    house: &House,
    world: &World,
    payer: &str,
    person: &str,
) -> anyhow::Result<BTreeMap<String, Vec<Value>>> {
    /// A talk's chat is short.
    const LINES_MAX: u32 = 1000;
    let mut all = BTreeMap::new();
    for channel in ["web", "desk"] {
        let lines = house.store.lines_after(payer, person, channel, 0, LINES_MAX).await?;
        all.insert(channel.to_owned(), lines.into_iter().map(|it| it.body).collect());
    }
    for delivery in world.delivered().into_iter().filter(|it| it.person == person) {
        all.entry(delivery.channel).or_insert_with(Vec::new).push(delivery.body);
    }
    for it in world.terminal.iter().flat_map(|it| it.shown()).filter(|it| it.person == person) {
        all.entry(TERMINAL.into()).or_insert_with(Vec::new).push(client_body(&it));
    }
    Ok(all)
}

/// A message as a client gets it.
fn client_body(outgoing: &Outgoing) -> Value {
    serde_json::json!({
        "from": "bot", "text": outgoing.frozen.text, "buttons": outgoing.frozen.buttons,
        "question": outgoing.question.as_ref().map(ToString::to_string),
    })
}
