//! A house in one file, taken while it runs, and its return.
//!
//! A backup holds the database and the plugins' files, each as it was at one moment, with their
//! digests. It never holds the operator's key: who finds one without the other reads no name and
//! no word of the database. It is not done before everything was read back.

mod archive;
mod restore;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::copy;
use crate::vault::random_token;

pub use restore::{Restored, restore};

/// The database, in a backup and in a data folder.
pub const DATABASE: &str = "mendline.db";
/// The pbm plugin's file, in both.
pub const PBM: &str = "pbm.db";
/// What a backup says of itself; comes first.
const MANIFEST: &str = "mendline-backup.json";
/// How backups look; a program reads its own and older ones.
const FORMAT: u32 = 1;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// How it looks.
    pub format: u32,
    /// The program that made it.
    pub version: String,
    /// When the database was copied.
    pub at: String,
    /// The number of the database's schema.
    pub schema: i64,
    /// The fingerprint of the operator key that belongs to it.
    pub sealed_under: String,
    /// Its files.
    pub files: BTreeMap<String, Kept>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Its length.
    pub bytes: u64,
    /// Hex SHA-256.
    pub sha256: String,
}

/// Writes a backup of the house in `database`, with the plugins' files of `data`.
pub async fn backup(
    database: &Path,
    data: &Path,
    to: &Path,
    now: Timestamp,
) -> anyhow::Result<Manifest> {
    ensure!(database.is_file(), "there is no database at {}", database.display());
    ensure!(!to.exists(), "{} is there already; a backup never replaces one", to.display());
    let draft = Draft::beside(to)?;
    // The house first: whatever it had asked a plugin by then, that plugin's copy knows or is
    // asked again under the same key. The other way round a plugin would have forgotten.
    let mut names = vec![DATABASE];
    copy::copy(database, &draft.0.join(DATABASE)).await.context("copying the database")?;
    let pbm = data.join(PBM);
    if pbm.is_file() {
        copy::copy(&pbm, &draft.0.join(PBM)).await.context("copying the plugin's file")?;
        names.push(PBM);
    }
    for name in &names {
        copy::check(&draft.0.join(name)).await.with_context(|| format!("reading back {name}"))?;
    }
    let facts = copy::facts(&draft.0.join(DATABASE)).await?;
    let to = to.to_path_buf();
    tokio::task::spawn_blocking(move || {
        let files = names.iter().map(|name| {
            let kept = archive::measure(&draft.0.join(name))?;
            Ok(((*name).to_owned(), kept))
        });
        let manifest = Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            at: now.to_string(),
            schema: facts.schema,
            sealed_under: facts.sealed_under,
            files: files.collect::<anyhow::Result<_>>()?,
        };
        archive::write(&draft.0, &manifest, &to)?;
        Ok(manifest)
    })
    .await?
}

/// A folder for what is not whole yet, for our eyes only; it goes away whatever happens.
struct Draft(PathBuf);

impl Draft {
    fn beside(path: &Path) -> anyhow::Result<Draft> {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        ensure!(folder.is_dir(), "there is no folder {}", folder.display());
        Draft::within(folder)
    }

    fn within(folder: &Path) -> anyhow::Result<Draft> {
        let draft = folder.join(format!(".mendline-{}", &random_token()[..12]));
        make_private(&draft).with_context(|| format!("writing in {}", folder.display()))?;
        Ok(Draft(draft))
    }
}

/// A folder for its owner alone, if it is not there.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Err(why) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("a draft stays at {}: {why}", self.0.display());
        }
    }
}
