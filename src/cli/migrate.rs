//! `mendline migrate`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::store::sqlite::SqliteStore;
use crate::vault::Vault;

#[derive(Args)]
pub(super) struct Migrate {
    /// Where the database and the key lie.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// `sqlite://FILE`; default a file in the data folder.
    #[arg(long)]
    database: Option<String>,
}

impl Migrate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let file = super::demo::database_file(&self.data, self.database.as_deref())?;
        let vault = Vault::load_or_create(&self.data.join("operator.key"))?;
        // Opening takes the lock that a running server holds, and brings the schema up to date.
        let store = SqliteStore::open(&file, Arc::new(vault)).await;
        drop(store.with_context(|| format!("migrating {}", file.display()))?);
        println!("{} is at this version's schema", file.display());
        Ok(ExitCode::SUCCESS)
    }
}
