//! `mendline doctor`: what is missing and how to get it, what is stuck or odd and what to do about
//! it. Reads only, so it may run beside a server.

mod files;
mod house;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::config::Config;
use crate::database::Database;
use crate::store::Store;
use crate::vault::Vault;

#[derive(Args)]
pub(super) struct Doctor {
    /// The configuration file of the server to look at; without it the data folder alone.
    #[arg(long, env = "MENDLINE_CONFIG")]
    config: Option<PathBuf>,
    /// Where the database and the key lie; default `data`, or what the configuration says.
    #[arg(long)]
    data: Option<PathBuf>,
    /// `sqlite://FILE` or `postgres://…`; default a file in the data folder.
    #[arg(long)]
    database: Option<String>,
    /// Findings for programs.
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Look {
    /// What was looked at, in a word that stays: `stuck`, `dead_letters`.
    about: &'static str,
    /// Whether it is well.
    ok: bool,
    /// What is.
    says: String,
    /// What to do.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

impl Look {
    fn well(about: &'static str, says: impl Into<String>) -> Look {
        Look { about, ok: true, says: says.into(), advice: None }
    }

    fn bad(about: &'static str, says: impl Into<String>, advice: &'static str) -> Look {
        Look { about, ok: false, says: says.into(), advice: Some(advice) }
    }
}

/// Where everything lies.
struct Where {
    data: PathBuf,
    database: Database,
    key_file: PathBuf,
    config: Option<Config>,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let json = self.json;
        let place = self.find()?;
        let mut looks = files::looks(&place);
        looks.extend(look_inside(&place).await);
        let well = looks.iter().all(|it| it.ok);
        if json {
            let found = serde_json::json!({ "ok": well, "looks": looks });
            println!("{}", serde_json::to_string_pretty(&found)?);
        } else {
            looks.iter().for_each(print);
            println!("{}", if well { "healthy" } else { "not healthy: see the lines with NO" });
        }
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn find(self) -> anyhow::Result<Where> {
        let config = self.config.as_deref().map(Config::read).transpose()?;
        let data = self.data.or_else(|| config.as_ref().map(|it| it.data.clone()));
        let data = data.unwrap_or_else(|| "data".into());
        let database = match (self.database.as_deref(), &config) {
            (None, Some(config)) => config.database()?,
            (url, _) => Database::of(&data, url)?,
        };
        let key_file = config.as_ref().map(Config::key_file);
        let key_file = key_file.unwrap_or_else(|| data.join("operator.key"));
        Ok(Where { data, database, key_file, config })
    }
}

fn print(look: &Look) {
    println!("{}  {}", if look.ok { "ok " } else { "NO " }, look.says);
    if let Some(advice) = look.advice {
        println!("     {advice}");
    }
}

/// What the database says, if it can be opened.
async fn look_inside(place: &Where) -> Vec<Look> {
    match open(place).await {
        Ok((store, name)) => {
            let mut looks = vec![Look::well("database", format!("{name} opens"))];
            looks.extend(house::looks(store.as_ref()).await);
            looks
        }
        Err(why) => {
            let advice = "start the server once to make one, or say where it is (--data, --database, --config)";
            vec![Look::bad("database", format!("the database does not open: {why:#}"), advice)]
        }
    }
}

async fn open(place: &Where) -> anyhow::Result<(Arc<dyn Store>, String)> {
    let key = place.config.as_ref().and_then(|it| it.operator_key.as_ref());
    let vault = match key {
        Some(key) => Vault::from_hex(key.expose()),
        // Looking must not make a key: it would be the wrong one.
        None if !place.key_file.is_file() => {
            anyhow::bail!("there is no operator's key at {}", place.key_file.display())
        }
        None => Vault::load_or_create(&place.key_file),
    };
    let vault = Arc::new(vault.context("the operator's key")?);
    if let Database::Sqlite(file) = &place.database {
        anyhow::ensure!(file.is_file(), "there is no {}", file.display());
    }
    let store = place.database.open_read_only(vault).await?;
    Ok((store, place.database.to_string()))
}
