//! The shapes that go in and out of the store, decrypted.

mod desk;
mod dispatch;
mod people;

use std::collections::BTreeMap;

use mendline_engine::effect::{Closed, OpenHandoff};
use mendline_engine::event::Event;
use mendline_engine::message::{EffectKey, Message};
use mendline_engine::state::State;
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use desk::{AuditEntry, HandoffRow, KeptFlow, QuestionRow, RecordRow, StaffRead};
pub use dispatch::{Became, CallBecame, CallRow, DeadLetter, Frozen, MessageRow, OutboxRow};
pub use people::{Account, Line, NewLine, Person, Session};

use super::consent::Consent;
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
    /// She agreed to be written to, or took it back.
    Consent(Box<Consent>),
    /// Somebody else may have had her links and her open pages: none made before this moment
    /// counts any more.
    NothingBefore(Timestamp),
    /// This question has her focus on this channel now (a tap focuses its follow-up).
    Focus {
        /// The channel.
        channel: String,
        /// The question; `None` frees it.
        question: Option<EffectRef>,
    },
    /// An address on a channel is hers.
    Linked {
        /// The channel.
        channel: String,
        /// The address there.
        address: String,
        /// What proves it.
        how: Proof,
    },
    /// What she had on a channel is hers no more.
    Unlinked {
        /// The channel.
        channel: String,
    },
    /// She is on this channel now: what is said to her goes there first.
    At {
        /// The channel.
        channel: String,
    },
}

/// What proves that an address is somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A link, made where she was verified, was opened there.
    Link,
    /// A code that was sent there was given where she was verified.
    Code,
}

impl Proof {
    /// As it stands in the database.
    pub fn name(self) -> &'static str {
        match self {
            Proof::Link => "link",
            Proof::Code => "code",
        }
    }
}

impl PersonCommit {
    /// The events that this makes of its arrival, numbered as they enter the inbox: first what
    /// begins now, then what goes to conversations that are there. What begins later has its
    /// number and no event yet.
    pub fn parts(&self) -> impl Iterator<Item = (u32, &str, &Event)> {
        let begins = (1..).zip(&self.begins);
        let now = begins.filter(|(_, new)| new.at <= self.now);
        let first = u32::try_from(self.begins.len()).unwrap_or(u32::MAX).saturating_add(1);
        now.map(|(part, new)| (part, new.id.as_str(), &new.event)).chain(
            (first..).zip(&self.events).map(|(part, (id, event))| (part, id.as_str(), event)),
        )
    }
}

/// An arrival with everything that it leads to at once, to commit together.
#[derive(Clone, Debug, PartialEq)]
pub struct Carry {
    /// What came in.
    pub arrival: NewArrival,
    /// Its person turn; `seq` is not known yet and not looked at.
    pub person: PersonCommit,
    /// Turns of the conversations it goes to. What they applied of this arrival has its number of
    /// [`PersonCommit::parts`] in `done`, below zero; what waited before it, its inbox number.
    pub turns: Vec<TurnCommit>,
}

/// What became of a [`Carry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The arrival is on disk.
    pub accepted: Accepted,
    /// Whether all of its turns are. What lost against another turn waits in the inbox.
    pub turned: bool,
}

/// Whom and what to look up before an arrival is routed.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The payer.
    pub payer: String,
    /// The person who did it.
    pub person: String,
    /// The channel it came by.
    pub channel: String,
    /// Conversations that it names.
    pub named: Vec<String>,
}

/// Everything that routing an arrival looks at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// The person, if known here.
    pub person: Option<Person>,
    /// Arrivals of this person that wait for their person turn.
    pub unrouted: u32,
    /// The question that has the person's focus on the channel, if it is still open.
    pub focus: Option<QuestionRow>,
    /// The person's conversations that have not ended, newest first, at most [`OPEN_MAX`].
    pub open: Vec<Conversation>,
    /// Those that the arrival names, or that the focus is in.
    pub named: Vec<Conversation>,
    /// Events that wait before these conversations, oldest first.
    pub waiting: BTreeMap<String, Vec<Waits>>,
    /// Among all of these, the ones that are being turned, or before which too much waits.
    pub busy: Vec<String>,
    /// Among all of these, the ones that still have something to say to this person.
    pub leaving: Vec<String>,
}

/// An event that waits: its inbox number, what, its source, when it was received.
pub type Waits = (i64, Event, String, Timestamp);

/// Open conversations of one person that are looked at. Nobody follows more matters at once.
pub const OPEN_MAX: u32 = 8;

/// The end of a conversation's chain of record rows; kept with the conversation, so that a cut
/// end shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the last row; 0 before the first.
    pub seq: i64,
    /// Its hash, in hex; empty before the first.
    pub hash: String,
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
    pub events: Vec<Waits>,
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
    /// The end of its record.
    pub head: Head,
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
    /// The end of its record, as it was loaded with it.
    pub head: Head,
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
    /// Of these, the ones that somebody answered: who, and on which channel. Where else they stand
    /// before that person, she went on elsewhere.
    pub answered_on: Vec<(EffectKey, String, String)>,
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
    /// The line that it is, where its reader reads our own database: then it has left with the
    /// turn that says it.
    pub posted: Option<Box<Posted>>,
}

/// A message that is a line of our own database.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// What was rendered.
    pub frozen: Frozen,
    /// The line.
    pub line: NewLine,
    /// Whether that is as good as seen.
    pub shown: bool,
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

/// What became of an arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The conversation it went to, if any.
    pub conversation: Option<String>,
    /// The answers (`mendline_engine::effect::VerdictKind` as JSON), if its turn gave any.
    pub answer: Option<Value>,
}
