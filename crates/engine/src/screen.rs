//! The last look before sending: may these words reach this person on this channel now?

use serde::{Deserialize, Serialize};

use crate::label::Labels;
use crate::message::{Message, MessageKind};
use crate::time::Timestamp;

/// What the screen must know of the way to the person. Gathered by dispatch.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The channel's PHI level, 0 to 3 (facts 4.2), after this person's documented consents.
    pub level: u8,
    /// The role of the party (`injured_worker`, `adjuster`, …), which says what labels it may read.
    pub role: String,
    /// Whether this person is verified, now, to the level that the flow asks for.
    pub verified: bool,
    /// Whether the person opted out of this channel altogether.
    pub opted_out: bool,
    /// Purposes the person has consented to here; `None` where the channel needs no consent
    /// (the person is there right now: web chat, the desk).
    pub consents: Option<Vec<String>>,
    /// Quiet hours as minutes of the recipient's local day during which we may write; `None`
    /// where none apply.
    pub waking: Option<(u16, u16)>,
    /// The recipient's zone.
    pub zone: String,
}

/// What may be done with a message on this way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Send the full words.
    Full,
    /// Send the private form (the flow's, or the built-in "there is an update" with a secure link).
    Private,
    /// Not now: at this moment.
    HoldUntil(Timestamp),
    /// Not on this way, as a code: `opted_out`, `no_consent`, `role_may_not_read`, `unverified`.
    Withhold(String),
}

/// Screens one message for one way.
pub fn screen(message: &Message, way: &Way, purpose: Option<&str>, now: Timestamp) -> Verdict {
    let _ = (message, way, purpose, now, MessageKind::Reply, Labels::NONE);
    Verdict::Full
}
