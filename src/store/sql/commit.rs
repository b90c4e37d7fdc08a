//! Turns as rows. What was revised meanwhile is a conflict, and then nothing of that turn is
//! written.

use std::collections::BTreeMap;
use std::sync::Arc;

use mendline_engine::event::Event;
use mendline_engine::state::Position;
use sqlx::Row as _;

use super::batch::{Batch, Job};
use super::inbox::{self, Applied, Arrivals, Entry, no_conversation, own};
use super::outbox::{self, Outgoing};
use super::record::Sealed;
use super::rows::{Cell, Column, Rows};
use super::seal::Sealer;
use super::writes::Seen;
use super::{Connection, calls, conversations, questions, record};
use crate::store::{EffectRef, Head, StoreError, TurnCommit};

/// Which turns of a batch moved their conversation, with the rows of their record, by the number
/// of the job and of the turn in it.
#[derive(Default)]
pub(super) struct Turned(BTreeMap<(usize, usize), Result<Sealed, StoreError>>);

impl Turned {
    /// Whether that turn moved its conversation.
    pub(super) fn has(&self, nth: usize, turn: usize) -> bool {
        matches!(self.0.get(&(nth, turn)), Some(Ok(_)))
    }

    /// The record of a turn that moved its conversation; a conflict if it did not.
    pub(super) fn take(&mut self, nth: usize, turn: usize) -> Result<Sealed, StoreError> {
        self.0.remove(&(nth, turn)).unwrap_or(Err(StoreError::Conflict))
    }
}

pub(super) const ADVANCED: &[Column] = &[
    Column::Text("payer"),
    Column::Text("id"),
    Column::Int("expected"),
    Column::Int("turn"),
    Column::Bytes("state_ct"),
    Column::Int("turned"),
    Column::Int("ended"),
    Column::Int("record_seq"),
    Column::Text("record_hash"),
];
pub(super) const ADVANCE: &str = "
    update conversations set turn = v.turn, state_ct = v.state_ct, turned = v.turned, ended = v.ended,
        record_seq = v.record_seq, record_hash = v.record_hash, leased_until = null
    from v where conversations.payer = v.payer and conversations.id = v.id
      and conversations.turn = v.expected
    returning conversations.payer as payer, conversations.id as id";

/// Moves every conversation of the batch on, with the rows of its record; says which moved.
pub(super) async fn advance(
    connection: &mut Connection,
    batch: &mut Batch<'_>,
    jobs: &[Arc<Job>],
    arrived: &Arrivals,
) -> Result<Turned, StoreError> {
    let mut turned = Turned::default();
    let mut rows = Rows::new(ADVANCED);
    let mut trying: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    let mut seen = Seen::new();
    for (nth, job) in jobs.iter().enumerate() {
        let turns: &[TurnCommit] = match job.as_ref() {
            Job::Turn(turn) => std::slice::from_ref(turn.as_ref()),
            Job::Carry(carry) if arrived.is_new(nth) => &carry.turns,
            _ => continue,
        };
        for (at, turn) in turns.iter().enumerate() {
            let name = (turn.payer.clone(), turn.conversation.clone());
            // The first of two about the same wins; what was applied meanwhile is not again.
            // What was paused meanwhile does not leave with it: dispatch looks at it again.
            if !seen.insert(name.clone()) || !is_open(batch, turn) || batch.found.is_paused(turn) {
                continue;
            }
            let sealed = match batch.keys.of(&turn.payer, &turn.principal) {
                Ok(sealer) => {
                    let sealed = record::seal(&sealer, turn);
                    if !is_born(job, turn) {
                        rows.push(advanced(&sealer, turn, &sealed.head));
                        trying.insert(name, (nth, at));
                    }
                    Ok(sealed)
                }
                Err(why) => Err(why),
            };
            turned.0.insert((nth, at), sealed);
        }
    }
    for row in &rows.fetch(connection, &[], ADVANCE).await? {
        trying.remove(&(row.try_get("payer")?, row.try_get("id")?));
    }
    // Somebody else moved these first.
    trying.values().for_each(|place| {
        turned.0.remove(place);
    });
    Ok(turned)
}

/// Whether everything that the turn applies still waits.
fn is_open(batch: &Batch<'_>, turn: &TurnCommit) -> bool {
    turn.done.iter().filter(|(seq, _)| *seq > 0).all(|(seq, _)| {
        let waits = batch.found.waiting.get(&(turn.payer.clone(), *seq));
        waits.is_some_and(|(conversation, _)| *conversation == turn.conversation)
    })
}

/// Whether the conversation begins in the same job.
fn is_born(job: &Job, turn: &TurnCommit) -> bool {
    match job {
        Job::Carry(carry) => carry.person.begins.iter().any(|it| it.id == turn.conversation),
        _ => false,
    }
}

fn advanced(sealer: &Sealer, turn: &TurnCommit, head: &Head) -> [Cell; 9] {
    [
        turn.payer.as_str().into(),
        turn.conversation.as_str().into(),
        turn.expected_turn.into(),
        turn.state.turn.into(),
        sealer.seal("conversations.state", &turn.conversation, &turn.state).into(),
        turn.now.0.into(),
        has_ended(turn).into(),
        head.seq.into(),
        head.hash.clone().into(),
    ]
}

pub(super) fn has_ended(turn: &TurnCommit) -> bool {
    turn.state.position == Position::Ended
}

/// A turn of a conversation whose events lie in the inbox.
pub(super) fn turn(
    batch: &mut Batch<'_>,
    turn: &TurnCommit,
    moved: Result<Sealed, StoreError>,
) -> Result<(), StoreError> {
    let record = moved?;
    let sealer = batch.keys.of(&turn.payer, &turn.principal)?;
    finish(batch, turn, &sealer);
    put(batch, turn, record, &sealer)
}

/// What waited in the inbox and was applied is done.
pub(super) fn finish(batch: &mut Batch<'_>, turn: &TurnCommit, sealer: &Sealer) {
    for (seq, answer) in &turn.done {
        let place = (turn.payer.clone(), *seq);
        let Some((_, row)) = batch.found.waiting.get(&place) else { continue };
        let answer = answer.as_ref().map(|it| sealer.seal("inbox.answer", row, it));
        batch.writes.done.push([
            turn.payer.as_str().into(),
            (*seq).into(),
            turn.now.0.into(),
            answer.into(),
        ]);
    }
}

/// Everything that a turn asks for.
pub(super) fn put(
    batch: &mut Batch<'_>,
    turn: &TurnCommit,
    record: Sealed,
    sealer: &Arc<Sealer>,
) -> Result<(), StoreError> {
    let (payer, id) = (turn.payer.as_str(), turn.conversation.as_str());
    let name = |key| EffectRef { conversation: id.to_owned(), key };
    let writes = &mut batch.writes;
    record.rows.into_iter().for_each(|row| writes.record.push(row));
    for new in &turn.messages {
        let outgoing = Outgoing {
            effect: name(new.key),
            lane: id,
            person: &new.person,
            message: &new.message,
            posted: new.posted.as_deref(),
        };
        outbox::put(writes, sealer, payer, &outgoing, turn.now);
        questions::put(writes, sealer, payer, id, new, turn.now);
    }
    for (key, why) in &turn.closed {
        let by = turn.answered_on.iter().find(|(question, ..)| question == key);
        let by = by.map(|(_, person, channel)| (person.as_str(), channel.as_str()));
        questions::close(writes, sealer, (payer, &name(*key)), (why, by), turn.now);
    }
    for call in &turn.calls {
        calls::put(writes, sealer, payer, &name(call.key), call, turn.now);
    }
    for timer in &turn.cleared {
        writes.cleared.push([payer.into(), id.into(), timer.into()]);
    }
    for (timer, generation, due) in &turn.timers {
        let row = [payer.into(), id.into(), timer.into(), (*generation).into(), due.0.into()];
        writes.timers.push(row);
    }
    for change in &turn.handoffs {
        writes.handoff(sealer.clone(), payer, id, change, turn.now);
    }
    for it in &turn.identifiers {
        let idx = conversations::index(batch.vault, payer, it);
        writes.identifiers.push([payer.into(), idx.into(), id.into()]);
    }
    reach_others(batch, turn)
}

/// Conversations that begin, and events for others.
fn reach_others(batch: &mut Batch<'_>, turn: &TurnCommit) -> Result<(), StoreError> {
    let payer = turn.payer.as_str();
    for new in &turn.begins {
        let entry = own("start", payer, &new.id, turn.now);
        conversations::begin(batch, new, turn.now, entry, None)?;
    }
    let id = format!("{}/{}", turn.conversation, turn.state.turn);
    for (part, (conversation, event)) in (0..).zip(&turn.events) {
        let entry = Entry { part, ..own("conversation", payer, &id, turn.now) };
        send_event(batch, entry, conversation, event, None)?;
    }
    Ok(())
}

/// Puts an event before a conversation that is there. Whoever was forgotten has no events any
/// more.
pub(super) fn send_event(
    batch: &mut Batch<'_>,
    entry: Entry<'_>,
    conversation: &str,
    event: &Event,
    applied: Option<Applied<'_>>,
) -> Result<(), StoreError> {
    let name = (entry.payer.to_owned(), conversation.to_owned());
    let principal = batch.found.principals.get(&name);
    let principal = principal.ok_or_else(|| no_conversation(conversation))?;
    match batch.keys.of(entry.payer, principal) {
        Ok(sealer) => {
            inbox::put_event(&mut batch.writes, &sealer, entry, conversation, event, applied);
            Ok(())
        }
        Err(StoreError::Forgotten) => Ok(()),
        Err(error) => Err(error),
    }
}

/// When a turn's events are done, with the answer of this one.
pub(super) fn applied(turn: &TurnCommit, part: u32) -> Option<Applied<'_>> {
    let done = turn.done.iter().find(|(number, _)| *number == -i64::from(part))?;
    Some(Applied { at: turn.now, answer: done.1.as_ref() })
}
