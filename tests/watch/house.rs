//! A house whose database is in the test's hands: it can be filled up, closed and opened again.

use std::path::Path;
use std::sync::Arc;

use mendline::channels::Incoming;
use mendline::clock::{Clock, Virtual};
use mendline::host::Host;
use mendline::house::House;
use mendline::open::{Parts, assemble};
use mendline::store::StoreError;
use mendline::store::sqlite::SqliteStore;
use mendline::vault::Vault;
use mendline::{catalog, library};
use mendline_engine::time::Timestamp;
use mendline_pbm::Pbm;
use mendline_plugin::{Manifest, Plugin};
use tempfile::TempDir;

use crate::support::{PAYER, START};

pub struct Own {
    pub house: Arc<House>,
    pub store: Arc<SqliteStore>,
    _files: TempDir,
}

pub async fn own() -> Own {
    let clock = Virtual::at(Timestamp::parse(START).unwrap());
    own_with(Arc::new(clock)).await
}

pub async fn own_with(clock: Arc<dyn Clock>) -> Own {
    let files = tempfile::tempdir().unwrap();
    let (house, store) = open(files.path(), clock).await;
    publish(&house).await;
    Own { house, store, _files: files }
}

/// A house over the database of a folder, without flows.
pub async fn open(folder: &Path, clock: Arc<dyn Clock>) -> (Arc<House>, Arc<SqliteStore>) {
    let vault = Arc::new(Vault::from_key([7; 32]));
    let store = SqliteStore::open(&folder.join("mendline.db"), vault.clone()).await.unwrap();
    let store = Arc::new(store);
    let pbm: Arc<dyn Plugin> = Arc::new(Pbm::open(Some(&folder.join("pbm.db"))).await.unwrap());
    let catalog = catalog::gather(&[Manifest::read(pbm.manifest()).unwrap()]).unwrap();
    let mut host = Host::default();
    host.add("pbm", pbm);
    let channels = Vec::new();
    let kept = store.clone();
    let house = assemble(Parts { store, clock, vault, host, catalog, channels, demo: true });
    (house, kept)
}

pub async fn publish(house: &House) {
    let shelf = library::shelve(library::shipped(), &house.catalog);
    library::publish(house, &shelf).await.unwrap();
}

impl Own {
    /// Somebody writes; what happens then is the loops' or the test's affair.
    pub async fn writes(&self, person: &str, words: &str) -> Result<(), StoreError> {
        let incoming = Incoming::Words(words.into());
        let id = uuid::Uuid::now_v7().to_string();
        self.house.arrive(PAYER, "web", &id, person, incoming, Some(words.into())).await?;
        Ok(())
    }
}
