//! One-time codes that were asked for, and tries to be known: `challenges`, `tries`.

use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::reach::whose;
use super::{BEGIN, SqlStore};
use crate::store::StoreError;
use crate::store::reach::{NewChallenge, Whose};

/// How long a challenge that lapsed is kept, so that whoever still has it before her is told the same
/// as whoever mistyped.
const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// A new one for a person ends those before it.
pub(super) async fn put(
    store: &SqlStore,
    it: &NewChallenge,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (payer, person) = match &it.whose {
        Some(it) => (it.payer.as_str(), it.person.as_str()),
        None => ("", ""),
    };
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query("delete from challenges where expires <= $1")
        .bind(now.0 - KEPT_MS)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "update challenges set used = $3
         where payer = $1 and person = $2 and person <> '' and used is null",
    )
    .bind(payer)
    .bind(person)
    .bind(now.0)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into challenges (digest, payer, person, code, sent, expires)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&it.digest)
    .bind(payer)
    .bind(person)
    .bind(&it.code)
    .bind(now.0)
    .bind(it.expires.0)
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

/// Whose a challenge is, used or not; nobody's where nobody was found.
pub(super) async fn of(store: &SqlStore, digest: &str) -> Result<Option<Whose>, StoreError> {
    let row =
        sqlx::query("select payer, person from challenges where digest = $1 and person <> ''")
            .bind(digest)
            .fetch_optional(&store.readers)
            .await?;
    row.as_ref().map(whose).transpose()
}

/// Spends it, if this is its code and it still counts.
pub(super) async fn spend(
    store: &SqlStore,
    digest: &str,
    code: &str,
    now: Timestamp,
) -> Result<Option<Whose>, StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let row = sqlx::query(
        "update challenges set used = $3
         where digest = $1 and code = $2 and used is null and expires > $3 and person <> ''
         returning payer, person",
    )
    .bind(digest)
    .bind(code)
    .bind(now.0)
    .fetch_optional(&mut *tx)
    .await?;
    let whose = row.as_ref().map(whose).transpose()?;
    tx.commit().await?;
    Ok(whose)
}

/// Counts a try and answers how many are left; nothing, and it does not count, where there were too
/// many in the span. The span begins with the first try, and anew with the last that is allowed.
pub(super) async fn once(
    store: &SqlStore,
    idx: &str,
    now: Timestamp,
    (most, span_ms): (i64, i64),
) -> Result<Option<i64>, StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query("delete from tries where since <= $1")
        .bind(now.0 - span_ms)
        .execute(&mut *tx)
        .await?;
    let tried = sqlx::query(
        "insert into tries (idx, since, count) values ($1, $2, 1)
         on conflict (idx) do update
         set count = tries.count + 1,
             since = case when tries.count + 1 >= $3 then excluded.since else tries.since end
         where tries.count < $3
         returning count",
    )
    .bind(idx)
    .bind(now.0)
    .bind(most)
    .fetch_optional(&mut *tx)
    .await?;
    let count: Option<i64> = tried.map(|it| it.try_get("count")).transpose()?;
    tx.commit().await?;
    Ok(count.map(|it| most - it))
}

/// It was right: what was tried before does not count any more.
pub(super) async fn well(store: &SqlStore, idx: &str) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query("delete from tries where idx = $1").bind(idx).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}
