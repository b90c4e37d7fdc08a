//! Conversations: `conversations`, `identifiers`, and the lease on one.

use mendline_engine::state::{STATE_FORMAT, State};
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};
use tracing::error;

use super::inbox::{self, Entry};
use super::seal::{Sealer, unless_forgotten};
use super::{BEGIN, Connection, DbRow, SqlStore, effect, finds, timers};
use crate::store::{Claimed, Conversation, NewConversation, StoreError};
use crate::vault::Vault;

/// The kind of keyed index that conversations are found by.
const IDENTIFIER: &str = "claim";

/// The key of the person whom a conversation is for.
pub(super) async fn principal(
    vault: &Vault,
    connection: &mut Connection,
    payer: &str,
    conversation: &str,
) -> Result<Sealer, StoreError> {
    let row = sqlx::query(
        "select c.principal, k.wrapped from conversations c
         left join person_keys k on k.payer = c.payer and k.person = c.principal
         where c.payer = $1 and c.id = $2",
    )
    .bind(payer)
    .bind(conversation)
    .fetch_optional(connection)
    .await?
    .ok_or_else(|| StoreError::Unreadable(format!("there is no conversation {conversation}")))?;
    let (person, wrapped): (String, Option<Vec<u8>>) =
        (row.try_get("principal")?, row.try_get("wrapped")?);
    Sealer::unwrap(vault, payer, &person, wrapped.as_deref())
}

/// Writes a new conversation, and its first event: into the inbox, or aside until it is due.
pub(super) async fn begin(
    store: &SqlStore,
    connection: &mut Connection,
    new: &NewConversation,
    now: Timestamp,
    entry: Entry<'_>,
) -> Result<(), StoreError> {
    let payer = entry.payer;
    let sealer = Sealer::of(&store.vault, connection, payer, &new.principal).await?;
    let state = State::default();
    sqlx::query(
        "insert into conversations (payer, id, principal, flow, flow_hash, parent, turn, state_ct, began, turned)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(payer)
    .bind(&new.id)
    .bind(&new.principal)
    .bind(&new.flow)
    .bind(&new.flow_hash)
    .bind(new.parent.as_ref().map(ToString::to_string))
    .bind(i64::from(state.turn))
    .bind(sealer.seal("conversations.state", &new.id, &state))
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    if new.at > now {
        return timers::put_start(connection, &sealer, payer, new).await;
    }
    inbox::put_event(connection, &sealer, entry, &new.id, &new.event).await
}

/// Lets the conversation be found by these identifiers.
pub(super) async fn index(
    store: &SqlStore,
    connection: &mut Connection,
    payer: &str,
    conversation: &str,
    identifiers: &[String],
) -> Result<(), StoreError> {
    for it in identifiers {
        sqlx::query(
            "insert into identifiers (payer, idx, conversation) values ($1, $2, $3)
             on conflict do nothing",
        )
        .bind(payer)
        .bind(store.vault.index(payer, IDENTIFIER, it))
        .bind(conversation)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn claim(
    store: &SqlStore,
    now: Timestamp,
    lease_ms: i64,
    limit: u32,
    events_max: u32,
) -> Result<Vec<Claimed>, StoreError> {
    let mut writer = store.writer().await?;
    const PROBE: &str =
        "select 1 from inbox where done_at is null and conversation is not null and $1 > 0 limit 1";
    if !finds(&mut writer, PROBE, now).await? {
        return Ok(Vec::new());
    }
    let mut tx = writer.begin_with(BEGIN).await?;
    let rows = sqlx::query(
        "select c.payer, c.id, c.principal, c.flow, c.flow_hash, c.parent, c.turn, c.state_ct, c.began, c.turned, k.wrapped
         from conversations c
         left join person_keys k on k.payer = c.payer and k.person = c.principal
         where (c.payer, c.id) in (select payer, conversation from inbox
                                   where done_at is null and conversation is not null)
           and (c.leased_until is null or c.leased_until <= $1)
         order by c.id limit $2",
    )
    .bind(now.0)
    .bind(i64::from(limit))
    .fetch_all(&mut *tx)
    .await?;
    let mut claimed = Vec::new();
    for row in &rows {
        let (payer, id): (String, String) = (row.try_get("payer")?, row.try_get("id")?);
        sqlx::query("update conversations set leased_until = $3 where payer = $1 and id = $2")
            .bind(&payer)
            .bind(&id)
            .bind(now.plus_ms(lease_ms).0)
            .execute(&mut *tx)
            .await?;
        match load(store, &mut tx, row, &payer, &id, events_max).await {
            Ok(it) => claimed.push(it),
            // One that cannot be read must not hold everybody else up; its lease keeps it aside.
            Err(StoreError::Unreadable(why)) => error!(conversation = id, "left lying: {why}"),
            Err(StoreError::Forgotten) => {}
            Err(error) => return Err(error),
        }
    }
    tx.commit().await?;
    Ok(claimed)
}

async fn load(
    store: &SqlStore,
    connection: &mut Connection,
    row: &DbRow,
    payer: &str,
    id: &str,
    events_max: u32,
) -> Result<Claimed, StoreError> {
    let sealer = beside(store, row)?;
    let conversation = read(row, &sealer)?;
    let events = inbox::waiting(connection, &sealer, payer, id, events_max).await?;
    Ok(Claimed { conversation, events })
}

pub(super) async fn conversation(
    store: &SqlStore,
    payer: &str,
    id: &str,
) -> Result<Option<Conversation>, StoreError> {
    let row = sqlx::query(
        "select c.payer, c.id, c.principal, c.flow, c.flow_hash, c.parent, c.turn, c.state_ct, c.began, c.turned, k.wrapped
         from conversations c
         left join person_keys k on k.payer = c.payer and k.person = c.principal
         where c.payer = $1 and c.id = $2",
    )
    .bind(payer)
    .bind(id)
    .fetch_optional(&store.readers)
    .await?;
    row.map(|row| read(&row, &beside(store, &row)?)).transpose()
}

pub(super) async fn of(
    store: &SqlStore,
    payer: &str,
    person: &str,
    limit: u32,
) -> Result<Vec<Conversation>, StoreError> {
    let rows = sqlx::query(
        "select c.payer, c.id, c.principal, c.flow, c.flow_hash, c.parent, c.turn, c.state_ct, c.began, c.turned, k.wrapped
         from conversations c
         left join person_keys k on k.payer = c.payer and k.person = c.principal
         where c.payer = $1 and c.principal = $2
         order by c.began desc, c.id desc limit $3",
    )
    .bind(payer)
    .bind(person)
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    read_all(store, &rows)
}

pub(super) async fn about(
    store: &SqlStore,
    payer: &str,
    identifier: &str,
    limit: u32,
) -> Result<Vec<Conversation>, StoreError> {
    let rows = sqlx::query(
        "select c.payer, c.id, c.principal, c.flow, c.flow_hash, c.parent, c.turn, c.state_ct, c.began, c.turned, k.wrapped
         from identifiers i
         join conversations c on c.payer = i.payer and c.id = i.conversation
         left join person_keys k on k.payer = c.payer and k.person = c.principal
         where i.payer = $1 and i.idx = $2
         order by c.began desc, c.id desc limit $3",
    )
    .bind(payer)
    .bind(store.vault.index(payer, IDENTIFIER, identifier))
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    read_all(store, &rows)
}

fn read_all(store: &SqlStore, rows: &[DbRow]) -> Result<Vec<Conversation>, StoreError> {
    rows.iter().map(|row| read(row, &beside(store, row)?)).filter_map(unless_forgotten).collect()
}

fn beside(store: &SqlStore, row: &DbRow) -> Result<Sealer, StoreError> {
    let (payer, principal): (String, String) = (row.try_get("payer")?, row.try_get("principal")?);
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    Sealer::unwrap(&store.vault, &payer, &principal, wrapped.as_deref())
}

fn read(row: &DbRow, sealer: &Sealer) -> Result<Conversation, StoreError> {
    let id: String = row.try_get("id")?;
    let sealed: Vec<u8> = row.try_get("state_ct")?;
    let state: State = sealer.open("conversations.state", &id, &sealed)?;
    if state.format > STATE_FORMAT {
        let why = format!("the state of {id} has format {}, newer than this program", state.format);
        return Err(StoreError::Unreadable(why));
    }
    let parent: Option<String> = row.try_get("parent")?;
    Ok(Conversation {
        payer: row.try_get("payer")?,
        id,
        flow: row.try_get("flow")?,
        flow_hash: row.try_get("flow_hash")?,
        principal: row.try_get("principal")?,
        parent: parent.as_deref().map(effect).transpose()?,
        state,
        began: Timestamp(row.try_get("began")?),
        turned: Timestamp(row.try_get("turned")?),
    })
}
