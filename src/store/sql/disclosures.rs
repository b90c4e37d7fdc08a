//! Who was told what: messages that left, read back from `outbox`, and whose an address was when.

use mendline_engine::time::Timestamp;
use sqlx::Row as _;

use super::outbox::{ROW, message_row};
use super::reach::index;
use super::{SqlStore, effect};
use crate::store::disclosure::{Held, Told};
use crate::store::reach::Whose;
use crate::store::{EffectRef, StoreError};

/// Everything that reached somebody or may have, oldest first. What she was told who is forgotten is
/// there without what lay under her key.
pub(super) async fn told(store: &SqlStore, whose: &Whose) -> Result<Vec<Told>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "select {ROW}, o.channel, k.wrapped from outbox o
         left join person_keys k on k.payer = o.payer and k.person = o.key_person
         where o.payer = $1 and o.person = $2 and o.status in ('sent', 'shown', 'maybe')
         order by o.seq"
    )))
    .bind(&whose.payer)
    .bind(&whose.person)
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            let name: String = row.try_get("effect")?;
            let EffectRef { conversation, key } = effect(&name)?;
            let row_of = match message_row(store, row) {
                Err(StoreError::Forgotten) => None,
                it => Some(it?),
            };
            Ok(Told {
                person: whose.person.clone(),
                conversation,
                effect: key.to_string(),
                channel: row.try_get::<Option<String>, _>("channel")?.unwrap_or_default(),
                status: row.try_get("status")?,
                at: Timestamp(row.try_get("changed")?),
                what: row_of,
            })
        })
        .collect()
}

/// Whose an address was and is, and from when until when, as its consents and links say.
pub(super) async fn held(
    store: &SqlStore,
    channel: &str,
    address: &str,
) -> Result<Vec<Held>, StoreError> {
    let rows = sqlx::query(
        "select payer, person, at as since, ended from consents
         where channel = $1 and idx = $2 and act = 'given'
         union
         select payer, person, since, null as ended from addresses
         where channel = $1 and idx = $2
         order by since",
    )
    .bind(channel)
    .bind(index(&store.vault, channel, address))
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Held {
                whose: super::reach::whose(row)?,
                since: Timestamp(row.try_get("since")?),
                until: row.try_get::<Option<i64>, _>("ended")?.map(Timestamp),
            })
        })
        .collect()
}
