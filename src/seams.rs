//! What a simulated house has in the place of chance and of real waiting: names for what begins,
//! and how long a plugin is waited for. Everything else that differs is a seam of its own
//! (`Store`, `Channel`, `Action`, `Clock`).

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mendline_engine::event::Event;

use crate::channels::Incoming;

/// How long a plugin may take over a call. A worker may stand at a counter.
const CALL_PATIENCE: Duration = Duration::from_secs(10);
/// How long a fast read may take, which should need 20 ms: a turn waits for it, and with it
/// everybody else's turn.
const READ_PATIENCE: Duration = Duration::from_secs(2);
/// How long one arrival may hold up those that are carried with it: a few fast reads (each under
/// 20 ms), and far less than anybody's patience.
const CARRY_PATIENCE: Duration = Duration::from_millis(250);
/// How long a channel may take over one message. Their clients give up earlier; this is for one
/// that does not.
const SEND_PATIENCE: Duration = Duration::from_secs(15);
/// Messages on their way at once: as many as are leased.
const SENDS_AT_ONCE: usize = 64;

/// The house's own, unless a test puts others in their place.
#[derive(Clone)]
pub struct Seams {
    /// Names for conversations.
    pub ids: Ids,
    /// How long a plugin may take over a call.
    pub call_patience: Duration,
    /// How long a fast read may take.
    pub read_patience: Duration,
    /// How long one arrival may hold up those that are carried with it.
    pub carry_patience: Duration,
    /// How long a channel may take over one message.
    pub send_patience: Duration,
    /// Messages on their way at once; one, where the order of everything must repeat.
    pub sends_at_once: usize,
    /// What fells the engine, for a test.
    #[doc(hidden)]
    pub poison: Poison<Event>,
    /// What fells the routing, for a test.
    #[doc(hidden)]
    pub poison_routing: Poison<Incoming>,
}

/// Looks at each event as the engine is about to take it, or at each arrival as it is about to be
/// routed: a test panics in it, or ends the process.
#[doc(hidden)]
pub struct Poison<T>(Arc<OnceLock<Look<T>>>);

type Look<T> = Box<dyn Fn(&T) + Send + Sync>;

impl<T> Clone for Poison<T> {
    fn clone(&self) -> Poison<T> {
        Poison(self.0.clone())
    }
}

impl<T> Default for Poison<T> {
    fn default() -> Poison<T> {
        Poison(Arc::default())
    }
}

impl<T> Poison<T> {
    /// Lays it out.
    pub fn lay(&self, look: impl Fn(&T) + Send + Sync + 'static) {
        assert!(self.0.set(Box::new(look)).is_ok(), "one poison is enough for a test");
    }

    /// What a turn, or the routing, does first.
    pub fn taste(&self, it: &T) {
        if let Some(look) = self.0.get() {
            look(it);
        }
    }
}

impl Default for Seams {
    fn default() -> Seams {
        Seams {
            ids: Ids::default(),
            call_patience: CALL_PATIENCE,
            read_patience: READ_PATIENCE,
            carry_patience: CARRY_PATIENCE,
            send_patience: SEND_PATIENCE,
            sends_at_once: SENDS_AT_ONCE,
            poison: Poison::default(),
            poison_routing: Poison::default(),
        }
    }
}

/// A source of names that nothing had before.
#[derive(Clone)]
pub struct Ids(Arc<dyn Fn() -> String + Send + Sync>);

impl Ids {
    /// A source of a test's own. Later names must sort after earlier ones: conversations are
    /// claimed in the order of their names.
    #[doc(hidden)]
    pub fn of(next: impl Fn() -> String + Send + Sync + 'static) -> Ids {
        Ids(Arc::new(next))
    }

    /// The next name.
    pub fn next(&self) -> String {
        (self.0)()
    }
}

impl Default for Ids {
    /// UUIDs of version 7: they sort by time, on any number of machines.
    fn default() -> Ids {
        Ids::of(|| uuid::Uuid::now_v7().to_string())
    }
}
