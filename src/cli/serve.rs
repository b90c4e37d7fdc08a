//! `mendline serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::server;
use crate::web::Settings;

#[derive(Args)]
pub(super) struct Serve {
    /// The configuration file.
    #[arg(long, default_value = "mendline.toml")]
    config: PathBuf,
    /// `sqlite://FILE`, instead of the one in the file.
    #[arg(long)]
    database: Option<String>,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        server::log_to_stderr();
        let config = Config::read(&self.config)?;
        let database = self.database.or(config.database);
        let house = super::demo::open_house(&config.data, database.as_deref(), false).await?;
        let listener = server::bind(config.listen).await?;
        println!("Mendline serves {} on {}", config.public_url, config.listen);
        server::serve(house, listener, Settings::serve(config.payers)).await?;
        Ok(ExitCode::SUCCESS)
    }
}
