//! How this database is. Every statement here reads what an index holds, but for the search for
//! what is stuck, which the doctor alone asks for.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::super::migrate;
use super::rows::{Column, Rows};
use super::{BEGIN, SqlStore, count, db, effect, searching, within};
use crate::store::StoreError;
use crate::store::health::{Health, Stuck, Wait, Waits};

/// The row of `house` that is written and taken back.
const PROBE: &str = "probe";
/// Its size, in bytes: more than one arrival with its turn needs, so that where this finds room,
/// they do.
const PROBE_BYTES: usize = 64 * 1024;

/// How long the place of an effect in its trace is kept: longer than anything is tried.
const TRACES_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// The number of a kind is its place in [`Wait::ALL`].
const STANDING: &str = "
    select 0 as what, payer, count(*) as n, min(received) as since from inbox
        where done_at is null group by payer
    union all select 1, payer, count(*), min(committed) from outbox
        where settled_at is null and status = 'due' group by payer
    union all select 2, payer, count(*), min(committed) from outbox
        where settled_at is null and status = 'held' group by payer
    union all select 3, payer, count(*), min(changed) from outbox
        where status = 'dead' group by payer
    union all select 4, payer, count(*), min(changed) from outbox
        where status = 'maybe' group by payer
    union all select 5, payer, count(*), min(due) from calls
        where settled_at is null group by payer
    union all select 6, payer, count(*), min(due) from
        (select payer, due from timers where due <= $1
         union all select payer, due from starts where due <= $1) as overdue group by payer
    union all select 7, payer, count(*), min(opened) from handoffs
        where closed is null group by payer";

const STILL: &str = "
    select c.payer, c.id, c.flow, c.turned from conversations c
    join person_keys k on k.payer = c.payer and k.person = c.principal and k.wrapped is not null
    join (select payer, id from conversations where ended = 0
          except select payer, conversation from timers
          except select payer, conversation from starts
          except select payer, conversation from questions where closed_at is null
          except select payer, conversation from calls where settled_at is null
          except select payer, conversation from handoffs where closed is null
          except select payer, conversation from inbox
                 where done_at is null and conversation is not null) as still
      on still.payer = c.payer and still.id = c.id
    order by c.turned, c.id";

#[async_trait]
impl Health for SqlStore {
    async fn takes_writes(&self) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query(
                "insert into house (name, value) values ($1, $2)
             on conflict (name) do update set value = excluded.value",
            )
            .bind(PROBE)
            .bind("x".repeat(PROBE_BYTES))
            .execute(&mut *tx)
            .await?;
            sqlx::query("delete from house where name = $1").bind(PROBE).execute(&mut *tx).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn knows_schema(&self) -> Result<(), StoreError> {
        within(async { migrate::expect_current(&mut *self.readers.acquire().await?).await }).await
    }

    async fn standing(&self, now: Timestamp) -> Result<Vec<Waits>, StoreError> {
        within(async {
            let rows = sqlx::query(STANDING).bind(now.0).fetch_all(&self.readers).await?;
            let mut all = Vec::with_capacity(rows.len());
            for row in &rows {
                // PostgreSQL takes a bare number for a short one, SQLite knows one length.
                let what = row
                    .try_get::<i64, _>("what")
                    .or_else(|_| row.try_get::<i32, _>("what").map(i64::from))?;
                let what = usize::try_from(what).ok().and_then(|it| Wait::ALL.get(it));
                all.push(Waits {
                    payer: row.try_get("payer")?,
                    what: *what.expect("the statement numbers what there is"),
                    count: u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0),
                    since: Timestamp(row.try_get("since")?),
                });
            }
            Ok(all)
        })
        .await
    }

    async fn stuck(&self, limit: u32) -> Result<Vec<Stuck>, StoreError> {
        searching(async {
            let rows = sqlx::query(STILL).fetch_all(&self.readers).await?;
            let parents = if rows.is_empty() { BTreeSet::new() } else { parents(self).await? };
            let mut stuck = Vec::new();
            for row in &rows {
                let it = Stuck {
                    payer: row.try_get("payer")?,
                    conversation: row.try_get("id")?,
                    flow: row.try_get("flow")?,
                    turned: Timestamp(row.try_get("turned")?),
                };
                if !parents.contains(&(it.payer.clone(), it.conversation.clone())) {
                    stuck.push(it);
                }
            }
            stuck.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(stuck)
        })
        .await
    }

    async fn newest(&self) -> Result<Option<Timestamp>, StoreError> {
        within(async {
            let inbox = "select received as at from inbox order by seq desc limit 1";
            let outbox = "select changed as at from outbox order by seq desc limit 1";
            let mut newest = None;
            for statement in [inbox, outbox] {
                let row = sqlx::query(statement).fetch_optional(&self.readers).await?;
                let at: Option<i64> = row.map(|it| it.try_get("at")).transpose()?;
                newest = newest.max(at);
            }
            Ok(newest.map(Timestamp))
        })
        .await
    }

    async fn begin_tries(&self, seqs: &[i64]) -> Result<BTreeMap<i64, u32>, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let counted = numbered(seqs)
                .fetch(
                    &mut tx,
                    &[],
                    "update inbox set tries = tries + 1 where seq in (select seq from v)
                 returning seq, tries",
                )
                .await?;
            tx.commit().await?;
            counted.iter().map(|row| Ok((row.try_get("seq")?, count(row, "tries")?))).collect()
        })
        .await
    }

    async fn end_tries(&self, seqs: &[i64]) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let ended = "update inbox set tries = 0 where seq in (select seq from v)";
            numbered(seqs).execute(&mut writer, &[], ended).await?;
            Ok(())
        })
        .await
    }

    async fn origins(
        &self,
        seqs: &[i64],
    ) -> Result<Vec<(i64, String, String, String)>, StoreError> {
        within(async {
            let found = "select seq, payer, source, id from inbox where seq in (select seq from v)";
            let mut reader = self.readers.acquire().await?;
            let rows = numbered(seqs).fetch(&mut reader, &[], found).await?;
            rows.iter()
                .map(|row| {
                    let (payer, source) = (row.try_get("payer")?, row.try_get("source")?);
                    Ok((row.try_get("seq")?, payer, source, row.try_get("id")?))
                })
                .collect()
        })
        .await
    }

    async fn note_traces(
        &self,
        payer: &str,
        traces: &[(String, String)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        within(async {
            let mut rows = Rows::new(&[Column::Text("effect"), Column::Text("trace")]);
            traces.iter().for_each(|(effect, it)| rows.push([effect.into(), it.into()]));
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query("delete from traces where at < $1")
                .bind(now.plus_ms(-TRACES_KEPT_MS).0)
                .execute(&mut *tx)
                .await?;
            rows.execute(
                &mut tx,
                &[payer.into(), now.0.into()],
                "insert into traces (payer, effect, trace, at) select $1, effect, trace, $2 from v
             where true on conflict (payer, effect) do update set trace = excluded.trace",
            )
            .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn traces(
        &self,
        payer: &str,
        effects: &[String],
    ) -> Result<Vec<(String, String)>, StoreError> {
        within(async {
            let mut names = Rows::new(&[Column::Text("effect")]);
            effects.iter().for_each(|it| names.push([it.into()]));
            let mut reader = self.readers.acquire().await?;
            let found = "select effect, trace from traces
                     where payer = $1 and effect in (select effect from v)";
            let rows = names.fetch(&mut reader, &[payer.into()], found).await?;
            rows.iter().map(|row| Ok((row.try_get("effect")?, row.try_get("trace")?))).collect()
        })
        .await
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        within(async {
            let row = sqlx::query(db::CLOCK).fetch_one(&self.readers).await?;
            Ok(Timestamp(row.try_get("now")?))
        })
        .await
    }
}

fn numbered(seqs: &[i64]) -> Rows {
    let mut rows = Rows::new(&[Column::Int("seq")]);
    seqs.iter().for_each(|seq| rows.push([(*seq).into()]));
    rows
}

/// Conversations whose child has not ended: its end moves them.
async fn parents(store: &SqlStore) -> Result<BTreeSet<(String, String)>, StoreError> {
    let rows = sqlx::query(
        "select payer, parent from conversations where ended = 0 and parent is not null",
    )
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            let parent: String = row.try_get("parent")?;
            Ok((row.try_get("payer")?, effect(&parent)?.conversation))
        })
        .collect()
}
