//! What may happen to a replica at each use of its store: it is killed, held up, refused, or its
//! answer is lost; before or after the thing was done. It also does what seeded bugs do.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use async_trait::async_trait;
use mendline::store::care::{Allowance, Pause, PauseRef};
use mendline::store::consent::Act;
use mendline::store::watched::{Kind, Use, Watch};
use mendline::store::{
    Accepted, Became, CallBecame, Claimed, EffectRef, MessageRef, NewArrival, NewLine, Person,
    PersonCommit, PersonFact, StoreError, TurnCommit,
};

use crate::bugs::{self, Bug};
use crate::operator;
use crate::world::World;

pub struct Eye {
    pub world: Arc<World>,
    pub replica: usize,
    pub dead: Arc<AtomicBool>,
}

/// So much likelier is a fault at a tender moment.
const TENDER: u32 = 5;

/// What happens at one side of a use.
enum Fate {
    Nothing,
    Killed,
    HeldUp,
    Refused(&'static str),
}

impl Eye {
    fn alive(&self) -> Result<(), StoreError> {
        if self.dead.load(Ordering::SeqCst) {
            return Err(StoreError::Away("killed".into()));
        }
        Ok(())
    }

    fn fate(&self, it: Use, after: bool) -> Fate {
        let mut world = self.world.lock();
        if !after {
            let when = if world.calm { "uses of the store, calm" } else { "uses of the store" };
            world.reach(when);
        }
        let weather = world.weather;
        // Between what was done outside and the note of it is the tender moment.
        let tender = !after && matches!(it.method, "settle_message" | "settle_call" | "commit");
        let times = if tender { TENDER } else { 1 };
        let side = if after { "after" } else { "before" };
        if world.chance(weather.kill * times) {
            world.fault("killed");
            world.note(format!("fault     replica {} killed {side} {}", self.replica, it.method));
            return Fate::Killed;
        }
        // Whoever waits for a lock inside the house cannot be told from one who waits for nothing.
        let locked = matches!(it.method, "allow" | "pause" | "audit");
        if !locked && world.chance(weather.pause * times) {
            world.fault("held up");
            world.note(format!("fault     replica {} held up {side} {}", self.replica, it.method));
            return Fate::HeldUp;
        }
        if after && it.kind != Kind::Read && world.chance(weather.lose) {
            world.fault("answer lost");
            world.note(format!(
                "fault     replica {} loses the answer of {}",
                self.replica, it.method
            ));
            return Fate::Refused("the answer was lost");
        }
        if !after && world.away {
            // Each of them, not only that it went away.
            world.disturbed += 1;
            return Fate::Refused("it is away");
        }
        if !after && world.chance(weather.refuse * times) {
            world.fault("refused");
            world.note(format!("fault     replica {} is refused {}", self.replica, it.method));
            return Fate::Refused("it is busy");
        }
        Fate::Nothing
    }

    async fn meet(&self, it: Use, after: bool) -> Result<(), StoreError> {
        self.alive()?;
        match self.fate(it, after) {
            Fate::Nothing => Ok(()),
            Fate::Killed => {
                self.dead.store(true, Ordering::SeqCst);
                self.alive()
            }
            Fate::HeldUp => {
                self.wait().await;
                self.alive()
            }
            Fate::Refused(why) => Err(StoreError::Away(why.into())),
        }
    }

    /// Waits until the run lets go of this pass.
    async fn wait(&self) {
        let mut park = None;
        poll_fn(|context| {
            // Whoever looks only at what was woken must look here again.
            context.waker().wake_by_ref();
            let mut world = self.world.lock();
            match park {
                None => {
                    world.parks += 1;
                    let number = world.parks;
                    world.held.insert(number);
                    world.parked = Some(number);
                    park = Some(number);
                    Poll::Pending
                }
                Some(number) if world.held.contains(&number) => {
                    world.parked = Some(number);
                    Poll::Pending
                }
                Some(_) => Poll::Ready(()),
            }
        })
        .await;
    }
}

#[async_trait]
impl Watch for Eye {
    async fn before(&self, it: Use) -> Result<u64, StoreError> {
        self.meet(it, false).await.map(|()| 0)
    }

    async fn after(&self, it: Use, _number: u64) -> Result<(), StoreError> {
        self.meet(it, true).await
    }

    fn arrival(&self, arrival: &mut NewArrival) -> Option<Accepted> {
        bugs::arrival(&mut self.world.lock(), arrival)
    }

    fn claimed(&self, claimed: &mut Vec<Claimed>) {
        bugs::claimed(&mut self.world.lock(), claimed);
    }

    fn turns(&self, commits: &mut Vec<TurnCommit>) {
        bugs::turns(&mut self.world.lock(), commits);
    }

    fn turned(&self, commits: &[TurnCommit], results: &mut [Result<(), StoreError>]) {
        let mut world = self.world.lock();
        for (commit, result) in commits.iter().zip(results.iter()) {
            let became = match result {
                Ok(()) => "turned to".to_owned(),
                Err(error) => format!("not turned ({error}) to"),
            };
            let (id, turn) = (&commit.conversation, commit.state.turn);
            if result.is_ok() {
                world.turn_of.insert(id.clone(), turn);
                world.ops.turned(commit);
            }
            let position = serde_json::to_value(&commit.state.position).unwrap_or_default();
            let (done, said) = (commit.done.len(), commit.messages.len());
            world.note(format!(
                "commit    replica {}: {id} {became} {turn}: {done} events, {said} messages, at {}",
                self.replica,
                shape(&position),
            ));
        }
    }

    fn routed(&self, commit: &PersonCommit) {
        let mut world = self.world.lock();
        let now = self.world.now();
        for fact in &commit.facts {
            let key =
                |channel: &String| (commit.payer.clone(), commit.person.clone(), channel.clone());
            match fact {
                PersonFact::Consent(it) if it.act == Act::Revoked => {
                    world.opted_out.entry(key(&it.channel)).or_insert(now);
                }
                PersonFact::Consent(it) => {
                    world.opted_out.remove(&key(&it.channel));
                }
                _ => {}
            }
        }
        world.ops.routed(commit);
        let (events, begins) = (commit.events.len(), commit.begins.len());
        world.note(format!(
            "route     replica {}: {} of {}: {events} events, {begins} begin, {} said",
            self.replica,
            commit.seq,
            commit.person,
            commit.says.len(),
        ));
    }

    fn met(&self, person: &mut Option<Person>) {
        let mut world = self.world.lock();
        if let Some(it) = person {
            let key = (world.pass, it.payer.clone(), it.person.clone());
            let now = self.world.now();
            world.met.insert(key, now);
            if world.has(Bug::OptOutForgotten) {
                it.opted_out.clear();
            }
        }
    }

    fn freezes(&self, _key: &MessageRef) -> bool {
        !self.world.lock().has(Bug::BytesNotFrozen)
    }

    fn settles(&self, _key: &MessageRef, became: &Became) -> bool {
        bugs::settles(&self.world.lock(), became)
    }

    fn settled(&self, key: &MessageRef, became: &Became) {
        let mut world = self.world.lock();
        world.note(format!("message   {} became {became:?}", key.effect));
        if *became == Became::Dropped {
            operator::dropped(&mut world, key);
        }
        if !matches!(became, Became::Later(_) | Became::Held(_)) {
            world.settled.insert(key.clone());
        }
    }

    fn lined(&self, line: &NewLine) {
        let Some(key) = &line.message else { return };
        operator::lined(&mut self.world.lock(), self.world.now(), key, &line.channel);
    }

    fn paused(&self, pause: &Pause) {
        let mut world = self.world.lock();
        world.note(format!("operator  {} is paused", pause.of));
        operator::paused(&mut world, pause, self.world.now());
    }

    fn read_pauses(&self, pauses: &mut Vec<Pause>) {
        let mut world = self.world.lock();
        operator::read(&mut world);
        if world.has(Bug::PauseForgotten) {
            pauses.clear();
        }
    }

    fn resumed(&self, of: &PauseRef) {
        let mut world = self.world.lock();
        world.note(format!("operator  {of} goes on"));
        world.ops.resumed(of);
    }

    fn parks(&self, key: &MessageRef, under: &PauseRef) -> Option<Became> {
        let mut world = self.world.lock();
        world.note(format!("message   {} waits under the pause of {under}", key.effect));
        world.reach("put aside");
        world.has(Bug::ParkedLost).then_some(Became::Sent { shown: true })
    }

    fn asks(&self, _it: &Allowance<'_>) -> Option<bool> {
        self.world.lock().has(Bug::LimitForgotten).then_some(true)
    }

    fn allowed(&self, it: &Allowance<'_>) {
        operator::allowed(&mut self.world.lock(), it);
    }

    fn returns(&self, key: &EffectRef, became: &CallBecame) -> bool {
        let mut world = self.world.lock();
        world.note(format!("call      {key} became {}", bugs::outline(became)));
        bugs::returns(&mut world, became)
    }
}

/// The outline of a position: its anchor and how it rests, without what it holds.
pub fn shape(position: &serde_json::Value) -> String {
    let Some(at) = position.get("at") else { return position.to_string() };
    let rest = match &at["rest"] {
        serde_json::Value::Object(it) => it.keys().next().cloned().unwrap_or_default(),
        other => other.to_string(),
    };
    format!("{} {rest}", at["anchor"])
}
