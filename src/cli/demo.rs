//! `mendline demo`: the whole house over fictional claims.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::Args;
use mendline_engine::catalog::Catalog;
use mendline_plugin::{Manifest, Plugin};

use crate::channels::Channel;
use crate::clock::System;
use crate::database::Database;
use crate::desk::accounts;
use crate::host::Host;
use crate::house::House;
use crate::open::{Parts, assemble};
use crate::server::{self, Serving};
use crate::vault::Vault;
use crate::web;

/// Whose claims the demo worker's are.
const PAYER: &str = "northwind-mutual-demo";
/// The demo worker.
const WORKER: &str = "ana";
/// Her claim, and her prescription that needs an approval.
const CLAIM_AND_RX: (&str, &str) = ("DEMO-CA-000123", "7700001");

#[derive(Args)]
pub(super) struct Demo {
    /// The port on this machine.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where the databases and the key lie.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// `sqlite://FILE` or `postgres://…`; default a file in the data folder.
    #[arg(long)]
    database: Option<String>,
}

impl Default for Demo {
    fn default() -> Demo {
        Demo { port: 8080, data: "data".into(), database: None }
    }
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        server::log_to_stderr();
        let vault = data_vault(&self.data)?;
        let database = Database::of(&self.data, self.database.as_deref())?;
        let house = open_house(&self.data, vault, &database, &[], Vec::new(), true).await?;
        let logins = accounts::seed_demo(house.store.as_ref()).await;
        let logins = logins.context("making the demo's accounts")?;
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), self.port);
        let bound = server::bind(address).await?;
        let base = format!("http://localhost:{}", self.port);
        house.links.begin(&base);
        let invite = web::invite_link(&house, PAYER, WORKER, &base);
        let (claim, rx) = CLAIM_AND_RX;
        println!("\nMendline is running. Everyone you meet here is fictional.\n");
        println!("  The worker's chat    {invite}");
        println!("  The desk             {base}/desk");
        println!("                       password for everyone: {}", accounts::DEMO_PASSWORD);
        for it in &logins {
            println!("                       {:8} {} ({})", it.login, it.name, it.what);
        }
        println!("  The pharmacist       {base}/rx   claim {claim}, prescription {rx}");
        println!("\n  Write “my prescription was rejected” in the chat, then decide at the desk.");
        println!("  Stop with Ctrl-C. Nothing is lost: start again and go on.\n");
        let socket = super::place::socket(&database, &self.data, self.port);
        server::run(house, Serving::demo(bound, socket)).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What flows may name with the plugins inside the binary.
pub(crate) fn shipped_catalog() -> anyhow::Result<Catalog> {
    let manifest = Manifest::read(mendline_pbm::MANIFEST).map_err(anyhow::Error::msg)?;
    crate::catalog::gather(&[manifest])
}

/// The vault of a data folder, made with it where there is none.
fn data_vault(data: &Path) -> anyhow::Result<Arc<Vault>> {
    std::fs::create_dir_all(data).with_context(|| format!("making {}", data.display()))?;
    let vault = Vault::load_or_create(&data.join("operator.key")).context("the operator's key")?;
    Ok(Arc::new(vault))
}

/// Opens the house over a data folder, with the flows of these folders, or those that can be found.
pub(crate) async fn open_house(
    data: &Path,
    vault: Arc<Vault>,
    database: &Database,
    flows: &[PathBuf],
    channels: Vec<Arc<dyn Channel>>,
    demo: bool,
) -> anyhow::Result<Arc<House>> {
    std::fs::create_dir_all(data).with_context(|| format!("making {}", data.display()))?;
    let store =
        database.open(vault.clone()).await.with_context(|| format!("opening {database}"))?;
    if let Some(newest) = store.health().newest().await? {
        System::not_before(newest);
    }
    let pbm = mendline_pbm::Pbm::open(Some(&data.join("pbm.db"))).await;
    let pbm: Arc<dyn Plugin> = Arc::new(pbm.context("opening the pbm plugin")?);
    let catalog = shipped_catalog()?;
    let mut host = Host::default();
    host.add("pbm", pbm);
    let parts = Parts { store, clock: Arc::new(System), vault, host, catalog, channels, demo };
    let house = assemble(parts);
    house.watch.looked.at(data.to_owned());
    let shelf = crate::library::shelve(super::flow_folders(flows)?, &house.catalog);
    for finding in &shelf.findings {
        let text = shelf.text_of(&finding.file).unwrap_or_default();
        eprintln!("{}", mendline_engine::check::explain(finding, text));
    }
    ensure!(!shelf.flows.is_empty(), "no flow could be loaded");
    crate::library::publish(&house, &shelf).await?;
    Ok(house)
}
