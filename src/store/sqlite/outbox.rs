//! What leaves: `outbox`. Written by turns, leased by dispatch in the order of each lane.

use mendline_engine::message::{Message, MessageKind};
use mendline_engine::time::Timestamp;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};
use tracing::error;

use super::seal::Sealer;
use super::{BEGIN, SqliteStore, effect, finds};
use crate::store::{DeadLetter, EffectRef, Frozen, MessageRef, MessageRow, OutboxRow, StoreError};

/// A message on its way into the outbox.
pub(super) struct Outgoing<'a> {
    pub(super) effect: EffectRef,
    /// The conversation; empty for what is said outside any.
    pub(super) lane: &'a str,
    pub(super) person: &'a str,
    pub(super) message: &'a Message,
}

pub(super) async fn put(
    connection: &mut SqliteConnection,
    sealer: &Sealer,
    payer: &str,
    outgoing: &Outgoing<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let message = outgoing.message;
    let effect = outgoing.effect.to_string();
    let question = message
        .question
        .filter(|_| !outgoing.lane.is_empty())
        .map(|key| EffectRef { conversation: outgoing.lane.into(), key }.to_string());
    sqlx::query(
        "insert into outbox (payer, effect, lane, person, key_person, question, focuses, urgent, message_ct, status, due, committed, changed)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'due', ?10, ?10, ?10)",
    )
    .bind(payer)
    .bind(&effect)
    .bind(outgoing.lane)
    .bind(outgoing.person)
    .bind(sealer.person())
    .bind(&question)
    // New cards never take focus (rule 4).
    .bind(question.is_some() && message.card.is_none())
    .bind(message.kind == MessageKind::Safety)
    .bind(sealer.seal("outbox.message", &effect, message))
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Help in danger overtakes what is held before it; everything else keeps its place.
pub(super) async fn lease(
    store: &SqliteStore,
    now: Timestamp,
    lease_ms: i64,
    limit: u32,
) -> Result<Vec<OutboxRow>, StoreError> {
    let mut writer = store.writer().await?;
    const PROBE: &str =
        "select exists (select 1 from outbox where settled_at is null and due <= ?1)";
    if !finds(&mut writer, PROBE, now).await? {
        return Ok(Vec::new());
    }
    let mut tx = writer.begin_with(BEGIN).await?;
    let rows = sqlx::query(
        "select o.seq, o.payer, o.effect, o.person, o.key_person, o.message_ct, o.frozen_ct, o.committed,
                o.attempts + (o.leased_until is not null) as attempts, c.flow_hash, k.wrapped
         from outbox o
         left join conversations c on c.payer = o.payer and c.id = o.lane
         left join person_keys k on k.payer = o.payer and k.person = o.key_person
         where o.settled_at is null and o.due <= ?1
           and (o.leased_until is null or o.leased_until <= ?1)
           and (o.urgent or not exists (
                select 1 from outbox before
                where before.payer = o.payer and before.lane = o.lane and before.person = o.person
                  and before.seq < o.seq and before.settled_at is null))
         order by o.due, o.seq limit ?2",
    )
    .bind(now.0)
    .bind(limit)
    .fetch_all(&mut *tx)
    .await?;
    let seqs = rows.iter().map(|row| row.try_get("seq")).collect::<Result<Vec<i64>, _>>()?;
    // A lease that ran out was an attempt of which nobody knows how it ended.
    sqlx::query(
        "update outbox set attempts = attempts + (leased_until is not null), leased_until = ?1
         where seq in (select value from json_each(?2))",
    )
    .bind(now.plus_ms(lease_ms).0)
    .bind(json!(seqs).to_string())
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    let mut leased = Vec::new();
    for row in &rows {
        match outbox_row(store, row) {
            Ok(row) => leased.push(row),
            // One that cannot be read must not hold everybody else up.
            Err(why) => error!(message = row.try_get::<String, _>("effect")?, "left lying: {why}"),
        }
    }
    Ok(leased)
}

fn outbox_row(store: &SqliteStore, row: &SqliteRow) -> Result<OutboxRow, StoreError> {
    let (key, message, frozen) = words(store, row)?;
    Ok(OutboxRow {
        key,
        flow_hash: row.try_get("flow_hash")?,
        person: row.try_get("person")?,
        message,
        frozen,
        attempts: row.try_get("attempts")?,
        committed: Timestamp(row.try_get("committed")?),
    })
}

/// The sealed parts of a row.
fn words(
    store: &SqliteStore,
    row: &SqliteRow,
) -> Result<(MessageRef, Message, Option<Frozen>), StoreError> {
    let (payer, name): (String, String) = (row.try_get("payer")?, row.try_get("effect")?);
    let sealer = beside(store, row, &payer)?;
    let message: Vec<u8> = row.try_get("message_ct")?;
    let frozen: Option<Vec<u8>> = row.try_get("frozen_ct")?;
    let frozen = frozen.map(|it| sealer.open("outbox.frozen", &name, &it)).transpose()?;
    let message = sealer.open("outbox.message", &name, &message)?;
    Ok((MessageRef { payer, effect: effect(&name)? }, message, frozen))
}

fn beside(store: &SqliteStore, row: &SqliteRow, payer: &str) -> Result<Sealer, StoreError> {
    let person: String = row.try_get("key_person")?;
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    Sealer::unwrap(&store.vault, payer, &person, wrapped.as_deref())
}

pub(super) async fn freeze(
    store: &SqliteStore,
    key: &MessageRef,
    frozen: &Frozen,
) -> Result<(), StoreError> {
    let name = key.effect.to_string();
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let row = sqlx::query(
        "select o.key_person, k.wrapped from outbox o
         left join person_keys k on k.payer = o.payer and k.person = o.key_person
         where o.payer = ?1 and o.effect = ?2",
    )
    .bind(&key.payer)
    .bind(&name)
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| StoreError::Unreadable(format!("there is no message {name}")))?;
    let sealer = beside(store, &row, &key.payer)?;
    sqlx::query(
        "update outbox set channel = ?3, frozen_ct = ?4
         where payer = ?1 and effect = ?2 and settled_at is null",
    )
    .bind(&key.payer)
    .bind(&name)
    .bind(&frozen.channel)
    .bind(sealer.seal("outbox.frozen", &name, frozen))
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

pub(super) async fn messages(
    store: &SqliteStore,
    payer: &str,
    conversation: &str,
) -> Result<Vec<MessageRow>, StoreError> {
    let rows = sqlx::query(
        "select o.payer, o.effect, o.person, o.key_person, o.message_ct, o.frozen_ct, o.status, o.committed, o.changed, k.wrapped
         from outbox o
         left join person_keys k on k.payer = o.payer and k.person = o.key_person
         where o.payer = ?1 and o.lane = ?2 order by o.seq",
    )
    .bind(payer)
    .bind(conversation)
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            let (key, message, frozen) = words(store, row)?;
            Ok(MessageRow {
                key,
                person: row.try_get("person")?,
                message,
                frozen,
                status: row.try_get("status")?,
                committed: Timestamp(row.try_get("committed")?),
                changed: Timestamp(row.try_get("changed")?),
            })
        })
        .collect()
}

pub(super) async fn dead_letters(
    store: &SqliteStore,
    payer: &str,
    limit: u32,
) -> Result<Vec<DeadLetter>, StoreError> {
    let rows = sqlx::query(
        "select effect, why, changed from outbox
         where payer = ?1 and status = 'dead' order by changed desc, seq desc limit ?2",
    )
    .bind(payer)
    .bind(limit)
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            let name: String = row.try_get("effect")?;
            let why: Option<String> = row.try_get("why")?;
            Ok(DeadLetter {
                key: MessageRef { payer: payer.into(), effect: effect(&name)? },
                why: why.unwrap_or_default(),
                at: Timestamp(row.try_get("changed")?),
            })
        })
        .collect()
}
