//! What came in: `inbox`.

use mendline_engine::event::Event;
use mendline_engine::time::Timestamp;
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _};
use tracing::error;

use super::conversations::principal;
use super::rows::{Column, Rows};
use super::seal::Sealer;
use super::{BEGIN, Connection, DbRow, SqlStore, count, lines};
use crate::channels::Incoming;
use crate::store::{Accepted, InboxBody, NewArrival, NewLine, Settled, StoreError, Unrouted};

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
    fn row(&self) -> String {
        format!("{}/{}/{}", self.source, self.id, self.part)
    }
}

pub(super) async fn accept(store: &SqlStore, arrival: &NewArrival) -> Result<Accepted, StoreError> {
    let entry = Entry {
        payer: &arrival.payer,
        source: &arrival.source,
        id: &arrival.id,
        part: 0,
        origin: None,
        received: arrival.received,
    };
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    if let Some(seq) = find(&mut tx, entry).await? {
        return Ok(Accepted { seq, duplicate: true });
    }
    let person = arrival.person.as_deref().unwrap_or_default();
    let seq = match &arrival.body {
        InboxBody::Arrival(incoming) => {
            let sealer = Sealer::of(&store.vault, &mut tx, entry.payer, person).await?;
            put(&mut tx, &sealer, entry, None, person, incoming).await?
        }
        InboxBody::Event { conversation, event } => {
            let sealer = principal(&store.vault, &mut tx, entry.payer, conversation).await?;
            put(&mut tx, &sealer, entry, Some(conversation), person, event).await?
        }
    };
    if let Some(text) = &arrival.line {
        let line = NewLine {
            payer: arrival.payer.clone(),
            person: person.into(),
            channel: arrival.source.clone(),
            key: format!("in/{}", arrival.id),
            message: None,
            body: json!({ "from": "you", "text": text }),
            at: arrival.received,
        };
        lines::append(store, &mut tx, &line).await?;
    }
    tx.commit().await?;
    Ok(Accepted { seq, duplicate: false })
}

async fn find(connection: &mut Connection, entry: Entry<'_>) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(
        "select seq from inbox where payer = $1 and source = $2 and id = $3 and part = $4",
    )
    .bind(entry.payer)
    .bind(entry.source)
    .bind(entry.id)
    .bind(i64::from(entry.part))
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|it| it.try_get("seq")).transpose()?)
}

async fn put<T: serde::Serialize>(
    connection: &mut Connection,
    sealer: &Sealer,
    entry: Entry<'_>,
    conversation: Option<&str>,
    person: &str,
    body: &T,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "insert into inbox (payer, source, id, part, origin, conversation, person, key_person, body_ct, received)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning seq",
    )
    .bind(entry.payer)
    .bind(entry.source)
    .bind(entry.id)
    .bind(i64::from(entry.part))
    .bind(entry.origin)
    .bind(conversation)
    .bind(person)
    .bind(sealer.person())
    .bind(sealer.seal("inbox.body", &entry.row(), body))
    .bind(entry.received.0)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get("seq")?)
}

/// Puts an event before a conversation, once: a second one under the same entry is a no-op.
pub(super) async fn put_event(
    connection: &mut Connection,
    sealer: &Sealer,
    entry: Entry<'_>,
    conversation: &str,
    event: &Event,
) -> Result<(), StoreError> {
    if find(connection, entry).await?.is_none() {
        put(connection, sealer, entry, Some(conversation), "", event).await?;
    }
    Ok(())
}

/// Events of a conversation that wait, oldest first.
pub(super) async fn waiting(
    connection: &mut Connection,
    sealer: &Sealer,
    payer: &str,
    conversation: &str,
    limit: u32,
) -> Result<Vec<(i64, Event, String, Timestamp)>, StoreError> {
    let rows = sqlx::query(
        "select seq, source, id, part, body_ct, received from inbox
         where payer = $1 and conversation = $2 and done_at is null order by seq limit $3",
    )
    .bind(payer)
    .bind(conversation)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let source: String = row.try_get("source")?;
            Ok((
                row.try_get("seq")?,
                body(row, sealer)?,
                source,
                Timestamp(row.try_get("received")?),
            ))
        })
        .collect()
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

/// The rows of this conversation that are not done yet, among `seqs`.
pub(super) async fn count_open(
    connection: &mut Connection,
    payer: &str,
    conversation: &str,
    seqs: &[i64],
) -> Result<usize, StoreError> {
    let mut rows = Rows::new(&[Column::Int("seq")]);
    seqs.iter().for_each(|seq| rows.push([(*seq).into()]));
    let open = rows
        .fetch(
            connection,
            &[payer.into(), conversation.into()],
            "select inbox.seq from v join inbox on inbox.seq = v.seq
             where payer = $1 and conversation = $2 and done_at is null",
        )
        .await?;
    Ok(open.len())
}

/// Marks a row as done, with the answer for whoever waits on it.
pub(super) async fn finish(
    connection: &mut Connection,
    sealer: &Sealer,
    payer: &str,
    seq: i64,
    answer: Option<&Value>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let answer = answer.map(|it| sealer.seal("inbox.answer", &seq.to_string(), it));
    sqlx::query("update inbox set done_at = $3, answer_ct = $4 where payer = $1 and seq = $2")
        .bind(payer)
        .bind(seq)
        .bind(now.0)
        .bind(answer)
        .execute(connection)
        .await?;
    Ok(())
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
    let sealer = beside(store, row, &payer)?;
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

/// The key that was read beside the row.
fn beside(store: &SqlStore, row: &DbRow, payer: &str) -> Result<Sealer, StoreError> {
    let person: String = row.try_get("key_person")?;
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    Sealer::unwrap(&store.vault, payer, &person, wrapped.as_deref())
}

pub(super) async fn settled(
    store: &SqlStore,
    payer: &str,
    seq: i64,
) -> Result<Option<Settled>, StoreError> {
    // The arrival itself, then the events that its person turn made of it. The plus keeps SQLite
    // from walking everything of the payer instead.
    let rows = sqlx::query(
        "select i.seq, i.conversation, i.key_person, i.done_at, i.answer_ct, k.wrapped
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
    let seq: i64 = row.try_get("seq")?;
    beside(store, row, payer)?.open("inbox.answer", &seq.to_string(), &sealed).map(Some)
}
