//! The return of a backup: nothing is in its place before all of it was verified.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use mendline_engine::time::Timestamp;

use super::{DATABASE, Draft, Manifest, archive};
use crate::store::sqlite::{SCHEMA, SqliteStore};
use crate::store::{Pause, PauseKind, PauseRef, Store, copy};
use crate::vault::Vault;

/// Conversations whose chains are walked in one go.
const PAGE: u32 = 1_000;

/// What came back.
pub struct Restored {
    /// What the backup said of itself.
    pub manifest: Manifest,
    /// Conversations, each with a chain that holds.
    pub conversations: u64,
    /// Payers whose messages wait now.
    pub paused: Vec<String>,
}

/// Puts a backup's files into `data`, after: every digest fits, every file is a whole database,
/// `vault` is over the key that they are sealed under, every conversation's chain holds. With
/// `paused`, nothing is sent from it before a person has looked.
pub async fn restore(
    file: &Path,
    data: &Path,
    vault: Arc<Vault>,
    paused: Option<(Timestamp, String)>,
) -> anyhow::Result<Restored> {
    let manifest = archive::manifest(file)
        .with_context(|| format!("{} cannot be restored", file.display()))?;
    ensure!(
        manifest.sealed_under == vault.fingerprint(),
        "this backup is sealed under another operator key: bring the key file that was kept apart \
         when it was made, and name it with --key"
    );
    super::make_private(data).with_context(|| format!("making {}", data.display()))?;
    for name in manifest.files.keys() {
        ensure!(
            !data.join(name).exists(),
            "{} is there already; restore into an empty folder",
            data.join(name).display()
        );
    }
    let draft = Draft::within(data)?;
    let (from, of, into) = (file.to_path_buf(), manifest.clone(), draft.0.clone());
    tokio::task::spawn_blocking(move || archive::unpack(&from, &of, &into))
        .await?
        .with_context(|| format!("{} cannot be restored", file.display()))?;
    for name in manifest.files.keys() {
        let whole = copy::check(&draft.0.join(name)).await;
        whole.with_context(|| format!("{name} is broken inside"))?;
    }
    let database = draft.0.join(DATABASE);
    let facts = copy::facts(&database).await?;
    if facts.schema < SCHEMA {
        SqliteStore::migrate(&database).await.context("bringing it to this version's schema")?;
    }
    let conversations = walk(&database, vault.clone()).await?;
    let mut waits = Vec::new();
    if let Some((now, who)) = paused {
        pause(&database, vault, &facts.payers, now, &who).await?;
        waits = facts.payers;
    }
    for name in manifest.files.keys() {
        std::fs::rename(draft.0.join(name), data.join(name))
            .with_context(|| format!("moving {name} into its place"))?;
    }
    std::fs::File::open(data)?.sync_all()?;
    Ok(Restored { manifest, conversations, paused: waits })
}

/// Walks every chain; answers how many there are.
async fn walk(database: &Path, vault: Arc<Vault>) -> anyhow::Result<u64> {
    let store = SqliteStore::open_read_only(database, vault).await?;
    let (mut walked, mut after) = (0, (String::new(), String::new()));
    loop {
        let page = copy::conversations(database, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.clone();
        for (payer, conversation) in page {
            if let Some(row) = store.verify_chain(&payer, &conversation).await? {
                bail!(
                    "the record of conversation {conversation} was changed at row {row}: this \
                     backup was tampered with, or is damaged"
                );
            }
            walked += 1;
        }
    }
    store.close().await?;
    Ok(walked)
}

async fn pause(
    database: &Path,
    vault: Arc<Vault>,
    payers: &[String],
    now: Timestamp,
    who: &str,
) -> anyhow::Result<()> {
    let store = SqliteStore::open(database, vault).await?;
    for payer in payers {
        let of =
            PauseRef { payer: Some(payer.clone()), kind: PauseKind::Payer, name: String::new() };
        let pause = Pause {
            of,
            proactive: false,
            since: now,
            who: who.to_owned(),
            why: "restored from a backup".into(),
        };
        store.care().pause(&pause).await?;
    }
    Ok(store.close().await?)
}
