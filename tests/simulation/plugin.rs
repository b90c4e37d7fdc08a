//! The claim system as the simulation has it: the real pack answers what is read, once for all
//! runs; what is written goes into the run's own ledger, under the same promises (one key, one
//! effect; one authorization for a claim's medicine). In front of it stand the faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use async_trait::async_trait;
use mendline::host::Host;
use mendline_engine::catalog::{ActionVerb, Catalog};
use mendline_pbm::Pbm;
use mendline_plugin::{Action, ActionError, Call, Example, Plugin};
use rand::Rng;
use serde_json::{Value, json};

use crate::bugs::Bug;
use crate::world::{BASE_MS, World};

type Answer = Result<Value, ActionError>;
type Question = (String, String, Value, mpsc::Sender<Answer>);

/// The pack's reads as of one moment, each asked once. It lives on a thread of its own, so that a
/// simulated call answers at once and never depends on how fast a disk is.
pub struct Reads {
    ask: Mutex<mpsc::Sender<Question>>,
    known: Mutex<BTreeMap<String, Answer>>,
}

impl Reads {
    pub fn open() -> Reads {
        let (ask, questions) = mpsc::channel::<Question>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let pbm: Arc<dyn Plugin> = Arc::new(Pbm::open(None).await.unwrap());
                let mut host = Host::default();
                host.add("pbm", pbm);
                while let Ok((payer, action, input, answer)) = questions.recv() {
                    let call = Call { payer, key: format!("read/{action}"), now_ms: BASE_MS };
                    let _ = answer.send(host.run(&action, &call, input).await);
                }
            });
        });
        Reads { ask: Mutex::new(ask), known: Mutex::default() }
    }

    pub fn read(&self, payer: &str, action: &str, input: Value) -> Answer {
        let key = format!("{payer} {action} {input}");
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known.get(&key) {
            return answer.clone();
        }
        let (hand, answer) = mpsc::channel();
        let ask = self.ask.lock().unwrap_or_else(PoisonError::into_inner);
        ask.send((payer.into(), action.into(), input, hand)).unwrap();
        let answer = answer.recv().unwrap();
        known.insert(key, answer.clone());
        answer
    }
}

/// The plugins of one replica.
pub fn host(catalog: &Catalog, world: &Arc<World>, reads: &Arc<Reads>) -> Host {
    let mut host = Host::default();
    for (name, spec) in &catalog.actions {
        let action = SimAction {
            name: name.clone(),
            write: spec.verb == ActionVerb::Write,
            fast: spec.fast,
            world: world.clone(),
            reads: reads.clone(),
        };
        host.replace(name.clone(), Box::new(action));
    }
    host
}

struct SimAction {
    name: String,
    write: bool,
    fast: bool,
    world: Arc<World>,
    reads: Arc<Reads>,
}

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Fine,
    Unavailable,
    Refused,
    /// Nobody knows; and whether it was done.
    Unknown(bool),
    /// No answer ever; and whether it was done.
    Hangs(bool),
}

#[async_trait]
impl Action for SimAction {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn examples(&self) -> Vec<Example> {
        Vec::new()
    }

    async fn run(&self, call: &Call, input: Value) -> Answer {
        let fate = self.fate();
        if fate != Fate::Fine || !self.fast {
            self.world.note(|| format!("plugin    {} under {}: {fate:?}", self.name, call.key));
        }
        match fate {
            Fate::Fine => self.answer(call, input),
            Fate::Unavailable => Err(ActionError::Unavailable("it is away".into())),
            Fate::Refused if self.was_done(call) => self.answer(call, input),
            Fate::Refused => {
                Err(ActionError::Refused { code: "no".into(), message: "it says no".into() })
            }
            Fate::Unknown(done) => {
                if done {
                    let _ = self.answer(call, input);
                }
                Err(ActionError::Unknown("the line broke".into()))
            }
            Fate::Hangs(done) => {
                if done {
                    let _ = self.answer(call, input);
                }
                std::future::pending().await
            }
        }
    }
}

impl SimAction {
    fn fate(&self) -> Fate {
        let mut world = self.world.lock();
        let weather = world.weather;
        // What every turn reads fails less often, or no turn would ever be taken.
        let rare = if self.fast { 8 } else { 1 };
        if world.chance(weather.hang / rare) {
            world.fault("plugin hangs");
            let done = world.rng.random_bool(0.5);
            return Fate::Hangs(done);
        }
        if !world.chance(weather.plugin / rare) {
            return Fate::Fine;
        }
        world.fault("plugin fails");
        let refuses = if self.fast { 0 } else { 1 };
        match world.rng.random_range(0..4 + refuses) {
            0 | 1 if self.write => Fate::Unknown(world.rng.random_bool(0.5)),
            4 => Fate::Refused,
            _ => Fate::Unavailable,
        }
    }

    fn was_done(&self, call: &Call) -> bool {
        self.world.lock().ledger.done.contains_key(&call.key)
    }

    fn answer(&self, call: &Call, input: Value) -> Answer {
        match self.name.as_str() {
            "pbm.parties_of_claim" => self.parties(call, input),
            "pbm.inquire_authorization" => {
                let held = self.world.lock().ledger.authorized.get(&fill(call, &input)).cloned();
                held.ok_or_else(|| refused("no_authorization"))
            }
            _ if self.write => self.change(call, &input),
            _ => self.reads.read(&call.payer, &self.name, input),
        }
    }

    /// One effect for one key, whoever asks again.
    fn change(&self, call: &Call, input: &Value) -> Answer {
        let mut world = self.world.lock();
        let mut key = call.key.clone();
        if world.has(Bug::CallKeyChanges) {
            world.names += 1;
            key = format!("{key}~{}", world.names);
        }
        world.ledger.keys.insert(key.clone());
        if let Some((_, answer)) = world.ledger.done.get(&key) {
            return Ok(answer.clone());
        }
        let answer = match self.name.as_str() {
            "pbm.authorize" => {
                let fill = fill(call, input);
                if world.ledger.authorized.contains_key(&fill) {
                    return Err(refused("already_authorized"));
                }
                let number = format!("PA-{}", 100_001 + world.ledger.authorized.len());
                let answer = json!({
                    "number": number, "days": input["days"], "status": "active",
                    "from": input["from"].as_str().unwrap_or("2026-11-16"),
                    "until": input["until"].as_str().unwrap_or("2026-12-16"),
                    "refills": input["refills"].as_i64().unwrap_or(0),
                });
                world.ledger.authorized.insert(fill, answer.clone());
                answer
            }
            "pbm.reassign" => {
                let claim = number(input);
                let person = self.other_adjuster(&world.ledger.adjuster, call, &claim);
                let place = (call.payer.clone(), claim);
                world.ledger.adjuster.insert(place, person.clone());
                self.reads.read(&call.payer, "pbm.person", json!({ "person": person }))?
            }
            _ => return Err(refused("not_simulated")),
        };
        world.ledger.done.insert(key, (self.name.clone(), answer.clone()));
        Ok(answer)
    }

    fn other_adjuster(
        &self,
        now: &BTreeMap<(String, String), String>,
        call: &Call,
        claim: &str,
    ) -> String {
        let held = now.get(&(call.payer.clone(), claim.to_owned()));
        let both =
            if call.payer.starts_with("north") { ["dana", "priya"] } else { ["morgan", "tess"] };
        let first = held.is_some_and(|it| it == both[1]);
        both[usize::from(!first)].to_owned()
    }

    /// Everyone on a claim, with the adjuster who has it now.
    fn parties(&self, call: &Call, input: Value) -> Answer {
        let claim = number(&input);
        let mut answer = self.reads.read(&call.payer, &self.name, input)?;
        let world = self.world.lock();
        let now = world.ledger.adjuster.get(&(call.payer.clone(), claim)).cloned();
        let leaks = world.has(Bug::PayerLeaks);
        drop(world);
        for party in answer["parties"].as_array_mut().into_iter().flatten() {
            if party["role"] != "adjuster" {
                continue;
            }
            if let Some(now) = &now {
                *party = self.reads.read(&call.payer, "pbm.person", json!({ "person": now }))?;
            }
            if leaks {
                let theirs = if call.payer.starts_with("north") { "morgan" } else { "dana" };
                party["id"] = json!(theirs);
            }
        }
        Ok(answer)
    }
}

fn number(input: &Value) -> String {
    let claim = &input["claim"];
    claim["number"].as_str().or(claim.as_str()).unwrap_or_default().to_owned()
}

fn fill(call: &Call, input: &Value) -> (String, String, String) {
    (call.payer.clone(), number(input), input["drug"]["rx_number"].to_string())
}

fn refused(code: &str) -> ActionError {
    ActionError::Refused { code: code.into(), message: "it says no".into() }
}
