//! `mendline doctor`: what is missing and how to get it, and what is stuck. Reads only, so it
//! may run beside a server.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::clock::{Clock, System};
use crate::store::Store;
use crate::store::sqlite::SqliteStore;
use crate::vault::Vault;

#[derive(Args)]
pub(super) struct Doctor {
    /// Where the database and the key lie.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// `sqlite://FILE`; default a file in the data folder.
    #[arg(long)]
    database: Option<String>,
}

/// One thing looked at.
struct Look {
    well: bool,
    what: String,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut looks = vec![flows(), key(&self.data)];
        let file = super::demo::database_file(&self.data, self.database.as_deref())?;
        looks.extend(database(&self.data, &file).await);
        for look in &looks {
            println!("{}  {}", if look.well { "ok " } else { "NO " }, look.what);
        }
        let well = looks.iter().all(|it| it.well);
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn flows() -> Look {
    let shelf = super::flow_folders(&[])
        .and_then(|folders| Ok(crate::library::shelve(folders, &super::demo::shipped_catalog()?)));
    match shelf {
        Ok(shelf) if !shelf.has_errors() => {
            Look { well: true, what: format!("{} flows load", shelf.flows.len()) }
        }
        Ok(_) => Look { well: false, what: "a flow has errors: run `mendline check`".into() },
        Err(error) => Look { well: false, what: format!("the flows cannot be read: {error:#}") },
    }
}

fn key(data: &std::path::Path) -> Look {
    let file = data.join("operator.key");
    let well = file.is_file();
    let what = if well {
        format!("the operator's key is at {}; keep a copy apart from the database", file.display())
    } else {
        format!(
            "no operator's key at {}: the first `mendline demo` or `serve` makes one",
            file.display()
        )
    };
    Look { well, what }
}

async fn database(data: &std::path::Path, file: &std::path::Path) -> Vec<Look> {
    let no = |what: String| vec![Look { well: false, what }];
    if !file.is_file() {
        return no(format!("no database at {}: the first start makes one", file.display()));
    }
    let vault = match Vault::load_or_create(&data.join("operator.key")) {
        Ok(vault) => Arc::new(vault),
        Err(error) => return no(format!("the operator's key cannot be read: {error}")),
    };
    let store = match SqliteStore::open_read_only(file, vault).await {
        Ok(store) => store,
        Err(error) => return no(format!("{} cannot be read: {error}", file.display())),
    };
    let counts = match store.counts(System.now()).await {
        Ok(counts) => counts,
        Err(error) => return no(format!("{} cannot be read: {error}", file.display())),
    };
    let mut looks = vec![Look { well: true, what: format!("{} opens", file.display()) }];
    for (name, number) in counts.as_object().into_iter().flatten() {
        let bad = matches!(name.as_str(), "messages_dead") && number.as_i64() != Some(0);
        looks.push(Look { well: !bad, what: format!("{name}: {number}") });
    }
    looks
}
