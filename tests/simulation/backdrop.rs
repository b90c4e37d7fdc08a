//! What all runs share: the flows, what they may name, an empty database to copy, and the reads
//! of the claim system.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mendline::library::{Folder, Shelf};
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
/// The flow that has a later version, and its file.
pub const CHANGED: &str = "medication_approval";
const CHANGED_FILE: &str = "flows/medication-approval/flow.yaml";
/// Memory, where there is such a place: a simulated crash is not the disk's.
const IN_MEMORY: &str = "/dev/shm";

pub struct Backdrop {
    pub catalog: Catalog,
    pub flows: Vec<Arc<Program>>,
    /// A later version of one of them.
    pub newer: Arc<Shelf>,
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
        let newer = Arc::new(newer(&catalog));
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
            newer,
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

/// What somebody made of the approval: a field has another name, a sentence is new, and nobody
/// has translated it. Whoever began on the old one must not notice.
fn newer(catalog: &Catalog) -> Shelf {
    let mut folders = library::shipped();
    let at = folders.iter().position(|it| it.flow.file == CHANGED_FILE).unwrap();
    let text = folders[at].flow.text.replace("version: 1", "version: 2");
    let text = text.replace("at_counter", "near_counter").replace("[en, es]", "[en]");
    let text = text.replace("Are you at the pharmacy right now?", "Is the pharmacist with you?");
    folders[at] = Folder::of(CHANGED_FILE, &text);
    let shelf = library::shelve(folders, catalog);
    assert!(!shelf.has_errors(), "{:?}", shelf.findings);
    shelf
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
