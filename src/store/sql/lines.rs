//! What stands in a person's chat: `lines`, numbered without gaps by `chats`.

use std::collections::BTreeMap;
use std::sync::Arc;

use mendline_engine::time::Timestamp;
use serde_json::json;
use sqlx::{Connection as _, Row as _};

use super::batch::{Batch, Job};
use super::commit::Turned;
use super::found::line_key;
use super::inbox::{self, Arrivals};
use super::rows::{Cell, Column, Rows};
use super::seal::{Sealer, unless_forgotten};
use super::{BEGIN, Connection, DbRow, SqlStore, effect, flag};
use crate::store::{EffectRef, Line, MessageRef, NewArrival, NewLine, StoreError};

/// Numbers of the lines of a batch, by the number of the job.
pub(super) struct Numbers(BTreeMap<usize, Result<i64, StoreError>>);

impl Numbers {
    pub(super) fn outcome(&self, nth: usize) -> Result<i64, StoreError> {
        match self.0.get(&nth) {
            Some(Ok(seq)) => Ok(*seq),
            Some(Err(why)) => Err(why.again()),
            None => Err(StoreError::Unreadable("a line was left out".into())),
        }
    }
}

const CHAT: &[Column] =
    &[Column::Text("payer"), Column::Text("person"), Column::Text("channel"), Column::Int("more")];
/// The numbers of a chat are never used again, even if a line is forgotten.
const NUMBER: &str = "
    insert into chats (payer, person, channel, last_seq)
    select payer, person, channel, more from v where true
    on conflict (payer, person, channel) do update set last_seq = chats.last_seq + excluded.last_seq
    returning payer, person, channel, last_seq";

/// Numbers and writes the lines of a batch: of arrivals that are new, and of messages, each once.
pub(super) async fn number(
    connection: &mut Connection,
    batch: &mut Batch<'_>,
    jobs: &[Arc<Job>],
    arrived: &Arrivals,
    turned: &Turned,
) -> Result<Numbers, StoreError> {
    let mut numbers = Numbers(BTreeMap::new());
    let mut new: Vec<(Option<usize>, NewLine, Arc<Sealer>)> = Vec::new();
    let mut same: BTreeMap<[String; 4], Vec<usize>> = BTreeMap::new();
    for (nth, job) in jobs.iter().enumerate() {
        if let Job::Line(line) = job.as_ref() {
            let key = line_key(line);
            if let Some(seq) = batch.found.lines.get(&key) {
                numbers.0.insert(nth, Ok(*seq));
                continue;
            }
            if batch.found.is_stopped(line) {
                numbers.0.insert(nth, Err(StoreError::Conflict));
                continue;
            }
            match batch.keys.of(&line.payer, &batch.found.concerned(line)) {
                Ok(sealer) => {
                    let jobs = same.entry(key).or_default();
                    if jobs.is_empty() {
                        new.push((Some(nth), line.clone(), sealer));
                    }
                    jobs.push(nth);
                }
                Err(why) => {
                    numbers.0.insert(nth, Err(why));
                }
            }
        } else if arrived.is_new(nth)
            && let Some((arrival, _)) = inbox::arrival_of(job)
            && let Some(line) = line_of(arrival)
        {
            let sealer = batch.keys.of(&line.payer, &line.person)?;
            new.push((None, line, sealer));
        }
        if let Job::Carry(carry) = job.as_ref() {
            let went = (0..).zip(&carry.turns).filter(|(at, _)| turned.has(nth, *at));
            for (_, turn) in went {
                for posted in turn.messages.iter().filter_map(|it| it.posted.as_ref()) {
                    let sealer = batch.keys.of(&turn.payer, &turn.principal)?;
                    new.push((None, posted.line.clone(), sealer));
                }
            }
        }
    }
    let mut next = first_numbers(connection, &new).await?;
    for (nth, line, sealer) in new {
        let chat = [line.payer.clone(), line.person.clone(), line.channel.clone()];
        let seq = next.get_mut(&chat).ok_or_else(|| broken("a chat has no number"))?;
        batch.writes.lines.push(row_of(&line, *seq, &sealer));
        if nth.is_some() {
            for same in same.remove(&line_key(&line)).unwrap_or_default() {
                numbers.0.insert(same, Ok(*seq));
            }
        }
        *seq += 1;
    }
    Ok(numbers)
}

/// Takes as many numbers of each chat as it gets lines; answers the first of them.
async fn first_numbers(
    connection: &mut Connection,
    new: &[(Option<usize>, NewLine, Arc<Sealer>)],
) -> Result<BTreeMap<[String; 3], i64>, StoreError> {
    let mut chats: BTreeMap<[String; 3], i64> = BTreeMap::new();
    for (_, line, _) in new {
        let chat = [line.payer.clone(), line.person.clone(), line.channel.clone()];
        *chats.entry(chat).or_default() += 1;
    }
    let mut rows = Rows::new(CHAT);
    for ([payer, person, channel], more) in &chats {
        rows.push([payer.into(), person.into(), channel.into(), (*more).into()]);
    }
    for row in &rows.fetch(connection, &[], NUMBER).await? {
        let chat = [row.try_get("payer")?, row.try_get("person")?, row.try_get("channel")?];
        let last: i64 = row.try_get("last_seq")?;
        if let Some(count) = chats.get_mut(&chat) {
            *count = last - *count + 1;
        }
    }
    Ok(chats)
}

/// What a person did, as it stands in her own chat.
fn line_of(arrival: &NewArrival) -> Option<NewLine> {
    Some(NewLine {
        payer: arrival.payer.clone(),
        person: arrival.person.clone().unwrap_or_default(),
        channel: arrival.source.clone(),
        key: format!("in/{}", arrival.id),
        message: None,
        leaving: None,
        body: json!({ "from": "you", "text": arrival.line.as_ref()? }),
        at: arrival.received,
    })
}

fn row_of(line: &NewLine, seq: i64, sealer: &Sealer) -> [Cell; 10] {
    let row = place(&line.person, &line.channel, seq);
    let question = line.body.get("question").and_then(|it| it.as_str());
    let question = question.filter(|it| it.parse::<EffectRef>().is_ok()).map(str::to_owned);
    [
        line.payer.as_str().into(),
        line.person.as_str().into(),
        line.channel.as_str().into(),
        seq.into(),
        line.key.as_str().into(),
        line.message.as_ref().map(|it| it.effect.to_string()).into(),
        question.into(),
        sealer.person().into(),
        sealer.seal("lines.body", &row, &line.body).into(),
        line.at.0.into(),
    ]
}

fn broken(why: &str) -> StoreError {
    StoreError::Unreadable(why.into())
}

fn place(person: &str, channel: &str, seq: i64) -> String {
    format!("{person}/{channel}/{seq}")
}

pub(super) async fn after(
    store: &SqlStore,
    payer: &str,
    person: &str,
    channel: &str,
    seq: i64,
    limit: u32,
) -> Result<Vec<Line>, StoreError> {
    let rows = sqlx::query(
        "select l.seq, l.key_person, l.body_ct, l.at, k.wrapped,
                (select count(*) from questions q
                        where q.payer = l.payer and q.question = l.question
                          and q.person = l.person and q.closed_at is null) as is_open
         from lines l
         left join person_keys k on k.payer = l.payer and k.person = l.key_person
         where l.payer = $1 and l.person = $2 and l.channel = $3 and l.seq > $4
         order by l.seq limit $5",
    )
    .bind(payer)
    .bind(person)
    .bind(channel)
    .bind(seq)
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| read(store, row, payer, person, channel))
        .filter_map(unless_forgotten)
        .collect()
}

fn read(
    store: &SqlStore,
    row: &DbRow,
    payer: &str,
    person: &str,
    channel: &str,
) -> Result<Line, StoreError> {
    let sealer = Sealer::beside(&store.vault, payer, row)?;
    let (seq, sealed): (i64, Vec<u8>) = (row.try_get("seq")?, row.try_get("body_ct")?);
    Ok(Line {
        seq,
        body: sealer.open("lines.body", &place(person, channel, seq), &sealed)?,
        at: Timestamp(row.try_get("at")?),
        open: flag(row, "is_open")?,
    })
}

/// Answers with every message up to `seq` that no receipt says was shown: a crash between this
/// and the receipt loses nothing, because the client acknowledges again when it comes back.
pub(super) async fn acknowledge(
    store: &SqlStore,
    payer: &str,
    person: &str,
    channel: &str,
    seq: i64,
) -> Result<Vec<MessageRef>, StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query(
        "update chats set acked = case when $4 < last_seq then $4 else last_seq end
         where payer = $1 and person = $2 and channel = $3 and acked < case when $4 < last_seq then $4 else last_seq end",
    )
    .bind(payer)
    .bind(person)
    .bind(channel)
    .bind(seq)
    .execute(&mut *tx)
    .await?;
    let rows = sqlx::query(
        "select l.message from lines l
         join outbox o on o.payer = l.payer and o.effect = l.message
         where l.payer = $1 and l.person = $2 and l.channel = $3 and l.seq <= $4
           and l.message is not null and l.reported = 0
           and o.status not in ('shown', 'withheld', 'dead')
         order by l.seq",
    )
    .bind(payer)
    .bind(person)
    .bind(channel)
    .bind(seq)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    rows.iter()
        .map(|row| {
            let name: String = row.try_get("message")?;
            Ok(MessageRef { payer: payer.into(), effect: effect(&name)? })
        })
        .collect()
}
