//! What comes in over a channel that others run: the shape it is translated to, the gate it is
//! handed to, and the ear that listens by itself.
//!
//! A channel knows no person. It says which address wrote, and the gate finds out whose that is,
//! links addresses by proof, and answers strangers.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_engine::event::Receipt;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Incoming;
use crate::store::MessageRef;

/// What somebody did, translated, before anybody looked whom it is from.
#[derive(Clone, Debug, PartialEq)]
pub struct Came {
    /// The channel's name.
    pub channel: &'static str,
    /// The writer's address on it, normalised: a chat's number, a phone number as `+15555550123`.
    pub address: String,
    /// The channel's own id of this act: a second time changes nothing.
    pub id: String,
    /// What it was.
    pub said: Said,
    /// The language that the provider names for the writer (`es`), if it does.
    pub language: Option<String>,
}

/// What an address did.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// Words, a tap, a command: what one does in a conversation. `line` is how it reads in the
    /// writer's own chat.
    Incoming {
        /// The act.
        incoming: Incoming,
        /// How it reads.
        line: Option<String>,
    },
    /// A choice by its number, where buttons are a numbered list: `2`.
    Numbered(u32),
    /// The token of a signed link that was opened here.
    Link(String),
    /// Something that is not words.
    Media {
        /// What it is.
        kind: Media,
        /// The provider's name for the file.
        file: String,
        /// The words beside it.
        caption: Option<String>,
    },
    /// It was written where others read along; what it was is not kept.
    InPublic,
    /// Nothing can be delivered there any more: blocked, number given up.
    Gone,
}

/// Things that are not words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// A picture.
    Photo,
    /// A spoken note.
    Voice,
    /// Any other file.
    File,
}

/// Why a file that somebody sent is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoFile {
    /// The channel brings no files at all.
    #[error("no files come this way")]
    NotHere,
    /// There is nothing in it.
    #[error("empty")]
    Empty,
    /// It is larger than we take.
    #[error("too large")]
    TooLarge,
    /// It is no picture, paper or recording.
    #[error("of a kind that is not taken")]
    OtherKind,
    /// It is more than one person's share of a day.
    #[error("more than a day's share")]
    TooMuch,
    /// The provider did not hand it out.
    #[error("not handed out")]
    NotFetched,
}

/// What a channel learns of what it handed in, to acknowledge it to the person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entered {
    /// Words to show at once beside what was tapped, in place of an answer: "Decided by Sam". Where
    /// others read along they say the way to a private chat.
    pub notice: Option<String>,
}

/// What somebody is typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    /// A number in the queue.
    Number,
    /// The code of a reason, for the request with this number.
    Reason(u32),
}

/// Something that may be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is typed by it.
    pub value: String,
    /// How it reads in the list.
    pub label: String,
}

/// Why something was not taken. The provider is told to bring it again.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The database is away, or the house is stopping.
    #[error("not on disk: {0}")]
    Later(String),
}

/// Where channels hand in.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Takes what somebody did. It is on disk when this answers.
    async fn came(&self, it: Came) -> Result<Entered, NotTaken>;

    /// Takes a provider's word on what became of a message.
    async fn reported(&self, key: &MessageRef, receipt: Receipt) -> Result<(), NotTaken>;

    /// What may complete what an address is typing there, which begins like this. Nothing private, and
    /// nothing for whoever is nobody's; where it cannot be known it is nothing, too.
    async fn completes(
        &self,
        _channel: &str,
        _address: &str,
        _typing: (Typing, &str),
    ) -> Vec<Completion> {
        Vec::new()
    }
}

/// What one holder at a time does by itself, a long poll or a gateway's line. Whoever holds it
/// also keeps how far it came.
#[async_trait]
pub trait Place: Send + Sync {
    /// How far whoever held it last has come.
    async fn last(&self) -> Result<Option<String>, NotTaken>;

    /// Keeps how far this one has come; `false` where somebody else holds it by now, who then
    /// goes on alone.
    async fn keep(&self, place: &str) -> Result<bool, NotTaken>;
}

/// The part of a channel that listens by itself.
#[async_trait]
pub trait Ear: Send + Sync {
    /// The channel's name; one server at a time listens under it.
    fn name(&self) -> &'static str;

    /// Listens until `until` is cancelled: the house stops, or another server holds it. An error
    /// is told to operators and begins anew after a while; a revoked token is one.
    async fn listen(
        &self,
        gate: Arc<dyn Gate>,
        place: Arc<dyn Place>,
        until: CancellationToken,
    ) -> anyhow::Result<()>;
}
