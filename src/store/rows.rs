//! The shapes that go in and out of the store, decrypted.

use std::collections::BTreeMap;

use mendline_engine::core::Program;
use mendline_engine::effect::{Closed, OpenHandoff};
use mendline_engine::event::{CallResult, Event, Receipt};
use mendline_engine::message::{EffectKey, Message};
use mendline_engine::state::State;
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::channels::Incoming;

/// An effect of a conversation, named for the whole house: `conversation/turn.index`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EffectRef {
    /// The conversation; for messages outside any, `person/NAME` of the inbox row.
    pub conversation: String,
    /// The effect.
    pub key: EffectKey,
}

impl std::fmt::Display for EffectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.conversation, self.key)
    }
}

impl From<EffectRef> for String {
    fn from(it: EffectRef) -> String {
        it.to_string()
    }
}

impl TryFrom<String> for EffectRef {
    type Error = String;

    fn try_from(text: String) -> Result<EffectRef, String> {
        text.parse()
    }
}

impl std::str::FromStr for EffectRef {
    type Err = String;

    fn from_str(text: &str) -> Result<EffectRef, String> {
        let (conversation, key) =
            text.rsplit_once('/').ok_or_else(|| format!("'{text}' names no effect"))?;
        Ok(EffectRef { conversation: conversation.into(), key: key.parse()? })
    }
}

/// A message on its way to one person: its effect, and whom it goes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageRef {
    /// The payer.
    pub payer: String,
    /// The effect; the idempotency key of the send.
    pub effect: EffectRef,
}

/// Something that came in, on its way to disk.
#[derive(Clone, Debug, PartialEq)]
pub struct NewArrival {
    /// Whose house.
    pub payer: String,
    /// Who is speaking: `web`, `desk`, `terminal`, `timer`, `call`, `dispatch`, `event`.
    pub source: String,
    /// The source's own id of it; the dedupe key with payer and source.
    pub id: String,
    /// The person who did it, if a person did.
    pub person: Option<String>,
    /// What.
    pub body: InboxBody,
    /// When.
    pub received: Timestamp,
    /// The words as the person sees them in her own chat; appended to her lines of `source`.
    pub line: Option<String>,
}

/// What stands in the inbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboxBody {
    /// From a channel: a person turn routes it.
    Arrival(Incoming),
    /// For one conversation: its turn applies it.
    Event {
        /// Which.
        conversation: String,
        /// What.
        event: Event,
    },
}

/// The arrival is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its number.
    pub seq: i64,
    /// Whether it was there already.
    pub duplicate: bool,
}

/// An arrival that waits for its person turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Unrouted {
    /// Its number.
    pub seq: i64,
    /// The payer.
    pub payer: String,
    /// The source.
    pub source: String,
    /// The person.
    pub person: String,
    /// What.
    pub incoming: Incoming,
    /// When it was received.
    pub received: Timestamp,
}

/// A person turn.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonCommit {
    /// The arrival that is dealt with.
    pub seq: i64,
    /// The payer.
    pub payer: String,
    /// The person.
    pub person: String,
    /// When.
    pub now: Timestamp,
    /// Where it goes: nowhere (done), or as events to conversations that exist or are begun here.
    pub events: Vec<(String, Event)>,
    /// Conversations that begin.
    pub begins: Vec<NewConversation>,
    /// What changes about the person.
    pub facts: Vec<PersonFact>,
    /// What is said outside any conversation, in order. Their effect refs are
    /// `person/PERSON/SEQ` with turn 0.
    pub says: Vec<Message>,
    /// The answer for the one who waits on [`super::Store::settled`], if routing settled it.
    pub settled: Option<Value>,
}

/// A fact about a person that a person turn changes.
#[derive(Clone, Debug, PartialEq)]
pub enum PersonFact {
    /// She chose a language.
    Language(String),
    /// She opted out of a channel.
    OptedOut {
        /// Which.
        channel: String,
    },
    /// She opted in again.
    OptedIn {
        /// Which.
        channel: String,
    },
    /// This question has her focus on this channel now (a tap focuses its follow-up).
    Focus {
        /// The channel.
        channel: String,
        /// The question; `None` frees it.
        question: Option<EffectRef>,
    },
}

/// A conversation to begin.
#[derive(Clone, Debug, PartialEq)]
pub struct NewConversation {
    /// Its id, made by the caller (UUID v7).
    pub id: String,
    /// The flow version it is pinned to.
    pub flow_hash: String,
    /// The flow's name, for lists.
    pub flow: String,
    /// The person it is for; everything private in it is encrypted under this person's key.
    pub principal: String,
    /// The `run` that waits for it, if one does.
    pub parent: Option<EffectRef>,
    /// Its first event.
    pub event: Event,
    /// When the first event is due; in the future for `remind`.
    pub at: Timestamp,
}

/// A conversation with work to do, leased.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// The conversation.
    pub conversation: Conversation,
    /// Its events: inbox number, event, source, when received.
    pub events: Vec<(i64, Event, String, Timestamp)>,
}

/// A conversation as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// The payer.
    pub payer: String,
    /// Its id.
    pub id: String,
    /// The flow's name.
    pub flow: String,
    /// The flow version.
    pub flow_hash: String,
    /// The person it is for.
    pub principal: String,
    /// The `run` that waits for it.
    pub parent: Option<EffectRef>,
    /// Its state; `state.turn` is the revision.
    pub state: State,
    /// When it began.
    pub began: Timestamp,
    /// When its last turn was.
    pub turned: Timestamp,
}

/// A turn (or several in a row, for one conversation) to commit.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnCommit {
    /// The payer.
    pub payer: String,
    /// The conversation.
    pub conversation: String,
    /// The person whose key encrypts it.
    pub principal: String,
    /// `state.turn` as it was loaded; another value in the database is a conflict.
    pub expected_turn: u32,
    /// The state after.
    pub state: State,
    /// The inbox rows that are done with it, each with the answer for whoever waits on it.
    pub done: Vec<(i64, Option<Value>)>,
    /// Messages, each with the person who holds the party now.
    pub messages: Vec<NewMessage>,
    /// Calls.
    pub calls: Vec<NewCall>,
    /// Timers to set: name, generation, due.
    pub timers: Vec<(String, u32, Timestamp)>,
    /// Timers to clear, by name.
    pub cleared: Vec<String>,
    /// Questions to close.
    pub closed: Vec<(EffectKey, Closed)>,
    /// Handoffs to open, update, close.
    pub handoffs: Vec<HandoffChange>,
    /// Conversations to begin.
    pub begins: Vec<NewConversation>,
    /// Events for other conversations (a child's end for its parent).
    pub events: Vec<(String, Event)>,
    /// Identifiers that the conversation can be found by from now on (claim numbers).
    pub identifiers: Vec<String>,
    /// The record's rows, one per engine turn, as JSON.
    pub record: Vec<Value>,
    /// When.
    pub now: Timestamp,
}

/// A message to commit.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// Its effect.
    pub key: EffectKey,
    /// The person it goes to.
    pub person: String,
    /// What.
    pub message: Message,
    /// When the question's card is due, for the queue's order.
    pub due: Option<Timestamp>,
}

/// A call to commit.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCall {
    /// Its effect.
    pub key: EffectKey,
    /// `pbm.authorize`.
    pub action: String,
    /// Its arguments.
    pub input: Value,
    /// Whether it changes the world.
    pub write: bool,
}

/// A change to a handoff.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "few live at once, and each is moved once")]
pub enum HandoffChange {
    /// It opens, holding `person` if a party is held.
    Open {
        /// Its effect.
        key: EffectKey,
        /// What the desk sees.
        open: OpenHandoff,
        /// The held person.
        person: Option<String>,
    },
    /// Somebody took it.
    Taken {
        /// Which.
        key: EffectKey,
        /// The holder: person and name.
        holder: (String, String),
    },
    /// It is over.
    Close {
        /// Which.
        key: EffectKey,
    },
    /// Something for the holder's eyes, in order.
    Draft {
        /// Which.
        key: EffectKey,
        /// The draft (`mendline_engine::effect::Draft`) as JSON, with `at`.
        draft: Value,
    },
}

/// A message to send.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// Its name.
    pub key: MessageRef,
    /// The conversation's flow hash, for identity and purpose; `None` outside any conversation.
    pub flow_hash: Option<String>,
    /// The person.
    pub person: String,
    /// What.
    pub message: Message,
    /// Bytes and channel, once frozen.
    pub frozen: Option<Frozen>,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was committed.
    pub committed: Timestamp,
}

/// What was rendered at the first attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// The channel.
    pub channel: String,
    /// The text.
    pub text: String,
    /// Key and label of each button.
    pub buttons: Vec<(String, String)>,
    /// The language it came out in.
    pub language: String,
    /// Whether this is the private form.
    pub private: bool,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Became {
    /// Handed to the channel; `shown` if that is as good as seen.
    Sent {
        /// Whether the channel can already say that it was shown.
        shown: bool,
    },
    /// To be tried again at this moment.
    Later(Timestamp),
    /// Held until quiet hours end.
    Held(Timestamp),
    /// Not allowed anywhere.
    Withheld(String),
    /// Given up; a visible dead letter. Its successors are released.
    Dead(String),
    /// It may have arrived.
    Maybe,
    /// A later report on a sent message.
    Reported(Receipt),
}

/// A dead letter, without its words.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// Its name.
    pub key: MessageRef,
    /// Why, as the channel's code.
    pub why: String,
    /// When it was given up.
    pub at: Timestamp,
}

/// A call to make.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRow {
    /// The payer.
    pub payer: String,
    /// Its name; the idempotency key.
    pub key: EffectRef,
    /// `pbm.authorize`.
    pub action: String,
    /// Its arguments.
    pub input: Value,
    /// Whether it changes the world.
    pub write: bool,
    /// Attempts so far.
    pub attempts: u32,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum CallBecame {
    /// It is over.
    Returned(CallResult),
    /// To be tried again.
    Later(Timestamp),
}

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
}

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

/// A message with what became of it, for the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRow {
    /// Its name.
    pub key: MessageRef,
    /// Whom it went to.
    pub person: String,
    /// What.
    pub message: Message,
    /// The bytes, once frozen.
    pub frozen: Option<Frozen>,
    /// `due`, `sent`, `shown`, `held`, `withheld`, `dead`, `maybe`.
    pub status: String,
    /// When it was committed.
    pub committed: Timestamp,
    /// When its status last changed.
    pub changed: Timestamp,
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

/// What became of an arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The conversation it went to, if any.
    pub conversation: Option<String>,
    /// The answers (`mendline_engine::effect::VerdictKind` as JSON), if its turn gave any.
    pub answer: Option<Value>,
}
