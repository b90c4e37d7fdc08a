//! The record: one immutable row a turn, chained by hash over ciphertext, so that the chain
//! still holds when a person was forgotten (rule 12).

use mendline_engine::time::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::Row as _;

use super::SqlStore;
use super::rows::Cell;
use super::seal::Sealer;
use crate::store::{Head, RecordRow, StoreError, TurnCommit};
use crate::vault::hex;

/// The head after one row more.
fn next(head: &Head, payer: &str, conversation: &str, at: i64, sealed: &[u8]) -> Head {
    let seq = head.seq + 1;
    let mut hash = Sha256::new();
    for part in [head.hash.as_bytes(), payer.as_bytes(), conversation.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(seq.to_be_bytes());
    hash.update(at.to_be_bytes());
    hash.update(sealed);
    Head { seq, hash: hex(&hash.finalize()) }
}

/// A turn's rows of the record, sealed and chained once.
pub(super) struct Sealed {
    pub(super) rows: Vec<[Cell; 6]>,
    /// The end of the chain after them.
    pub(super) head: Head,
}

/// Seals and chains a turn's rows.
pub(super) fn seal(sealer: &Sealer, commit: &TurnCommit) -> Sealed {
    let (payer, conversation) = (commit.payer.as_str(), commit.conversation.as_str());
    let mut head = commit.head.clone();
    let mut rows = Vec::with_capacity(commit.record.len());
    for body in &commit.record {
        let row = format!("{conversation}/{}", head.seq + 1);
        let sealed = sealer.seal("record.body", &row, body);
        head = next(&head, payer, conversation, commit.now.0, &sealed);
        rows.push([
            payer.into(),
            conversation.into(),
            head.seq.into(),
            commit.now.0.into(),
            sealed.into(),
            head.hash.clone().into(),
        ]);
    }
    Sealed { rows, head }
}

pub(super) async fn record(
    store: &SqlStore,
    payer: &str,
    conversation: &str,
) -> Result<Vec<RecordRow>, StoreError> {
    let rows = sqlx::query(
        "select r.seq, r.at, r.body_ct, r.hash, c.principal, k.wrapped
         from record r
         join conversations c on c.payer = r.payer and c.id = r.conversation
         left join person_keys k on k.payer = c.payer and k.person = c.principal
         where r.payer = $1 and r.conversation = $2 order by r.seq",
    )
    .bind(payer)
    .bind(conversation)
    .fetch_all(&store.readers)
    .await?;
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let person: String = first.try_get("principal")?;
    let wrapped: Option<Vec<u8>> = first.try_get("wrapped")?;
    let sealer = Sealer::unwrap(&store.vault, payer, &person, wrapped.as_deref())?;
    rows.iter()
        .map(|row| {
            let seq: i64 = row.try_get("seq")?;
            let sealed: Vec<u8> = row.try_get("body_ct")?;
            let body = sealer.open("record.body", &format!("{conversation}/{seq}"), &sealed)?;
            let at = Timestamp(row.try_get("at")?);
            Ok(RecordRow { seq, at, body, hash: row.try_get("hash")? })
        })
        .collect()
}

pub(super) async fn verify_chain(
    store: &SqlStore,
    payer: &str,
    conversation: &str,
) -> Result<Option<i64>, StoreError> {
    // One statement, so that a turn that is committed meanwhile does not look like a break.
    let rows = sqlx::query(
        "select c.record_seq, c.record_hash, r.seq, r.at, r.body_ct, r.hash
         from conversations c
         left join record r on r.payer = c.payer and r.conversation = c.id
         where c.payer = $1 and c.id = $2 order by r.seq",
    )
    .bind(payer)
    .bind(conversation)
    .fetch_all(&store.readers)
    .await?;
    let mut head = Head::default();
    for row in &rows {
        let Some(seq) = row.try_get::<Option<i64>, _>("seq")? else { break };
        let sealed: Vec<u8> = row.try_get("body_ct")?;
        let next = next(&head, payer, conversation, row.try_get("at")?, &sealed);
        if next.seq != seq || next.hash != row.try_get::<String, _>("hash")? {
            return Ok(Some(next.seq));
        }
        head = next;
    }
    let Some(kept) = rows.first() else { return Ok(None) };
    let whole = kept.try_get::<i64, _>("record_seq")? == head.seq
        && kept.try_get::<String, _>("record_hash")? == head.hash;
    Ok((!whole).then_some(head.seq + 1))
}
