//! Measures the house: turns a second, how long a message takes, what it costs, how many may be
//! parked. Beside each figure stands the limit of the same disk in the same run, because a figure
//! without one says more about the machine than about the house.

mod figures;
mod load;
mod parked;

mod report;
mod world;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::clock::System;
use crate::house::House;
use crate::pump;
use crate::store::sqlite::SqliteStore;
use load::Load;
use world::Post;

pub use parked::{Parked, parked, wake};
pub use report::{Report, Row, parked_table};

/// Turns in one transaction of the limit that the house is held against.
const GROUP: usize = 64;
/// Bytes that are written before each sync of the disk's own figure: a page.
const PAGE: usize = 4096;

/// What to measure.
pub struct Plan {
    /// How long each load lasts.
    pub lasts: Duration,
    /// Workers at once, a load each.
    pub users: Vec<usize>,
    /// Interleaved rounds of load and limit; the median of each is told.
    pub rounds: usize,
}

/// Measures turns in this process over a database in `folder`, which should be on the disk that
/// counts.
pub async fn turns(folder: &Path, plan: &Plan) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for &users in &plan.users {
        let (mut loads, mut limits, mut syncs) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..plan.rounds {
            eprintln!("{users} users, round {} of {}", round + 1, plan.rounds);
            let place = tempfile::tempdir_in(folder).context("a folder for the database")?;
            let file = place.path().join("house.db");
            let store = Arc::new(SqliteStore::open(&file, world::vault()).await?);
            let post = Arc::new(Post::default());
            let house = world::house(store.clone(), Arc::new(System), post.clone()).await?;
            load::meet(&house, users).await?;
            let running = start(&house);
            let load = Load { users, lasts: plan.lasts, pause: Duration::ZERO };
            loads.push(load::run(&house, &post, &load).await?);
            running.stop().await?;
            let sizes = store.sizes().await?;
            limits.push(store.limit(sizes, GROUP.min(users.max(1)), plan.lasts / 2).await?);
            syncs.push(syncs_a_second(place.path(), plan.lasts / 4)?);
        }
        let load = median(loads, |it| it.turns_a_second);
        report.rows.push(Row {
            name: format!("{users} users, SQLite"),
            turns_a_second: load.turns_a_second,
            p50_ms: load.p50_ms,
            p99_ms: load.p99_ms,
            cpu_ms: load.cpu_ms,
            limit: median(limits, |it| *it),
            syncs: median(syncs, |it| *it),
        });
    }
    report.memory_mb = figures::memory_mb().map(|(most, _)| most);
    Ok(report)
}

/// A bar for what takes long.
fn progress(total: usize, doing: &'static str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(u64::try_from(total).unwrap_or_default());
    bar.set_message(doing);
    bar
}

/// The one whose figure is in the middle.
fn median<T: Clone>(mut all: Vec<T>, of: impl Fn(&T) -> f64) -> T {
    all.sort_by(|one, other| of(one).total_cmp(&of(other)));
    all[all.len() / 2].clone()
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

/// How often this disk can be told to keep what was written, a second.
fn syncs_a_second(folder: &Path, lasts: Duration) -> anyhow::Result<f64> {
    use std::io::Write;
    let mut file = std::fs::File::create(folder.join("syncs"))?;
    let (page, began, mut syncs) = ([7; PAGE], Instant::now(), 0);
    while began.elapsed() < lasts {
        file.write_all(&page)?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / began.elapsed().as_secs_f64())
}
