//! Person turns as rows: one arrival, routed; and what is carried with it.

use mendline_engine::message::EffectKey;

use super::batch::{Batch, Done, Outcome};
use super::commit::{self, Turned};
use super::conversations::{self, Born};
use super::inbox::Entry;
use super::outbox::{self, Outgoing};
use super::{consents, reach};
use crate::store::{
    Accepted, Carried, Carry, EffectRef, PersonCommit, PersonFact, StoreError, TurnCommit,
};

/// A person turn of an arrival that lies in the inbox.
pub(super) fn person(batch: &mut Batch<'_>, commit: &PersonCommit) -> Result<(), StoreError> {
    let arrival = batch.found.arrivals.remove(&(commit.payer.clone(), commit.seq));
    let Some(arrival) = arrival else {
        return Err(StoreError::Unreadable(format!("there is no arrival {}", commit.seq)));
    };
    if arrival.done {
        return Err(StoreError::Conflict);
    }
    let entry = Entry {
        payer: &commit.payer,
        source: &arrival.source,
        id: &arrival.id,
        part: 0,
        origin: Some(commit.seq),
        received: arrival.received,
    };
    let sealer = batch.keys.of(&commit.payer, &commit.person)?;
    let answer = commit.settled.as_ref();
    let answer = answer.map(|it| sealer.seal("inbox.answer", &entry.row(), it));
    batch.writes.done.push([
        commit.payer.as_str().into(),
        commit.seq.into(),
        commit.now.0.into(),
        answer.into(),
    ]);
    put(batch, commit, commit.seq, entry, &[])
}

/// An arrival with all that it leads to. One that was there already leads to nothing again.
pub(super) fn carry(
    batch: &mut Batch<'_>,
    carry: &Carry,
    accepted: Result<Accepted, StoreError>,
    turned: &mut Turned,
    nth: usize,
) -> Outcome {
    let accepted = accepted?;
    if accepted.duplicate {
        return Ok(Done::Carried(Carried { accepted, turned: false }));
    }
    let mut went = Vec::new();
    for (at, turn) in carry.turns.iter().enumerate() {
        match turned.take(nth, at) {
            Ok(record) => went.push((turn, record)),
            // Its events wait in the inbox.
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    let all = went.len() == carry.turns.len();
    let arrival = &carry.arrival;
    let entry = Entry {
        payer: &arrival.payer,
        source: &arrival.source,
        id: &arrival.id,
        part: 0,
        origin: Some(accepted.seq),
        received: arrival.received,
    };
    let heads: Vec<_> =
        went.iter().map(|(turn, record)| Born { turn, head: &record.head }).collect();
    put(batch, &carry.person, accepted.seq, entry, &heads)?;
    for (turn, record) in went {
        let sealer = batch.keys.of(&turn.payer, &turn.principal)?;
        commit::finish(batch, turn, &sealer);
        commit::put(batch, turn, record, &sealer)?;
    }
    Ok(Done::Carried(Carried { accepted, turned: all }))
}

/// What a person turn writes. Events that a turn of `went` applied enter as done.
fn put(
    batch: &mut Batch<'_>,
    commit: &PersonCommit,
    seq: i64,
    entry: Entry<'_>,
    went: &[Born<'_>],
) -> Result<(), StoreError> {
    let payer = commit.payer.as_str();
    let sealer = batch.keys.of(payer, &commit.person)?;
    for fact in &commit.facts {
        batch.writes.facts.push((payer.into(), commit.person.clone(), fact.clone()));
        let whose = (payer, commit.person.as_str());
        let change = reach::Change::of(batch.vault, &sealer, whose, fact, commit.now);
        batch.writes.reached.extend(change);
        if let PersonFact::Consent(it) = fact {
            let change = consents::Change::of(batch.vault, &sealer, whose, it, commit.now);
            batch.writes.agreed.push(change);
        }
    }
    let born = |id: &str| went.iter().find(|it| it.turn.conversation == id);
    for (part, new) in (1..).zip(&commit.begins) {
        conversations::begin(batch, new, commit.now, Entry { part, ..entry }, born(&new.id))?;
    }
    let parts: Vec<_> = commit.parts().skip_while(|(part, ..)| is_begin(commit, *part)).collect();
    for (part, conversation, event) in parts {
        let turn: Option<&TurnCommit> = born(conversation).map(|it| it.turn);
        let applied = turn.and_then(|it| commit::applied(it, part));
        commit::send_event(batch, Entry { part, ..entry }, conversation, event, applied)?;
    }
    for (index, message) in (0..).zip(&commit.says) {
        let conversation = format!("person/{}/{seq}", commit.person);
        let effect = EffectRef { conversation, key: EffectKey { turn: 0, index } };
        let outgoing = Outgoing { effect, lane: "", person: &commit.person, message, posted: None };
        outbox::put(&mut batch.writes, &sealer, payer, &outgoing, commit.now);
    }
    Ok(())
}

fn is_begin(commit: &PersonCommit, part: u32) -> bool {
    usize::try_from(part).is_ok_and(|part| part <= commit.begins.len())
}
