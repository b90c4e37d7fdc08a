//! Measures the house: turns a second, how long a message takes, what it costs, how many may be
//! parked. Beside each figure stands the limit of the same disk in the same round, because a figure
//! without one says more about the machine than about the house. `docs/performance.md` is made by
//! this room, and says what each figure means.

mod base;
mod beside;
mod cluster;
mod criterion;
mod figures;
mod goals;
mod load;
mod page;
mod parked;
mod picture;
mod report;
mod rounds;
mod web;
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::house::House;
use crate::pump;
use base::Base;
use cluster::Cluster;

pub use beside::Peer;
pub use criterion::{Single, singles};
pub use figures::Figures;
pub use parked::{Parked, parked, wake};
pub use report::{Beside, Half, Report, Row};
pub use web::serve;

/// The flow that is measured.
pub const FLOW: &str = include_str!("bench/approval.yaml");

/// How to measure.
pub struct Plan {
    /// Where the measured databases lie: on the disk that counts.
    pub folder: PathBuf,
    /// How long each load lasts.
    pub lasts: Duration,
    /// Workers at once, a load each.
    pub users: Vec<usize>,
    /// Rounds of load, limit and disk, taken in turns.
    pub rounds: usize,
    /// Programs that do the same, in the same rounds.
    pub beside: Vec<Peer>,
}

/// Over what to measure.
pub enum Over {
    /// Files.
    Sqlite,
    /// A PostgreSQL that is there.
    Url(String),
    /// A throw-away PostgreSQL.
    Postgres,
}

/// Measures each number of users; with `web`, everybody through a web socket of her own.
pub async fn turns(plan: &Plan, over: &Over, web: bool) -> anyhow::Result<Vec<Row>> {
    let base = match over {
        Over::Sqlite => Base::Sqlite(plan.folder.clone()),
        Over::Url(url) => Base::Url(url.clone()),
        Over::Postgres => Base::Cluster(Arc::new(Cluster::start(&plan.folder)?)),
    };
    let mut rows = Vec::new();
    for &users in &plan.users {
        rows.push(rounds::row(&base, plan, users, web).await?);
    }
    Ok(rows)
}

/// On what it was measured, and how busy that was before.
pub fn machine(plan: &Plan) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let of = |text: &str, name: &str| {
        let line = text.lines().find_map(|it| it.strip_prefix(name)).unwrap_or("?");
        line.trim_start_matches([' ', '\t', ':']).trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let (cpu, memory) =
        (of(&read("/proc/cpuinfo"), "model name"), of(&read("/proc/meminfo"), "MemTotal"));
    let busy = read("/proc/loadavg").split(' ').next().unwrap_or("?").to_owned();
    let kernel = read("/proc/sys/kernel/osrelease").trim().to_owned();
    let now = chrono::Utc::now().format("%Y-%m-%d %H:%M");
    let (rounds, lasts) = (plan.rounds, plan.lasts.as_secs_f64());
    format!(
        "Measured {now} UTC by version {}: {cores} cores ({cpu}), {memory} of memory, Linux {kernel}, a load average of {busy} before. \
         {rounds} rounds of {lasts} s each; medians.",
        env!("CARGO_PKG_VERSION"),
    )
}

/// Puts the figures into a page between its marks, and the picture beside it.
pub fn write(page: &Path, report: &Report) -> anyhow::Result<()> {
    page::put(page, &report.page(), &picture::svg(report))
}

/// The loops of a house, until they are stopped.
struct Running {
    loops: tokio::task::JoinHandle<()>,
    shutdown: CancellationToken,
}

fn start(house: &Arc<House>) -> Running {
    let shutdown = CancellationToken::new();
    let loops = tokio::spawn(pump::run(house.clone(), shutdown.clone()));
    Running { loops, shutdown }
}

impl Running {
    async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.loops.await.context("the loops ended badly")
    }
}
