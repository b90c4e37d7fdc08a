//! What all runs share: the flows, what they may name, an empty database to copy, and the reads
//! of the claim system.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mendline::store::sqlite::SqliteStore;
use mendline::store::{KeptFlow, Store};
use mendline::vault::Vault;
use mendline::{catalog, library};
use mendline_engine::catalog::Catalog;
use mendline_engine::core::Program;
use mendline_pbm::MANIFEST;
use mendline_plugin::Manifest;
use tempfile::TempDir;

use crate::plugin::Reads;

/// The database's name in its folder.
const FILE: &str = "house.db";
/// Memory, where there is such a place: a simulated crash is not the disk's.
const IN_MEMORY: &str = "/dev/shm";

pub struct Backdrop {
    pub catalog: Catalog,
    pub flows: Vec<Arc<Program>>,
    pub reads: Arc<Reads>,
    pub vault: Arc<Vault>,
    /// Words that name somebody's health: medicines, and parts of the body.
    pub private: Vec<String>,
    empty: TempDir,
}

impl Backdrop {
    pub async fn open() -> Backdrop {
        let catalog = catalog::gather(&[Manifest::read(MANIFEST).unwrap()]).unwrap();
        let shelf = library::shelve(library::shipped(), &catalog);
        assert!(!shelf.has_errors(), "{:?}", shelf.findings);
        let vault = Arc::new(Vault::from_key(*b"a simulated house guards fiction"));
        let empty = folder();
        let store = open(empty.path(), &vault).await;
        for flow in &shelf.flows {
            store.keep_flow(flow).await.unwrap();
        }
        store.close().await.unwrap();
        let flows = shelf.flows.into_iter().map(|it: KeptFlow| Arc::new(it.program)).collect();
        Backdrop {
            catalog,
            flows,
            reads: Arc::new(Reads::open()),
            vault,
            private: private(),
            empty,
        }
    }

    /// A database of one's own.
    pub async fn store(&self) -> (TempDir, Arc<dyn Store>) {
        let folder = folder();
        std::fs::copy(path(self.empty.path()), path(folder.path())).unwrap();
        let store = open(folder.path(), &self.vault).await;
        (folder, Arc::new(store))
    }
}

async fn open(folder: &Path, vault: &Arc<Vault>) -> SqliteStore {
    SqliteStore::open(&path(folder), vault.clone()).await.unwrap()
}

fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

fn folder() -> TempDir {
    let memory = Path::new(IN_MEMORY);
    if memory.is_dir() {
        return tempfile::Builder::new().prefix("mendline-sim-").tempdir_in(memory).unwrap();
    }
    tempfile::tempdir().unwrap()
}

/// The medicines of the fictional claims; nothing else of ours has such names.
fn private() -> Vec<String> {
    let drugs = include_str!("../../plugins/pbm/data/drugs.json");
    let drugs: Vec<serde_json::Value> = serde_json::from_str(drugs).unwrap();
    let names = drugs.iter().filter_map(|it| it["name"].as_str());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.dedup();
    names.push("DEMO-".into());
    names
}
