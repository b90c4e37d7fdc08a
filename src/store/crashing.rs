//! A store that crashes where a test wants it to: before a write, or after it was committed but
//! before anybody heard so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;

use super::watched::{Kind, Use, Watch, Watched};
use super::{Store, StoreError};

/// On which side of a write the crash comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Nothing of it is on disk.
    Before,
    /// All of it is on disk, and the caller never learns it.
    After,
}

/// A store with a crash planned. Writes are counted from 1. Leasing is not one. From the crash on
/// it is gone, like a killed process; what was committed is found by whoever opens the inner
/// store again.
pub type CrashingStore = Watched<Plan>;

/// When to crash.
pub struct Plan {
    at: u64,
    crash: Crash,
    /// Whether only turn commits count.
    turns_only: bool,
    writes: AtomicU64,
    crashed: AtomicBool,
}

impl CrashingStore {
    /// Crashes before or after the `at`-th write; never, if there are fewer.
    pub fn new(inner: Arc<dyn Store>, at: u64, crash: Crash) -> CrashingStore {
        let (writes, crashed) = (AtomicU64::new(0), AtomicBool::new(false));
        Watched::over(inner, Plan { at, crash, turns_only: false, writes, crashed })
    }

    /// Counts turn commits and no other write.
    #[must_use]
    pub fn at_turns(mut self) -> CrashingStore {
        self.watch.turns_only = true;
        self
    }

    /// Whether it has crashed. A plan that never did has passed the last write.
    pub fn crashed(&self) -> bool {
        self.watch.crashed.load(Ordering::SeqCst)
    }

    /// Writes begun so far.
    pub fn writes(&self) -> u64 {
        self.watch.writes.load(Ordering::SeqCst)
    }
}

impl Plan {
    fn alive(&self) -> Result<(), StoreError> {
        if self.crashed.load(Ordering::SeqCst) { Err(gone()) } else { Ok(()) }
    }

    fn counts(&self, it: Use) -> bool {
        match it.kind {
            Kind::Read => false,
            Kind::Write => !self.turns_only,
            Kind::Turns => true,
        }
    }

    /// Crashes if this is the one, on this side of it.
    fn side(&self, nth: u64, side: Crash) -> Result<(), StoreError> {
        if nth == self.at && side == self.crash {
            self.crashed.store(true, Ordering::SeqCst);
        }
        self.alive()
    }
}

#[async_trait]
impl Watch for Plan {
    async fn before(&self, it: Use) -> Result<u64, StoreError> {
        self.alive()?;
        if !self.counts(it) {
            return Ok(0);
        }
        let nth = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        self.side(nth, Crash::Before).map(|()| nth)
    }

    async fn after(&self, _it: Use, number: u64) -> Result<(), StoreError> {
        self.side(number, Crash::After)
    }
}

fn gone() -> StoreError {
    StoreError::Away("crashed".into())
}
