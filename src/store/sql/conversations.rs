//! Conversations: `conversations`, `identifiers`, and the lease on one.

use mendline_engine::state::State;
use mendline_engine::time::Timestamp;
use sqlx::Row as _;
use tracing::error;

use super::batch::Batch;
use super::inbox::{self, Entry};
use super::lease::{finds, free, texts};
use super::rows::Column;
use super::script::Script;
use super::seal::{Sealer, unless_forgotten};
use super::{DbRow, SqlStore, commit, effect, shared, timers};
use crate::store::{Claimed, Conversation, Head, NewConversation, StoreError, TurnCommit};
use crate::vault::Vault;

const NAMED: &[Column] = &[Column::Text("payer"), Column::Text("id")];
const CLAIMED: &str = "
    select c.payer, c.id, c.principal, c.flow, c.flow_hash, c.parent, c.turn, c.state_ct, c.began, c.turned, c.record_seq, c.record_hash, k.wrapped
    from v join conversations c on c.payer = v.payer and c.id = v.id
    left join person_keys k on k.payer = c.payer and k.person = c.principal
    order by c.id";
/// The kind of keyed index that conversations are found by.
const IDENTIFIER: &str = "claim";

/// A turn that is committed together with the conversation's beginning.
pub(super) struct Born<'a> {
    pub(super) turn: &'a TurnCommit,
    /// The end of the record after it.
    pub(super) head: &'a Head,
}

/// A new conversation, and its first event: into the inbox, or aside until it is due.
pub(super) fn begin(
    batch: &mut Batch<'_>,
    new: &NewConversation,
    now: Timestamp,
    entry: Entry<'_>,
    born: Option<&Born<'_>>,
) -> Result<(), StoreError> {
    let payer = entry.payer;
    let sealer = batch.keys.of(payer, &new.principal)?;
    // Where nothing has happened, no format has anything to add to the first.
    let fresh = State { format: shared::FIRST_FORMAT, ..State::default() };
    let state = born.map_or(&fresh, |it| &it.turn.state);
    let head = born.map(|it| it.head.clone()).unwrap_or_default();
    batch.writes.begun.push([
        payer.into(),
        new.id.as_str().into(),
        new.principal.as_str().into(),
        new.flow.as_str().into(),
        new.flow_hash.as_str().into(),
        new.parent.as_ref().map(ToString::to_string).into(),
        state.turn.into(),
        sealer.seal("conversations.state", &new.id, state).into(),
        now.0.into(),
        born.is_some_and(|it| commit::has_ended(it.turn)).into(),
        head.seq.into(),
        head.hash.into(),
    ]);
    if new.at > now {
        timers::put_start(&mut batch.writes, &sealer, payer, new);
    } else {
        let applied = born.and_then(|it| commit::applied(it.turn, entry.part));
        inbox::put_event(&mut batch.writes, &sealer, entry, &new.id, &new.event, applied);
    }
    Ok(())
}

/// The keyed index that a conversation is found by.
pub(super) fn index(vault: &Vault, payer: &str, identifier: &str) -> String {
    vault.index(payer, IDENTIFIER, identifier)
}

const FREE: &str = "
    select mine.payer, mine.id from conversations mine
    where (mine.payer, mine.id) in (select payer, conversation from inbox
                                    where done_at is null and conversation is not null)
      and (mine.leased_until is null or mine.leased_until <= $1)
    order by mine.id";

const LEASE: &str = "
    update conversations set leased_until = $1
    where (payer, id) in (select payer, id from v)";

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
    let mut going = writer.transaction().await?;
    let named = (NAMED, texts(["payer", "id"]));
    let mine = free(&mut going, FREE, now, limit, named).await?;
    let mut script = Script::default();
    script.add(mine.clone(), &[now.plus_ms(lease_ms).0.into()], LEASE);
    let rows = script.add(mine.clone(), &[], CLAIMED);
    let events = inbox::ask_waiting(mine, events_max, &mut script);
    let mut answers = going.commit(script).await?;
    let rows = answers.take(rows);
    let mut events = inbox::by_conversation(answers.take(events))?;
    let mut claimed = Vec::new();
    for row in &rows {
        let name: (String, String) = (row.try_get("payer")?, row.try_get("id")?);
        let waiting = events.remove(&name).unwrap_or_default();
        match load(store, row, &waiting) {
            Ok(it) => claimed.push(it),
            // One that cannot be read must not hold everybody else up; its lease keeps it aside.
            Err(StoreError::Unreadable(why)) => error!(conversation = name.1, "left lying: {why}"),
            Err(StoreError::Forgotten) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(claimed)
}

fn load(store: &SqlStore, row: &DbRow, waiting: &[DbRow]) -> Result<Claimed, StoreError> {
    let sealer = beside(store, row)?;
    let conversation = read(store, row, &sealer)?;
    let events = waiting.iter().map(|row| inbox::event(row, &sealer));
    Ok(Claimed { events: events.collect::<Result<_, _>>()?, conversation })
}

pub(super) async fn conversation(
    store: &SqlStore,
    payer: &str,
    id: &str,
) -> Result<Option<Conversation>, StoreError> {
    let row = sqlx::query(
        "select c.payer, c.id, c.principal, c.flow, c.flow_hash, c.parent, c.turn, c.state_ct, c.began, c.turned, c.record_seq, c.record_hash, k.wrapped
         from conversations c
         left join person_keys k on k.payer = c.payer and k.person = c.principal
         where c.payer = $1 and c.id = $2",
    )
    .bind(payer)
    .bind(id)
    .fetch_optional(&store.readers)
    .await?;
    row.map(|row| read(store, &row, &beside(store, &row)?)).transpose()
}

pub(super) async fn of(
    store: &SqlStore,
    payer: &str,
    person: &str,
    limit: u32,
) -> Result<Vec<Conversation>, StoreError> {
    let rows = sqlx::query(
        "select c.payer, c.id, c.principal, c.flow, c.flow_hash, c.parent, c.turn, c.state_ct, c.began, c.turned, c.record_seq, c.record_hash, k.wrapped
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
        "select c.payer, c.id, c.principal, c.flow, c.flow_hash, c.parent, c.turn, c.state_ct, c.began, c.turned, c.record_seq, c.record_hash, k.wrapped
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
    rows.iter()
        .map(|row| read(store, row, &beside(store, row)?))
        .filter_map(unless_forgotten)
        .collect()
}

pub(super) fn beside(store: &SqlStore, row: &DbRow) -> Result<Sealer, StoreError> {
    let (payer, principal): (String, String) = (row.try_get("payer")?, row.try_get("principal")?);
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    Sealer::unwrap(&store.vault, &payer, &principal, wrapped.as_deref())
}

pub(super) fn read(
    store: &SqlStore,
    row: &DbRow,
    sealer: &Sealer,
) -> Result<Conversation, StoreError> {
    let id: String = row.try_get("id")?;
    let sealed: Vec<u8> = row.try_get("state_ct")?;
    let state: State = sealer.open("conversations.state", &id, &sealed)?;
    if state.format > store.formats.reads() {
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
        head: Head { seq: row.try_get("record_seq")?, hash: row.try_get("record_hash")? },
    })
}
