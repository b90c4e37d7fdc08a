//! What servers that share a database agree on: who holds a thing that only one may hold, and
//! which format of the state all of them can read. A lone server agrees with itself.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;

use super::StoreError;

/// What a holder is given: it grows with every change of holder. Whoever comes with an older one
/// slept through its lease, and is refused.
pub type Token = i64;

/// The part of the store in which servers agree.
#[async_trait]
pub trait Shared: Send + Sync {
    /// Holds a name (a long poll, a gateway's line) until `now + lease_ms`; `None` while somebody
    /// else holds it. The holder asks again well before its lease ends. `who` names one run of
    /// one server, so that a restarted one is somebody else.
    async fn take_hold(
        &self,
        name: &str,
        who: &str,
        now: Timestamp,
        lease_ms: i64,
    ) -> Result<Option<Token>, StoreError>;

    /// Lets go, so that the next need not wait for the lease to end. Nothing happens if it is not
    /// held under this token.
    async fn let_go(&self, name: &str, token: Token) -> Result<(), StoreError>;

    /// Keeps how far the holder has come (a long poll's offset); `false`, and nothing is kept,
    /// where somebody else holds it by now.
    async fn keep_place(&self, name: &str, token: Token, place: &str) -> Result<bool, StoreError>;

    /// How far whoever held it last has come.
    async fn place(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// A server says that it runs and can read states up to the format `reads`, until
    /// `now + lease_ms`. Answers with the newest format that every running server can read: what
    /// may be written. Refuses one that could not read what has been written already.
    async fn note_reader(
        &self,
        who: &str,
        reads: u32,
        now: Timestamp,
        lease_ms: i64,
    ) -> Result<u32, StoreError>;

    /// A server says that it does not run any more.
    async fn forget_reader(&self, who: &str) -> Result<(), StoreError>;

    /// Whether other servers may work on the same database.
    fn has_others(&self) -> bool;

    /// How servers call to each other, where there is a direct line.
    fn wire(&self) -> Option<Arc<dyn Wire>>;
}

/// A line on which servers call to each other. Calls may be lost.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Calls to every server, the caller included. At most [`CALL_BYTES_MAX`].
    async fn call(&self, words: &str) -> Result<(), StoreError>;

    /// Begins to listen.
    async fn listen(&self) -> Result<Box<dyn Ear>, StoreError>;
}

/// Longest call, in bytes: PostgreSQL takes a little less than 8,000
/// (<https://www.postgresql.org/docs/current/sql-notify.html>).
pub const CALL_BYTES_MAX: usize = 7_000;

/// Hears what was called since it began to listen.
#[async_trait]
pub trait Ear: Send {
    /// Waits for the next call; an error when the line was cut and calls may have been lost.
    async fn hear(&mut self) -> Result<String, StoreError>;
}
