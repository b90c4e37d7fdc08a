//! Calls to plugins: `calls`.

use mendline_engine::event::Event;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};
use tracing::error;

use super::batch::Batch;
use super::lease::{finds, free, texts};
use super::rows::Column;
use super::script::Script;
use super::seal::Sealer;
use super::writes::Writes;
use super::{BEGIN, DbRow, SqlStore, count, effect, flag, inbox};
use crate::store::{CallBecame, CallRow, EffectRef, NewCall, StoreError};

const NAMED: &[Column] = &[Column::Text("payer"), Column::Text("effect")];
const FREE: &str = "
    select mine.payer, mine.effect from calls mine
    where mine.settled_at is null and mine.due <= $1
      and (mine.leased_until is null or mine.leased_until <= $1)
    order by mine.due, mine.effect";
/// Attempts at a write are counted as they begin ([`begin`]). A read changes nothing, so that a
/// lease of one that ran out may count as an attempt, whether it was made or not.
const LEASED: &str = "
    select c.payer, c.effect, c.key_person, c.action, c.is_write, c.input_ct,
           c.attempts + case when c.leased_until is null or c.is_write = 1 then 0 else 1 end as attempts,
           k.wrapped
    from v join calls c on c.payer = v.payer and c.effect = v.effect
    left join person_keys k on k.payer = c.payer and k.person = c.key_person
    order by c.due, c.effect";
const LEASE: &str = "
    update calls set leased_until = $1,
        attempts = attempts + case when leased_until is null or is_write = 1 then 0 else 1 end
    where (payer, effect) in (select payer, effect from v)";

pub(super) fn put(
    writes: &mut Writes,
    sealer: &Sealer,
    payer: &str,
    key: &EffectRef,
    call: &NewCall,
    now: Timestamp,
) {
    let name = key.to_string();
    writes.calls.push([
        payer.into(),
        name.as_str().into(),
        key.conversation.as_str().into(),
        sealer.person().into(),
        call.action.as_str().into(),
        call.write.into(),
        sealer.seal("calls.input", &name, &call.input).into(),
        now.0.into(),
    ]);
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
    let mut going = writer.transaction().await?;
    let named = (NAMED, texts(["payer", "effect"]));
    let mine = free(&mut going, FREE, now, limit, named).await?;
    let until = now.plus_ms(lease_ms);
    let mut script = Script::default();
    let rows = script.add(mine.clone(), &[], LEASED);
    script.add(mine, &[until.0.into()], LEASE);
    let rows = going.commit(script).await?.take(rows);
    let mut leased = Vec::new();
    for row in &rows {
        let (payer, name): (String, String) = (row.try_get("payer")?, row.try_get("effect")?);
        match read(store, row, payer, &name, until) {
            Ok(row) => leased.push(row),
            // One that cannot be read must not hold everybody else up.
            Err(why) => error!(call = name, "left lying: {why}"),
        }
    }
    Ok(leased)
}

/// Counts an attempt at a write on disk before it is made, if the lease is still the caller's.
pub(super) async fn begin(store: &SqlStore, call: &CallRow) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let begun = sqlx::query(
        "update calls set attempts = attempts + 1
         where payer = $1 and effect = $2 and leased_until = $3 and settled_at is null",
    )
    .bind(&call.payer)
    .bind(call.key.to_string())
    .bind(call.leased_until.0)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    if begun.rows_affected() == 0 { Err(StoreError::Conflict) } else { Ok(()) }
}

fn read(
    store: &SqlStore,
    row: &DbRow,
    payer: String,
    name: &str,
    leased_until: Timestamp,
) -> Result<CallRow, StoreError> {
    let sealer = Sealer::beside(&store.vault, &payer, row)?;
    let input: Vec<u8> = row.try_get("input_ct")?;
    Ok(CallRow {
        payer,
        key: effect(name)?,
        action: row.try_get("action")?,
        input: sealer.open("calls.input", name, &input)?,
        write: flag(row, "is_write")?,
        attempts: count(row, "attempts")?,
        leased_until,
    })
}

/// Puts a call's result before its conversation, or puts the call off. One that was settled
/// before has its result in the inbox already.
pub(super) fn settle(
    batch: &mut Batch<'_>,
    payer: &str,
    key: &EffectRef,
    became: CallBecame,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = key.to_string();
    let Some(calling) = batch.found.calls.remove(&(payer.to_owned(), name.clone())) else {
        return Ok(());
    };
    let (due, attempts, settled_at) = match became {
        // Whoever leased it later knows better: how it ends is theirs to say.
        CallBecame::Refused { attempt, .. } if calling.attempts > attempt => {
            return Ok(());
        }
        CallBecame::Later(due) => (Some(due.0), 1_i64, None),
        CallBecame::Returned(result) | CallBecame::Refused { result, .. } => {
            let sealer = batch.keys.of(payer, &calling.key_person)?;
            let event = Event::Returned { call: key.key, result };
            let entry = inbox::own("call", payer, &name, now);
            let writes = &mut batch.writes;
            inbox::put_event(writes, &sealer, entry, &key.conversation, &event, None);
            (None, 0, Some(now.0))
        }
    };
    let row = [payer.into(), name.into(), due.into(), attempts.into(), settled_at.into()];
    batch.writes.returned.push(row);
    Ok(())
}
