//! Where a house remembers: a file of this machine, or a PostgreSQL that servers share. The one
//! place that opens either.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::config::Secret;
use crate::store::postgres::{Address, PostgresStore};
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};
use crate::vault::Vault;

/// A database, by its address.
#[derive(Clone)]
pub enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// A server, perhaps behind a pooler.
    Postgres(Box<Server>),
}

/// A PostgreSQL server.
#[derive(Clone)]
pub struct Server {
    /// `postgres://…`, which may have a password in it.
    pub url: Secret,
    /// Whether the address is a pooler's that gives each transaction another connection.
    pub pooled: bool,
    /// Behind a pooler: the database's own address.
    pub direct: Option<Secret>,
}

impl Database {
    /// What a `--database` or a setting names; a file in the data folder where it names nothing.
    pub fn of(data: &Path, url: Option<&str>) -> anyhow::Result<Database> {
        let Some(url) = url else { return Ok(Database::Sqlite(data.join("mendline.db"))) };
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let url = Secret::from(url.to_owned());
            return Ok(Database::Postgres(Box::new(Server { url, pooled: false, direct: None })));
        }
        // What was typed may be an address with a password in it: it is not said again.
        let file = url.strip_prefix("sqlite://");
        let file = file.context("a database is named sqlite://FILE or postgres://…")?;
        Ok(Database::Sqlite(file.into()))
    }

    /// Its file, if it is one: commands find the running server beside it.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Database::Sqlite(file) => Some(file),
            Database::Postgres(_) => None,
        }
    }

    /// Opens it for a server, and brings its schema up to date.
    pub async fn open(&self, vault: Arc<Vault>) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Database::Sqlite(file) => Arc::new(SqliteStore::open(file, vault).await?),
            Database::Postgres(it) => Arc::new(PostgresStore::open_at(&it.address(), vault).await?),
        })
    }

    /// Opens it for looking, beside a running server.
    pub async fn open_read_only(&self, vault: Arc<Vault>) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Database::Sqlite(file) => Arc::new(SqliteStore::open_read_only(file, vault).await?),
            Database::Postgres(it) => {
                Arc::new(PostgresStore::open_read_only(it.url.expose(), vault).await?)
            }
        })
    }

    /// Brings its schema up to date. A file's server must be stopped; PostgreSQL's may run.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match self {
            Database::Sqlite(file) => SqliteStore::migrate(file).await,
            Database::Postgres(it) => PostgresStore::migrate(it.url.expose()).await,
        }
    }
}

impl Server {
    fn address(&self) -> Address {
        Address {
            url: self.url.expose().to_owned(),
            pooled: self.pooled,
            direct: self.direct.as_ref().map(|it| it.expose().to_owned()),
        }
    }
}

/// A file's path, or an address without who logs in and how.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite(file) => write!(f, "{}", file.display()),
            Database::Postgres(it) => {
                let url = it.url.expose();
                let rest = url.split_once("://").map_or(url, |it| it.1);
                let rest = rest.split('?').next().unwrap_or_default();
                let place = rest.rsplit_once('@').map_or(rest, |it| it.1);
                write!(f, "postgres://{place}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_said_without_its_password() {
        let data = Path::new("data");
        let said = |url| Database::of(data, Some(url)).unwrap().to_string();
        assert_eq!(
            said("postgres://u:hunter2@db.example/house?a=b"),
            "postgres://db.example/house"
        );
        assert_eq!(said("postgresql:///house?host=/run&password=x"), "postgres:///house");
        assert_eq!(said("sqlite://x/y.db"), "x/y.db");
        assert_eq!(Database::of(data, None).unwrap().to_string(), "data/mendline.db");
        let refused = Database::of(data, Some("mysql://u:hunter2@db")).err().unwrap().to_string();
        assert!(refused.contains("postgres://") && !refused.contains("hunter2"), "{refused}");
    }
}
