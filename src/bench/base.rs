//! The databases that are measured, and the limit of each.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use futures::future::try_join_all;
use tempfile::TempDir;

use super::cluster::Cluster;
use super::figures::spent_with_children;
use super::world;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};

/// Most turns in one transaction of the limit that the house is held against.
const GROUP_MAX: usize = 64;
/// Who writes to PostgreSQL at once when its limit is measured: as many as write for a house.
const CLIENTS: usize = 2;

/// Where the measured databases are made.
pub(super) enum Base {
    /// Files in folders of their own, in this one.
    Sqlite(PathBuf),
    /// A database that is there; everything of the runs stays in it.
    Url(String),
    /// A database each in a throw-away PostgreSQL.
    Cluster(Arc<Cluster>),
}

impl Base {
    /// What it is called in tables.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Base::Sqlite(_) => "SQLite",
            Base::Url(_) | Base::Cluster(_) => "PostgreSQL",
        }
    }

    /// A place for one round.
    pub(super) async fn place(&self) -> anyhow::Result<Place> {
        let mut place = Place { folder: None, url: None, cluster: None };
        match self {
            Base::Sqlite(folder) => {
                let made = TempDir::new_in(folder);
                place.folder = Some(made.context("a folder for the database")?);
            }
            Base::Url(url) => place.url = Some(url.clone()),
            Base::Cluster(cluster) => {
                place.url = Some(cluster.database()?);
                place.cluster = Some(cluster.clone());
            }
        }
        Ok(place)
    }
}

/// A database for one round.
pub(super) struct Place {
    folder: Option<TempDir>,
    url: Option<String>,
    cluster: Option<Arc<Cluster>>,
}

impl Place {
    /// Its file, if it is one.
    pub(super) fn file(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|it| it.path().join("house.db"))
    }

    /// Its address, if it has one.
    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Processor time of the database itself until now, where it is ours to know.
    pub(super) fn spent(&self) -> Option<Duration> {
        spent_with_children(self.cluster.as_ref()?.process())
    }

    /// Opens it as a server does.
    pub(super) async fn open(&self) -> anyhow::Result<Arc<dyn Measured>> {
        open(self.file().as_deref(), self.url()).await
    }

    /// How many turns a second rows of these sizes allow here, with so many users. Nothing else
    /// may use this place: what is written would be sent.
    pub(super) async fn limit(
        &self,
        sizes: Sizes,
        users: usize,
        lasts: Duration,
    ) -> anyhow::Result<f64> {
        let clients = if self.url.is_none() || users == 1 { 1 } else { CLIENTS };
        let group = GROUP_MAX.min((users / clients).max(1));
        let mut all = Vec::new();
        for _ in 0..clients {
            all.push(self.open().await?);
        }
        let rates = try_join_all(all.iter().map(|it| it.limit_of(sizes, group, lasts))).await?;
        Ok(rates.into_iter().sum())
    }
}

/// Opens a file or an address.
pub(super) async fn open(
    file: Option<&Path>,
    url: Option<&str>,
) -> anyhow::Result<Arc<dyn Measured>> {
    Ok(match (file, url) {
        (_, Some(url)) => Arc::new(PostgresStore::open(url, world::vault()).await?),
        (Some(file), None) => Arc::new(SqliteStore::open(file, world::vault()).await?),
        (None, None) => anyhow::bail!("no database is named"),
    })
}

/// Bytes of what is sealed, a row each, as the stores tell them.
pub(super) type Sizes = [usize; 5];

/// A store whose limit can be measured.
#[async_trait]
pub(super) trait Measured: Store {
    /// How large its rows are.
    async fn sizes_here(&self) -> Result<Sizes, StoreError>;

    /// Rows of these sizes, so many turns a transaction; turns a second.
    async fn limit_of(
        &self,
        sizes: Sizes,
        at_once: usize,
        lasts: Duration,
    ) -> Result<f64, StoreError>;
}

/// A payer that nobody had: rows of the limit are never written twice.
fn payer() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("limit-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst))
}

/// The two stores are one source, compiled twice: so is this.
macro_rules! measured {
    ($store:ty) => {
        #[async_trait]
        impl Measured for $store {
            async fn sizes_here(&self) -> Result<Sizes, StoreError> {
                Ok(self.sizes().await?.bytes())
            }

            async fn limit_of(
                &self,
                sizes: Sizes,
                at_once: usize,
                lasts: Duration,
            ) -> Result<f64, StoreError> {
                self.limit(&payer(), sizes, at_once, lasts).await
            }
        }
    };
}

measured!(SqliteStore);
measured!(PostgresStore);
