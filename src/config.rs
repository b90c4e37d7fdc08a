//! `mendline.toml`: everything that an operator may set, with `MENDLINE_…` overrides.
//!
//! What is not known is refused, by its name and with the nearest one that is. Secrets come from
//! the environment or from files of their own (`…_file`), never from this file, and print as `…`.

mod explain;
mod given;
mod net;
mod secret;
mod span;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use serde::Deserialize;

pub use net::Net;
pub use secret::Secret;
pub use span::Span;

use crate::channels::{discord, email, telegram, twilio};
use crate::clearance;
use crate::database::Database;
use crate::links::Programme;
use crate::signin;
use given::{Given, PREFIX, is_secret, kept_out, setting};

/// Every setting, commented; what `mendline config` prints.
pub const EXAMPLE: &str = include_str!("../docs/mendline.toml");

/// Proactive messages of one flow to one payer's people in an hour, before a person must look:
/// four times a busy hour of a payer with ten thousand open claims. More is a mistake somewhere.
const PROACTIVE_PER_HOUR: u32 = 500;
/// How long a server that was told to stop finishes what it has in hand. Service managers wait
/// longer (systemd: 90 s), and nobody's answer takes so long.
const DRAIN_WITHIN_S: u64 = 20;

/// What a server is told.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the doors listen; default this machine only, port 8080.
    #[serde(default = "here")]
    pub listen: SocketAddr,
    /// The address under which people reach the doors, for links: `https://care.example.com`.
    pub public_url: String,
    /// Where the database, the plugins' files and, unless set otherwise, the operator's key lie.
    #[serde(default = "data")]
    pub data: PathBuf,
    /// `sqlite://FILE` or `postgres://…`; default a file in `data`.
    #[serde(default)]
    pub database: Option<Secret>,
    /// A file that holds the same, for an address with a password in it.
    #[serde(default)]
    pub database_file: Option<PathBuf>,
    /// Whether that is the address of a pooler that gives each transaction another connection.
    #[serde(default)]
    pub database_pooled: bool,
    /// Behind a pooler: a file that holds the database's own address.
    #[serde(default)]
    pub database_direct_file: Option<PathBuf>,
    /// The operator's key, as 64 hex digits; from the environment alone.
    #[serde(default)]
    pub operator_key: Option<Secret>,
    /// The file that holds the operator's key; default `operator.key` in `data`.
    #[serde(default)]
    pub operator_key_file: Option<PathBuf>,
    /// Folders of flows; default `./flows`, and without one those inside the program.
    #[serde(default)]
    pub flows: Vec<PathBuf>,
    /// Seconds to finish what is in hand after somebody said stop.
    #[serde(default = "drain_within_s")]
    pub drain_within_s: u64,
    /// Whose word on a visitor's address is believed.
    #[serde(default)]
    pub proxy: Proxy,
    /// The worker's chat.
    #[serde(default)]
    pub chat: Chat,
    /// How private channels may be: lower, or with an agreement that has an end.
    #[serde(default)]
    pub clearance: clearance::Settings,
    /// What people know us by, on a phone.
    #[serde(default)]
    pub programme: Programme,
    /// Whose claims are served, by name.
    #[serde(default)]
    pub payers: BTreeMap<String, Payer>,
    /// How much may leave by itself.
    #[serde(default)]
    pub outbound: Outbound,
    /// Where figures for Prometheus are shown.
    #[serde(default)]
    pub metrics: Metrics,
    /// Where traces go.
    #[serde(default)]
    pub otel: Otel,
    /// The payer whose desk strangers reach; default the only one.
    #[serde(default)]
    pub visitors_of: Option<String>,
    /// A bot on Telegram.
    #[serde(default)]
    pub telegram: Option<telegram::Settings>,
    /// A bot on Discord.
    #[serde(default)]
    pub discord: Option<discord::Settings>,
    /// Text messages and WhatsApp.
    #[serde(default)]
    pub twilio: Option<twilio::Settings>,
    /// Mail.
    #[serde(default)]
    pub email: Option<email::Settings>,
    /// How staff sign in.
    #[serde(default)]
    pub sign_in: Option<signin::Settings>,
}

/// Whose word on a visitor's address is believed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// Addresses and networks of our own proxies. `X-Forwarded-For` from anybody else is ignored.
    #[serde(default)]
    pub trusted: Vec<Net>,
}

/// The worker's chat.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// Sites whose pages may show the chat: `https://portal.example.com`. Default: none but ours.
    #[serde(default)]
    pub may_embed: Vec<String>,
}

/// One payer.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Payer {
    /// Whether pharmacies may look up its prescriptions at `/rx`.
    #[serde(default = "yes")]
    pub pharmacist_door: bool,
    /// People whose last matter ended longer ago than this are forgotten. Default: nobody is.
    #[serde(default)]
    pub forget_after: Option<Span>,
}

/// How much may leave by itself.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Proactive messages of one flow to one payer's people in an hour; more wait for a person.
    #[serde(default = "proactive_per_hour")]
    pub proactive_per_hour: u32,
    /// The same for flows that need another number.
    #[serde(default)]
    pub flows: BTreeMap<String, u32>,
}

/// Where figures for Prometheus are shown.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// An address for operators alone, such as `127.0.0.1:9464`. Default: visitors from this
    /// machine may read `/metrics` on the main address.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
}

/// Where traces go.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Otel {
    /// An OTLP endpoint over HTTP: `http://127.0.0.1:4318`. Default: no traces.
    #[serde(default)]
    pub endpoint: Option<String>,
}

impl Default for Outbound {
    fn default() -> Outbound {
        Outbound { proactive_per_hour: PROACTIVE_PER_HOUR, flows: BTreeMap::new() }
    }
}

impl Default for Payer {
    fn default() -> Payer {
        Payer { pharmacist_door: true, forget_after: None }
    }
}

impl Outbound {
    /// Proactive messages that a flow may send in an hour.
    pub fn limit(&self, flow: &str) -> u32 {
        self.flows.get(flow).copied().unwrap_or(self.proactive_per_hour)
    }
}

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

fn data() -> PathBuf {
    "data".into()
}

fn drain_within_s() -> u64 {
    DRAIN_WITHIN_S
}

fn proactive_per_hour() -> u32 {
    PROACTIVE_PER_HOUR
}

fn yes() -> bool {
    true
}

impl Config {
    /// Reads the file, then the environment.
    pub fn read(file: &Path) -> anyhow::Result<Config> {
        let given = std::env::vars().filter(|(name, _)| name.starts_with(PREFIX));
        Config::read_with(file, given)
    }

    /// Reads the file, then these variables.
    pub fn read_with(
        file: &Path,
        given: impl IntoIterator<Item = (String, String)>,
    ) -> anyhow::Result<Config> {
        let shown = file.display();
        let hint = "`mendline config` prints one with every setting explained";
        let text = match std::fs::read_to_string(file) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                anyhow::bail!("{shown} is not there; {hint}")
            }
            read => read.with_context(|| format!("reading {shown}"))?,
        };
        Config::of(&text, given).with_context(|| format!("{shown}; {hint}"))
    }

    /// Reads a file's text and these variables.
    pub fn of(
        text: &str,
        given: impl IntoIterator<Item = (String, String)>,
    ) -> anyhow::Result<Config> {
        let in_file = Figment::new().merge(Toml::string(text));
        if let Some(secret) = kept_out().find(|it| in_file.find_value(it).is_ok()) {
            let variable = secret.to_uppercase().replace('.', "__");
            anyhow::bail!(
                "`{secret}` is a secret and does not belong in a configuration file; name its file \
                 in `{secret}_file`, or set MENDLINE_{variable}"
            );
        }
        let (secrets, open): (Vec<_>, Vec<_>) =
            given.into_iter().partition(|(name, _)| is_secret(name));
        let mut figment = in_file.merge(Given(open));
        for (name, value) in secrets {
            // As text, whatever it looks like: a key of digits alone is no number.
            let name = setting(&name[PREFIX.len()..]);
            figment = figment.merge(Serialized::default(&name, value));
        }
        let config: Config = figment.extract().map_err(|it| explain::plainly(&it))?;
        config.check(&in_file_database(text))?;
        Ok(config)
    }

    /// What the types cannot say.
    fn check(&self, in_file: &Option<String>) -> anyhow::Result<()> {
        let url = self.public_url.trim_end_matches('/');
        ensure!(
            is_origin(url),
            "`public_url` must be what people type, such as https://care.example.com: http:// or \
             https://, a name, and nothing after it; found {:?}",
            self.public_url
        );
        for site in &self.chat.may_embed {
            ensure!(
                is_origin(site),
                "`chat.may_embed` takes sites such as https://portal.example.com; found {site:?}"
            );
        }
        ensure!(
            self.database.is_none() || self.database_file.is_none(),
            "`database` and `database_file` are both set; keep one"
        );
        ensure!(
            self.operator_key.is_none() || self.operator_key_file.is_none(),
            "`operator_key_file` and MENDLINE_OPERATOR_KEY are both set; keep one"
        );
        ensure!(
            !in_file.as_deref().is_some_and(has_password),
            "`database` has a password in it; put the address into a file of its own and name that \
             in `database_file`, or set MENDLINE_DATABASE"
        );
        if let Some(it) = &self.sign_in {
            it.check(self.payers.keys())?;
        }
        clearance::check(&self.clearance)
    }

    /// The database's address, from wherever it was given.
    pub fn database_url(&self) -> anyhow::Result<Option<Secret>> {
        match (&self.database, &self.database_file) {
            (Some(it), _) => Ok(Some(it.clone())),
            (None, Some(file)) => Secret::of_file(file).context("`database_file`").map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The database, from wherever it was given.
    pub fn database(&self) -> anyhow::Result<Database> {
        let url = self.database_url()?;
        let mut database = Database::of(&self.data, url.as_ref().map(|it| it.expose()))?;
        if let Database::Postgres(server) = &mut database {
            server.pooled = self.database_pooled;
            let direct = self.database_direct_file.as_deref().map(Secret::of_file).transpose();
            server.direct = direct.context("`database_direct_file`")?;
        }
        Ok(database)
    }

    /// Where the operator's key lies, unless it was given in the environment.
    pub fn key_file(&self) -> PathBuf {
        self.operator_key_file.clone().unwrap_or_else(|| self.data.join("operator.key"))
    }

    /// How long what is in hand may take after somebody said stop.
    pub fn drain_within(&self) -> Duration {
        Duration::from_secs(self.drain_within_s)
    }

    /// Payers whose prescriptions the pharmacist's door may look up.
    pub fn at_the_counter(&self) -> Vec<String> {
        let open = self.payers.iter().filter(|(_, it)| it.pharmacist_door);
        open.map(|(name, _)| name.clone()).collect()
    }
}

/// The `database` that stands in the file itself.
fn in_file_database(text: &str) -> Option<String> {
    let table: toml::Table = text.parse().ok()?;
    table.get("database")?.as_str().map(str::to_owned)
}

/// Whether an address of a database carries a password.
fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let before_host = rest.split(['/', '?']).next().unwrap_or_default().rsplit_once('@');
    before_host.is_some_and(|(user, _)| user.contains(':')) || rest.contains("password=")
}

/// `http://` or `https://`, a host, perhaps a port, and nothing that could end a header.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    host.is_some_and(|it| !it.is_empty() && it.chars().all(fine))
}

#[cfg(test)]
mod tests;
