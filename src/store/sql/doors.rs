//! How people get in: `accounts`, `sessions`, and one-time tokens that were `spent`.

use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::{BEGIN, SqlStore, flag};
use crate::store::{Account, Session, StoreError};

/// The kind of keyed index that accounts are found by. A login is nobody's but the house's, so
/// it is indexed under no payer.
const LOGIN: &str = "login";
/// How old `last_seen` may get before it is written again: a page that asks often should not
/// write often. Small against any idle limit.
const TOUCH_MS: i64 = 10_000;

pub(super) async fn account(store: &SqlStore, login: &str) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query(
        "select payer, person, password, roles, demo from accounts where login_idx = $1",
    )
    .bind(store.vault.index("", LOGIN, login))
    .fetch_optional(&store.readers)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let roles: String = row.try_get("roles")?;
    Ok(Some(Account {
        login: login.trim().to_lowercase(),
        payer: row.try_get("payer")?,
        person: row.try_get("person")?,
        password: row.try_get("password")?,
        roles: serde_json::from_str(&roles)
            .map_err(|_| StoreError::Unreadable("the roles of an account".into()))?,
        demo: flag(&row, "demo")?,
    }))
}

pub(super) async fn put_account(store: &SqlStore, account: &Account) -> Result<(), StoreError> {
    let roles = serde_json::to_string(&account.roles).expect("a list of texts is JSON");
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query(
        "insert into accounts (login_idx, payer, person, password, roles, demo)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (login_idx) do update
         set payer = excluded.payer, person = excluded.person, password = excluded.password,
             roles = excluded.roles, demo = excluded.demo",
    )
    .bind(store.vault.index("", LOGIN, &account.login))
    .bind(&account.payer)
    .bind(&account.person)
    .bind(&account.password)
    .bind(roles)
    .bind(i64::from(account.demo))
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

pub(super) async fn put_session(
    store: &SqlStore,
    digest: &str,
    session: &Session,
) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query(
        "insert into sessions (digest, payer, person, kind, csrf, began, last_seen)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (digest) do update
         set payer = excluded.payer, person = excluded.person, kind = excluded.kind,
             csrf = excluded.csrf, began = excluded.began, last_seen = excluded.last_seen",
    )
    .bind(digest)
    .bind(&session.payer)
    .bind(&session.person)
    .bind(&session.kind)
    .bind(&session.csrf)
    .bind(session.began.0)
    .bind(session.last_seen.0)
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

pub(super) async fn session(
    store: &SqlStore,
    digest: &str,
    now: Timestamp,
    idle_ms: i64,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query(
        "select payer, person, kind, csrf, began, last_seen from sessions where digest = $1",
    )
    .bind(digest)
    .fetch_optional(&store.readers)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let last_seen = Timestamp(row.try_get("last_seen")?);
    if last_seen.plus_ms(idle_ms) < now {
        end_session(store, digest).await?;
        return Ok(None);
    }
    if last_seen.plus_ms(TOUCH_MS) <= now {
        let mut writer = store.writer().await?;
        let mut tx = writer.begin_with(BEGIN).await?;
        sqlx::query("update sessions set last_seen = $2 where digest = $1 and last_seen < $2")
            .bind(digest)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
    }
    Ok(Some(Session {
        kind: row.try_get("kind")?,
        payer: row.try_get("payer")?,
        person: row.try_get("person")?,
        csrf: row.try_get("csrf")?,
        began: Timestamp(row.try_get("began")?),
        last_seen,
    }))
}

pub(super) async fn end_session(store: &SqlStore, digest: &str) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query("delete from sessions where digest = $1").bind(digest).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn spend(
    store: &SqlStore,
    payer: &str,
    token_digest: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let spent = sqlx::query(
        "insert into spent (payer, digest, at) values ($1, $2, $3) on conflict do nothing",
    )
    .bind(payer)
    .bind(token_digest)
    .bind(now.0)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(spent.rows_affected() == 1)
}
