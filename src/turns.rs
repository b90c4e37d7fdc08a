//! Takes turns: claims conversations that have events, runs the pure engine, commits.
//!
//! This room alone calls [`turn`]. It decides nothing about the matter; it supplies the world
//! (who is who, what is law, what time it is), answers fast reads before the commit, and turns
//! effects into rows.

mod changed;
pub(crate) mod fault;
mod met;
mod posted;
mod tried;
mod verdicts;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use mendline_engine::catalog::ActionVerb;
use mendline_engine::core::Program;
use mendline_engine::effect::{Effect, VerdictKind};
use mendline_engine::env::Env;
use mendline_engine::event::{CallResult, Event, Repair};
use mendline_engine::message::EffectKey;
use mendline_engine::state::{Fields, Position, Rest, State};
use mendline_engine::time::Timestamp;
use mendline_engine::turn::{Turn, turn};
use mendline_plugin::{ActionError, Call};
use serde_json::{Value, json};
use tracing::warn;

use self::met::{answered, claim_number, counted, identify, known_fields};
use crate::directory::{self, Directory, Met};
use crate::house::House;
use crate::store::{
    Claimed, Conversation, EffectRef, HandoffChange, NewCall, NewConversation, NewMessage,
    StoreError, TurnCommit,
};
use crate::trace::thread::Threads;
use crate::wake::News;
pub use posted::Poster;
use tried::Tried;

/// How long a claimed conversation is ours. A turn takes milliseconds; this is for a crash, after
/// which somebody waits for so long. Whoever comes too late loses by the revision.
const LEASE_MS: i64 = 10_000;
/// Conversations claimed at once. More would only wait behind each other.
const CLAIM_MAX: u32 = 64;
/// Events of one conversation in one commit, so that one talker cannot hold the others up.
const EVENTS_MAX: u32 = 16;
/// Fast reads answered within one commit. A flow that needs more is a loop.
const FAST_READS_MAX: usize = 16;

/// Takes the turns that can be taken now; answers how many conversations moved.
pub async fn take(house: &House) -> Result<usize, StoreError> {
    let now = house.clock.now();
    let (claim_max, events_max) =
        if house.watch.careful.is_on() { tried::ONE_BY_ONE } else { (CLAIM_MAX, EVENTS_MAX) };
    let claimed = house.store.claim(now, LEASE_MS, claim_max, events_max).await?;
    let tried = Tried::count(house, &claimed).await?;
    let met = Met::default();
    let (mut commits, mut whose) = (Vec::new(), Vec::new());
    for it in claimed {
        let (conversation, flow) = (it.conversation.id.clone(), it.conversation.flow.clone());
        let taken = if tried.too_often(&it) {
            tried::aside(house, it, now).await
        } else {
            compute(house, &met, it, now, None).await
        };
        match taken {
            Ok(commit) => {
                whose.push((commit.payer.clone(), flow));
                commits.push(commit);
            }
            // The lease runs out and the turn is taken again; the words are still in the inbox.
            Err(error) => {
                house.watch.metrics.put_off("turn");
                warn!(conversation, "turn put off: {error:#}");
            }
        }
    }
    if commits.is_empty() {
        tried.ended(house).await;
        return Ok(0);
    }
    let news: Vec<_> = commits.iter().flat_map(news_of).collect();
    let taken = commits.len();
    let committing = house.watch.metrics.commit(taken);
    let results = house.store.commit(commits).await;
    drop(committing);
    tried.ended(house).await;
    for ((payer, flow), result) in whose.iter().zip(results) {
        house.watch.metrics.committed(payer, flow, &result);
        match result {
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    news.into_iter().for_each(|it| house.wake.tell(it));
    Ok(taken)
}

/// Who has something new to see after a turn.
pub fn news_of(commit: &TurnCommit) -> Vec<News> {
    let payer = &commit.payer;
    let people = commit.messages.iter().map(|it| Some(it.person.clone()));
    let desks = [Some(commit.principal.clone()), None];
    people.chain(desks).map(|person| News { payer: payer.clone(), person }).collect()
}

/// Everything that one claimed conversation's events lead to, not yet committed. What
/// `poster` takes leaves with it.
pub async fn compute(
    house: &House,
    met: &Met,
    claimed: Claimed,
    now: Timestamp,
    poster: Option<&dyn Poster>,
) -> anyhow::Result<TurnCommit> {
    let Claimed { conversation, events } = claimed;
    let _running = house.watch.metrics.turn();
    let program = version(house, &conversation.flow_hash).await?;
    let mut work = Work::new(&conversation, met, now);
    let seen = events.iter().map(|it| (it.0, &it.1));
    let mut threads = Threads::of(house, &conversation, seen).await;
    for (seq, event, source, received) in events {
        house.watch.metrics.applied(received, now);
        let (mark, turn) = (Threads::mark(&work.commit), work.state.turn);
        let answer = work.apply(house, &program, event, &source).await?;
        work.commit.done.push((seq, answer));
        if let Some(threads) = &mut threads {
            threads.turned(seq, turn, &mark, &work.commit);
        }
    }
    if let Some(threads) = threads {
        threads.keep().await;
    }
    if let Some(poster) = poster {
        work.post(house, &program, poster).await?;
    }
    work.finish(house, &program).await
}

/// The flow version that a conversation is pinned to.
pub async fn version(house: &House, hash: &str) -> anyhow::Result<Arc<Program>> {
    if let Some(program) = house.flows.version(hash) {
        return Ok(program);
    }
    let kept = house.store.kept_flow(hash).await?;
    let program = Arc::new(kept.context("the flow version is not kept")?.program);
    house.flows.keep(program.clone());
    Ok(program)
}

/// One conversation's commit in the making.
struct Work<'a> {
    conversation: &'a Conversation,
    met: &'a Met,
    state: State,
    now: Timestamp,
    commit: TurnCommit,
    /// The first effect of the last turn that the engine did not use: for what the house adds.
    free: EffectKey,
    /// Who is who, and the claim that it was asked about.
    known: Option<(Option<Value>, Directory)>,
}

impl<'a> Work<'a> {
    fn new(conversation: &'a Conversation, met: &'a Met, now: Timestamp) -> Work<'a> {
        let commit = TurnCommit {
            payer: conversation.payer.clone(),
            conversation: conversation.id.clone(),
            principal: conversation.principal.clone(),
            expected_turn: conversation.state.turn,
            head: conversation.head.clone(),
            state: conversation.state.clone(),
            done: Vec::new(),
            messages: Vec::new(),
            calls: Vec::new(),
            timers: Vec::new(),
            cleared: Vec::new(),
            closed: Vec::new(),
            answered_on: Vec::new(),
            handoffs: Vec::new(),
            begins: Vec::new(),
            events: Vec::new(),
            identifiers: Vec::new(),
            record: Vec::new(),
            now,
        };
        let free = EffectKey { turn: commit.expected_turn, index: 0 };
        let state = conversation.state.clone();
        Work { conversation, met, state, now, commit, free, known: None }
    }

    /// Applies one event, and the answers of the fast reads it leads to.
    async fn apply(
        &mut self,
        house: &House,
        program: &Program,
        event: Event,
        source: &str,
    ) -> anyhow::Result<Option<Value>> {
        let mut answer = None;
        let mut next = Some((event, source.to_owned()));
        for _ in 0..=FAST_READS_MAX {
            let Some((event, source)) = next.take() else { return Ok(answer) };
            let (taken, directory, event) = self.meet(house, program, event).await?;
            let told = verdicts::told(&self.state, &event, taken.as_ref());
            let (fast, verdict) = self.keep(house, program, &directory, &event, &source, taken);
            self.tell_who_acted(house, &source, told).await?;
            answer = verdict.or(answer);
            if let Some((key, action, input)) = fast {
                let result = self.read(house, &key, &action, input).await;
                next = Some((Event::Returned { call: key, result }, "fast".into()));
            }
        }
        Ok(answer)
    }

    /// One engine turn in the company of everyone whom the claim system names now. Whoever is
    /// another person than the one who was asked is met first, in a turn of its own (rule 11).
    async fn meet(
        &mut self,
        house: &House,
        program: &Program,
        event: Event,
    ) -> anyhow::Result<(Option<Turn>, Directory, Event)> {
        let fields = known_fields(&self.state, &event).into_owned();
        let mut directory = self.who_is_who(house, program, &fields).await?;
        for (party, former) in changed::parties(program, &self.state, &directory) {
            let event = Event::PartyChanged { party: party.clone() };
            let taken = self.run(house, program, &directory, &event);
            self.keep(house, program, &directory, &event, "directory", taken);
            self.tell_former(&party, former);
        }
        let mut met = identify(event.clone(), &directory);
        let mut taken = self.run(house, program, &directory, &met);
        // A turn that learns which claim it is about did not know who is on it. It is taken
        // again with them; the engine is pure, so the first one never was.
        let learned = taken.as_ref().and_then(|it| claim_number(program, &it.state.fields));
        if learned.is_some() && learned != claim_number(program, &fields) {
            let fields = taken.as_ref().map_or(&fields, |it| &it.state.fields);
            directory = self.who_is_who(house, program, fields).await?;
            met = identify(event, &directory);
            taken = self.run(house, program, &directory, &met);
        }
        Ok((taken, directory, met))
    }

    /// Everyone whom the conversation may address. The claim system is asked once for all events
    /// that are applied together: nothing comes between them.
    async fn who_is_who(
        &mut self,
        house: &House,
        program: &Program,
        fields: &Fields,
    ) -> anyhow::Result<Directory> {
        let claim = directory::claim_of(program, fields);
        if let Some((of, directory)) = &self.known
            && of.as_ref() == claim
        {
            return Ok(directory.clone());
        }
        let (payer, principal) = (&self.conversation.payer, &self.conversation.principal);
        let directory =
            directory::look_up(house, self.met, payer, principal, program, fields).await?;
        self.known = Some((claim.cloned(), directory.clone()));
        Ok(directory)
    }

    /// The engine's answer; `None` if it fell.
    fn run(
        &self,
        house: &House,
        program: &Program,
        directory: &Directory,
        event: &Event,
    ) -> Option<Turn> {
        let env = Env {
            now: self.now,
            conversation: &self.conversation.id,
            catalog: &house.catalog,
            calendars: &house.calendars,
            rules: &house.rules,
            jurisdiction: directory.jurisdiction.as_deref(),
            parties: &directory.parties,
        };
        fault::guarded(&self.conversation.id, || {
            house.seams.poison.taste(event);
            turn(program, &self.state, event, &env)
        })
    }

    /// Keeps a turn. Answers with the fast read that it rests on, if it does.
    fn keep(
        &mut self,
        house: &House,
        program: &Program,
        directory: &Directory,
        event: &Event,
        source: &str,
        taken: Option<Turn>,
    ) -> (Option<(EffectKey, String, Value)>, Option<Value>) {
        let mut answer = taken.is_none().then(|| json!("fault"));
        let taken = taken.unwrap_or_else(|| {
            house.watch.metrics.set_aside(&self.conversation.payer, &program.flow);
            fault::set_aside(program, &house.catalog, &self.state, event)
        });
        let before = std::mem::replace(&mut self.state, taken.state);
        self.commit.record.push(json!({
            "event": event, "source": source, "now": self.now, "reads": directory.reads,
            "flow": { "name": program.flow, "version": program.version, "hash": program.hash },
            "engine": env!("CARGO_PKG_VERSION"), "turn": before.turn,
            "effects": taken.effects, "path": taken.path, "position": self.state.position,
        }));
        if let Some(claim) = &directory.claim
            && !self.commit.identifiers.contains(claim)
        {
            self.commit.identifiers.push(claim.clone());
        }
        self.note_takers(&before);
        let mut fast = None;
        let used = taken.effects.len();
        self.free = EffectKey { turn: before.turn, index: counted(used) };
        for (index, effect) in taken.effects.into_iter().enumerate() {
            let key = EffectKey { turn: before.turn, index: counted(index) };
            if let Effect::Call { action, input, .. } = &effect
                && self.is_fast(house, key, action)
            {
                fast = Some((key, action.clone(), input.clone()));
                continue;
            }
            if let Effect::Verdict(verdict) = &effect {
                answer = Some(json!(verdict.verdict));
                if verdict.verdict == VerdictKind::NotAllowed {
                    warn!(conversation = self.conversation.id, "somebody may not do this");
                }
            }
            self.commit.answered_on.extend(answered(&effect, &before, (event, source), directory));
            self.put(house, directory, key, effect);
        }
        (fast, answer)
    }

    /// A fast read is answered before the commit, if the conversation rests on it.
    fn is_fast(&self, house: &House, key: EffectKey, action: &str) -> bool {
        let spec = house.catalog.actions.get(action);
        let fast = spec.is_some_and(|it| it.fast && it.verb == ActionVerb::Read);
        let rests = matches!(
            &self.state.position,
            Position::At { rest: Rest::Calling { call, .. }, .. } if *call == key
        );
        fast && rests
    }

    async fn read(&self, house: &House, key: &EffectKey, action: &str, input: Value) -> CallResult {
        let effect = EffectRef { conversation: self.conversation.id.clone(), key: *key };
        let call = Call {
            payer: self.conversation.payer.clone(),
            key: effect.to_string(),
            now_ms: self.now.0,
        };
        let (payer, principal) = (&self.conversation.payer, &self.conversation.principal);
        let input = match directory::in_whose_place(house, payer, principal, action, input).await {
            Ok(input) => input,
            Err(why) => {
                let (code, message) = ("unavailable".into(), why.to_string());
                return CallResult::Refused { code, message };
            }
        };
        match house.read(action, &call, input).await {
            Ok(value) => CallResult::Done(value),
            Err(ActionError::Refused { code, message }) => CallResult::Refused { code, message },
            Err(error) => {
                let message = error.to_string();
                CallResult::Refused { code: "unavailable".into(), message }
            }
        }
    }

    /// Somebody who took a handoff shows only in the state.
    fn note_takers(&mut self, before: &State) {
        for hold in &self.state.holds {
            let old = before.holds.iter().find(|it| it.handoff == hold.handoff);
            if let Some(holder) = &hold.holder
                && old.and_then(|it| it.holder.as_ref()) != Some(holder)
            {
                let change = HandoffChange::Taken { key: hold.handoff, holder: holder.clone() };
                self.commit.handoffs.push(change);
            }
        }
    }

    /// Turns one effect into a row.
    fn put(&mut self, house: &House, directory: &Directory, key: EffectKey, effect: Effect) {
        let person_of = |party: &str| directory.parties.get(party).map(|it| it.person.clone());
        match effect {
            Effect::Send(message) => {
                let Some(person) = person_of(&message.party) else { return };
                let due = message.card.as_ref().and_then(|card| card.due);
                self.commit.messages.push(NewMessage { key, person, message, due, posted: None });
            }
            Effect::Close { question, why } => self.commit.closed.push((question, why)),
            Effect::Call { action, input, verb } => {
                let write = verb == ActionVerb::Write;
                self.commit.calls.push(NewCall { key, action, input, write });
            }
            Effect::Timer { name, generation, due } => {
                self.commit.cleared.retain(|it| *it != name);
                self.commit.timers.retain(|(it, ..)| *it != name);
                self.commit.timers.push((name, generation, due));
            }
            Effect::ClearTimer { name } => {
                self.commit.timers.retain(|(it, ..)| *it != name);
                self.commit.cleared.push(name);
            }
            Effect::Start { flow, fields, at, waits } => {
                self.begin(house, key, flow, fields, at, waits);
            }
            Effect::OpenHandoff(open) => {
                let person = open.party.as_deref().and_then(person_of);
                self.commit.handoffs.push(HandoffChange::Open { key, open, person });
            }
            Effect::CloseHandoff { handoff } => {
                self.commit.handoffs.push(HandoffChange::Close { key: handoff });
            }
            Effect::Draft { handoff, draft } => {
                let draft = json!({ "draft": draft, "at": self.now });
                self.commit.handoffs.push(HandoffChange::Draft { key: handoff, draft });
            }
            Effect::Ended { outcome } => self.tell_parent(outcome),
            Effect::Verdict(_) | Effect::Noted(_) => {}
        }
    }

    fn begin(
        &mut self,
        house: &House,
        key: EffectKey,
        flow: String,
        fields: BTreeMap<String, Value>,
        at: Option<Timestamp>,
        waits: bool,
    ) {
        let own = EffectRef { conversation: self.conversation.id.clone(), key };
        let Some(program) = house.flows.current(&flow) else {
            // The checker refuses such a flow; a deploy that removed one must not strand anybody.
            warn!(flow, "a flow to start is not there");
            if waits {
                let event = Event::ChildEnded {
                    run: key,
                    outcome: "missing".into(),
                    fields: BTreeMap::new(),
                };
                self.commit.events.push((self.conversation.id.clone(), event));
            }
            return;
        };
        self.commit.begins.push(NewConversation {
            id: house.seams.ids.next(),
            flow_hash: program.hash.clone(),
            flow,
            principal: self.conversation.principal.clone(),
            parent: waits.then_some(own),
            event: Event::Started { fields, words: None },
            at: at.unwrap_or(self.now),
        });
    }

    fn tell_parent(&mut self, outcome: String) {
        if let Some(parent) = &self.conversation.parent {
            let fields = self.state.fields.iter().filter(|(name, _)| !name.starts_with('_'));
            let fields = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
            let event = Event::ChildEnded { run: parent.key, outcome, fields };
            self.commit.events.push((parent.conversation.clone(), event));
        }
    }

    /// Closes the books: after a digression, the conversation it interrupted has the floor again.
    async fn finish(mut self, house: &House, program: &Program) -> anyhow::Result<TurnCommit> {
        let ended = self.state.outcome.is_some() && self.conversation.state.outcome.is_none();
        if ended && self.conversation.parent.is_none() {
            let (payer, person) = (&self.conversation.payer, &self.conversation.principal);
            let others = house.store.conversations_of(payer, person, 8).await?;
            let waiting = others.into_iter().find(|it| {
                it.id != self.conversation.id
                    && matches!(&it.state.position, Position::At { rest: Rest::Asking(_), .. })
            });
            if let Some(other) = waiting {
                let party = program.principal.clone();
                let event = Event::Repair { party, repair: Repair::Return };
                self.commit.events.push((other.id, event));
            }
        }
        self.commit.state = self.state;
        Ok(self.commit)
    }
}
