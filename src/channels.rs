//! The ways of reaching people. One file each.
//!
//! An adapter translates and decides nothing: not whether we may write to this person, not what
//! to say, not when to try again. Those belong to the screen, the engine and dispatch.

pub mod desk;
pub mod discord;
pub mod email;
pub mod inward;
pub mod menus;
pub mod parts;
pub mod tap;
pub mod telegram;
pub mod terminal;
pub mod twilio;
pub mod web;

use std::collections::BTreeMap;

use async_trait::async_trait;
use mendline_engine::event::{DeskAction, Repair};
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::inward::NoFile;
use crate::store::standing::Stands;
use crate::store::{EffectRef, Frozen, Leaving, MessageRef, NewLine, Proof};
use crate::understand::When;

/// One way of reaching people.
#[async_trait]
pub trait Channel: Send + Sync {
    /// What it can carry.
    fn profile(&self) -> Profile;

    /// For how many milliseconds after a person wrote we may answer freely; nothing where always.
    fn window_ms(&self) -> Option<i64> {
        None
    }

    /// When a message leaves that was said at that moment and can wait, on its reader's clock, where
    /// the channel gathers such ones. Nothing, where each leaves at once.
    fn gathers(&self, _said: Timestamp, _zone: &str) -> Option<Timestamp> {
        None
    }

    /// Hands over one message. Called again with the same key after a crash or a
    /// [`SendError::Later`]; the second time must not show it twice.
    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError>;

    /// The line that a message is, where readers read our own database: it is written together
    /// with the turn that says it, and nothing has to be sent. Nothing, where it leaves the house.
    fn post(&self, _outgoing: &Outgoing) -> Option<(NewLine, Sent)> {
        None
    }

    /// Whether carriers watch it: then the first message says who writes, how often, what it costs
    /// and how to end it, and HELP is answered with whom to call (CTIA; domain facts 4.3).
    fn carrier_rules(&self) -> bool {
        false
    }

    /// Whether its readers read lines of our own database: handing over twice then says whether
    /// the first time succeeded, even where nothing may leave any more.
    fn keeps_lines(&self) -> bool {
        false
    }

    /// Shows in its reader's chat that a message asks nothing any more: these words, and no buttons.
    /// Said again after a crash; the second time changes nothing.
    async fn close(&self, _stands: &Stands) -> Result<(), SendError> {
        Ok(())
    }

    /// Whether [`Channel::close`] shows anything there. Where it does not, what is over stands as it
    /// stood.
    fn closes(&self) -> bool {
        false
    }

    /// Brings the file that a person sent here, by the provider's name for it, of at most so many
    /// bytes.
    async fn fetch(&self, _file: &str, _bytes_max: usize) -> Result<Vec<u8>, NoFile> {
        Err(NoFile::NotHere)
    }

    /// Whether staff give commands here: it is a chat of one verified person, and no mailbox or
    /// telephone that others read and answer too.
    fn takes_commands(&self) -> bool {
        false
    }

    /// Offers whoever writes from an address the commands of staff, or everybody's again. It is a
    /// comfort: nobody waits for it, and one can type without it.
    fn offers(&self, _address: &str, _staff: bool) {}

    /// What became of a message is on disk; it may have been another channel's.
    fn settled(&self, _key: &MessageRef) {}
}

/// What a channel can carry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// `web`, `desk`, `terminal`.
    pub name: &'static str,
    /// Longest text in one message, in characters.
    pub text_chars_max: usize,
    /// Whether it shows buttons.
    pub buttons: bool,
    /// The PHI level it may carry, 0 to 3 (domain facts 4.2).
    pub level: u8,
    /// Whether writing first needs consent and keeps quiet hours (not where the person is present).
    pub intrudes: bool,
}

/// A message on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The idempotency key.
    pub key: MessageRef,
    /// The person.
    pub person: String,
    /// The address on this channel.
    pub to: String,
    /// The bytes.
    pub frozen: Frozen,
    /// The question it asks, if it asks one.
    pub question: Option<EffectRef>,
    /// What is to be decided, where it is a card.
    pub deciding: Option<Deciding>,
    /// Who speaks, when it is not the bot: a desk person's name.
    pub speaker: Option<String>,
    /// The reader's zone, for times of day.
    pub zone: String,
    /// What pauses need to know of it.
    pub leaving: Leaving,
    /// Whether the person wrote lately enough that we may answer freely
    /// ([`Channel::window_ms`]).
    pub window_open: bool,
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: i64,
}

/// What would become of a message that were said now ([`House::ahead`](crate::house::House::ahead)).
#[derive(Clone, Debug, PartialEq)]
pub enum Ahead {
    /// It is read on this channel, word for word.
    Full(String),
    /// This channel may not carry it: there she gets a link to it.
    Link(String),
    /// It waits for the end of her quiet hours.
    Waits(Timestamp),
    /// Nothing may carry it.
    Nowhere,
}

/// What a channel may say of a card without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// By when, in milliseconds since the Unix epoch.
    pub due_ms: Option<i64>,
}

/// The channel took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Whether that is as good as seen, or a report will follow.
    pub shown: bool,
    /// The channel's own name for it, where it can be changed afterwards ([`Channel::close`]).
    pub id: Option<String>,
}

impl Sent {
    /// It stands before its reader's eyes.
    pub fn as_shown() -> Sent {
        Sent { shown: true, id: None }
    }

    /// A report will follow.
    pub fn on_its_way() -> Sent {
        Sent { shown: false, id: None }
    }
}

/// Why a send failed, sorted by what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SendError {
    /// Try again later.
    #[error("try again later: {0}")]
    Later(String),
    /// Nothing was tried: it is too much at once. It may be tried so many milliseconds from now,
    /// and that it was not yet is no failure.
    #[error("not before {0} ms from now")]
    Busy(i64),
    /// It will never succeed.
    #[error("will never succeed: {0}")]
    Never(String),
    /// It was paused or settled since it was looked at: nothing was shown.
    #[error("stopped meanwhile")]
    Stopped,
    /// The person has opted out at the carrier.
    #[error("recipient opted out")]
    OptedOut,
    /// It may have arrived.
    #[error("may have arrived: {0}")]
    Maybe(String),
}

/// What a person did, in the one shape that all channels share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Incoming {
    /// She wrote.
    Words(String),
    /// She tapped, or gave a command that names the question.
    Tap {
        /// Which question.
        question: EffectRef,
        /// Which choice.
        choice: String,
        /// What was given with it.
        with: BTreeMap<String, Value>,
    },
    /// She used a built-in button (`help`, `a person`), for the conversation that has focus.
    Repair(Repair),
    /// She chose a language.
    Language(String),
    /// Staff did something with a handoff.
    Desk {
        /// Which.
        handoff: EffectRef,
        /// What.
        action: DeskAction,
    },
    /// A named start: a command, an outside event, a test.
    Start {
        /// Which flow.
        flow: String,
        /// First fields.
        fields: BTreeMap<String, Value>,
    },
    /// She proved that an address is hers: what is said to her may go there.
    Linked {
        /// The channel.
        channel: String,
        /// The address there.
        address: String,
        /// What proves it.
        how: Proof,
    },
    /// Nothing can be delivered any more at what she had on this channel.
    Left {
        /// The channel.
        channel: String,
    },
    /// Somebody at her address on this channel says not to be her.
    NotMe {
        /// The channel.
        channel: String,
    },
    /// She wants to be called on the phone.
    CallMe {
        /// When.
        when: When,
    },
    /// She asks who reads what she writes here.
    WhoSees,
    /// She sent something that is not words, over a channel that brings no files.
    Media,
    /// She sent a picture, a recording or a paper.
    File {
        /// Its id among hers, or why it was not kept.
        kept: Result<String, NoFile>,
    },
    /// A one-time code was asked for, to the contact on file.
    SendCode {
        /// The channel.
        channel: String,
        /// The address there.
        address: String,
        /// The code.
        code: String,
    },
    /// Staff have her link sent to the contact on file.
    SendInvitation {
        /// The channel.
        channel: String,
        /// The address there.
        address: String,
    },
    /// Something outside happened to one conversation.
    Happened {
        /// Which.
        conversation: String,
        /// Its name.
        name: String,
        /// What came with it.
        data: Value,
    },
}
