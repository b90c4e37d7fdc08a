//! People: who they are, their chats, their accounts and sessions.

use std::collections::BTreeMap;

use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MessageRef;
use crate::store::care::Leaving;

/// A person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The payer.
    pub payer: String,
    /// The person's id, from the claim system.
    pub person: String,
    /// `injured_worker`, `adjuster`, `supervisor`, `pharmacy`, `agent`, …
    pub role: String,
    /// `Ana`.
    pub first_name: String,
    /// `Ana Example`.
    pub name: String,
    /// The language she reads.
    pub language: String,
    /// IANA zone.
    pub zone: String,
    /// Office calendar, for staff.
    pub office: Option<String>,
    /// Channel to address (encrypted at rest): `web` → the person id, `sms` → a number.
    pub addresses: BTreeMap<String, String>,
    /// Channels opted out of.
    pub opted_out: Vec<String>,
    /// What she agreed to be told, by channel: purposes, or everything. From her own acts alone.
    #[serde(skip)]
    pub consents: BTreeMap<String, Vec<String>>,
    /// The channel that she used last.
    #[serde(skip)]
    pub at: Option<String>,
}

/// A line of a person's chat.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLine {
    /// The payer.
    pub payer: String,
    /// The person whose chat it is.
    pub person: String,
    /// The channel.
    pub channel: String,
    /// The dedupe key.
    pub key: String,
    /// The message it shows, for receipts.
    pub message: Option<MessageRef>,
    /// What a pause that came meanwhile needs to know of that message.
    pub leaving: Option<Leaving>,
    /// What the client gets, as JSON: `{from, name?, text, buttons, question?}`.
    pub body: Value,
    /// When.
    pub at: Timestamp,
}

/// A line with its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its number in this chat, from 1, without gaps.
    pub seq: i64,
    /// What the client gets.
    pub body: Value,
    /// When.
    pub at: Timestamp,
    /// Whether the question on it (if any) is still open.
    pub open: bool,
}

/// A staff account.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The login name, lower case.
    pub login: String,
    /// The payer.
    pub payer: String,
    /// The person.
    pub person: String,
    /// Argon2id hash in PHC form.
    pub password: String,
    /// `adjuster`, `supervisor`, `desk:pharmacy_desk`, `desk:claims_desk`.
    pub roles: Vec<String>,
    /// Whether it exists only in the demo; refused elsewhere.
    pub demo: bool,
}

/// A session, of staff or of a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// `worker`, or `staff/LOGIN`.
    pub kind: String,
    /// The payer.
    pub payer: String,
    /// The person.
    pub person: String,
    /// The token that forms must carry.
    pub csrf: String,
    /// When it began.
    pub began: Timestamp,
    /// When it was last used.
    pub last_seen: Timestamp,
}
