//! What leaves: `outbox`. Written by turns, leased by dispatch in the order of each lane.

use mendline_engine::message::{Message, MessageKind};
use mendline_engine::time::Timestamp;
use sqlx::{AssertSqlSafe, Row as _};
use tracing::error;

use super::batch::Batch;
use super::lease::{finds, free};
use super::rows::Column;
use super::script::Script;
use super::seal::Sealer;
use super::settle;
use super::writes::Writes;
use super::{DbRow, SqlStore, care, count, effect, flag};
use crate::store::{
    DeadLetter, EffectRef, Frozen, MessageRef, MessageRow, OutboxRow, Posted, StoreError,
};

const LEASED: &str = "
    select o.seq, o.payer, o.effect, o.person, o.key_person, o.message_ct, o.frozen_ct, o.committed,
           o.attempts + case when o.leased_until is null then 0 else 1 end as attempts,
           c.flow, c.flow_hash, k.wrapped,
           (select count(*) from questions q
            where q.payer = o.payer and q.question = o.question and q.person = o.person
              and q.closed_at is not null)
           + (select count(*) from outbox copy
              where copy.payer = o.payer and copy.notice = o.notice and o.question is null
                and copy.effect <> o.effect and copy.status = 'shown') as over,
           (select paused.why from outbox paused
            where paused.payer = o.payer and paused.lane = o.lane and paused.person = o.person
              and paused.seq < o.seq and paused.settled_at is null and paused.status = 'paused'
            order by paused.seq limit 1) as behind
    from v join outbox o on o.seq = v.seq
    left join conversations c on c.payer = o.payer and c.id = o.lane
    left join person_keys k on k.payer = o.payer and k.person = o.key_person
    order by o.due, o.seq";

const FREE: &str = "
    select mine.seq from outbox mine
    where mine.settled_at is null and mine.due <= $1
      and (mine.leased_until is null or mine.leased_until <= $1)
      and (mine.urgent = 1 or not exists (
           select 1 from outbox earlier
           where earlier.payer = mine.payer and earlier.lane = mine.lane
             and earlier.person = mine.person and earlier.seq < mine.seq
             and earlier.settled_at is null and earlier.status <> 'paused'
             and not (mine.urgent = 2 and earlier.status = 'held' and earlier.leased_until is null
                      and (earlier.due > $1 or exists (
                           select 1 from outbox first
                           where first.payer = mine.payer and first.lane = mine.lane
                             and first.person = mine.person and first.seq < earlier.seq
                             and first.settled_at is null and first.status = 'held'
                             and first.due > $1)))))
    order by mine.due, mine.seq";
/// A lease that ran out was an attempt of which nobody knows how it ended.
const LEASE: &str = "
    update outbox set leased_until = $1,
        attempts = attempts + case when leased_until is null then 0 else 1 end
    where seq in (select seq from v)";
const NUMBERED: &[Column] = &[Column::Int("seq")];

/// A message on its way into the outbox.
pub(super) struct Outgoing<'a> {
    pub(super) effect: EffectRef,
    /// The conversation; empty for what is said outside any.
    pub(super) lane: &'a str,
    pub(super) person: &'a str,
    pub(super) message: &'a Message,
    /// What was rendered, where it leaves with this very transaction.
    pub(super) posted: Option<&'a Posted>,
}

pub(super) fn put(
    writes: &mut Writes,
    sealer: &Sealer,
    payer: &str,
    outgoing: &Outgoing<'_>,
    now: Timestamp,
) {
    let Outgoing { message, posted, .. } = *outgoing;
    let effect = outgoing.effect.to_string();
    let question = message
        .question
        .filter(|_| !outgoing.lane.is_empty())
        .map(|key| EffectRef { conversation: outgoing.lane.into(), key }.to_string());
    // New cards never take focus (rule 4).
    let focuses = question.is_some() && message.card.is_none();
    let notice = message.notice.filter(|_| !outgoing.lane.is_empty());
    let copies = notice.is_some_and(|it| it != outgoing.effect.key);
    let notice =
        notice.map(|key| EffectRef { conversation: outgoing.lane.into(), key }.to_string());
    let n = writes.next();
    writes.messages.push([
        payer.into(),
        n.into(),
        effect.as_str().into(),
        outgoing.lane.into(),
        outgoing.person.into(),
        sealer.person().into(),
        question.clone().into(),
        focuses.into(),
        urgency(message.kind, copies).into(),
        sealer.seal("outbox.message", &effect, message).into(),
        now.0.into(),
        posted.map_or("due", |it| if it.shown { "shown" } else { "sent" }).into(),
        posted.map(|it| it.frozen.channel.clone()).into(),
        posted.map(|it| sealer.seal("outbox.frozen", &effect, &it.frozen)).into(),
        posted.map(|_| now.0).into(),
        notice.into(),
    ]);
    if let Some(posted) = posted.filter(|it| it.shown) {
        let channel = Some(posted.frozen.channel.as_str()).filter(|_| focuses);
        settle::seen(writes, payer, (&effect, outgoing.person), question.as_deref(), channel, now);
    }
}

/// What may overtake what stands before it, as `outbox.urgent` keeps it.
fn urgency(kind: MessageKind, copies: bool) -> u32 {
    match kind {
        // What must be read was said in its place before; another channel's copy has none.
        _ if copies => 1,
        MessageKind::Proactive | MessageKind::Closing | MessageKind::Person => 0,
        // Help in danger waits for nothing; nor does what is only good now.
        MessageKind::Safety | MessageKind::Duty | MessageKind::Code => 1,
        // Whoever writes at night is answered at night, before what is held for the morning.
        MessageKind::Reply => 2,
    }
}

/// Help in danger overtakes everything before it, an answer what is held before it; everything
/// else keeps its place. What waits under a pause holds nobody back here: dispatch says who may
/// overtake it.
pub(super) async fn lease(
    store: &SqlStore,
    now: Timestamp,
    lease_ms: i64,
    limit: u32,
) -> Result<Vec<OutboxRow>, StoreError> {
    let mut writer = store.writer().await?;
    const PROBE: &str = "select 1 from outbox where settled_at is null and due <= $1 limit 1";
    if !finds(&mut writer, PROBE, now).await? {
        return Ok(Vec::new());
    }
    let mut going = writer.transaction().await?;
    let named = (NUMBERED, |row: &DbRow| Ok([row.try_get::<i64, _>("seq")?.into()]));
    let mine = free(&mut going, FREE, now, limit, named).await?;
    let mut script = Script::default();
    let rows = script.add(mine.clone(), &[], LEASED);
    script.add(mine, &[now.plus_ms(lease_ms).0.into()], LEASE);
    let rows = going.commit(script).await?.take(rows);
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

fn outbox_row(store: &SqlStore, row: &DbRow) -> Result<OutboxRow, StoreError> {
    let (key, message, frozen) = words(store, row)?;
    let behind: Option<String> = row.try_get("behind")?;
    Ok(OutboxRow {
        key,
        flow: row.try_get("flow")?,
        flow_hash: row.try_get("flow_hash")?,
        behind: behind.as_deref().map(care::pause_of).transpose()?,
        person: row.try_get("person")?,
        message,
        frozen,
        over: flag(row, "over")?,
        attempts: count(row, "attempts")?,
        committed: Timestamp(row.try_get("committed")?),
    })
}

/// The sealed parts of a row.
fn words(
    store: &SqlStore,
    row: &DbRow,
) -> Result<(MessageRef, Message, Option<Frozen>), StoreError> {
    let (payer, name): (String, String) = (row.try_get("payer")?, row.try_get("effect")?);
    let sealer = Sealer::beside(&store.vault, &payer, row)?;
    let message: Vec<u8> = row.try_get("message_ct")?;
    let frozen: Option<Vec<u8>> = row.try_get("frozen_ct")?;
    let frozen = frozen.map(|it| sealer.open("outbox.frozen", &name, &it)).transpose()?;
    let message = sealer.open("outbox.message", &name, &message)?;
    Ok((MessageRef { payer, effect: effect(&name)? }, message, frozen))
}

/// Keeps the bytes of a message; a conflict if it is somebody else's now.
pub(super) fn freeze(
    batch: &mut Batch<'_>,
    key: &MessageRef,
    frozen: &Frozen,
) -> Result<(), StoreError> {
    let name = key.effect.to_string();
    let Some(sending) = batch.found.messages.get_mut(&(key.payer.clone(), name.clone())) else {
        return Err(StoreError::Unreadable(format!("there is no message {name}")));
    };
    // It was settled meanwhile, or somebody else who had it later froze it for another channel.
    let elsewhere = sending.channel.as_ref().is_some_and(|it| *it != frozen.channel);
    if !sending.open || elsewhere {
        return Err(StoreError::Conflict);
    }
    sending.channel = Some(frozen.channel.clone());
    let sealer = batch.keys.of(&key.payer, &sending.key_person)?;
    batch.writes.frozen.push([
        key.payer.as_str().into(),
        name.as_str().into(),
        frozen.channel.as_str().into(),
        sealer.seal("outbox.frozen", &name, frozen).into(),
    ]);
    Ok(())
}

pub(super) async fn messages(
    store: &SqlStore,
    payer: &str,
    conversation: &str,
) -> Result<Vec<MessageRow>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "select {ROW}, k.wrapped from outbox o
             left join person_keys k on k.payer = o.payer and k.person = o.key_person
             where o.payer = $1 and o.lane = $2 order by o.seq"
    )))
    .bind(payer)
    .bind(conversation)
    .fetch_all(&store.readers)
    .await?;
    rows.iter().map(|row| message_row(store, row)).collect()
}

/// The columns of [`message_row`].
pub(super) const ROW: &str = "o.payer, o.effect, o.person, o.key_person, o.message_ct, o.frozen_ct, \
                              o.status, o.committed, o.changed";

/// A message with what became of it.
pub(super) fn message_row(store: &SqlStore, row: &DbRow) -> Result<MessageRow, StoreError> {
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
}

pub(super) async fn dead_letters(
    store: &SqlStore,
    payer: &str,
    limit: u32,
) -> Result<Vec<DeadLetter>, StoreError> {
    let rows = sqlx::query(
        "select effect, why, changed from outbox
         where payer = $1 and status = 'dead' order by changed desc, seq desc limit $2",
    )
    .bind(payer)
    .bind(i64::from(limit))
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
