//! Watching the house from outside: numbers, traces, whether it is ready. It changes nothing in the
//! house, and nothing in the house waits for it.

pub mod careful;
pub mod door;
pub mod ready;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::house::House;
use crate::metrics::Metrics;
use crate::trace::Trace;
use careful::Careful;

/// What is watched in one house.
#[derive(Default)]
pub struct Watch {
    /// Numbers.
    pub metrics: Metrics,
    /// Traces.
    pub trace: Trace,
    /// Whether it goes carefully after a bad end.
    pub careful: Careful,
    /// When each loop came round last.
    pub loops: Loops,
    /// The last look at the database, so that a crowd of askers costs one write.
    pub(crate) looked: ready::Looked,
    /// Whether operators have an address of their own.
    apart: AtomicBool,
}

impl Watch {
    /// The house begins to work.
    pub fn begin(&self) {
        if let Some(folder) = self.looked.folder() {
            self.careful.begin(folder);
        }
    }

    /// It has finished what was in hand.
    pub fn end(&self) {
        self.careful.end();
        self.trace.end();
    }

    /// Whether operators have an address of their own; then the main one shows no numbers.
    pub fn is_apart(&self) -> bool {
        self.apart.load(Ordering::SeqCst)
    }
}

/// Opens the operators' own address. It stays open while the house finishes what is in hand, so
/// that `/readyz` can say so.
pub async fn open_address(house: &Arc<House>, address: SocketAddr) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot show figures on {address}"))?;
    let address = listener.local_addr()?;
    house.watch.apart.store(true, Ordering::SeqCst);
    let doors = door::operators(house.clone());
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, doors).await {
            warn!("the operators' address closed: {error}");
        }
    });
    info!(%address, "figures are shown");
    Ok(address)
}

/// When each loop came round last.
#[derive(Default)]
pub struct Loops(Mutex<BTreeMap<&'static str, Instant>>);

impl Loops {
    /// The loop of this name is alive. Called at each pass, and within a long one.
    pub fn beat(&self, name: &'static str) {
        self.0.lock().expect("nothing panics in here").insert(name, Instant::now());
    }

    /// How long ago each loop came round.
    pub fn ages(&self) -> BTreeMap<&'static str, Duration> {
        let beats = self.0.lock().expect("nothing panics in here");
        beats.iter().map(|(name, at)| (*name, at.elapsed())).collect()
    }
}
