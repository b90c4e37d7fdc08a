//! `mendline serve`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tracing::warn;

use crate::config::Config;
use crate::database::Database;
use crate::house::House;
use crate::outside::Outside;
use crate::retention::Kept;
use crate::server::{self, Serving};
use crate::signin::Ways;
use crate::store::AuditEntry;
use crate::vault::Vault;
use crate::web::Settings;

#[derive(Args)]
pub(super) struct Serve {
    /// The configuration file.
    #[arg(long, env = "MENDLINE_CONFIG", default_value = "mendline.toml")]
    config: PathBuf,
    /// `sqlite://FILE` or `postgres://…`, instead of the one in the file.
    #[arg(long)]
    database: Option<String>,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        server::log_to_stderr();
        let config = Config::read(&self.config)?;
        let database = match self.database.as_deref() {
            Some(url) => Database::of(&config.data, Some(url))?,
            None => config.database()?,
        };
        let vault = Arc::new(vault(&config)?);
        let ways = Ways::of(config.sign_in.as_ref(), &config.public_url)?;
        let mut outside = Outside::of(&config, &vault)?;
        let channels = std::mem::take(&mut outside.channels);
        let (data, flows) = (&config.data, &config.flows);
        let house = super::demo::open_house(data, vault, &database, flows, channels, false).await?;
        for flow in config.outbound.flows.keys().filter(|it| house.flows.current(it).is_none()) {
            warn!(flow, "`outbound.flows` names a flow that is not here");
        }
        house.pauses.limit(config.outbound.clone());
        outside.meet(&house);
        house.sign_in.begin(ways);
        house.links.begin(&config.public_url);
        house.clearance.set(config.clearance.clone());
        note_clearance(&house).await?;
        house.links.call_it(config.programme.clone());
        house.links.offer(std::mem::take(&mut outside.elsewhere));
        if let Some(endpoint) = &config.otel.endpoint {
            house.watch.trace.begin(endpoint)?;
        }
        if let Some(address) = config.metrics.listen {
            crate::watch::open_address(&house, address).await?;
        }
        let listener = server::bind(config.listen).await?;
        println!("Mendline serves {} on {}", config.public_url, config.listen);
        let serving = Serving {
            listener,
            settings: settings(&config),
            flows: watched(&config),
            drain_within: config.drain_within(),
            socket: super::place::socket(&database, &config.data, config.listen.port()),
            retention: retention(&config),
            outside,
        };
        server::run(house, serving).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// On what grounds a channel carries more than by itself is in the audit of each start.
async fn note_clearance(house: &House) -> anyhow::Result<()> {
    for (said, counts) in house.clearance.raises(house.clock.now()) {
        if !counts {
            warn!("{said}: that day is over, and the channel carries what it does by itself");
        }
        let what = if counts { said } else { format!("{said}, over") };
        let (who, at) = ("configuration".to_owned(), house.clock.now());
        let entry = AuditEntry { payer: String::new(), who, what, conversation: None, at };
        house.store.audit(&entry).await?;
    }
    Ok(())
}

/// The vault over the operator's key, from the environment or from its file.
pub(super) fn vault(config: &Config) -> anyhow::Result<Vault> {
    let key = match &config.operator_key {
        Some(key) => Vault::from_hex(key.expose()),
        None => Vault::load_or_create(&config.key_file()),
    };
    key.context("the operator's key")
}

/// What the doors are told.
fn settings(config: &Config) -> Settings {
    let may_embed = config.chat.may_embed.iter();
    let ancestors = may_embed.fold("'self'".to_owned(), |all, site| format!("{all} {site}"));
    Settings {
        frame_ancestors: ancestors,
        comes_without_link: visited_first(config),
        proxies: config.proxy.trusted.clone(),
        ..Settings::serve(config.at_the_counter())
    }
}

/// Every payer; first the one whose desk strangers reach.
fn visited_first(config: &Config) -> Vec<String> {
    let first = config.visitors_of.iter().cloned();
    let others = config.payers.keys().filter(|it| config.visitors_of.as_ref() != Some(*it));
    first.chain(others.cloned()).collect()
}

/// Payers that forget, and after how long.
fn retention(config: &Config) -> Kept {
    let forgetting = config.payers.iter();
    forgetting.filter_map(|(name, it)| Some((name.clone(), it.forget_after?))).collect()
}

/// The folders that are read again when something in them changes.
fn watched(config: &Config) -> Vec<PathBuf> {
    if config.flows.is_empty() { vec!["flows".into()] } else { config.flows.clone() }
}
