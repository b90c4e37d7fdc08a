//! Calls to plugins: `calls`.

use mendline_engine::event::Event;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};
use tracing::error;

use super::seal::Sealer;
use super::{BEGIN, Connection, DbRow, SqlStore, commit, count, effect, finds, flag, inbox};
use crate::store::{CallBecame, CallRow, EffectRef, NewCall, StoreError};

pub(super) async fn put(
    connection: &mut Connection,
    sealer: &Sealer,
    payer: &str,
    key: &EffectRef,
    call: &NewCall,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = key.to_string();
    sqlx::query(
        "insert into calls (payer, effect, conversation, key_person, action, is_write, input_ct, due)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(payer)
    .bind(&name)
    .bind(&key.conversation)
    .bind(sealer.person())
    .bind(&call.action)
    .bind(i64::from(call.write))
    .bind(sealer.seal("calls.input", &name, &call.input))
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn lease(
    store: &SqlStore,
    now: Timestamp,
    lease_ms: i64,
    limit: u32,
) -> Result<Vec<CallRow>, StoreError> {
    let mut writer = store.writer().await?;
    const PROBE: &str = "select 1 from calls where settled_at is null and due <= $1 limit 1";
    if !finds(&mut writer, PROBE, now).await? {
        return Ok(Vec::new());
    }
    let mut tx = writer.begin_with(BEGIN).await?;
    let rows = sqlx::query(
        "select c.payer, c.effect, c.key_person, c.action, c.is_write, c.input_ct,
                c.attempts + case when c.leased_until is null then 0 else 1 end as attempts, k.wrapped
         from calls c
         left join person_keys k on k.payer = c.payer and k.person = c.key_person
         where c.settled_at is null and c.due <= $1
           and (c.leased_until is null or c.leased_until <= $1)
         order by c.due, c.effect limit $2",
    )
    .bind(now.0)
    .bind(i64::from(limit))
    .fetch_all(&mut *tx)
    .await?;
    let mut leased = Vec::new();
    for row in &rows {
        let (payer, name): (String, String) = (row.try_get("payer")?, row.try_get("effect")?);
        // A lease that ran out was an attempt of which nobody knows how it ended.
        sqlx::query(
            "update calls set attempts = attempts + case when leased_until is null then 0 else 1 end, leased_until = $3
             where payer = $1 and effect = $2",
        )
        .bind(&payer)
        .bind(&name)
        .bind(now.plus_ms(lease_ms).0)
        .execute(&mut *tx)
        .await?;
        match read(store, row, payer, &name) {
            Ok(row) => leased.push(row),
            // One that cannot be read must not hold everybody else up.
            Err(why) => error!(call = name, "left lying: {why}"),
        }
    }
    tx.commit().await?;
    Ok(leased)
}

fn read(store: &SqlStore, row: &DbRow, payer: String, name: &str) -> Result<CallRow, StoreError> {
    let sealer = beside(store, row, &payer)?;
    let input: Vec<u8> = row.try_get("input_ct")?;
    Ok(CallRow {
        payer,
        key: effect(name)?,
        action: row.try_get("action")?,
        input: sealer.open("calls.input", name, &input)?,
        write: flag(row, "is_write")?,
        attempts: count(row, "attempts")?,
    })
}

fn beside(store: &SqlStore, row: &DbRow, payer: &str) -> Result<Sealer, StoreError> {
    let person: String = row.try_get("key_person")?;
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    Sealer::unwrap(&store.vault, payer, &person, wrapped.as_deref())
}

pub(super) async fn settle(
    store: &SqlStore,
    payer: &str,
    key: &EffectRef,
    became: CallBecame,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = key.to_string();
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let row = sqlx::query(
        "select c.key_person, k.wrapped from calls c
         left join person_keys k on k.payer = c.payer and k.person = c.key_person
         where c.payer = $1 and c.effect = $2 and c.settled_at is null",
    )
    .bind(payer)
    .bind(&name)
    .fetch_optional(&mut *tx)
    .await?;
    // Settled before: the result is in the inbox already.
    let Some(row) = row else { return Ok(()) };
    match became {
        CallBecame::Later(due) => {
            sqlx::query(
                "update calls set due = $3, attempts = attempts + 1, leased_until = null
                 where payer = $1 and effect = $2",
            )
            .bind(payer)
            .bind(&name)
            .bind(due.0)
            .execute(&mut *tx)
            .await?;
        }
        CallBecame::Returned(result) => {
            let sealer = beside(store, &row, payer)?;
            let event = Event::Returned { call: key.key, result };
            let entry = commit::own("call", payer, &name, 0, now);
            inbox::put_event(&mut tx, &sealer, entry, &key.conversation, &event).await?;
            sqlx::query(
                "update calls set settled_at = $3, leased_until = null
                 where payer = $1 and effect = $2",
            )
            .bind(payer)
            .bind(&name)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        }
    }
    Ok(tx.commit().await?)
}
