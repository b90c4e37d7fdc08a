//! Runs the house and its doors until somebody says stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::house::House;
use crate::{library, pump, web};

/// How often changed flow files are looked for.
const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// Writes what happens to standard error; `RUST_LOG` says how much.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "info,sqlx=warn".into());
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call (in tests) keeps the first one's.
    let _ = subscriber.try_init();
}

/// Takes the port, or says who has it.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("port {} is taken; choose another with --port", address.port()))
}

/// Serves until Ctrl-C or a termination signal, then finishes what it began.
pub async fn serve(
    house: Arc<House>,
    listener: TcpListener,
    settings: web::Settings,
) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    let pumping = tokio::spawn(pump::run(house.clone(), shutdown.clone()));
    let reloading = tokio::spawn(reload(house.clone(), shutdown.clone()));
    let signalled = shutdown.clone();
    tokio::spawn(async move {
        until_told().await;
        info!("stopping");
        signalled.cancel();
    });
    let app = web::router_with(house, settings).into_make_service_with_connect_info::<SocketAddr>();
    let stopped = shutdown.clone().cancelled_owned();
    let serving = axum::serve(listener, app).with_graceful_shutdown(stopped);
    tokio::select! {
        result = serving => result.context("serving")?,
        // Open sockets and event streams would keep the door open for ever.
        () = async { shutdown.cancelled().await; tokio::time::sleep(Duration::from_secs(2)).await } => {}
    }
    shutdown.cancel();
    for task in [pumping, reloading] {
        task.await.context("a loop ended badly")?;
    }
    Ok(())
}

async fn until_told() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}

/// Publishes flows that change on disk. One with errors says so and changes nothing.
async fn reload(house: Arc<House>, shutdown: CancellationToken) {
    let folder = PathBuf::from("flows");
    let mut seen = newest(&folder);
    loop {
        tokio::select! {
            () = tokio::time::sleep(RELOAD_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        let now = newest(&folder);
        if now == seen || now.is_none() {
            continue;
        }
        seen = now;
        if let Err(error) = publish_changed(&house, &folder).await {
            warn!("flows stay as they are: {error:#}");
        }
    }
}

async fn publish_changed(house: &House, folder: &PathBuf) -> anyhow::Result<()> {
    let shelf = library::shelve(library::find(std::slice::from_ref(folder))?, &house.catalog);
    for finding in &shelf.findings {
        let text = shelf.text_of(&finding.file).unwrap_or_default();
        eprintln!("{}", mendline_engine::check::explain(finding, text));
    }
    library::publish(house, &shelf).await?;
    info!(flows = shelf.flows.len(), "flows were read again");
    Ok(())
}

/// The newest change under a folder; `None` if it is not there.
fn newest(folder: &std::path::Path) -> Option<SystemTime> {
    let mut newest = None;
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        let changed = if path.is_dir() {
            self::newest(&path)
        } else {
            entry.metadata().and_then(|it| it.modified()).ok()
        };
        newest = newest.max(changed);
    }
    newest
}
