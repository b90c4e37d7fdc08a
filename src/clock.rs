//! What time it is. Handed to everything that needs it, so that tests can hold it still.
//!
//! The house's time never goes back and never leaps: timers would fire that are not due, leases
//! would end that are held, and nobody can take that back. [`steady`] says how a machine's clock
//! that jumps is followed.

pub mod steady;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{LazyLock, Mutex};

use mendline_engine::time::Timestamp;

use steady::Steady;

/// A source of now.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// How far the machine's clock is ahead of [`Clock::now`], in milliseconds, where it jumped and
    /// is not followed; 0 where it is.
    fn distrusted_ms(&self) -> i64 {
        0
    }
}

/// The machine's clock, followed with care. One for the whole process, whoever asks.
pub struct System;

static STEADY: LazyLock<Mutex<Steady>> =
    LazyLock::new(|| Mutex::new(Steady::at(wall_ms(), steady::machine_ms())));

fn wall_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

impl System {
    /// Takes up the time where a house left it: what was written then was not written in the
    /// future.
    pub fn not_before(newest: Timestamp) {
        kept().not_before(newest.0);
    }
}

fn kept() -> std::sync::MutexGuard<'static, Steady> {
    STEADY.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Clock for System {
    fn now(&self) -> Timestamp {
        Timestamp(kept().step(wall_ms(), steady::machine_ms()))
    }

    fn distrusted_ms(&self) -> i64 {
        self.now();
        kept().distrusted_ms()
    }
}

/// A clock moved by hand, for talks and tests.
pub struct Virtual(AtomicI64);

impl Virtual {
    /// A clock that stands at `start`.
    pub fn at(start: Timestamp) -> Virtual {
        Virtual(AtomicI64::new(start.0))
    }

    /// Moves it. It never goes back.
    pub fn set(&self, to: Timestamp) {
        self.0.fetch_max(to.0, Ordering::SeqCst);
    }
}

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
