//! What leaves the house: messages to channels, calls to plugins. Each result comes back in
//! through the inbox.
//!
//! This room alone calls [`Channel::send`](crate::channels::Channel). It screens again at the
//! moment of sending, freezes the bytes before the first attempt, and keeps one key for every
//! attempt.

mod ahead;
mod attempt;
mod authority;
mod calls;
mod circuit;
mod first;
mod gather;
pub mod numbers;
mod over;
mod ways;

pub use calls::call;
pub use circuit::Circuits;
pub use over::close;
pub use ways::is_night;

use std::sync::Arc;
use std::time::SystemTime;

use futures::{StreamExt as _, stream};
use mendline_engine::message::MessageKind;
use mendline_engine::render::Form;
use mendline_engine::screen::{Verdict, form, screen};
use mendline_engine::time::Timestamp;
use tokio::task::{JoinError, JoinSet};
use tracing::{error, info, warn};

use crate::channels::Channel;
use crate::house::House;
use crate::pauses;
use crate::store::{
    Became, EffectRef, Frozen, MessageRef, NewMessage, OutboxRow, PauseRef, Person, Posted,
    StoreError, TurnCommit,
};
use crate::trace;
use crate::wake::{Loop, News};
use attempt::{Refused, hand_over, outgoing};
use ways::{purpose, render, scope, untried, way, ways};

/// How long a leased message or call is ours before somebody else may try: longer than a call may
/// take ([`crate::seams`]), and not much longer, because after a crash somebody waits for so long.
const LEASE_MS: i64 = 25_000;
/// Messages leased at once.
const LEASE_MAX: u32 = 64;
/// Messages on their way at once. A channel that does not answer is soon not tried any more
/// ([`Circuits`]), so they are never all one channel's for long.
const ON_THEIR_WAY_MAX: usize = 256;
/// Attempts before a message is a dead letter: with doubling waits, about an hour.
const SEND_ATTEMPTS_MAX: u32 = 10;
/// The first wait after a failure.
const RETRY_FIRST_MS: i64 = 4_000;
/// The channel of our own desk.
const OWN_DESK: &str = "desk";
/// Why a message is withheld whose question was closed before it left; the turn expects it.
const OVER: &str = "over";
/// Why something is withheld that must be read: no channel is left for it; the turn expects it.
const NO_CHANNEL: &str = "no_channel";

/// Sends the messages that are due, and waits until they went; answers how many.
pub async fn send(house: &House) -> Result<usize, StoreError> {
    let (lease, due) = take(house, LEASE_MAX).await?;
    // Each is the oldest of its lane, so they may go side by side.
    let delivering = due.iter().map(|(row, to)| deliver(house, row, to.as_ref(), lease));
    let delivering: Vec<_> = delivering.collect();
    let delivered = stream::iter(delivering).buffer_unordered(house.seams.sends_at_once);
    let results: Vec<_> = delivered.collect().await;
    results.into_iter().collect::<Result<Vec<()>, _>>()?;
    Ok(due.len())
}

/// Messages on their way, each by itself: one that hangs keeps no other waiting.
#[derive(Default)]
pub struct Sending(JoinSet<Result<(), StoreError>>);

impl Sending {
    /// Takes what is due and lets it go; answers whether there was anything. What went wrong with
    /// earlier ones is told now.
    pub async fn more(&mut self, house: &Arc<House>) -> Result<bool, StoreError> {
        while let Some(ended) = self.0.try_join_next() {
            told(ended)?;
        }
        let room = ON_THEIR_WAY_MAX.saturating_sub(self.0.len());
        let room = u32::try_from(room).unwrap_or(LEASE_MAX).min(LEASE_MAX);
        if room == 0 {
            return Ok(false);
        }
        let (lease, due) = take(house, room).await?;
        let any = !due.is_empty();
        for (row, to) in due {
            let house = house.clone();
            self.0.spawn(async move { deliver(&house, &row, to.as_ref(), lease).await });
        }
        Ok(any)
    }

    /// Until one of them went, if any is on its way: there is something to look for then.
    pub async fn one_went(&mut self) -> Result<(), StoreError> {
        match self.0.join_next().await {
            Some(ended) => told(ended),
            None => std::future::pending().await,
        }
    }

    /// Until all of them went.
    pub async fn all_went(&mut self) {
        while let Some(ended) = self.0.join_next().await {
            if let Err(why) = told(ended) {
                warn!("{why}");
            }
        }
    }
}

/// One that fell is leased still, and taken again when that lapses.
fn told(ended: Result<Result<(), StoreError>, JoinError>) -> Result<(), StoreError> {
    ended.unwrap_or_else(|why| {
        error!("a send ended badly: {why}");
        Ok(())
    })
}

type Due = Vec<(OutboxRow, Option<Person>)>;

async fn take(house: &House, most: u32) -> Result<(Lease, Due), StoreError> {
    let lease = Lease::begin(house);
    let rows = house.store.lease_outbox(lease.since, LEASE_MS, most).await?;
    if rows.is_empty() {
        return Ok((lease, Vec::new()));
    }
    let who: Vec<_> = rows.iter().map(|it| (it.key.payer.clone(), it.person.clone())).collect();
    let people = house.store.people(&who).await?;
    Ok((lease, rows.into_iter().zip(people).collect()))
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
    let scope = scope(house, to).await?;
    let (way, purpose) = (way(house, channel.as_ref(), to, scope), purpose(house, &row));
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
    // What became of it may be an event.
    house.wake.work_for(&[Loop::Turns]);
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
    if row.frozen.is_none() && (row.over || first::comes_too_late(row, now)) {
        return Ok(Went::Became(Became::Withheld(OVER.into())));
    }
    let Some(person) = to else {
        return Ok(Went::Became(withheld(row, "no_address")));
    };
    let (purpose, scope) = (purpose(house, row), scope(house, person).await?);
    let mut refused = "no_address".to_owned();
    let mut never: Option<String> = None;
    let mut held: Option<Timestamp> = None;
    let mut ways = untried(house, row, person).await?.into_iter().peekable();
    while let Some((name, to)) = ways.next() {
        let Some(channel) = house.channels.get(name.as_str()) else { continue };
        let way = way(house, channel.as_ref(), person, scope);
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
        if let Some(until) = gather::until(house, channel.as_ref(), row, person, now).await? {
            return Ok(Went::Became(Became::Held(until)));
        }
        if let Some(under) = paused(house, row, &name).await? {
            // Nothing that stands before its reader waits, or could be dropped. An attempt was made;
            // where readers read our own database, asking again says whether it succeeded.
            let Some(frozen) = row.frozen.clone().filter(|_| channel.keeps_lines()) else {
                return Ok(Went::Waits(under));
            };
            let asked = hand_over(house, channel.as_ref(), row, person, to, frozen).await;
            return Ok(match asked {
                Ok(became) => Went::Became(became),
                Err(Refused::Never(why)) => Went::Became(Became::Dead(why)),
                Err(Refused::Stopped | Refused::OptedOut) => Went::Waits(under),
            });
        }
        if lease.lapsed(house) {
            return Ok(Went::Lapsed);
        }
        let frozen = match freeze(house, row, person, (channel.as_ref(), &to), form).await {
            Err(StoreError::Conflict) => return Ok(Went::Lapsed),
            frozen => frozen?,
        };
        // The last look before it leaves: everything before this may have taken any time.
        if lease.lapsed(house) {
            return Ok(Went::Lapsed);
        }
        match hand_over(house, channel.as_ref(), row, person, to, frozen).await {
            Ok(became) => return Ok(Went::Became(became)),
            Err(Refused::Stopped) => {
                return Ok(Went::Became(Became::Later(now.plus_ms(RETRY_FIRST_MS))));
            }
            Err(Refused::OptedOut) => refused = "opted_out".into(),
            Err(Refused::Never(why)) => never = Some(why),
        }
        // Whoever has it by now may have sent it there.
        if lease.lapsed(house) {
            return Ok(Went::Lapsed);
        }
        // Nothing left by the first attempt. After a later one nobody could say so: then the bytes,
        // and with them the message, stay with their channel (rule 7).
        if row.frozen.is_none() && ways.peek().is_some() {
            house.store.standing().thaw(&row.key, &name).await?;
        }
    }
    Ok(Went::Became(match (held, never) {
        (Some(until), _) => Became::Held(until),
        (None, None) => withheld(row, &refused),
        (None, Some(_)) if must_be_told(row) => withheld(row, NO_CHANNEL),
        (None, Some(why)) => Became::Dead(why),
    }))
}

/// Whether it must be read, and every channel was looked at for it: then a person tells it.
fn must_be_told(row: &OutboxRow) -> bool {
    row.message.notice.is_some() && row.frozen.is_none()
}

fn withheld(row: &OutboxRow, why: &str) -> Became {
    Became::Withheld(if must_be_told(row) { NO_CHANNEL } else { why }.into())
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
    (channel, to): (&dyn Channel, &str),
    form: Form,
) -> Result<Frozen, StoreError> {
    if let Some(frozen) = &row.frozen {
        // Kept once more, which says whether it was settled meanwhile: somebody whose clock is late
        // may have had it since.
        house.store.freeze(&row.key, frozen).await?;
        return Ok(frozen.clone());
    }
    let mut frozen = render(house, row, person, channel.profile().name, form);
    let first = first::put(house, row, person, (channel, to), &mut frozen).await?;
    numbers::put(house, row, person, &mut frozen).await?;
    house.store.freeze(&row.key, &frozen).await?;
    if first {
        // Who dies before this says it once more with the next message.
        first::told(house, person, (channel, to)).await?;
    }
    Ok(frozen)
}
