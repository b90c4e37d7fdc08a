//! What is to happen later: `timers`, and conversations that begin later: `starts`.

use std::collections::BTreeMap;
use std::sync::Arc;

use mendline_engine::event::Event;
use mendline_engine::time::Timestamp;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tracing::error;

use super::keys::{Keys, Wanted};
use super::lease::finds;
use super::rows::{Column, Rows};
use super::seal::Sealer;
use super::writes::Writes;
use super::{BEGIN, Connection, SqlStore, Tx, UNLESS_LOCKED, count, inbox};
use crate::store::{NewConversation, StoreError};

/// Keeps the first event of a conversation until it is due.
pub(super) fn put_start(writes: &mut Writes, sealer: &Sealer, payer: &str, new: &NewConversation) {
    let event = sealer.seal("starts.event", &new.id, &new.event);
    writes.starts.push([payer.into(), new.id.as_str().into(), new.at.0.into(), event.into()]);
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
    let statement = format!(
        "select mine.payer, mine.conversation, mine.name, mine.generation from timers mine
         where mine.due <= $1 order by mine.due, mine.conversation, mine.name limit $2 {UNLESS_LOCKED}"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(now.0)
        .bind(i64::from(limit))
        .fetch_all(&mut **tx)
        .await?;
    let mut due = Vec::new();
    for row in &rows {
        let (payer, conversation): (String, String) =
            (row.try_get("payer")?, row.try_get("conversation")?);
        let timer: String = row.try_get("name")?;
        due.push((payer, conversation, timer, count(row, "generation")?));
    }
    let keys = principals(store, tx, due.iter().map(|(payer, id, ..)| (payer, id))).await?;
    let mut writes = Writes::default();
    for (payer, conversation, timer, generation) in &due {
        writes.cleared.push([payer.into(), conversation.into(), timer.into()]);
        // Whoever was forgotten waits for nothing any more.
        let Some(sealer) = keys.of(payer, conversation)? else { continue };
        let id = format!("{conversation}/{timer}/{generation}");
        let event = Event::Due { timer: timer.clone(), generation: *generation };
        let entry = inbox::own("timer", payer, &id, now);
        inbox::put_event(&mut writes, &sealer, entry, conversation, &event, None);
    }
    writes.run(tx).await?;
    Ok(u32::try_from(due.len()).unwrap_or(u32::MAX))
}

async fn fire_starts(
    store: &SqlStore,
    tx: &mut Tx<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<u32, StoreError> {
    let statement = format!(
        "select mine.payer, mine.conversation, mine.event_ct from starts mine
         where mine.due <= $1 order by mine.due, mine.conversation limit $2 {UNLESS_LOCKED}"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(now.0)
        .bind(i64::from(limit))
        .fetch_all(&mut **tx)
        .await?;
    let mut due: Vec<(String, String, Vec<u8>)> = Vec::new();
    for row in &rows {
        due.push((row.try_get("payer")?, row.try_get("conversation")?, row.try_get("event_ct")?));
    }
    let keys = principals(store, tx, due.iter().map(|(payer, id, _)| (payer, id))).await?;
    let (mut writes, mut begun) = (Writes::default(), Rows::new(STARTED));
    let mut fired = 0;
    for (payer, conversation, sealed) in &due {
        let Some(sealer) = keys.of(payer, conversation)? else { continue };
        let event: Event = match sealer.open("starts.event", conversation, sealed) {
            Ok(event) => event,
            // One that cannot be read must not hold everybody else up.
            Err(why) => {
                error!(conversation, "start left lying: {why}");
                continue;
            }
        };
        let entry = inbox::own("start", payer, conversation, now);
        inbox::put_event(&mut writes, &sealer, entry, conversation, &event, None);
        begun.push([payer.into(), conversation.into()]);
        fired += 1;
    }
    writes.run(tx).await?;
    begun
        .execute(
            tx,
            &[],
            "delete from starts where (payer, conversation) in (select payer, conversation from v)",
        )
        .await?;
    Ok(fired)
}

const STARTED: &[Column] = &[Column::Text("payer"), Column::Text("conversation")];

/// The keys of whom these conversations are for.
async fn principals<'a>(
    store: &SqlStore,
    connection: &mut Connection,
    conversations: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<Principals, StoreError> {
    let mut rows = Rows::new(STARTED);
    conversations.for_each(|(payer, id)| rows.push([payer.into(), id.into()]));
    let rows = rows
        .fetch(
            connection,
            &[],
            "select c.payer as payer, c.id as id, c.principal as principal
             from v join conversations c on c.payer = v.payer and c.id = v.conversation",
        )
        .await?;
    let (mut of, mut wanted) = (BTreeMap::new(), Wanted::default());
    for row in &rows {
        let (payer, person): (String, String) = (row.try_get("payer")?, row.try_get("principal")?);
        wanted.known(&payer, &person);
        of.insert((payer, row.try_get("id")?), person);
    }
    let mut keys = Keys::default();
    keys.complete(connection, &store.vault, wanted).await?;
    Ok(Principals { of, keys })
}

/// Whom conversations are for, by payer and conversation, with their keys.
struct Principals {
    of: BTreeMap<(String, String), String>,
    keys: Keys,
}

impl Principals {
    /// Nothing where the person was forgotten.
    fn of(&self, payer: &str, conversation: &str) -> Result<Option<Arc<Sealer>>, StoreError> {
        let found = self.of.get(&(payer.to_owned(), conversation.to_owned()));
        let person = found.ok_or_else(|| inbox::no_conversation(conversation))?;
        match self.keys.of(payer, person) {
            Err(StoreError::Forgotten) => Ok(None),
            other => other.map(Some),
        }
    }
}
