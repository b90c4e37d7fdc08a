//! How much lies where, and when something is due next; without anything private.

use mendline_engine::time::Timestamp;
use serde_json::{Value, json};
use sqlx::Row as _;

use super::SqlStore;
use crate::store::StoreError;

/// The moments that something waits for: timers, starts, messages at the head of their lane,
/// calls, and leases that will run out.
pub(super) async fn next_due(store: &SqlStore) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query(
        "select min(due) as due from (
            select min(due) as due from timers
            union all select min(due) from starts
            union all select min(due) from awaited
            union all select min(due) from standing
            union all select min(case when o.leased_until > o.due then o.leased_until else o.due end) from outbox o
                where o.settled_at is null and (o.urgent = 1 or not exists (
                    select 1 from outbox before
                    where before.payer = o.payer and before.lane = o.lane and before.person = o.person
                      and before.seq < o.seq and before.settled_at is null and before.status <> 'paused'
                      and not (o.urgent = 2 and before.status = 'held' and before.leased_until is null)))
            union all select min(case when leased_until > due then leased_until else due end) from calls
                where settled_at is null
            union all select min(c.leased_until) from conversations c
                where (c.payer, c.id) in (select payer, conversation from inbox
                                          where done_at is null and conversation is not null)) as moments",
    )
    .fetch_one(&store.readers)
    .await?;
    Ok(row.try_get::<Option<i64>, _>("due")?.map(Timestamp))
}

pub(super) async fn counts(store: &SqlStore, now: Timestamp) -> Result<Value, StoreError> {
    let row = sqlx::query(
        "select
            (select count(*) from conversations) as conversations,
            (select count(*) from inbox where done_at is null and conversation is null) as unrouted,
            (select count(*) from inbox where done_at is null and conversation is not null) as events_waiting,
            (select min(received) from inbox where done_at is null) as oldest_waiting,
            (select count(*) from outbox where settled_at is null and due <= $1) as messages_due,
            (select count(*) from outbox where settled_at is null and status = 'held') as messages_held,
            (select count(*) from outbox where settled_at is null and status = 'paused') as messages_paused,
            (select count(*) from outbox where status = 'dead') as messages_dead,
            (select count(*) from outbox where status = 'maybe') as messages_maybe,
            (select count(*) from calls where settled_at is null) as calls_open,
            (select count(*) from timers) as timers,
            (select count(*) from timers where due <= $1) as timers_due,
            (select count(*) from starts) as starts,
            (select count(*) from questions where closed_at is null) as questions_open,
            (select count(*) from handoffs where closed is null) as handoffs_open",
    )
    .bind(now.0)
    .fetch_one(&store.readers)
    .await?;
    let mut counts = serde_json::Map::new();
    for name in [
        "conversations",
        "unrouted",
        "events_waiting",
        "messages_due",
        "messages_held",
        "messages_paused",
        "messages_dead",
        "messages_maybe",
        "calls_open",
        "timers",
        "timers_due",
        "starts",
        "questions_open",
        "handoffs_open",
    ] {
        counts.insert(name.into(), json!(row.try_get::<i64, _>(name)?));
    }
    let oldest: Option<i64> = row.try_get("oldest_waiting")?;
    let waited_ms = oldest.map_or(0, |it| now.0.saturating_sub(it).max(0));
    counts.insert("oldest_waiting_ms".into(), json!(waited_ms));
    Ok(Value::Object(counts))
}
