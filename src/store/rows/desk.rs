//! What the desk sees: questions, handoffs, the record, and what is noted about its reads.

use std::collections::BTreeMap;

use mendline_engine::core::Program;
use mendline_engine::effect::{Closed, OpenHandoff};
use mendline_engine::message::Message;
use mendline_engine::time::Timestamp;
use serde_json::Value;

use super::EffectRef;

/// A question as put to one person.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionRow {
    /// The payer.
    pub payer: String,
    /// Its name.
    pub question: EffectRef,
    /// Whom it was put to.
    pub person: String,
    /// The party.
    pub party: String,
    /// The last message that put it (its card, its buttons).
    pub message: Message,
    /// When it was opened toward this person.
    pub opened: Timestamp,
    /// When it is due.
    pub due: Option<Timestamp>,
    /// When it was shown.
    pub shown: Option<Timestamp>,
    /// How it was closed, once it was.
    pub closed: Option<Closed>,
    /// The principal of the conversation.
    pub principal: String,
}

/// A handoff before a desk.
#[derive(Clone, Debug, PartialEq)]
pub struct HandoffRow {
    /// The payer.
    pub payer: String,
    /// Its name.
    pub handoff: EffectRef,
    /// What the desk sees.
    pub open: OpenHandoff,
    /// The held person.
    pub person: Option<String>,
    /// The principal of the conversation.
    pub principal: String,
    /// Who took it: person and name.
    pub holder: Option<(String, String)>,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// Drafts and notes, oldest first.
    pub drafts: Vec<Value>,
}

/// A row of the record.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordRow {
    /// Its number in the conversation, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// `{event, source, now, reads, rules, flow, engine, effects, position}`.
    pub body: Value,
    /// Hex SHA-256 over the previous hash and the ciphertext.
    pub hash: String,
}

/// Staff looked at something.
#[derive(Clone, Debug, PartialEq)]
pub struct StaffRead {
    /// The payer.
    pub payer: String,
    /// Who looked.
    pub staff: String,
    /// At which conversation.
    pub conversation: String,
    /// What: `card`, `timeline`, `handoff`.
    pub what: String,
    /// When.
    pub at: Timestamp,
}

/// A security event.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// The payer, where one is known.
    pub payer: String,
    /// Who: a person, or `unknown`.
    pub who: String,
    /// `login_failed`, `login`, `logout`, `not_allowed`, `rx_lookup`, `invite_used`, …
    pub what: String,
    /// The conversation, if any.
    pub conversation: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A flow version.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptFlow {
    /// Hash over its sources.
    pub hash: String,
    /// File name to text.
    pub sources: BTreeMap<String, String>,
    /// Lowered.
    pub program: Program,
}
