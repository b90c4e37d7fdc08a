//! Where the pack keeps claims, when it is not given somebody else's claim system.
//!
//! One SQLite file of its own, one writer, flushed at every commit. Only this folder writes SQL,
//! and every statement names the payer. It knows no clock: the fictional history is told backward
//! from the first moment that somebody asks.

mod answers;
mod authorizations;
mod claims;
mod people;
mod prescriptions;
mod seed;
#[cfg(test)]
mod twin;

use std::path::Path;
use std::time::Duration;

use mendline_plugin::ActionError;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, SqliteConnection};
use tokio::sync::OnceCell;

pub(crate) use answers::{Attempt, Begun};
pub(crate) use authorizations::{
    Authorization, covering_authorization, insert_authorization, lapse_authorizations,
    latest_authorization,
};
pub(crate) use claims::{
    ClaimRow, claim, claim_by_number_and_rx, decline, declined, open_claims, set_adjuster,
};
pub(crate) use people::{IdentityRow, PersonRow, identities, parties, person};
pub(crate) use prescriptions::{
    Fill, Prescription, fills, insert_fill, prescription, prescriptions,
};

#[cfg(test)]
pub(crate) use twin::TWIN;

/// How long a writer waits for another process's write. A write takes about a millisecond.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Readers beside the one writer: a few fast reads at once, and no crowd of file handles.
const READERS_MAX: u32 = 4;

/// Why the store gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened, read or written.
    #[error("the claims file: {0}")]
    Sql(#[from] sqlx::Error),
    /// What it holds is not what was written there.
    #[error("the claims file holds an unreadable {0}")]
    Corrupt(&'static str),
    /// The folder of the file cannot be made.
    #[error("the folder of the claims file: {0}")]
    Folder(#[from] std::io::Error),
}

impl From<StoreError> for ActionError {
    /// Before the commit nothing was changed, so dispatch may simply come again.
    fn from(error: StoreError) -> ActionError {
        ActionError::Unavailable(error.to_string())
    }
}

/// The open file.
pub(crate) struct Store {
    read: SqlitePool,
    write: SqlitePool,
    seeded: OnceCell<()>,
}

impl Store {
    /// Opens or makes the file at `path`; without one, everything is in memory and gone after.
    pub(crate) async fn open(path: Option<&Path>) -> Result<Store, StoreError> {
        let (read, write) = match path {
            Some(path) => on_disk(path).await?,
            None => in_memory().await?,
        };
        sqlx::raw_sql(include_str!("schema.sql")).execute(&write).await?;
        Ok(Store { read, write, seeded: OnceCell::new() })
    }

    /// A connection to look with.
    pub(crate) async fn reader(&self, now_ms: i64) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.seed(now_ms).await?;
        Ok(self.read.acquire().await?)
    }

    async fn seed(&self, now_ms: i64) -> Result<(), StoreError> {
        self.seeded.get_or_try_init(|| seed::seed(&self.write, now_ms)).await.copied()
    }
}

async fn on_disk(path: &Path) -> Result<(SqlitePool, SqlitePool), StoreError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT);
    let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let read = SqlitePoolOptions::new().max_connections(READERS_MAX).connect_lazy_with(options);
    Ok((read, write))
}

/// A database in memory lives as long as its one connection, which is therefore never retired.
async fn in_memory() -> Result<(SqlitePool, SqlitePool), StoreError> {
    let options = SqliteConnectOptions::new().in_memory(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    Ok((pool.clone(), pool))
}

/// What a payer has decided for all its claims.
#[derive(sqlx::FromRow)]
pub(crate) struct PayerRow {
    /// The share of a supply that must be used up before the next fill, in percent.
    pub refill_percent: i64,
    /// The same, for controlled drugs.
    pub refill_percent_controlled: i64,
    /// How long an authorization may be used, in days.
    pub authorization_days: i64,
}

/// The payer's own settings.
pub(crate) async fn payer(
    conn: &mut SqliteConnection,
    payer: &str,
) -> Result<Option<PayerRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT refill_percent, refill_percent_controlled, authorization_days
         FROM payers WHERE id = ?1",
    )
    .bind(payer)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}
