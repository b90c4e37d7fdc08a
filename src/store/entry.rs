//! How staff get in: who they are at an identity provider, how their sessions came about, their
//! second factors, and what they had typed when they were asked for more.

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::Value;

use super::StoreError;
use super::reach::Whose;

/// Somebody whom a provider knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who it is here.
    pub whose: Whose,
    /// The login of her account; nobody can type it, because no password fits.
    pub login: String,
}

/// How a session came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Through the identity provider.
    Provider,
    /// By a password of this house.
    Local,
    /// By a password of this house, where that is for emergencies.
    Emergency,
}

impl How {
    /// As it stands in the database.
    pub fn name(self) -> &'static str {
        match self {
            How::Provider => "provider",
            How::Local => "local",
            How::Emergency => "emergency",
        }
    }

    /// Reads it back; a session of an older release is a local one.
    pub fn of(name: Option<&str>) -> How {
        match name {
            Some("provider") => How::Provider,
            Some("emergency") => How::Emergency,
            _ => How::Local,
        }
    }
}

/// What is known of a session beside that it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footing {
    /// How it came about.
    pub how: How,
    /// When the provider last vouched for her.
    pub vouched: Option<Timestamp>,
    /// When she last showed a second factor.
    pub stepped: Option<Timestamp>,
    /// What the provider wants to see when she logs out.
    pub hint: Option<String>,
}

impl Footing {
    /// A session that began by a password.
    pub fn by_password(how: How) -> Footing {
        Footing { how, vouched: None, stepped: None, hint: None }
    }
}

/// How wrong tries of a second factor end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lockout {
    /// Tries in a row, the last one counted.
    pub tries_max: u32,
    /// How long nothing is tried then, in milliseconds.
    pub lock_ms: i64,
}

/// The part of the store that the desk's door uses.
#[async_trait]
pub trait Entry: Send + Sync {
    /// Who a subject is here; `subject` is a digest of issuer and subject.
    async fn known(&self, subject: &str) -> Result<Option<Known>, StoreError>;

    /// Makes a subject this person, if neither is bound yet. A conflict where somebody else is
    /// this person, or the subject is somebody else.
    async fn bind(&self, subject: &str, whose: &Whose, now: Timestamp)
    -> Result<Known, StoreError>;

    /// Lets the next subject be this person; answers her account's login, if one was bound.
    async fn unbind(&self, whose: &Whose) -> Result<Option<String>, StoreError>;

    /// How a session stands.
    async fn footing(&self, session: &str) -> Result<Option<Footing>, StoreError>;

    /// Says how a session stands, sealed under whose it is.
    async fn put_footing(
        &self,
        session: &str,
        whose: &Whose,
        footing: &Footing,
    ) -> Result<(), StoreError>;

    /// Ends a person's sessions, all or all but one; answers how many.
    async fn end_sessions(&self, whose: &Whose, but: Option<&str>) -> Result<u32, StoreError>;

    /// The secret of a person's second factor.
    async fn factor(&self, whose: &Whose) -> Result<Option<Vec<u8>>, StoreError>;

    /// Gives a person a second factor and recovery codes (their digests) in the place of any she
    /// had. The code of `step` proved it, and counts no second time.
    async fn put_factor(
        &self,
        whose: &Whose,
        secret: &[u8],
        recovery: &[String],
        step: i64,
    ) -> Result<(), StoreError>;

    /// Takes a person's second factor away; `false` where she had none.
    async fn drop_factor(&self, whose: &Whose) -> Result<bool, StoreError>;

    /// Counts a try before it is looked at; `false` where none is allowed now.
    async fn try_factor(
        &self,
        whose: &Whose,
        now: Timestamp,
        lockout: Lockout,
    ) -> Result<bool, StoreError>;

    /// Takes the code of a time step; `false` where this or a later one was taken before.
    async fn pass_factor(&self, whose: &Whose, step: i64) -> Result<bool, StoreError>;

    /// Uses up a recovery code; `false` where there is none of this digest.
    async fn use_recovery(&self, whose: &Whose, digest: &str) -> Result<bool, StoreError>;

    /// Keeps what a person had typed, and drops what lapsed.
    async fn keep_form(
        &self,
        digest: &str,
        whose: &Whose,
        body: &Value,
        now: Timestamp,
        keep_ms: i64,
    ) -> Result<(), StoreError>;

    /// What a person had typed, while it is kept; never another's.
    async fn kept_form(
        &self,
        digest: &str,
        whose: &Whose,
        now: Timestamp,
    ) -> Result<Option<Value>, StoreError>;

    /// The roles of all accounts of a person, those of the demo where they count; none for whoever
    /// has no account (any more).
    async fn roles(&self, whose: &Whose, demo: bool) -> Result<Vec<String>, StoreError>;

    /// Who did this since, newest first: person and moment, from the audit.
    async fn lately(
        &self,
        payer: &str,
        what: &str,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, Timestamp)>, StoreError>;
}
