//! A person turn: one arrival, routed; in one transaction.

use mendline_engine::message::EffectKey;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::conversations::{begin, principal};
use super::inbox::{self, Entry};
use super::outbox::{self, Outgoing};
use super::seal::Sealer;
use super::{BEGIN, SqlStore, people};
use crate::store::{EffectRef, PersonCommit, StoreError};

pub(super) async fn commit_person(
    store: &SqlStore,
    commit: &PersonCommit,
) -> Result<(), StoreError> {
    let payer = commit.payer.as_str();
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let row = sqlx::query(
        "select source, id, received, done_at from inbox
         where payer = $1 and seq = $2 and conversation is null",
    )
    .bind(payer)
    .bind(commit.seq)
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| StoreError::Unreadable(format!("there is no arrival {}", commit.seq)))?;
    if row.try_get::<Option<i64>, _>("done_at")?.is_some() {
        return Err(StoreError::Conflict);
    }
    let (source, id): (String, String) = (row.try_get("source")?, row.try_get("id")?);
    let received = Timestamp(row.try_get("received")?);
    let entry =
        Entry { payer, source: &source, id: &id, part: 0, origin: Some(commit.seq), received };
    let sealer = Sealer::of(&store.vault, &mut tx, payer, &commit.person).await?;

    for fact in &commit.facts {
        people::change(&mut tx, payer, &commit.person, fact).await?;
    }
    let mut parts = 1..;
    let mut next = || parts.next().expect("the numbers do not end");
    for new in &commit.begins {
        begin(store, &mut tx, new, commit.now, Entry { part: next(), ..entry }).await?;
    }
    for (conversation, event) in &commit.events {
        match principal(&store.vault, &mut tx, payer, conversation).await {
            Ok(sealer) => {
                let entry = Entry { part: next(), ..entry };
                inbox::put_event(&mut tx, &sealer, entry, conversation, event).await?;
            }
            // Whoever was forgotten has no events any more.
            Err(StoreError::Forgotten) => {}
            Err(error) => return Err(error),
        }
    }
    for (index, message) in (0..).zip(&commit.says) {
        let conversation = format!("person/{}/{}", commit.person, commit.seq);
        let effect = EffectRef { conversation, key: EffectKey { turn: 0, index } };
        let outgoing = Outgoing { effect, lane: "", person: &commit.person, message };
        outbox::put(&mut tx, &sealer, payer, &outgoing, commit.now).await?;
    }
    inbox::finish(&mut tx, &sealer, payer, commit.seq, commit.settled.as_ref(), commit.now).await?;
    Ok(tx.commit().await?)
}
