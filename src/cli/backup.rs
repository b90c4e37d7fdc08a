//! `mendline backup` and `mendline restore`: a house in one file, and its return.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Args;

use super::place::{Place, ensure_ours, whoami};
use crate::backup;
use crate::clock::{Clock, System};
use crate::database::Database;
use crate::vault::Vault;

#[derive(Args)]
pub(super) struct Backup {
    /// The file to write; never one that is there already
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    place: Place,
}

impl Backup {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let found = self.place.find()?;
        let Database::Sqlite(database) = &found.database else {
            bail!("this house is in PostgreSQL: use pg_dump, as docs/operate.md shows");
        };
        // A reader's files beside the database must be the server's own.
        ensure_ours(database)?;
        let made = backup::backup(database, &found.data, &self.to, System.now()).await?;
        let bytes: u64 = made.files.values().map(|it| it.bytes).sum();
        println!(
            "{} holds {} in {bytes} bytes, as of {}.",
            self.to.display(),
            files(&made),
            made.at
        );
        println!("The operator's key is not in it. Keep both, apart from each other.");
        Ok(ExitCode::SUCCESS)
    }
}

fn files(made: &backup::Manifest) -> String {
    made.files.keys().cloned().collect::<Vec<_>>().join(" and ")
}

#[derive(Args)]
pub(super) struct Restore {
    /// The backup
    file: PathBuf,
    /// The folder to restore into; it must hold no database
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The operator's key that was kept apart; default operator.key in that folder
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Pause every payer, so that nothing is sent before a person has looked
    #[arg(long)]
    paused: bool,
}

impl Restore {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let key = self.key.clone().unwrap_or_else(|| self.data.join("operator.key"));
        ensure!(
            key.is_file(),
            "there is no operator's key at {}: bring the one that was kept apart, and name it with \
             --key",
            key.display()
        );
        let vault = Arc::new(Vault::load_or_create(&key).context("the operator's key")?);
        let paused = self.paused.then(|| (System.now(), whoami()));
        let restored = backup::restore(&self.file, &self.data, vault, paused).await?;
        println!(
            "Restored into {}: {}, as of {}.",
            self.data.display(),
            files(&restored.manifest),
            restored.manifest.at
        );
        println!(
            "Verified: every file as it was written and whole, the key fits, the chains of {} \
             conversations hold.",
            restored.conversations
        );
        if !restored.paused.is_empty() {
            println!(
                "Paused: {}. `mendline paused` shows what waits once a server runs.",
                restored.paused.join(", ")
            );
        }
        if key.parent() != Some(self.data.as_path()) {
            println!(
                "The server finds the key as `operator_key_file = \"{}\"`, or as operator.key in \
                 that folder.",
                key.display()
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
