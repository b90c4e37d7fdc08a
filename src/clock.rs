//! What time it is. Handed to everything that needs it, so that tests can hold it still.

use std::sync::atomic::{AtomicI64, Ordering};

use mendline_engine::time::Timestamp;

/// A source of now.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
pub struct System;

impl Clock for System {
    fn now(&self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_millis())
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
