//! What an operator keeps back: pauses of what leaves, legal holds on what is forgotten, and how
//! much a flow may send by itself.
//!
//! It lies in the database and not in a server's memory, so that it survives a restart and binds
//! every server on the same database.

use async_trait::async_trait;
use mendline_engine::message::MessageKind;
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{EffectRef, MessageRef, StoreError};

/// What a pause stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseKind {
    /// What one flow says.
    Flow,
    /// What would leave over one channel.
    Channel,
    /// What one payer's people would get.
    Payer,
}

impl PauseKind {
    /// As it stands in the database and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            PauseKind::Flow => "flow",
            PauseKind::Channel => "channel",
            PauseKind::Payer => "payer",
        }
    }
}

impl std::str::FromStr for PauseKind {
    type Err = String;

    fn from_str(text: &str) -> Result<PauseKind, String> {
        let all = [PauseKind::Flow, PauseKind::Channel, PauseKind::Payer];
        let found = all.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| format!("'{text}' is no flow, channel or payer"))
    }
}

/// Which pause: what it stops, and whose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PauseRef {
    /// The payer whose messages wait; `None` for every payer's.
    pub payer: Option<String>,
    /// What it stops.
    pub kind: PauseKind,
    /// The flow or channel; empty for a payer.
    pub name: String,
}

/// `flow refill`, `channel sms of northwind`, `payer northwind`.
impl std::fmt::Display for PauseRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.kind, &self.payer) {
            (PauseKind::Payer, payer) => write!(f, "payer {}", payer.as_deref().unwrap_or("?")),
            (kind, None) => write!(f, "{} {}", kind.name(), self.name),
            (kind, Some(payer)) => write!(f, "{} {} of {payer}", kind.name(), self.name),
        }
    }
}

/// Nothing leaves that this stops, except help in danger and people's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Which.
    #[serde(flatten)]
    pub of: PauseRef,
    /// Whether answers go on and only what we begin ourselves waits.
    pub proactive: bool,
    /// Since when.
    pub since: Timestamp,
    /// Who said so: `operator/…`, or `mendline` where a limit was reached.
    pub who: String,
    /// Why, without anybody's name in it.
    pub why: String,
}

/// What pauses need to know of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// The flow that says it; nothing for what is said outside any.
    pub flow: Option<String>,
    /// What kind of message it is.
    pub kind: MessageKind,
}

impl Leaving {
    /// Whether no pause ever stops it: help in danger, a person's own words, and that an opt-out
    /// counts.
    pub fn is_exempt(&self) -> bool {
        matches!(self.kind, MessageKind::Safety | MessageKind::Person | MessageKind::Duty)
    }

    /// Whether we begin with it, and nobody's answer it is.
    pub fn begins(&self) -> bool {
        match self.kind {
            MessageKind::Proactive | MessageKind::Closing => true,
            MessageKind::Reply
            | MessageKind::Safety
            | MessageKind::Person
            | MessageKind::Duty
            | MessageKind::Code => false,
        }
    }
}

impl Pause {
    /// Whether it stops a payer's message on a channel.
    pub fn stops(&self, payer: &str, channel: &str, it: &Leaving) -> bool {
        let here = self.of.payer.as_ref().is_none_or(|of| of == payer);
        let kind = match self.of.kind {
            PauseKind::Payer => self.of.payer.is_some(),
            PauseKind::Channel => self.of.name == channel,
            PauseKind::Flow => it.flow.as_deref() == Some(self.of.name.as_str()),
        };
        here && kind && !it.is_exempt() && (!self.proactive || it.begins())
    }
}

/// What waits under a pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The pause.
    pub of: PauseRef,
    /// Whose messages.
    pub payer: String,
    /// The flow that says them; empty for what is said outside any.
    pub flow: String,
    /// How many.
    pub messages: u32,
    /// Since when the oldest does.
    pub oldest: Timestamp,
}

/// A person who must not be forgotten, whatever anybody asks and however long ago it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalHold {
    /// The payer.
    pub payer: String,
    /// The person.
    pub person: String,
    /// Since when.
    pub since: Timestamp,
    /// Who said so.
    pub who: String,
    /// Why: a matter's number, a letter's date. Kept sealed.
    pub why: String,
}

/// How much of a flow's hour is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance<'a> {
    /// The payer.
    pub payer: &'a str,
    /// The flow.
    pub flow: &'a str,
    /// The hour, counted since the Unix epoch.
    pub hour: i64,
    /// How many messages more.
    pub want: u32,
    /// How many there are in all.
    pub limit: u32,
}

/// The part of the store that operators write.
#[async_trait]
pub trait Care: Send + Sync {
    /// Pauses; a second time says anew who and why.
    async fn pause(&self, pause: &Pause) -> Result<(), StoreError>;

    /// Every pause, oldest first.
    async fn pauses(&self) -> Result<Vec<Pause>, StoreError>;

    /// Ends a pause and makes what waits due, in its old order; answers how many. A flow's hourly
    /// count begins anew, so that the same limit does not stop it at once.
    async fn resume(&self, of: &PauseRef, now: Timestamp) -> Result<u32, StoreError>;

    /// Puts a message aside until the pause ends. Where it ended meanwhile, the message is due.
    async fn park(
        &self,
        key: &MessageRef,
        under: &PauseRef,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Messages that wait under a pause, oldest first.
    async fn parked(&self, under: &PauseRef, limit: u32) -> Result<Vec<MessageRef>, StoreError>;

    /// What waits, by pause, payer and flow.
    async fn waiting(&self) -> Result<Vec<Waiting>, StoreError>;

    /// Takes a piece of a flow's hour; `false`, and nothing taken, where not so much is left.
    async fn allow(&self, it: &Allowance<'_>) -> Result<bool, StoreError>;

    /// Gives back messages that were leased and not begun.
    async fn release_messages(&self, keys: &[MessageRef]) -> Result<(), StoreError>;

    /// Gives back calls that were leased and not begun: payer and key of each.
    async fn release_calls(&self, keys: &[(String, EffectRef)]) -> Result<(), StoreError>;

    /// Puts a person under a legal hold; a second time says anew who and why.
    async fn hold(&self, hold: &LegalHold) -> Result<(), StoreError>;

    /// Lifts a legal hold; `false` where there was none.
    async fn lift(&self, payer: &str, person: &str) -> Result<bool, StoreError>;

    /// Legal holds, of one payer or of all, oldest first.
    async fn holds(&self, payer: Option<&str>) -> Result<Vec<LegalHold>, StoreError>;

    /// People of a payer for whom nothing has happened since `before` in any conversation of
    /// theirs, without a hold and without an account: in the order of their names, after `after`.
    async fn quiet_since(
        &self,
        payer: &str,
        before: Timestamp,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError>;
}
