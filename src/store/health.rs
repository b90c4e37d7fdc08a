//! How a store is: whether it takes writes, what waits in it, what stands still. Nothing private.

use std::collections::BTreeMap;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;

use super::StoreError;

/// What operators ask a store.
#[async_trait]
pub trait Health: Send + Sync {
    /// Writes something that needs room, and takes it back. An answer means that commits reach the
    /// disk.
    async fn takes_writes(&self) -> Result<(), StoreError>;

    /// Refuses if the schema is not one that this program may write, because somebody migrated.
    async fn knows_schema(&self) -> Result<(), StoreError>;

    /// What waits, by payer; nothing is said of a payer for whom nothing does.
    async fn standing(&self, now: Timestamp) -> Result<Vec<Waits>, StoreError>;

    /// Conversations that have not ended and that nothing will ever move: no timer, open question,
    /// call or handoff, nothing in the inbox, no child that runs. There should be none.
    async fn stuck(&self, limit: u32) -> Result<Vec<Stuck>, StoreError>;

    /// The newest moment that anything was written at, if anything was.
    async fn newest(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Counts an attempt at each of these inbox rows, before it is made; answers how many there
    /// were, this one included.
    async fn begin_tries(&self, seqs: &[i64]) -> Result<BTreeMap<i64, u32>, StoreError>;

    /// Attempts ended: their count begins anew.
    async fn end_tries(&self, seqs: &[i64]) -> Result<(), StoreError>;

    /// From whom inbox rows came: number, payer, source, the source's own id.
    async fn origins(&self, seqs: &[i64])
    -> Result<Vec<(i64, String, String, String)>, StoreError>;

    /// Writes down the places of a payer's effects in their traces. Those of last week are dropped.
    async fn note_traces(
        &self,
        payer: &str,
        traces: &[(String, String)],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The places of a payer's effects, as far as they were written down.
    async fn traces(
        &self,
        payer: &str,
        effects: &[String],
    ) -> Result<Vec<(String, String)>, StoreError>;

    /// What time the database has.
    async fn clock(&self) -> Result<Timestamp, StoreError>;
}

/// Something that waits, or that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// Arrivals and events without their turn.
    Inbox,
    /// Messages on their way, tried or not.
    Outbox,
    /// Messages that wait for the end of quiet hours.
    Held,
    /// Messages that were given up.
    Dead,
    /// Messages that may have arrived.
    Maybe,
    /// Calls without their result.
    Calls,
    /// Timers and planned starts that are due and not events yet.
    Overdue,
    /// Handoffs that nobody has given back.
    Handoffs,
}

impl Wait {
    pub(super) const ALL: [Wait; 8] = [
        Wait::Inbox,
        Wait::Outbox,
        Wait::Held,
        Wait::Dead,
        Wait::Maybe,
        Wait::Calls,
        Wait::Overdue,
        Wait::Handoffs,
    ];
}

/// How many of one kind wait for one payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The payer.
    pub payer: String,
    /// What waits.
    pub what: Wait,
    /// How many; not 0.
    pub count: u64,
    /// Since when the oldest does.
    pub since: Timestamp,
}

/// A conversation that nothing will move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The payer.
    pub payer: String,
    /// Its id.
    pub conversation: String,
    /// The flow's name.
    pub flow: String,
    /// When its last turn was.
    pub turned: Timestamp,
}
