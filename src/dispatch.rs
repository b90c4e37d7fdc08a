//! What leaves the house: messages to channels, calls to plugins. Each result comes back in
//! through the inbox.
//!
//! This room alone calls [`Channel::send`](crate::channels::Channel). It screens again at the
//! moment of sending, freezes the bytes before the first attempt, and keeps one key for every
//! attempt.

mod authority;
mod ways;

use std::time::SystemTime;

use futures::{StreamExt as _, stream};
use mendline_engine::event::CallResult;
use mendline_engine::message::MessageKind;
use mendline_engine::render::Form;
use mendline_engine::screen::{Verdict, form, screen};
use mendline_engine::time::Timestamp;
use mendline_plugin::{ActionError, Call};
use tracing::{info, warn};

use crate::channels::{Channel, Outgoing, SendError};
use crate::house::House;
use crate::pauses;
use crate::store::{
    Became, CallBecame, CallRow, EffectRef, Frozen, MessageRef, NewMessage, OutboxRow, PauseRef,
    Person, Posted, StoreError, TurnCommit,
};

use crate::trace;
use crate::wake::News;
use ways::{purpose, render, way, ways};

/// How long a leased message or call is ours before somebody else may try: longer than a call may
/// take ([`crate::seams`]), and not much longer, because after a crash somebody waits for so long.
const LEASE_MS: i64 = 25_000;
/// Messages leased at once.
const LEASE_MAX: u32 = 64;
/// Attempts before a message is a dead letter: with doubling waits, about an hour.
const SEND_ATTEMPTS_MAX: u32 = 10;
/// Attempts before a call is given up: with doubling waits, about two minutes. Somebody waits.
const CALL_ATTEMPTS_MAX: u32 = 6;
/// The first wait after a failure.
const RETRY_FIRST_MS: i64 = 4_000;
/// The channel of our own desk.
const OWN_DESK: &str = "desk";
/// Why nothing was shown that was paused or settled between the look and the line.
const STOPPED: &str = "stopped";
/// Why a message is withheld whose question was closed before it left; the turn expects it.
const OVER: &str = "over";

/// Sends the messages that are due; answers how many.
pub async fn send(house: &House) -> Result<usize, StoreError> {
    let lease = Lease::begin(house);
    let rows = house.store.lease_outbox(lease.since, LEASE_MS, LEASE_MAX).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let sent = rows.len();
    let who: Vec<_> = rows.iter().map(|it| (it.key.payer.clone(), it.person.clone())).collect();
    let people = house.store.people(&who).await?;
    // Each is the oldest of its lane, so they may go side by side.
    let mut delivering = Vec::with_capacity(sent);
    for (row, to) in rows.iter().zip(&people) {
        delivering.push(deliver(house, row, to.as_ref(), lease));
    }
    let delivered = stream::iter(delivering).buffer_unordered(house.seams.sends_at_once);
    let mut went = Ok(sent);
    let results: Vec<_> = delivered.collect().await;
    for result in results {
        went = result.and(went);
    }
    went
}

/// The line that a message is, if it may be written with the turn that says it: an answer to the
/// person who acts, over a channel that she reads from our own database, and nothing speaks
/// against it now. Everything else is looked at again when it is sent.
pub async fn post(
    house: &House,
    turn: &TurnCommit,
    (flow, flow_hash): (&str, &str),
    new: &NewMessage,
    to: &Person,
) -> Result<Option<Posted>, StoreError> {
    if new.message.kind != MessageKind::Reply {
        return Ok(None);
    }
    // Where anything is paused for this payer, dispatch looks at each; so does the commit, because a
    // pause may come before it.
    let pauses = house.pauses.now(house.store.as_ref()).await?;
    if pauses.iter().any(|it| it.of.payer.as_ref().is_none_or(|payer| *payer == turn.payer)) {
        return Ok(None);
    }
    let effect = EffectRef { conversation: turn.conversation.clone(), key: new.key };
    let row = OutboxRow {
        key: MessageRef { payer: turn.payer.clone(), effect },
        flow: Some(flow.to_owned()),
        flow_hash: Some(flow_hash.to_owned()),
        behind: None,
        person: new.person.clone(),
        message: new.message.clone(),
        frozen: None,
        over: false,
        attempts: 0,
        committed: turn.now,
    };
    // The first way that dispatch would try, or none.
    let Some((name, address)) = ways(house, &row, to).into_iter().next() else { return Ok(None) };
    let channel = &house.channels[name.as_str()];
    let (way, purpose) = (way(channel.as_ref(), to), purpose(house, &row));
    let verdict = screen(&row.message, &way, purpose.as_deref(), turn.now);
    if !matches!(verdict, Verdict::Full | Verdict::Private) {
        return Ok(None);
    }
    let Some(form) = form(&row.message, &way) else { return Ok(None) };
    let frozen = render(house, &row, to, &name, form);
    let outgoing = outgoing(house, &row, to, address, frozen);
    let posted = channel.post(&outgoing);
    Ok(posted.map(|(line, sent)| Posted { frozen: outgoing.frozen, line, shown: sent.shown }))
}

/// Sends one message and writes what became of it.
async fn deliver(
    house: &House,
    row: &OutboxRow,
    to: Option<&Person>,
    lease: Lease,
) -> Result<(), StoreError> {
    if house.leaving.is_cancelled() {
        // Whoever goes on takes it at once, and not when the lease has lapsed.
        let left = std::slice::from_ref(&row.key);
        let ours = !lease.lapsed(house);
        return if ours { house.store.care().release_messages(left).await } else { Ok(()) };
    }
    house.watch.loops.beat("sends");
    let began = SystemTime::now();
    let became = match send_one(house, row, to, lease).await? {
        Went::Became(became) => became,
        Went::Lapsed => return Ok(()),
        Went::Waits(under) => {
            return house.store.care().park(&row.key, &under, house.clock.now()).await;
        }
    };
    let result = house.watch.metrics.sent(row, &became);
    trace::thread::sent(house, row, result, began).await;
    match &became {
        Became::Dead(why) => warn!(message = %row.key.effect, why, "message given up"),
        Became::Withheld(why) => info!(message = %row.key.effect, why, "message withheld"),
        _ => {}
    }
    house.store.settle_message(&row.key, became, house.clock.now()).await?;
    house.channels.values().for_each(|it| it.settled(&row.key));
    house.wake.tell(News { payer: row.key.payer.clone(), person: Some(row.person.clone()) });
    Ok(())
}

/// What was leased, and when. A process that slept, or whose clock jumped, may find that others
/// have it now: then it leaves it to them, and looks again.
#[derive(Clone, Copy)]
struct Lease {
    since: Timestamp,
}

impl Lease {
    fn begin(house: &House) -> Lease {
        Lease { since: house.clock.now() }
    }

    fn lapsed(self, house: &House) -> bool {
        !(0..LEASE_MS).contains(&(house.clock.now().0 - self.since.0))
    }
}

/// How far a message came.
enum Went {
    /// It may be somebody else's now: nothing was done.
    Lapsed,
    /// To an end, or to another moment.
    Became(Became),
    /// Nowhere: until somebody ends this pause.
    Waits(PauseRef),
}

async fn send_one(
    house: &House,
    row: &OutboxRow,
    to: Option<&Person>,
    lease: Lease,
) -> Result<Went, StoreError> {
    let now = house.clock.now();
    // Once bytes are frozen an attempt may have been made, and whatever was begun is finished
    // under its key.
    if row.over && row.frozen.is_none() {
        return Ok(Went::Became(Became::Withheld(OVER.into())));
    }
    let Some(person) = to else {
        return Ok(Went::Became(Became::Withheld("no_address".into())));
    };
    let purpose = purpose(house, row);
    let mut refused = "no_address".to_owned();
    let mut held: Option<Timestamp> = None;
    for (name, to) in ways(house, row, person) {
        let Some(channel) = house.channels.get(name.as_str()) else { continue };
        let way = way(channel.as_ref(), person);
        match screen(&row.message, &way, purpose.as_deref(), now) {
            Verdict::Full | Verdict::Private => {}
            Verdict::HoldUntil(until) => {
                held = Some(held.map_or(until, |it| it.min(until)));
                continue;
            }
            Verdict::Withhold(why) => {
                refused = why;
                continue;
            }
        }
        let Some(form) = form(&row.message, &way) else { continue };
        if let Some(under) = paused(house, row, &name).await? {
            // Nothing that stands before its reader waits, or could be dropped. An attempt was made;
            // where readers read our own database, asking again says whether it succeeded.
            let Some(frozen) = row.frozen.clone().filter(|_| channel.keeps_lines()) else {
                return Ok(Went::Waits(under));
            };
            let asked = hand_over(house, channel.as_ref(), row, person, to, frozen).await;
            return Ok(asked.map_or(Went::Waits(under), Went::Became));
        }
        if lease.lapsed(house) {
            return Ok(Went::Lapsed);
        }
        let frozen = match freeze(house, row, person, &name, form).await {
            Err(StoreError::Conflict) => return Ok(Went::Lapsed),
            frozen => frozen?,
        };
        // The last look before it leaves: everything before this may have taken any time.
        if lease.lapsed(house) {
            return Ok(Went::Lapsed);
        }
        match hand_over(house, channel.as_ref(), row, person, to, frozen).await {
            Ok(became) => return Ok(Went::Became(became)),
            // Whoever looks next sees why.
            Err(why) if why == STOPPED => {
                return Ok(Went::Became(Became::Later(now.plus_ms(RETRY_FIRST_MS))));
            }
            Err(why) => refused = why,
        }
    }
    Ok(Went::Became(held.map_or(Became::Withheld(refused), Became::Held)))
}

/// The pause that a message waits under on this channel. It never goes another way instead: who
/// paused a channel wants to see what would leave over it.
async fn paused(
    house: &House,
    row: &OutboxRow,
    channel: &str,
) -> Result<Option<PauseRef>, StoreError> {
    if row.leaving().is_exempt() {
        return Ok(None);
    }
    let now = house.pauses.now(house.store.as_ref()).await?;
    if let Some(pause) = pauses::stops(&now, row, channel) {
        return Ok(Some(pause.of.clone()));
    }
    // What it overtook when it was taken is released meanwhile: it goes behind again.
    let passed = row.behind.as_ref().filter(|of| now.iter().all(|it| it.of != **of));
    if passed.is_some() {
        return Ok(passed.cloned());
    }
    // Cards and notices of our own desk disturb nobody; a second attempt was counted before.
    if channel == OWN_DESK || row.frozen.is_some() {
        return Ok(None);
    }
    let stopped = house.pauses.allow(house.store.as_ref(), row, house.clock.now()).await?;
    if stopped.is_some() {
        // The desks see it at once.
        house.wake.tell(News { payer: row.key.payer.clone(), person: None });
    }
    Ok(stopped.map(|it| it.of))
}

async fn freeze(
    house: &House,
    row: &OutboxRow,
    person: &Person,
    channel: &str,
    form: Form,
) -> Result<Frozen, StoreError> {
    if let Some(frozen) = &row.frozen {
        return Ok(frozen.clone());
    }
    let frozen = render(house, row, person, channel, form);
    house.store.freeze(&row.key, &frozen).await?;
    Ok(frozen)
}

fn outgoing(
    house: &House,
    row: &OutboxRow,
    person: &Person,
    to: String,
    frozen: Frozen,
) -> Outgoing {
    let conversation = row.key.effect.conversation.clone();
    let speaker = (row.message.kind == MessageKind::Person).then(|| speaker(row)).flatten();
    Outgoing {
        key: row.key.clone(),
        person: person.person.clone(),
        to,
        frozen,
        question: row.message.question.map(|key| EffectRef { conversation, key }),
        speaker,
        leaving: row.leaving(),
        now_ms: house.clock.now().0,
    }
}

/// One attempt on one channel. An error names why the next channel should be tried.
async fn hand_over(
    house: &House,
    channel: &dyn Channel,
    row: &OutboxRow,
    person: &Person,
    to: String,
    frozen: Frozen,
) -> Result<Became, String> {
    let outgoing = outgoing(house, row, person, to, frozen);
    let now_ms = outgoing.now_ms;
    let sending = house.watch.metrics.sending(channel.profile().name);
    let sent = channel.send(&outgoing).await;
    drop(sending);
    match sent {
        Ok(sent) => Ok(Became::Sent { shown: sent.shown }),
        Err(SendError::Stopped) => Err(STOPPED.into()),
        Err(SendError::Later(why)) => Ok(match retry_at(row.attempts, SEND_ATTEMPTS_MAX, now_ms) {
            Some(at) => Became::Later(at),
            None => Became::Dead(why),
        }),
        Err(SendError::Maybe(_)) => Ok(Became::Maybe),
        Err(SendError::Never(why)) => Ok(Became::Dead(why)),
        Err(SendError::OptedOut) => Err("opted_out".into()),
    }
}

/// Who writes a person's words, as the turn put it beside them.
fn speaker(row: &OutboxRow) -> Option<String> {
    let value = row.message.values.iter().find(|(path, _)| path.0 == "speaker");
    value.and_then(|(_, it)| it.value.as_str()).map(str::to_owned)
}

/// When to try again after `attempts` failures, doubling; `None` when it is enough.
fn retry_at(attempts: u32, attempts_max: u32, now_ms: i64) -> Option<Timestamp> {
    let wait_ms = RETRY_FIRST_MS << attempts.min(12);
    (attempts + 1 < attempts_max).then_some(Timestamp(now_ms + wait_ms))
}

/// Makes the calls that are due; answers how many.
pub async fn call(house: &House) -> Result<usize, StoreError> {
    let lease = Lease::begin(house);
    let rows = house.store.lease_calls(lease.since, LEASE_MS, LEASE_MAX).await?;
    let made = rows.len();
    for (at, row) in rows.iter().enumerate() {
        if house.leaving.is_cancelled() {
            let left: Vec<_> =
                rows[at..].iter().map(|it| (it.payer.clone(), it.key.clone())).collect();
            if !lease.lapsed(house) {
                house.store.care().release_calls(&left).await?;
            }
            return Ok(at);
        }
        house.watch.loops.beat("calls");
        let began = SystemTime::now();
        let Some(became) = call_one(house, row, lease).await? else { continue };
        let result = house.watch.metrics.called(row, &became);
        trace::thread::called(house, row, result, began).await;
        if let CallBecame::Returned(CallResult::Unknown) = &became {
            warn!(call = %row.key, action = row.action, "nobody knows whether this was done");
        }
        house.store.settle_call(&row.payer, &row.key, became, house.clock.now()).await?;
    }
    Ok(made)
}

/// One attempt; nothing, if the call may be somebody else's now.
async fn call_one(
    house: &House,
    row: &CallRow,
    lease: Lease,
) -> Result<Option<CallBecame>, StoreError> {
    let refused = authority::gone(house, row).await;
    if lease.lapsed(house) {
        return Ok(None);
    }
    if let Some(refused) = refused {
        return Ok(Some(CallBecame::NotBegun(refused)));
    }
    if row.write {
        // From here on nobody can say that nothing was changed.
        match house.store.begin_call(row).await {
            Err(StoreError::Conflict) => return Ok(None),
            begun => begun?,
        }
        if lease.lapsed(house) {
            return Ok(None);
        }
    }
    Ok(Some(attempt(house, row).await))
}

async fn attempt(house: &House, row: &CallRow) -> CallBecame {
    let now_ms = house.clock.now().0;
    let call = Call { payer: row.payer.clone(), key: row.key.to_string(), now_ms };
    let calling = house.watch.metrics.calling(&row.action);
    let running = house.host.run(&row.action, &call, row.input.clone());
    let answered = tokio::time::timeout(house.seams.call_patience, running).await;
    drop(calling);
    let result = match answered {
        Ok(result) => result,
        Err(_) if row.write => Err(ActionError::Unknown("no answer in time".into())),
        Err(_) => Err(ActionError::Unavailable("no answer in time".into())),
    };
    let refused = |code: &str, message: String| {
        CallBecame::Returned(CallResult::Refused { code: code.into(), message })
    };
    match result {
        Ok(value) => CallBecame::Returned(CallResult::Done(value)),
        Err(ActionError::Refused { code, message }) => refused(&code, message),
        Err(ActionError::Input(message)) => refused("bad_input", message),
        Err(ActionError::Unavailable(message)) => {
            match retry_at(row.attempts, CALL_ATTEMPTS_MAX, now_ms) {
                Some(at) => CallBecame::Later(at),
                // This attempt changed nothing; an earlier one may have, whose answer was lost.
                None if row.write => inquire(house, row, &call).await,
                None => refused("unavailable", message),
            }
        }
        Err(ActionError::Unknown(_)) => match retry_at(row.attempts, CALL_ATTEMPTS_MAX, now_ms) {
            Some(at) => CallBecame::Later(at),
            None => inquire(house, row, &call).await,
        },
    }
}

/// The same key did not help: ask the action's own `inquire`, with the same arguments.
async fn inquire(house: &House, row: &CallRow, call: &Call) -> CallBecame {
    let spec = house.catalog.actions.get(&row.action);
    let Some(inquire) = spec.and_then(|it| it.inquire.as_deref()) else {
        return CallBecame::Returned(CallResult::Unknown);
    };
    let running = house.host.run(inquire, call, row.input.clone());
    match tokio::time::timeout(house.seams.call_patience, running).await {
        Ok(Ok(value)) => CallBecame::Returned(CallResult::Done(value)),
        _ => CallBecame::Returned(CallResult::Unknown),
    }
}
