//! Whose an address is, and what proves it.

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::Value;

use super::StoreError;

/// A person as an address names her.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The payer.
    pub payer: String,
    /// The person.
    pub person: String,
}

/// What proves that an address is a person's: a link that she opens there, or a code that she
/// reads there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCode {
    /// The digest of the code; the code itself is never kept.
    pub digest: String,
    /// Whose address it will be.
    pub whose: Whose,
    /// On which channel.
    pub channel: String,
    /// Until when it counts.
    pub expires: Timestamp,
}

/// The part of the store that knows addresses.
#[async_trait]
pub trait Reach: Send + Sync {
    /// Whose an address is.
    async fn whose(&self, channel: &str, address: &str) -> Result<Option<Whose>, StoreError>;

    /// Keeps a code, and drops those that lapsed.
    async fn put_code(&self, code: &NewCode, now: Timestamp) -> Result<(), StoreError>;

    /// Spends a code for an address; the same address may come again. Answers whose it is, or
    /// nothing: unknown, lapsed, for another channel, or spent by another address. Which of them
    /// nobody is told.
    async fn use_code(
        &self,
        digest: &str,
        channel: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Option<Whose>, StoreError>;

    /// The numbered menus of a person's address on a channel, and how often they changed; nothing
    /// where she has no address there.
    async fn menus(
        &self,
        whose: &Whose,
        channel: &str,
    ) -> Result<Option<(Option<Value>, i64)>, StoreError>;

    /// Keeps menus that changed; `false`, and nothing is kept, where somebody else changed them
    /// since they were read as of `rev`.
    async fn keep_menus(
        &self,
        whose: &Whose,
        channel: &str,
        rev: i64,
        menus: &Value,
    ) -> Result<bool, StoreError>;

    /// An address wrote.
    async fn hear(&self, channel: &str, address: &str, now: Timestamp) -> Result<(), StoreError>;

    /// When an address last wrote, where that is kept.
    async fn heard(&self, channel: &str, address: &str) -> Result<Option<Timestamp>, StoreError>;
}
