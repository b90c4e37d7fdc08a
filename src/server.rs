//! Runs the house and its doors until somebody says stop.

mod notify;
pub mod reload;
mod told;

use std::future::IntoFuture as _;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use crate::channels::inward::Gate;
use crate::gate::Doorkeeper;
use crate::house::House;
use crate::outside::Outside;
use crate::replica::Replica;
use crate::{admin, ears, pump, retention, web};

/// How long the demo finishes what is in hand. Somebody waits before a terminal.
const DEMO_DRAIN_WITHIN: Duration = Duration::from_secs(4);

/// Writes what happens to standard error; `RUST_LOG` says how much.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "info,sqlx=warn".into());
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second call (in tests) keeps the first one's.
    let _ = subscriber.try_init();
}

/// Takes the port, or says who has it.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; is another server there?"))
}

/// What a server is given beside its house.
pub struct Serving {
    /// The open port.
    pub listener: TcpListener,
    /// What the doors are told.
    pub settings: web::Settings,
    /// Folders of flows that are read again when they change.
    pub flows: Vec<PathBuf>,
    /// How long what is in hand may take after somebody said stop.
    pub drain_within: Duration,
    /// The socket at which commands find the server; `None` for none.
    pub socket: Option<PathBuf>,
    /// How long payers keep people.
    pub retention: retention::Kept,
    /// Channels that others run; those of the house itself are in the house already.
    pub outside: Outside,
}

impl Serving {
    /// The demo's habits.
    pub fn demo(listener: TcpListener, socket: Option<PathBuf>) -> Serving {
        Serving {
            listener,
            settings: web::Settings::demo(),
            flows: vec!["flows".into()],
            drain_within: DEMO_DRAIN_WITHIN,
            socket,
            retention: Vec::new(),
            outside: Outside::default(),
        }
    }
}

/// Serves until Ctrl-C, a termination signal or `house.stopping`; then lets nobody in any more,
/// answers those who are in, finishes the turns and sends in hand, and returns. What is not
/// finished by then is taken up again by whoever starts next: its lease lapses.
pub async fn run(house: Arc<House>, it: Serving) -> anyhow::Result<()> {
    let mut by = told::Told::listen().context("listening for signals")?;
    let replica = Replica::join(house.clone()).await.context("joining the other servers")?;
    house.watch.begin();
    let (stopping, shutdown) = (house.stopping.clone(), house.leaving.clone());
    let mut loops = vec![
        tokio::spawn(pump::run(house.clone(), shutdown.clone())),
        tokio::spawn(reload::run(house.clone(), it.flows, shutdown.clone())),
        tokio::spawn(retention::run(house.clone(), it.retention, shutdown.clone())),
        tokio::spawn(replica.run(shutdown.clone())),
    ];
    #[cfg(unix)]
    if let Some(path) = it.socket {
        let socket = admin::socket::Socket::bind(path.clone())
            .with_context(|| format!("opening the admin socket {}", path.display()))?;
        loops.push(tokio::spawn(socket.serve(house.clone(), shutdown.clone())));
    }
    let Outside { ears, hooks, visitors, .. } = it.outside;
    let gate: Arc<dyn Gate> = Arc::new(Doorkeeper::of(house.clone(), visitors));
    for ear in ears {
        let listening = ears::run(house.clone(), ear, gate.clone(), shutdown.clone());
        loops.push(tokio::spawn(listening));
    }
    let told = stopping.clone();
    tokio::spawn(async move {
        by.stop().await;
        told.cancel();
        by.stop().await;
        warn!("told to stop twice: leaving at once");
        std::process::exit(1);
    });
    let webhooks = Outside::webhooks(hooks, &gate);
    let app = web::router_beside(house.clone(), it.settings, webhooks)
        .into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(it.listener, app)
        .with_graceful_shutdown(stopping.clone().cancelled_owned())
        .into_future();
    let mut doors = tokio::spawn(serving);
    notify::tell(notify::READY);
    tokio::select! {
        ended = &mut doors => ended.context("the doors ended badly")?.context("serving")?,
        () = stopping.cancelled() => {}
    }
    notify::tell(notify::STOPPING);
    stopping.cancel();
    info!(within_s = it.drain_within.as_secs(), "stopping: finishing what is in hand");
    let until = Instant::now() + it.drain_within;
    // Visitors first: a form waits for its turn, and turns need the loops.
    if !doors.is_finished() && timeout_at(until - it.drain_within / 2, &mut doors).await.is_err() {
        warn!("visitors were cut off: they took too long");
        doors.abort();
    }
    shutdown.cancel();
    for task in &mut loops {
        match timeout_at(until, task).await {
            Ok(ended) => ended.context("a loop ended badly")?,
            Err(_) => warn!("what is in hand takes too long and is left to the next start"),
        }
    }
    house.watch.end();
    info!("stopped");
    Ok(())
}
