//! Loads in this process, and over the web chat's socket, taken in turns with the limit of the
//! same rows and the disk's own pace. What is told is the median over the rounds; a ratio is taken
//! within its round first, because a machine that others use is another machine in the next round.

use std::sync::Arc;
use std::time::Duration;

use super::base::{Base, Measured, Place};
use super::figures::{Figures, Syncs, median, median_known, syncs};
use super::load::{self, Load};
use super::report::{Beside, Half, Row};
use super::web::Server;
use super::world::{self, Post};
use super::{Plan, Running, start};
use crate::clock::System;
use crate::house::House;

/// Before anything counts, so that caches are as warm as later: how long, and with how many.
const WARM: Load = Load { users: 8, lasts: Duration::from_millis(700), pace: None };

/// One round: every figure, taken in one go.
struct Round {
    load: Figures,
    half: Option<Figures>,
    limit: f64,
    syncs: Syncs,
    peers: Vec<Figures>,
}

/// Measures one number of users over one database.
pub(super) async fn row(base: &Base, plan: &Plan, users: usize, web: bool) -> anyhow::Result<Row> {
    let name = name(base, users, web);
    let mut rounds = Vec::new();
    for nth in 0..plan.rounds {
        eprintln!("{name}: round {} of {}", nth + 1, plan.rounds);
        rounds.push(round(base, plan, users, web).await?);
    }
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    let known = |figure: fn(&Round) -> Option<f64>| median_known(rounds.iter().map(figure));
    let half = rounds.iter().map(|it| it.half.clone()).collect::<Option<Vec<_>>>();
    let beside = plan.beside.iter().enumerate().map(|(nth, peer)| Beside {
        name: peer.name.clone(),
        turns_a_second: median(rounds.iter().map(|it| it.peers[nth].turns_a_second)),
        p50_ms: median(rounds.iter().map(|it| it.peers[nth].p50_ms)),
        p99_ms: median(rounds.iter().map(|it| it.peers[nth].p99_ms)),
        cpu_ms: median_known(rounds.iter().map(|it| it.peers[nth].cpu_ms)),
        times: median(
            rounds.iter().map(|it| it.load.turns_a_second / it.peers[nth].turns_a_second),
        ),
    });
    Ok(Row {
        name,
        database: base.name().into(),
        users,
        web,
        turns_a_second: of(|it| it.load.turns_a_second),
        p50_ms: of(|it| it.load.p50_ms),
        p99_ms: of(|it| it.load.p99_ms),
        cpu_ms: known(|it| it.load.cpu_ms),
        database_cpu_ms: known(|it| it.load.database_cpu_ms),
        memory_mb: known(|it| it.load.memory_mb),
        limit: of(|it| it.limit),
        of_limit: of(|it| it.load.turns_a_second / it.limit),
        syncs: of(|it| it.syncs.a_second),
        sync_p50_ms: of(|it| it.syncs.p50_ms),
        over_two_syncs_ms: of(|it| it.load.p50_ms - 2.0 * it.syncs.p50_ms),
        half: half.map(|it| Half {
            turns_a_second: median(it.iter().map(|it| it.turns_a_second)),
            p50_ms: median(it.iter().map(|it| it.p50_ms)),
            p99_ms: median(it.iter().map(|it| it.p99_ms)),
        }),
        beside: beside.collect(),
    })
}

fn name(base: &Base, users: usize, web: bool) -> String {
    let through = if web { ", through the web chat's socket" } else { "" };
    let users = if users == 1 { "1 user".into() } else { format!("{users} users") };
    format!("{}, {users}{through}", base.name())
}

/// The limit and the disk are measured before and after the load, so that a machine that slowly
/// becomes another one is so for both.
async fn round(base: &Base, plan: &Plan, users: usize, web: bool) -> anyhow::Result<Round> {
    let (inside, apart) = (InProcess::open(base.place().await?).await?, base.place().await?);
    inside.load(&WARM).await?;
    let sizes = inside.store.sizes_here().await?;
    let server = if web { Some(Server::start(base.place().await?).await?) } else { None };
    if let Some(server) = &server {
        server.load(&WARM).await?;
    }
    let load = async |pace: Option<f64>| {
        let load = Load { users, lasts: plan.lasts, pace };
        match &server {
            Some(server) => server.load(&load).await,
            None => inside.load(&load).await,
        }
    };
    let pace = async || -> anyhow::Result<(Syncs, f64)> {
        let syncs = syncs(&plan.folder, plan.lasts / 8)?;
        Ok((syncs, apart.limit(sizes, users, plan.lasts / 4).await?))
    };
    let (syncs_before, limit_before) = pace().await?;
    let closed = load(None).await?;
    let (syncs_after, limit_after) = pace().await?;
    let mut peers = Vec::new();
    for peer in &plan.beside {
        peers.push(peer.run(&plan.folder, users, plan.lasts).await?);
    }
    let half = match users {
        1 => None,
        _ => Some(load(Some(closed.turns_a_second / 2.0)).await?),
    };
    if let Some(server) = server {
        server.stop().await?;
    }
    inside.stop().await?;
    Ok(Round {
        load: closed,
        half,
        limit: f64::midpoint(limit_before, limit_after),
        syncs: Syncs {
            a_second: f64::midpoint(syncs_before.a_second, syncs_after.a_second),
            p50_ms: f64::midpoint(syncs_before.p50_ms, syncs_after.p50_ms),
        },
        peers,
    })
}

/// A house in this process, running.
struct InProcess {
    place: Place,
    store: Arc<dyn Measured>,
    house: Arc<House>,
    post: Arc<Post>,
    running: Running,
}

impl InProcess {
    async fn open(place: Place) -> anyhow::Result<InProcess> {
        let (store, post) = (place.open().await?, Arc::new(Post::default()));
        let house = world::house(store.clone(), Arc::new(System), Some(post.clone())).await?;
        let running = start(&house);
        Ok(InProcess { place, store, house, post, running })
    }

    async fn load(&self, load: &Load) -> anyhow::Result<Figures> {
        load::run(&self.house, &self.post, load, || self.place.spent()).await
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.running.stop().await
    }
}
