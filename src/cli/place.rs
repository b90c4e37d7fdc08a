//! Where a house lies, as commands beside a server are told; and how they reach it: through the
//! running server, or on the database itself where none runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Args;
use mendline_engine::time::Timestamp;

use crate::admin::{Answer, Ask, Office, operator};
use crate::clock::{Clock, System};
use crate::config::Config;
use crate::database::Database;
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};
use crate::vault::Vault;

/// The configuration file that is used when none is named.
const CONFIG: &str = "mendline.toml";

#[derive(Args, Clone, Debug)]
pub(super) struct Place {
    /// The server's configuration file; default mendline.toml, if there is one and no --data
    #[arg(long, env = "MENDLINE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the database and the key lie, instead of what the configuration says
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// `sqlite://FILE` or `postgres://…`, instead of what the configuration says
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// A house that was found.
pub(super) struct Found {
    pub(super) config: Option<Config>,
    pub(super) data: PathBuf,
    pub(super) database: Database,
}

impl Place {
    pub(super) fn find(&self) -> anyhow::Result<Found> {
        let here = self.data.is_none() && Path::new(CONFIG).is_file();
        let file = self.config.clone().or_else(|| here.then(|| CONFIG.into()));
        let config = file.map(|it| Config::read(&it)).transpose()?;
        let of_config = config.as_ref().map(|it| it.data.clone());
        let data = self.data.clone().or(of_config).unwrap_or_else(|| "data".into());
        let database = match (&self.database, &config) {
            (None, Some(config)) if self.data.is_none() => config.database()?,
            (url, _) => Database::of(&data, url.as_deref())?,
        };
        Ok(Found { config, data, database })
    }

    /// Asks the house, and says what it answers.
    pub(super) async fn tell(&self, ask: Ask) -> anyhow::Result<ExitCode> {
        match self.find()?.ask(ask).await? {
            Answer::Done(said) => {
                println!("{said}");
                Ok(ExitCode::SUCCESS)
            }
            other => refused(&other),
        }
    }
}

/// The socket at which commands find a server: beside its file; on a database that several may
/// share, in the data folder under its port.
#[cfg(unix)]
pub(super) fn socket(database: &Database, data: &Path, port: u16) -> Option<PathBuf> {
    use crate::admin::socket;
    Some(match database {
        Database::Sqlite(file) => socket::beside(file),
        Database::Postgres(_) => socket::by_port(data, port),
    })
}

#[cfg(not(unix))]
pub(super) fn socket(_database: &Database, _data: &Path, _port: u16) -> Option<PathBuf> {
    None
}

/// Says why it was not done.
pub(super) fn refused(answer: &Answer) -> anyhow::Result<ExitCode> {
    let why = match answer {
        Answer::Refused(why) => why.as_str(),
        _ => "the server answered something else; is it of another version?",
    };
    eprintln!("Not done: {why}");
    Ok(ExitCode::FAILURE)
}

impl Found {
    /// The operator's key, which must be there: commands make no new one.
    pub(super) fn vault(&self) -> anyhow::Result<Arc<Vault>> {
        let in_data = self.data.join("operator.key");
        let vault = match &self.config {
            Some(config) if config.operator_key.is_some() => {
                return super::serve::vault(config).map(Arc::new);
            }
            Some(config) => config.operator_key_file.clone().unwrap_or(in_data),
            None => in_data,
        };
        ensure!(vault.is_file(), "there is no operator's key at {}", vault.display());
        Ok(Arc::new(Vault::load_or_create(&vault).context("the operator's key")?))
    }

    /// Asks the running server; without one, does it.
    pub(super) async fn ask(&self, ask: Ask) -> anyhow::Result<Answer> {
        match &self.database {
            #[cfg(unix)]
            Database::Postgres(_) if matches!(ask, Ask::Drain | Ask::Invite { .. }) => {
                self.ask_one_here(ask).await
            }
            Database::Postgres(_) => {
                let store = self.database.open(self.vault()?).await?;
                perform(store.as_ref(), ask).await
            }
            Database::Sqlite(file) => self.ask_beside(file, ask).await,
        }
    }

    /// Asks the server of this configuration on this machine, or the only one in the data folder.
    /// Everything but its own end goes through the database, for all servers at once.
    #[cfg(unix)]
    async fn ask_one_here(&self, ask: Ask) -> anyhow::Result<Answer> {
        use crate::admin::socket;
        let here = match &self.config {
            Some(config) => vec![socket::by_port(&self.data, config.listen.port())],
            None => socket::listening(&self.data).await,
        };
        let elsewhere = match ask {
            Ask::Drain => "one on another machine is drained there, or by its service (SIGTERM)",
            _ => "ask on the machine of one that runs",
        };
        match here.as_slice() {
            [] => bail!("no server is running in {}; {elsewhere}", self.data.display()),
            [one] => match socket::ask(one, &ask).await {
                Err(socket::NoAnswer::NotThere(path)) => {
                    bail!("no server is running at {}; {elsewhere}", path.display())
                }
                answer => Ok(answer?),
            },
            several => {
                let several: Vec<_> = several.iter().map(|it| it.display().to_string()).collect();
                bail!("several servers run here ({}); name one's --config", several.join(", "))
            }
        }
    }

    #[cfg(unix)]
    async fn ask_beside(&self, file: &Path, ask: Ask) -> anyhow::Result<Answer> {
        use crate::admin::socket::{self, NoAnswer};
        let path = socket::beside(file);
        match socket::ask(&path, &ask).await {
            Err(NoAnswer::NotThere(_)) => {}
            answer => return Ok(answer?),
        }
        ensure_ours(file)?;
        match self.do_here(file, ask).await {
            Err(error) if is_taken(&error) => bail!(
                "a server has {} open, but does not listen at {}; is it starting or stopping? Try \
                 again in a moment",
                file.display(),
                path.display()
            ),
            done => done,
        }
    }

    #[cfg(not(unix))]
    async fn ask_beside(&self, file: &Path, ask: Ask) -> anyhow::Result<Answer> {
        self.do_here(file, ask).await
    }

    async fn do_here(&self, file: &Path, ask: Ask) -> anyhow::Result<Answer> {
        ensure!(file.is_file(), "there is no database at {}", file.display());
        // Whoever only looks takes no lock: a server that starts at this moment needs it.
        let store = if ask.only_looks() {
            SqliteStore::open_read_only(file, self.vault()?).await?
        } else {
            SqliteStore::open(file, self.vault()?).await?
        };
        let answer = perform(&store, ask).await;
        store.close().await?;
        answer
    }
}

async fn perform(store: &dyn Store, ask: Ask) -> anyhow::Result<Answer> {
    let office = Office { store, house: None, now: System.now(), who: whoami() };
    Ok(office.perform(ask).await?)
}

/// Whether somebody else holds the database's lock.
fn is_taken(error: &anyhow::Error) -> bool {
    let store = error.downcast_ref::<StoreError>();
    matches!(store, Some(StoreError::Taken(_)))
}

/// Files that another user makes beside a database lock its server out.
#[cfg(unix)]
pub(super) fn ensure_ours(file: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(of_file) = std::fs::metadata(file) else {
        bail!("there is no database at {}", file.display());
    };
    ensure!(
        of_file.uid() == uid(),
        "{} belongs to another user (uid {}): run this as that user, for example with `sudo -u`",
        file.display(),
        of_file.uid()
    );
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn ensure_ours(_file: &Path) -> anyhow::Result<()> {
    Ok(())
}

/// Who we are, as it stands in the audit.
pub(super) fn whoami() -> String {
    operator(uid())
}

/// How a moment is printed.
pub(super) fn moment(at: Timestamp) -> String {
    at.utc().format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Who we are. The system says it of our own process; 0 where it says nothing.
#[cfg(unix)]
fn uid() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").map_or(0, |it| it.uid())
}

#[cfg(not(unix))]
fn uid() -> u32 {
    0
}
