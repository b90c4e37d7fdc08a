//! What is to happen later: `timers`, and conversations that begin later: `starts`.

use mendline_engine::event::Event;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};
use tracing::error;

use super::conversations::principal;
use super::seal::Sealer;
use super::{BEGIN, Connection, SqlStore, Tx, commit, count, finds, inbox};
use crate::store::{NewConversation, StoreError};

/// Sets a timer; one of the same name and an older generation is replaced.
pub(super) async fn set(
    connection: &mut Connection,
    payer: &str,
    conversation: &str,
    name: &str,
    generation: u32,
    due: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into timers (payer, conversation, name, generation, due) values ($1, $2, $3, $4, $5)
         on conflict (payer, conversation, name) do update
         set generation = excluded.generation, due = excluded.due
         where excluded.generation >= timers.generation",
    )
    .bind(payer)
    .bind(conversation)
    .bind(name)
    .bind(i64::from(generation))
    .bind(due.0)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn clear(
    connection: &mut Connection,
    payer: &str,
    conversation: &str,
    name: &str,
) -> Result<(), StoreError> {
    sqlx::query("delete from timers where payer = $1 and conversation = $2 and name = $3")
        .bind(payer)
        .bind(conversation)
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps the first event of a conversation until it is due.
pub(super) async fn put_start(
    connection: &mut Connection,
    sealer: &Sealer,
    payer: &str,
    new: &NewConversation,
) -> Result<(), StoreError> {
    sqlx::query("insert into starts (payer, conversation, due, event_ct) values ($1, $2, $3, $4)")
        .bind(payer)
        .bind(&new.id)
        .bind(new.at.0)
        .bind(sealer.seal("starts.event", &new.id, &new.event))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn fire_due(
    store: &SqlStore,
    now: Timestamp,
    limit: u32,
) -> Result<u32, StoreError> {
    let mut writer = store.writer().await?;
    const PROBE: &str = "select 1 from timers where due <= $1 union all select 1 from starts where due <= $1 limit 1";
    if !finds(&mut writer, PROBE, now).await? {
        return Ok(0);
    }
    let mut tx = writer.begin_with(BEGIN).await?;
    let mut fired = fire_timers(store, &mut tx, now, limit).await?;
    fired += fire_starts(store, &mut tx, now, limit.saturating_sub(fired)).await?;
    tx.commit().await?;
    Ok(fired)
}

async fn fire_timers(
    store: &SqlStore,
    tx: &mut Tx<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<u32, StoreError> {
    let rows = sqlx::query(
        "select payer, conversation, name, generation from timers
         where due <= $1 order by due, conversation, name limit $2",
    )
    .bind(now.0)
    .bind(i64::from(limit))
    .fetch_all(&mut **tx)
    .await?;
    let mut fired = 0;
    for row in &rows {
        let (payer, conversation): (String, String) =
            (row.try_get("payer")?, row.try_get("conversation")?);
        let timer: String = row.try_get("name")?;
        let generation = count(row, "generation")?;
        clear(tx, &payer, &conversation, &timer).await?;
        fired += 1;
        let sealer = match principal(&store.vault, tx, &payer, &conversation).await {
            // Whoever was forgotten waits for nothing any more.
            Err(StoreError::Forgotten) => continue,
            other => other?,
        };
        let id = format!("{conversation}/{timer}/{generation}");
        let entry = commit::own("timer", &payer, &id, 0, now);
        let event = Event::Due { timer, generation };
        inbox::put_event(tx, &sealer, entry, &conversation, &event).await?;
    }
    Ok(fired)
}

async fn fire_starts(
    store: &SqlStore,
    tx: &mut Tx<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<u32, StoreError> {
    let rows = sqlx::query(
        "select payer, conversation, event_ct from starts
         where due <= $1 order by due, conversation limit $2",
    )
    .bind(now.0)
    .bind(i64::from(limit))
    .fetch_all(&mut **tx)
    .await?;
    let mut fired = 0;
    for row in &rows {
        let (payer, conversation): (String, String) =
            (row.try_get("payer")?, row.try_get("conversation")?);
        let sealed: Vec<u8> = row.try_get("event_ct")?;
        let sealer = principal(&store.vault, tx, &payer, &conversation).await;
        let opened = sealer.and_then(|sealer| {
            let event: Event = sealer.open("starts.event", &conversation, &sealed)?;
            Ok((sealer, event))
        });
        let (sealer, event) = match opened {
            // One that cannot be read must not hold everybody else up.
            Err(StoreError::Unreadable(why)) => {
                error!(conversation, "start left lying: {why}");
                continue;
            }
            other => other?,
        };
        let entry = commit::own("start", &payer, &conversation, 0, now);
        inbox::put_event(tx, &sealer, entry, &conversation, &event).await?;
        sqlx::query("delete from starts where payer = $1 and conversation = $2")
            .bind(&payer)
            .bind(&conversation)
            .execute(&mut **tx)
            .await?;
        fired += 1;
    }
    Ok(fired)
}
