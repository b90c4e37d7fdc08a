//! Puts the house together.

use std::sync::{Arc, LazyLock};

use mendline_engine::catalog::Catalog;
use mendline_engine::rules::RulePacks;
use mendline_engine::time::calendar::Calendars;

use crate::channels::Channel;
use crate::channels::desk::Desk;
use crate::channels::web::WebChat;
use crate::clock::Clock;
use crate::flows::Flows;
use crate::host::Host;
use crate::house::House;
use crate::intake::Intake;
use crate::seams::Seams;
use crate::signin::SignIn;
use crate::store::Store;
use crate::vault::Vault;
use crate::wake::Wake;
use crate::watch::Watch;

/// Read once: they are the same for every house in this process.
static CALENDARS: LazyLock<Calendars> = LazyLock::new(Calendars::embedded);
static RULES: LazyLock<RulePacks> = LazyLock::new(RulePacks::embedded);

/// What differs between a server, a demo and a talk.
pub struct Parts {
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Keys.
    pub vault: Arc<Vault>,
    /// Plugins.
    pub host: Host,
    /// What flows may name.
    pub catalog: Catalog,
    /// Channels beside web chat and the desk.
    pub channels: Vec<Arc<dyn Channel>>,
    /// Whether this is the demo.
    pub demo: bool,
}

/// The house, ready to be pumped. Flows are published afterwards.
pub fn assemble(parts: Parts) -> Arc<House> {
    let wake = Arc::new(Wake::default());
    let web = WebChat::new(parts.store.clone(), wake.clone());
    let desk = Desk::new(parts.store.clone(), wake.clone());
    let own: [Arc<dyn Channel>; 2] = [Arc::new(web), Arc::new(desk)];
    let channels = own.into_iter().chain(parts.channels);
    Arc::new(House {
        store: parts.store,
        clock: parts.clock,
        flows: Flows::default(),
        host: parts.host,
        catalog: parts.catalog,
        calendars: CALENDARS.clone(),
        rules: RULES.clone(),
        channels: channels.map(|it| (it.profile().name, it)).collect(),
        vault: parts.vault,
        wake,
        demo: parts.demo,
        pauses: crate::pauses::Pauses::default(),
        circuits: crate::dispatch::Circuits::default(),
        clearance: crate::clearance::Clearance::default(),
        links: crate::links::Links::default(),
        sign_in: SignIn::default(),
        stopping: tokio_util::sync::CancellationToken::new(),
        leaving: tokio_util::sync::CancellationToken::new(),
        intake: Intake::default(),
        seams: Seams::default(),
        watch: Watch::default(),
    })
}
