//! What stands in a person's chat: `lines`, numbered without gaps by `chats`.

use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::seal::{Sealer, unless_forgotten};
use super::{BEGIN, Connection, DbRow, SqlStore, Tx, effect, flag};
use crate::store::{EffectRef, Line, MessageRef, NewLine, StoreError};

pub(super) async fn append_line(store: &SqlStore, line: &NewLine) -> Result<i64, StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let seq = append(store, &mut tx, line).await?;
    tx.commit().await?;
    Ok(seq)
}

/// Appends a line once. A line that shows a message of a conversation is sealed under the key
/// of the person whom the conversation is for: an adjuster's chat forgets with the worker.
pub(super) async fn append(
    store: &SqlStore,
    tx: &mut Tx<'_>,
    line: &NewLine,
) -> Result<i64, StoreError> {
    let known = sqlx::query(
        "select seq from lines where payer = $1 and person = $2 and channel = $3 and key = $4",
    )
    .bind(&line.payer)
    .bind(&line.person)
    .bind(&line.channel)
    .bind(&line.key)
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(row) = known {
        return Ok(row.try_get("seq")?);
    }
    let message = line.message.as_ref().map(|it| it.effect.to_string());
    let concerned = concerned(tx, line, message.as_deref()).await?;
    let sealer = Sealer::of(&store.vault, tx, &line.payer, &concerned).await?;
    let seq = number(tx, line).await?;
    let row = place(&line.person, &line.channel, seq);
    let question = line.body.get("question").and_then(|it| it.as_str());
    let question = question.filter(|it| it.parse::<EffectRef>().is_ok());
    sqlx::query(
        "insert into lines (payer, person, channel, seq, key, message, question, key_person, body_ct, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&line.payer)
    .bind(&line.person)
    .bind(&line.channel)
    .bind(seq)
    .bind(&line.key)
    .bind(&message)
    .bind(question)
    .bind(sealer.person())
    .bind(sealer.seal("lines.body", &row, &line.body))
    .bind(line.at.0)
    .execute(&mut **tx)
    .await?;
    Ok(seq)
}

/// Whom a line concerns.
async fn concerned(
    connection: &mut Connection,
    line: &NewLine,
    message: Option<&str>,
) -> Result<String, StoreError> {
    let row = sqlx::query("select key_person from outbox where payer = $1 and effect = $2")
        .bind(&line.payer)
        .bind(message)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|it| it.try_get("key_person")).transpose()?.unwrap_or_else(|| line.person.clone()))
}

/// The next number of a chat. It is never used again, even if the line is forgotten.
async fn number(connection: &mut Connection, line: &NewLine) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "insert into chats (payer, person, channel, last_seq) values ($1, $2, $3, 1)
         on conflict (payer, person, channel) do update set last_seq = chats.last_seq + 1
         returning last_seq",
    )
    .bind(&line.payer)
    .bind(&line.person)
    .bind(&line.channel)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get("last_seq")?)
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
    let concerned: String = row.try_get("key_person")?;
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    let sealer = Sealer::unwrap(&store.vault, payer, &concerned, wrapped.as_deref())?;
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

/// The message has its receipt; its line need not be looked at again.
pub(super) async fn reported(
    connection: &mut Connection,
    payer: &str,
    message: &str,
) -> Result<(), StoreError> {
    sqlx::query("update lines set reported = 1 where payer = $1 and message = $2")
        .bind(payer)
        .bind(message)
        .execute(connection)
        .await?;
    Ok(())
}
