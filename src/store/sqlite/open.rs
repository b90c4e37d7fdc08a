//! Opens the file: who may write it, how it is kept safe, how it is read.

use std::any::Any;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::sql::opening::{check_key, expect_key};
use super::sql::shared::Formats;
use super::sql::writer::Writer;
use super::{SqliteStore, migrate};
use crate::store::StoreError;
use crate::vault::Vault;

/// Readers at once. Reads take well under a millisecond; more would only hold file handles.
const READERS_MAX: u32 = 4;
/// How long a statement waits for a lock that another process holds (a backup, a shell).
const BUSY: Duration = Duration::from_secs(5);
/// Memory for pages, a connection each, in kilobytes (negative, as SQLite wants it): the open ends of
/// the indexes of a few hundred thousand conversations.
const CACHE_KB: &str = "-8192";
/// Pages that the log may grow by before it is written back, 16 MB: each time costs two syncs.
const CHECKPOINT_PAGES: &str = "4000";
/// Statements that a connection keeps prepared: some forty, each for up to eleven counts of rows.
const STATEMENTS_KEPT: usize = 512;
/// The name of the file that a server holds locked, beside the database.
const LOCK: &str = "mendline.lock";

impl SqliteStore {
    /// Opens the database for a server, makes it if there is none, and brings its schema up to
    /// date. Refuses while another server has it open.
    pub async fn open(path: &Path, vault: Arc<Vault>) -> Result<SqliteStore, StoreError> {
        let lock = lock(path)?;
        // One connection, kept for good: SQLite has one writer.
        let writers = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(writing(path))
            .await?;
        let mut writer = writers.acquire().await?;
        migrate::migrate(&mut writer).await?;
        check_key(&mut writer, &vault).await?;
        end_leases(&mut writer).await?;
        drop(writer);
        let readers = readers(path).await?;
        let _held: Option<Box<dyn Any + Send + Sync>> = Some(Box::new(lock));
        Ok(SqliteStore {
            writer: Some(Writer::begin(writers, vault.clone())),
            readers,
            vault,
            _held,
            wire: None,
            formats: Formats::default(),
        })
    }

    /// Opens the database for looking, beside a running server. Every write is refused.
    pub async fn open_read_only(path: &Path, vault: Arc<Vault>) -> Result<SqliteStore, StoreError> {
        let readers = readers(path).await?;
        let mut reader = readers.acquire().await?;
        migrate::expect_current(&mut reader).await?;
        expect_key(&mut reader, &vault).await?;
        drop(reader);
        Ok(SqliteStore {
            writer: None,
            readers,
            vault,
            _held: None,
            wire: None,
            formats: Formats::default(),
        })
    }

    /// Brings the schema of a database up to date and does nothing else. Refuses while a server
    /// has it open.
    pub async fn migrate(path: &Path) -> Result<(), StoreError> {
        let _lock = lock(path)?;
        let mut writer = SqliteConnection::connect_with(&writing(path)).await?;
        migrate::migrate(&mut writer).await?;
        Ok(writer.close().await?)
    }

    /// Lets the file grow to so many pages and no further: how a test fills a disk.
    #[doc(hidden)]
    pub async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        let limit = sqlx::AssertSqlSafe(format!("pragma max_page_count = {pages}"));
        let Some(writer) = &self.writer else { return Ok(()) };
        sqlx::query(limit).execute(&mut *writer.hold().await?).await?;
        // A connection that takes this one's place is as limited.
        let pool = &writer.pool;
        let options = (*pool.connect_options()).clone();
        pool.set_connect_options(options.pragma("max_page_count", pages.to_string()));
        Ok(())
    }

    /// Lets the file shrink and closes it. Dropping it is as safe; this is tidier.
    pub async fn close(self) -> Result<(), StoreError> {
        self.readers.close().await;
        if let Some(writer) = self.writer {
            writer.close().await;
        }
        Ok(())
    }
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let beside = folder(path);
    let failed =
        |why: std::io::Error| StoreError::Unwritable(format!("{}: {why}", beside.display()));
    std::fs::create_dir_all(&beside).map_err(failed)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(beside.join(LOCK))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Taken(path.display().to_string())),
        Err(TryLockError::Error(why)) => Err(failed(why)),
    }
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.into(),
        _ => PathBuf::from("."),
    }
}

/// `synchronous=FULL`: what was acknowledged survives a loss of power. `secure_delete`: what was
/// deleted, a person's key above all, is overwritten and not only unlinked.
fn writing(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .pragma("secure_delete", "on")
        .pragma("cache_size", CACHE_KB)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .disable_statement_logging()
}

async fn readers(path: &Path) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY)
        .pragma("cache_size", CACHE_KB)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .disable_statement_logging();
    Ok(SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .test_before_acquire(false)
        .connect_with(options)
        .await?)
}

/// Whoever opens the file holds its lock, so every lease in it is a dead process's. They end now:
/// nobody's answer waits a minute because a machine was restarted. Zero and not null, so that an
/// attempt under way still counts as one of which nobody knows how it ended.
async fn end_leases(writer: &mut SqliteConnection) -> Result<(), StoreError> {
    for end in [
        // Whatever is leased has an event that waits; the others may be a million.
        "update conversations set leased_until = 0
         where leased_until is not null
           and (payer, id) in (select payer, conversation from inbox
                               where done_at is null and conversation is not null)",
        "update outbox set leased_until = 0 where leased_until is not null and settled_at is null",
        "update calls set leased_until = 0 where leased_until is not null and settled_at is null",
    ] {
        sqlx::query(end).execute(&mut *writer).await?;
    }
    Ok(())
}
