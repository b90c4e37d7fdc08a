//! `mendline migrate`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::database::Database;

#[derive(Args)]
pub(super) struct Migrate {
    /// Where the database and the key lie.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// `sqlite://FILE` or `postgres://…`; default a file in the data folder.
    #[arg(long)]
    database: Option<String>,
}

impl Migrate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let database = Database::of(&self.data, self.database.as_deref())?;
        // The lock that a running server holds on its file refuses this; PostgreSQL's servers may
        // run, and each step of the schema leaves them what they know.
        database.migrate().await.with_context(|| format!("migrating {database}"))?;
        println!("{database} is at this version's schema");
        Ok(ExitCode::SUCCESS)
    }
}
