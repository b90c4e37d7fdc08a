//! Messages as they stand in chat apps that let us change them: those that ask something are
//! closed there when it is over, so that nobody taps what was decided long ago.

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{EffectRef, MessageRef, StoreError};

/// A message that asks something, as it stands on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingMessage {
    /// The message.
    pub key: MessageRef,
    /// What it asks; where it asks nothing and must be read, the message that says it first.
    pub question: EffectRef,
    /// Whom.
    pub person: String,
    /// On which channel.
    pub channel: String,
    /// Where it stands there, and how it reads.
    pub stands: Stands,
}

/// Where a message stands, and how it reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    /// The address.
    pub to: String,
    /// The channel's own name for the message.
    pub id: String,
    /// Its words.
    pub text: String,
    /// Their language.
    pub language: String,
}

/// One whose question is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// The message.
    pub message: StandingMessage,
    /// Since when.
    pub since: Timestamp,
    /// Whether its reader went on elsewhere.
    pub elsewhere: bool,
}

/// The part of the store that knows where messages stand.
#[async_trait]
pub trait Standing: Send + Sync {
    /// Keeps where a message stands; where its question was closed meanwhile it is due at once.
    async fn keep_standing(&self, message: &StandingMessage) -> Result<(), StoreError>;

    /// Those whose question is over and that are due, the oldest first, ours for `lease_ms`.
    async fn standing_over(
        &self,
        now: Timestamp,
        lease_ms: i64,
        most: u32,
    ) -> Result<Vec<Over>, StoreError>;

    /// It is tried again then.
    async fn close_later(&self, key: &MessageRef, at: Timestamp) -> Result<(), StoreError>;

    /// A report on a message is waited for until then.
    async fn await_report(&self, key: &MessageRef, until: Timestamp) -> Result<(), StoreError>;

    /// Messages whose report was waited for long enough. They are named again until they are
    /// [`Standing::awaited_enough`].
    async fn unreported(&self, now: Timestamp, most: u32) -> Result<Vec<MessageRef>, StoreError>;

    /// Nobody waits for that report any more.
    async fn awaited_enough(&self, key: &MessageRef) -> Result<(), StoreError>;

    /// It is closed, or will never be.
    async fn closed_there(&self, key: &MessageRef) -> Result<(), StoreError>;

    /// Channels that other messages to this person went over, or are on their way over, which say
    /// what `notice` said first.
    async fn tried(
        &self,
        key: &MessageRef,
        notice: &EffectRef,
        person: &str,
    ) -> Result<Vec<String>, StoreError>;

    /// Its channel refused the first attempt for good, and nothing left: it may be rendered for
    /// another one.
    async fn thaw(&self, key: &MessageRef, channel: &str) -> Result<(), StoreError>;
}
