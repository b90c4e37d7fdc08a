//! `mendline config`: the example, whole; or whether a file can be used.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config;

#[derive(Args)]
pub(super) struct Config {
    /// Checks this file, with the environment as it is now, and changes nothing.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

impl Config {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Some(file) = self.check else {
            print!("{}", config::EXAMPLE);
            return Ok(ExitCode::SUCCESS);
        };
        let config = config::Config::read(&file)?;
        config.database_url()?;
        println!("{} can be used", file.display());
        Ok(ExitCode::SUCCESS)
    }
}
