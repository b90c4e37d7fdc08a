//! What came in: `inbox`.

use std::collections::BTreeMap;
use std::sync::Arc;

use mendline_engine::event::Event;
use mendline_engine::time::Timestamp;
use serde_json::Value;
use sqlx::Row as _;
use tracing::error;

use super::batch::{Batch, Job};
use super::rows::{Cell, Column, Rows};
use super::script::{Place, Script};
use super::seal::Sealer;
use super::writes::Writes;
use super::{Connection, DbRow, SqlStore, count};
use crate::channels::Incoming;
use crate::store::{Accepted, InboxBody, NewArrival, PersonCommit, Settled, StoreError, Unrouted};

/// Under which (source, id, part) a row enters: the key that makes a second one a no-op.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) payer: &'a str,
    pub(super) source: &'a str,
    pub(super) id: &'a str,
    /// 0 for what came by itself, from 1 for the events that a person turn makes of it.
    pub(super) part: u32,
    /// The arrival that a person turn made it of.
    pub(super) origin: Option<i64>,
    pub(super) received: Timestamp,
}

impl Entry<'_> {
    pub(super) fn row(&self) -> String {
        format!("{}/{}/{}", self.source, self.id, self.part)
    }
}

/// An entry that comes from inside the house.
pub(super) fn own<'a>(
    source: &'a str,
    payer: &'a str,
    id: &'a str,
    received: Timestamp,
) -> Entry<'a> {
    Entry { payer, source, id, part: 0, origin: None, received }
}

/// How an event enters that is applied in the same transaction: when, and the answer for whoever
/// waits on it.
pub(super) struct Applied<'a> {
    pub(super) at: Timestamp,
    pub(super) answer: Option<&'a Value>,
}

/// Puts an event before a conversation, once: a second one under the same entry is a no-op.
pub(super) fn put_event(
    writes: &mut Writes,
    sealer: &Sealer,
    entry: Entry<'_>,
    conversation: &str,
    event: &Event,
    applied: Option<Applied<'_>>,
) {
    let row = entry.row();
    let answer = applied.as_ref().and_then(|it| it.answer);
    let n = writes.next();
    writes.events.push([
        entry.payer.into(),
        n.into(),
        entry.source.into(),
        entry.id.into(),
        entry.part.into(),
        entry.origin.into(),
        conversation.into(),
        "".into(),
        sealer.person().into(),
        sealer.seal("inbox.body", &row, event).into(),
        entry.received.0.into(),
        applied.map(|it| it.at.0).into(),
        answer.map(|it| sealer.seal("inbox.answer", &row, it)).into(),
    ]);
}

/// Which arrivals of a batch are on disk, by the number of the job.
pub(super) struct Arrivals(BTreeMap<usize, Result<Accepted, StoreError>>);

impl Arrivals {
    pub(super) fn outcome(&self, nth: usize) -> Result<Accepted, StoreError> {
        match self.0.get(&nth) {
            Some(Ok(accepted)) => Ok(*accepted),
            Some(Err(why)) => Err(why.again()),
            None => Err(StoreError::Unreadable("an arrival was left out".into())),
        }
    }

    /// Whether the job's arrival was put on disk just now.
    pub(super) fn is_new(&self, nth: usize) -> bool {
        matches!(self.0.get(&nth), Some(Ok(it)) if !it.duplicate)
    }
}

/// The arrival of a job, with when it is done if it is carried.
pub(super) fn arrival_of(job: &Job) -> Option<(&NewArrival, Option<&PersonCommit>)> {
    match job {
        Job::Accept(arrival) => Some((arrival, None)),
        Job::Carry(carry) => Some((&carry.arrival, Some(&carry.person))),
        _ => None,
    }
}

/// Puts the arrivals of a batch on disk; a second one with the same key is a duplicate.
pub(super) async fn arrive(
    connection: &mut Connection,
    batch: &mut Batch<'_>,
    jobs: &[Arc<Job>],
) -> Result<Arrivals, StoreError> {
    let mut arrivals = Arrivals(BTreeMap::new());
    let mut rows = Rows::new(ARRIVAL);
    let mut entered: BTreeMap<[String; 3], Vec<usize>> = BTreeMap::new();
    for (nth, job) in jobs.iter().enumerate() {
        let Some((arrival, carried)) = arrival_of(job) else { continue };
        match row_of(batch, arrival, carried, nth) {
            Ok(row) => rows.push(row),
            Err(why) => {
                arrivals.0.insert(nth, Err(why));
                continue;
            }
        }
        let key = [arrival.payer.clone(), arrival.source.clone(), arrival.id.clone()];
        entered.entry(key).or_default().push(nth);
    }
    if entered.is_empty() {
        return Ok(arrivals);
    }
    let new = rows.fetch(connection, &[], PUT_ARRIVALS).await?;
    read_numbers(&new, &mut entered, &mut arrivals, false)?;
    let mut again = Rows::new(ENTERED);
    for [payer, source, id] in entered.keys() {
        again.push([payer.into(), source.into(), id.into()]);
    }
    let known = again.fetch(connection, &[], FIND_ARRIVALS).await?;
    read_numbers(&known, &mut entered, &mut arrivals, true)?;
    Ok(arrivals)
}

/// Gives the numbers to the jobs that entered under a row's key; the first of those that are new
/// is the one that is not a duplicate.
fn read_numbers(
    rows: &[DbRow],
    entered: &mut BTreeMap<[String; 3], Vec<usize>>,
    arrivals: &mut Arrivals,
    known: bool,
) -> Result<(), StoreError> {
    for row in rows {
        let key = [row.try_get("payer")?, row.try_get("source")?, row.try_get("id")?];
        let seq = row.try_get("seq")?;
        for (at, nth) in entered.remove(&key).unwrap_or_default().into_iter().enumerate() {
            arrivals.0.insert(nth, Ok(Accepted { seq, duplicate: known || at > 0 }));
        }
    }
    Ok(())
}

fn row_of(
    batch: &Batch<'_>,
    arrival: &NewArrival,
    carried: Option<&PersonCommit>,
    nth: usize,
) -> Result<[Cell; 11], StoreError> {
    let payer = arrival.payer.as_str();
    let entry = Entry {
        payer,
        source: &arrival.source,
        id: &arrival.id,
        part: 0,
        origin: None,
        received: arrival.received,
    };
    let row = entry.row();
    let person = arrival.person.as_deref().unwrap_or_default();
    let (sealer, conversation, body) = match &arrival.body {
        InboxBody::Arrival(incoming) => {
            let sealer = batch.keys.of(payer, person)?;
            let body = sealer.seal("inbox.body", &row, incoming);
            (sealer, None, body)
        }
        InboxBody::Event { conversation, event } => {
            let name = (payer.to_owned(), conversation.clone());
            let principal = batch.found.principals.get(&name);
            let principal = principal.ok_or_else(|| no_conversation(conversation))?;
            let sealer = batch.keys.of(payer, principal)?;
            let body = sealer.seal("inbox.body", &row, event);
            (sealer, Some(conversation.clone()), body)
        }
    };
    let answer = carried.and_then(|it| it.settled.as_ref());
    Ok([
        payer.into(),
        i64::try_from(nth).unwrap_or(i64::MAX).into(),
        entry.source.into(),
        entry.id.into(),
        conversation.into(),
        person.into(),
        sealer.person().into(),
        body.into(),
        entry.received.0.into(),
        carried.map(|it| it.now.0).into(),
        answer.map(|it| sealer.seal("inbox.answer", &row, it)).into(),
    ])
}

pub(super) fn no_conversation(id: &str) -> StoreError {
    StoreError::Unreadable(format!("there is no conversation {id}"))
}

const ARRIVAL: &[Column] = &[
    Column::Text("payer"),
    Column::Int("n"),
    Column::Text("source"),
    Column::Text("id"),
    Column::Text("conversation"),
    Column::Text("person"),
    Column::Text("key_person"),
    Column::Bytes("body_ct"),
    Column::Int("received"),
    Column::Int("done_at"),
    Column::Bytes("answer_ct"),
];
const ENTERED: &[Column] = &[Column::Text("payer"), Column::Text("source"), Column::Text("id")];
const PUT_ARRIVALS: &str = "
    insert into inbox (payer, source, id, part, conversation, person, key_person, body_ct, received, done_at, answer_ct)
    select payer, source, id, 0, conversation, person, key_person, body_ct, received, done_at, answer_ct
    from v where true order by n on conflict do nothing
    returning seq, payer, source, id";
const FIND_ARRIVALS: &str = "
    select i.seq as seq, i.payer as payer, i.source as source, i.id as id
    from v join inbox i on i.payer = v.payer and i.source = v.source and i.id = v.id and i.part = 0";

/// Rows by payer and conversation.
pub(super) type ByConversation = BTreeMap<(String, String), Vec<DbRow>>;

/// Asks for the events that wait before each of these conversations, oldest first, at most so many
/// each.
pub(super) fn ask_waiting(conversations: Rows, limit: u32, script: &mut Script) -> Place {
    script.add(
        conversations,
        &[limit.into()],
        "select seq, payer, conversation, source, id, part, body_ct, received from (
            select i.*, row_number() over (partition by i.payer, i.conversation order by i.seq) as nth
            from v join inbox i on i.payer = v.payer and i.conversation = v.id
            where i.done_at is null) as waiting
         where nth <= $1 order by seq",
    )
}

/// What [`ask_waiting`] found.
pub(super) fn by_conversation(rows: Vec<DbRow>) -> Result<ByConversation, StoreError> {
    let mut by_conversation = ByConversation::new();
    for row in rows {
        let name = (row.try_get("payer")?, row.try_get("conversation")?);
        by_conversation.entry(name).or_default().push(row);
    }
    Ok(by_conversation)
}

/// An event that waits: its number, what, its source, when it was received.
pub(super) fn event(
    row: &DbRow,
    sealer: &Sealer,
) -> Result<(i64, Event, String, Timestamp), StoreError> {
    let received = Timestamp(row.try_get("received")?);
    Ok((row.try_get("seq")?, body(row, sealer)?, row.try_get("source")?, received))
}

fn body<T: serde::de::DeserializeOwned>(row: &DbRow, sealer: &Sealer) -> Result<T, StoreError> {
    let sealed: Vec<u8> = row.try_get("body_ct")?;
    sealer.open("inbox.body", &place(row)?, &sealed)
}

fn place(row: &DbRow) -> Result<String, StoreError> {
    let (source, id): (String, String) = (row.try_get("source")?, row.try_get("id")?);
    let part = count(row, "part")?;
    Ok(format!("{source}/{id}/{part}"))
}

pub(super) async fn unrouted(store: &SqlStore, limit: u32) -> Result<Vec<Unrouted>, StoreError> {
    let rows = sqlx::query(
        "select i.seq, i.payer, i.source, i.id, i.part, i.person, i.key_person, i.body_ct, i.received, k.wrapped
         from inbox i
         join (select min(seq) as seq from inbox
               where done_at is null and conversation is null
               group by payer, person) first on first.seq = i.seq
         left join person_keys k on k.payer = i.payer and k.person = i.key_person
         order by i.seq limit $1",
    )
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    let mut arrivals = Vec::new();
    for row in &rows {
        match arrival(store, row) {
            Ok(arrival) => arrivals.push(arrival),
            // One that cannot be read must not hold everybody else up.
            Err(why) => error!(seq = row.try_get::<i64, _>("seq")?, "arrival left lying: {why}"),
        }
    }
    Ok(arrivals)
}

fn arrival(store: &SqlStore, row: &DbRow) -> Result<Unrouted, StoreError> {
    let payer: String = row.try_get("payer")?;
    let sealer = Sealer::beside(&store.vault, &payer, row)?;
    let incoming: Incoming = body(row, &sealer)?;
    Ok(Unrouted {
        seq: row.try_get("seq")?,
        payer,
        source: row.try_get("source")?,
        person: row.try_get("person")?,
        incoming,
        received: Timestamp(row.try_get("received")?),
    })
}

pub(super) async fn settled(
    store: &SqlStore,
    payer: &str,
    seq: i64,
) -> Result<Option<Settled>, StoreError> {
    // The arrival itself, then the events that its person turn made of it. The plus keeps SQLite
    // from walking everything of the payer instead.
    let rows = sqlx::query(
        "select i.seq, i.source, i.id, i.part, i.conversation, i.key_person, i.done_at, i.answer_ct, k.wrapped
         from inbox i
         left join person_keys k on k.payer = i.payer and k.person = i.key_person
         where i.payer || '' = $1
           and i.seq in (select $2 union all select seq from inbox where origin = $2)
         order by i.seq",
    )
    .bind(payer)
    .bind(seq)
    .fetch_all(&store.readers)
    .await?;
    let mut settled = Settled { conversation: None, answer: None };
    let Some((own, events)) = rows.split_first() else { return Ok(None) };
    if own.try_get::<Option<i64>, _>("done_at")?.is_none() {
        return Ok(None);
    }
    settled.answer = answer(store, own, payer)?;
    let routed = settled.answer.is_some();
    for row in std::iter::once(own).chain(events) {
        if row.try_get::<Option<i64>, _>("done_at")?.is_none() && !routed {
            return Ok(None);
        }
        if settled.conversation.is_none() {
            settled.conversation = row.try_get("conversation")?;
        }
        if settled.answer.is_none() {
            settled.answer = answer(store, row, payer)?;
        }
    }
    Ok(Some(settled))
}

fn answer(store: &SqlStore, row: &DbRow, payer: &str) -> Result<Option<Value>, StoreError> {
    let Some(sealed) = row.try_get::<Option<Vec<u8>>, _>("answer_ct")? else { return Ok(None) };
    Sealer::beside(&store.vault, payer, row)?.open("inbox.answer", &place(row)?, &sealed).map(Some)
}
