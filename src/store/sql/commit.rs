//! Commits turns: a batch in one transaction, and a conflict drops that turn alone.

use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::conversations::{begin, index, principal};
use super::inbox::{self, Entry};
use super::outbox::{self, Outgoing};
use super::seal::Sealer;
use super::{BEGIN, SqlStore, Tx, calls, handoffs, questions, record, timers};
use crate::store::{EffectRef, StoreError, TurnCommit};

pub(super) async fn commit(
    store: &SqlStore,
    commits: &[TurnCommit],
) -> Vec<Result<(), StoreError>> {
    let mut results = Vec::with_capacity(commits.len());
    // Halves still to commit, the first on top: a batch that errors is bisected, so that one
    // broken turn costs nobody else theirs.
    let mut halves = vec![commits];
    while let Some(batch) = halves.pop() {
        match try_batch(store, batch).await {
            Ok(taken) => results.extend(taken),
            Err(StoreError::Unreadable(_) | StoreError::Forgotten) if batch.len() > 1 => {
                let (first, second) = batch.split_at(batch.len() / 2);
                halves.push(second);
                halves.push(first);
            }
            // The disk or the database: it would be the same for each.
            Err(error) => results.extend(batch.iter().map(|_| Err(error.again()))),
        }
    }
    results
}

async fn try_batch(
    store: &SqlStore,
    batch: &[TurnCommit],
) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let mut results = Vec::with_capacity(batch.len());
    for commit in batch {
        results.push(match take(store, &mut tx, commit).await {
            Err(StoreError::Conflict) => Err(StoreError::Conflict),
            taken => Ok(taken?),
        });
    }
    tx.commit().await?;
    Ok(results)
}

/// One turn. Answers with a conflict before it wrote anything, or not at all.
async fn take(store: &SqlStore, tx: &mut Tx<'_>, commit: &TurnCommit) -> Result<(), StoreError> {
    let payer = commit.payer.as_str();
    let id = commit.conversation.as_str();
    let seqs: Vec<i64> = commit.done.iter().map(|(seq, _)| *seq).collect();
    if inbox::count_open(tx, payer, id, &seqs).await? != seqs.len() {
        return Err(StoreError::Conflict);
    }
    let sealer = principal(&store.vault, tx, payer, id).await?;
    advance(tx, &sealer, commit).await?;
    for (seq, answer) in &commit.done {
        inbox::finish(tx, &sealer, payer, *seq, answer.as_ref(), commit.now).await?;
    }
    say(tx, &sealer, commit).await?;
    let name = |key| EffectRef { conversation: id.to_owned(), key };
    for (key, why) in &commit.closed {
        questions::close(tx, &sealer, payer, &name(*key), why, commit.now).await?;
    }
    for call in &commit.calls {
        calls::put(tx, &sealer, payer, &name(call.key), call, commit.now).await?;
    }
    for it in &commit.cleared {
        timers::clear(tx, payer, id, it).await?;
    }
    for (timer, generation, due) in &commit.timers {
        timers::set(tx, payer, id, timer, *generation, *due).await?;
    }
    for change in &commit.handoffs {
        handoffs::change(tx, &sealer, payer, id, change, commit.now).await?;
    }
    index(store, tx, payer, id, &commit.identifiers).await?;
    reach_others(store, tx, commit).await
}

/// Moves the conversation on, with its record; a conflict if somebody else did.
async fn advance(tx: &mut Tx<'_>, sealer: &Sealer, commit: &TurnCommit) -> Result<(), StoreError> {
    let row = sqlx::query(
        "update conversations set turn = $4, state_ct = $5, turned = $6, leased_until = null
         where payer = $1 and id = $2 and turn = $3
         returning record_seq, record_hash",
    )
    .bind(&commit.payer)
    .bind(&commit.conversation)
    .bind(i64::from(commit.expected_turn))
    .bind(i64::from(commit.state.turn))
    .bind(sealer.seal("conversations.state", &commit.conversation, &commit.state))
    .bind(commit.now.0)
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(StoreError::Conflict)?;
    let head = record::Head { seq: row.try_get("record_seq")?, hash: row.try_get("record_hash")? };
    record::append(tx, sealer, commit, head).await
}

/// Messages, and the questions that they put.
async fn say(tx: &mut Tx<'_>, sealer: &Sealer, commit: &TurnCommit) -> Result<(), StoreError> {
    let id = commit.conversation.as_str();
    for new in &commit.messages {
        let effect = EffectRef { conversation: id.to_owned(), key: new.key };
        let outgoing = Outgoing { effect, lane: id, person: &new.person, message: &new.message };
        outbox::put(tx, sealer, &commit.payer, &outgoing, commit.now).await?;
        questions::put(tx, sealer, &commit.payer, id, new, commit.now).await?;
    }
    Ok(())
}

/// Conversations that begin, and events for others.
async fn reach_others(
    store: &SqlStore,
    tx: &mut Tx<'_>,
    commit: &TurnCommit,
) -> Result<(), StoreError> {
    let payer = commit.payer.as_str();
    for new in &commit.begins {
        begin(store, tx, new, commit.now, own("start", payer, &new.id, 0, commit.now)).await?;
    }
    let id = format!("{}/{}", commit.conversation, commit.state.turn);
    for (part, (conversation, event)) in (0..).zip(&commit.events) {
        match principal(&store.vault, tx, payer, conversation).await {
            Ok(sealer) => {
                let entry = own("conversation", payer, &id, part, commit.now);
                inbox::put_event(tx, &sealer, entry, conversation, event).await?;
            }
            // Whoever was forgotten has no events any more.
            Err(StoreError::Forgotten) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// An entry that comes from inside the house.
pub(super) fn own<'a>(
    source: &'a str,
    payer: &'a str,
    id: &'a str,
    part: u32,
    received: Timestamp,
) -> Entry<'a> {
    Entry { payer, source, id, part, origin: None, received }
}
