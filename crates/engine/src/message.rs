//! What a turn says: messages and cards, with everything that rendering and screening need.
//!
//! A message is self-contained. It names a party, never an address; it holds the words in
//! every language and the typed values, so that the bytes can be made for whichever channel
//! is chosen when it leaves, and the flow need not be at hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::Need;
use crate::text::{Values, Wording};
use crate::time::Timestamp;
use crate::types::{Type, Words};

/// Names an effect within its conversation for all time: the n-th effect of the n-th turn.
/// Written `turn.index`; with the conversation's id before it, it is the idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EffectKey {
    /// Which turn.
    pub turn: u32,
    /// Which of its effects.
    pub index: u32,
}

impl std::fmt::Display for EffectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.turn, self.index)
    }
}

impl From<EffectKey> for String {
    fn from(key: EffectKey) -> String {
        key.to_string()
    }
}

impl TryFrom<String> for EffectKey {
    type Error = String;

    fn try_from(text: String) -> Result<EffectKey, String> {
        text.parse()
    }
}

impl std::str::FromStr for EffectKey {
    type Err = String;

    fn from_str(text: &str) -> Result<EffectKey, String> {
        let parsed = text
            .split_once('.')
            .and_then(|(turn, index)| Some((turn.parse().ok()?, index.parse().ok()?)));
        let (turn, index) = parsed.ok_or_else(|| format!("'{text}' is no effect key"))?;
        Ok(EffectKey { turn, index })
    }
}

/// One thing to say to one party.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// To whom.
    pub party: String,
    /// Why we speak; consent and quiet hours go by it.
    pub kind: MessageKind,
    /// The words.
    pub wording: Wording,
    /// The values in them.
    pub values: Values,
    /// The buttons under it. Empty for a plain message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    /// The question that an answer belongs to, if it asks one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<EffectKey>,
    /// For a `decide`: what the card holds beside the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
    /// Where it must be read: the first message that says it. Others with the same key are copies of
    /// it, each for a channel on which none of them was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<EffectKey>,
}

/// Why we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Somebody just spoke, and this answers. Quiet hours do not hold it.
    Reply,
    /// We speak first: news, a reminder, a question that comes up by itself.
    Proactive,
    /// The closing at the end.
    Closing,
    /// Help in danger. Neither quiet hours nor a channel's level hold it; only an opt-out does.
    Safety,
    /// A person's words, sent through us (a handoff's reply).
    Person,
    /// What a channel's rules make us answer where it was asked: that an opt-out counts, whom to
    /// call. Nothing holds it, the opt-out that it confirms included.
    Duty,
    /// A one-time code that somebody asked for a moment ago. Quiet hours do not hold it.
    Code,
}

/// A button or menu entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Button {
    /// What a tap says.
    pub key: String,
    /// What it reads, by language.
    pub label: Words,
    /// The value that the answer takes, where that is more than the key (a record of a list).
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
    /// What must be given with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<OpenNeed>,
}

/// A [`Need`] with the list it chooses from, already narrowed to what is allowed here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenNeed {
    /// The need.
    pub need: Need,
    /// The reasons to choose from: code, staff label, and the worker's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<crate::catalog::Reason>,
    /// What it must be less than, as it was when the card was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<i64>,
}

/// What a decision card holds beside its words. Frozen: the digest is what the decision keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The decision field.
    pub decision: String,
    /// Every known field that the card's words, choices and labels name, whole records included.
    pub facts: BTreeMap<String, Fact>,
    /// Hex SHA-256 of the facts as canonical JSON.
    pub digest: String,
    /// The authority that the decider must hold on the claim.
    pub authority: Option<String>,
    /// When the decision was opened.
    pub opened: Timestamp,
    /// The operational limit or the statutory one, whichever is in force.
    pub due: Option<Timestamp>,
    /// The rule behind `due`, with its source and confidence, for staff.
    pub rule: Option<Value>,
    /// How often it was asked again.
    pub round: u32,
    /// Per final choice: what the worker will read if it is taken now, as the wording and its
    /// values with the need's value left open. Empty where the flow says nothing to her there.
    #[serde(default)]
    pub preview: BTreeMap<String, Preview>,
}

/// A frozen fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// The value as it was.
    pub value: Value,
    /// What it is.
    #[serde(rename = "type")]
    pub ty: Type,
}

/// What the principal would read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The words.
    pub wording: Wording,
    /// The values known now.
    pub values: Values,
}
