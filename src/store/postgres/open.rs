//! Opens the database for a server, for looking, or to bring its schema up to date.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::db::{WRITERS, is_doubted, is_sound, ping, within};
use super::sql::opening::{check_key, expect_key};
use super::sql::shared::Formats;
use super::sql::writer::Writer;
use super::wire::PgWire;
use super::{PostgresStore, Step, migrate};
use crate::store::StoreError;
use crate::store::shared::Wire;
use crate::vault::Vault;

/// Connections that write, in one server: those of the queue, and one for what is rare.
const WRITERS_MAX: u32 = WRITERS as u32 + 1;
/// Connections that read, in one server. Reads take well under a millisecond.
const READERS_MAX: u32 = 6;
/// How long to wait for a connection before the database counts as away. Longer than a restart
/// of the pooler, shorter than anybody's patience.
const PATIENCE: Duration = Duration::from_secs(5);
/// A connection that slept longer is asked whether it still is one before it is used: while it
/// slept, the database may have been restarted, or a firewall may have forgotten it. Asking costs
/// a round trip, which a busy server never pays.
const ASK_AFTER: Duration = Duration::from_secs(1);

/// Where a database is, and what stands before it.
#[derive(Clone)]
pub struct Address {
    /// `postgres://…`.
    pub url: String,
    /// Whether the address is a pooler's that gives each transaction another connection.
    pub pooled: bool,
    /// Behind a pooler: the database's own address, for the line on which servers call to each
    /// other. Without one they only look.
    pub direct: Option<String>,
}

impl PostgresStore {
    /// Opens `postgres://…` for a server and brings its schema up to date; many servers may have
    /// it open at once.
    pub async fn open(url: &str, vault: Arc<Vault>) -> Result<PostgresStore, StoreError> {
        let address = Address { url: url.into(), pooled: false, direct: None };
        PostgresStore::open_at(&address, vault).await
    }

    /// Opens a database that may lie behind a pooler.
    pub async fn open_at(
        address: &Address,
        vault: Arc<Vault>,
    ) -> Result<PostgresStore, StoreError> {
        PostgresStore::open_as(address, vault, &[]).await
    }

    /// Opens it as a later release would, whose schema has further steps: how a test has servers
    /// of two releases side by side.
    #[doc(hidden)]
    pub async fn open_as(
        address: &Address,
        vault: Arc<Vault>,
        further: &[Step],
    ) -> Result<PostgresStore, StoreError> {
        let options = options(&address.url)?;
        // Apart, so that a database that cannot be reached says why.
        let mut first = connect(&options).await?;
        migrate::migrate(&mut first, further).await?;
        check_key(&mut first, &vault).await?;
        first.close().await?;
        // The places to write are taken at once: nobody crowds this server out later.
        let writers = pool(WRITERS_MAX).idle_timeout(None).max_lifetime(None);
        let writers = writers.connect_lazy_with(options.clone());
        let places = (0..WRITERS_MAX).map(|_| writers.acquire());
        drop(futures::future::try_join_all(places).await?);
        let readers = pool(READERS_MAX).connect_lazy_with(options.clone());
        let direct = match (&address.direct, address.pooled) {
            (Some(direct), _) => Some(self::options(direct)?),
            (None, false) => Some(options),
            (None, true) => None,
        };
        let wire: Option<Arc<dyn Wire>> = direct.map(|it| Arc::new(PgWire::over(it)) as _);
        Ok(PostgresStore {
            writer: Some(Writer::begin(writers, vault.clone())),
            readers,
            vault,
            _held: None,
            wire,
            formats: Formats::default(),
        })
    }

    /// Opens it for looking. Every write is refused.
    pub async fn open_read_only(url: &str, vault: Arc<Vault>) -> Result<PostgresStore, StoreError> {
        let readers = pool(READERS_MAX).connect_lazy_with(options(url)?);
        let mut reader = readers.acquire().await?;
        migrate::expect_current(&mut reader).await?;
        expect_key(&mut reader, &vault).await?;
        drop(reader);
        Ok(PostgresStore {
            writer: None,
            readers,
            vault,
            _held: None,
            wire: None,
            formats: Formats::default(),
        })
    }

    /// Brings the schema of a database up to date and does nothing else. Servers may be running:
    /// every step only adds what the release before can ignore.
    pub async fn migrate(url: &str) -> Result<(), StoreError> {
        let mut writer = connect(&options(url)?).await?;
        migrate::migrate(&mut writer, &[]).await?;
        Ok(writer.close().await?)
    }

    /// Closes the connections. Dropping it is as safe; this is tidier.
    pub async fn close(self) -> Result<(), StoreError> {
        self.readers.close().await;
        if let Some(writer) = self.writer {
            writer.close().await;
        }
        Ok(())
    }
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|why| StoreError::Unreadable(format!("the database's address: {why}")))?;
    Ok(options.application_name("mendline").disable_statement_logging())
}

/// Connections that are made as they are needed. (Of those that a pool keeps ready by itself, the
/// ones on their way to a machine that vanished would stand in the way for minutes.)
fn pool(max: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > ASK_AFTER || is_doubted() {
                    ping(connection).await?;
                }
                Ok(true)
            })
        })
        .after_release(|connection, _| Box::pin(is_sound(connection)))
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    within(async { Ok(PgConnection::connect_with(options).await?) }).await
}

/// One connection that listens or one that calls, made when it is needed.
pub(super) fn line(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .after_release(|connection, _| Box::pin(is_sound(connection)))
        .connect_lazy_with(options)
}
