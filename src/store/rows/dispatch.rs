//! What leaves: messages and calls, and what became of them.

use mendline_engine::event::{CallResult, Receipt};
use mendline_engine::message::Message;
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EffectRef, MessageRef};
use crate::store::care::{Leaving, PauseRef};

/// A message to send.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// Its name.
    pub key: MessageRef,
    /// The conversation's flow; `None` outside any conversation.
    pub flow: Option<String>,
    /// The conversation's flow hash, for identity and purpose; `None` outside any conversation.
    pub flow_hash: Option<String>,
    /// The person.
    pub person: String,
    /// What.
    pub message: Message,
    /// Bytes and channel, once frozen.
    pub frozen: Option<Frozen>,
    /// Whether it puts a question to this person that is closed by now.
    pub over: bool,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was committed.
    pub committed: Timestamp,
    /// The pause under which something waits that was said before it to the same person.
    pub behind: Option<PauseRef>,
}

impl OutboxRow {
    /// What pauses need to know of it.
    pub fn leaving(&self) -> Leaving {
        Leaving { flow: self.flow.clone(), kind: self.message.kind }
    }
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
    /// The number of each button, in order, where the channel shows none and people answer `2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<u32>,
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
    /// To be looked at again at this moment; nothing was tried.
    NotTried(Timestamp),
    /// Held until quiet hours end.
    Held(Timestamp),
    /// Not allowed anywhere.
    Withheld(String),
    /// Withheld by whoever reviewed what waits under a pause; nothing happens to what waits no more.
    Dropped,
    /// Given up; a visible dead letter. Its successors are released.
    Dead(String),
    /// It may have arrived.
    Maybe,
    /// Its provider took it and never said what became of it.
    Unreported,
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
    /// Attempts so far. Of a write, those that were begun; of a read, leases that lapsed count too.
    pub attempts: u32,
    /// Until when it is leased: nobody else's lease of it ever ends in the same moment.
    pub leased_until: Timestamp,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum CallBecame {
    /// It is over.
    Returned(CallResult),
    /// To be tried again.
    Later(Timestamp),
    /// A write was refused at an attempt, or before the first (0). Nothing, where a later attempt was
    /// begun meanwhile: it may succeed, and how it ends is for whoever makes it to say.
    Refused {
        /// Which attempt.
        attempt: u32,
        /// With what.
        result: CallResult,
    },
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
    /// `due`, `sent`, `shown`, `held`, `paused`, `withheld`, `dead`, `maybe`.
    pub status: String,
    /// When it was committed.
    pub committed: Timestamp,
    /// When its status last changed.
    pub changed: Timestamp,
}
