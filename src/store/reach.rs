//! Whose an address is, and what proves it.

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::Value;

use super::StoreError;
use super::consent::{Consent, Kept};
use super::disclosure::{Held, Told};
use super::representative::{Representative, Standing};

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

/// A one-time code that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChallenge {
    /// The digest of the token that only the asking browser has.
    pub digest: String,
    /// Who will be known by it; nobody, where nobody was found: then no code opens it.
    pub whose: Option<Whose>,
    /// The keyed digest of the code.
    pub code: String,
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

    /// Notes by itself that somebody agreed to something or took it back; person turns do it with
    /// what else they change.
    async fn agree(&self, whose: &Whose, it: &Consent, now: Timestamp) -> Result<(), StoreError>;

    /// What somebody agreed to and took back, oldest first; of whoever is forgotten, without what
    /// proved it.
    async fn consents(&self, whose: &Whose) -> Result<Vec<Kept>, StoreError>;

    /// Whether this address of hers was told once who writes there, how often and how to end it.
    async fn introduced(
        &self,
        whose: &Whose,
        channel: &str,
        address: &str,
    ) -> Result<bool, StoreError>;

    /// It is told now.
    async fn introduce(
        &self,
        whose: &Whose,
        channel: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Every message that reached somebody, or may have, oldest first.
    async fn told(&self, whose: &Whose) -> Result<Vec<Told>, StoreError>;

    /// Whose an address was and is.
    async fn held(&self, channel: &str, address: &str) -> Result<Vec<Held>, StoreError>;

    /// Lets somebody act for somebody; what stood between the two before ends.
    async fn represent(&self, it: &Representative, now: Timestamp) -> Result<(), StoreError>;

    /// Ends it; `false` where there was none.
    async fn end_representation(
        &self,
        whose: &Whose,
        representative: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Everyone who acted or acts for a payer's people, or for one of them, oldest first.
    async fn representatives(
        &self,
        payer: &str,
        person: Option<&str>,
    ) -> Result<Vec<Representative>, StoreError>;

    /// For whom somebody acts now, if for anybody.
    async fn acts_for(
        &self,
        representative: &Whose,
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError>;

    /// Keeps a one-time code; an earlier one of the same person counts no more.
    async fn put_challenge(&self, it: &NewChallenge, now: Timestamp) -> Result<(), StoreError>;

    /// Whose a challenge is, used or not; nobody's where nobody was found.
    async fn challenged(&self, digest: &str) -> Result<Option<Whose>, StoreError>;

    /// Spends a one-time code. Answers who is known by it, or nothing: another code, lapsed, spent,
    /// never made. Which of them nobody is told.
    async fn use_challenge(
        &self,
        digest: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<Whose>, StoreError>;

    /// Counts a try under a keyed index and answers how many are left; nothing, and it does not
    /// count, where there were so many in the span (milliseconds) already.
    async fn try_once(
        &self,
        idx: &str,
        now: Timestamp,
        most: (i64, i64),
    ) -> Result<Option<i64>, StoreError>;

    /// A try was right: those before it count no more.
    async fn tried_well(&self, idx: &str) -> Result<(), StoreError>;

    /// Since when links to her chat count, if somebody said once not to be her.
    async fn links_from(&self, whose: &Whose) -> Result<Option<Timestamp>, StoreError>;

    /// Whether a session is there, without using it.
    async fn is_session(&self, digest: &str) -> Result<bool, StoreError>;

    /// An address wrote.
    async fn hear(&self, channel: &str, address: &str, now: Timestamp) -> Result<(), StoreError>;

    /// When an address last wrote, where that is kept.
    async fn heard(&self, channel: &str, address: &str) -> Result<Option<Timestamp>, StoreError>;
}
