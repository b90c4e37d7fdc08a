//! All that is remembered of a conversation between turns. Stored whole, as JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::Event;
use crate::message::{EffectKey, Message};
use crate::time::{Duration, Timestamp};

/// The version of this shape. A reader refuses a newer one.
pub const STATE_FORMAT: u32 = 1;

/// What a conversation has learned, by field.
pub type Fields = BTreeMap<String, Value>;

/// A conversation between turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`STATE_FORMAT`] when it was written.
    pub format: u32,
    /// Turns taken. Also the revision that guards the commit.
    pub turn: u32,
    /// Where it rests.
    pub position: Position,
    /// What it has learned.
    pub fields: Fields,
    /// Who was spoken to, and what they have heard.
    pub parties: BTreeMap<String, PartyState>,
    /// Timers that are set: name to generation and due moment.
    pub timers: BTreeMap<String, SetTimer>,
    /// Open handoffs (the overlay of rule 10), oldest first.
    pub holds: Vec<Hold>,
    /// "Shall I stop?" while it is open.
    pub aside: Option<Aside>,
    /// Words that arrived during a call, waiting in order (rule 1).
    pub waiting: Vec<Event>,
    /// How often in a row the open question was not understood.
    pub misses: u32,
    /// Decisions whose non-final choice runs its steps, by anchor: they reopen with their clock.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub suspended: BTreeMap<String, Deciding>,
    /// The decision was taken (by anchor): corrections go to a person now.
    pub decided: BTreeMap<String, Taken>,
    /// Questions of cards that were recalled, for those who tap them late (rule 5).
    #[serde(default)]
    pub recalled: Vec<EffectKey>,
    /// A write was dispatched: corrections of what it used go to a person now.
    pub written: bool,
    /// How it ended, once it has.
    pub outcome: Option<String>,
    /// What must be read and was not yet, by the key of its first message.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notices: BTreeMap<EffectKey, Notice>,
}

impl Default for State {
    fn default() -> State {
        State {
            format: STATE_FORMAT,
            turn: 0,
            position: Position::Start,
            fields: Fields::new(),
            parties: BTreeMap::new(),
            timers: BTreeMap::new(),
            holds: Vec::new(),
            aside: None,
            waiting: Vec::new(),
            misses: 0,
            suspended: BTreeMap::new(),
            decided: BTreeMap::new(),
            recalled: Vec::new(),
            written: false,
            outcome: None,
            notices: BTreeMap::new(),
        }
    }
}

/// Where a conversation rests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Before its first turn.
    Start,
    /// At an anchor.
    At {
        /// Which.
        anchor: String,
        /// How.
        rest: Rest,
    },
    /// It ended.
    Ended,
}

/// What a resting conversation waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// An answer.
    Asking(Asking),
    /// A decision.
    Deciding(Box<Deciding>),
    /// A call.
    Calling {
        /// Which.
        call: EffectKey,
        /// Whether it changes the world.
        write: bool,
        /// "Cancel" was said meanwhile; applied when the result is here.
        cancelled: bool,
    },
    /// A time or an outside event.
    Waiting,
    /// A child conversation.
    Running {
        /// The effect that started it.
        run: EffectKey,
    },
    /// A person (see [`Hold`]).
    HandedOff {
        /// The handoff.
        handoff: EffectKey,
    },
}

/// An open question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asking {
    /// Its key: the effect that asked it first.
    pub question: EffectKey,
    /// Its last message: the receipt that starts the silence clock is about this one.
    pub message: EffectKey,
    /// When it was shown, once it was.
    pub shown: Option<Timestamp>,
    /// Reminders sent.
    pub reminded: u32,
    /// The value behind each key that was offered (records of a list).
    pub offered: BTreeMap<String, Value>,
}

/// An open decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deciding {
    /// Its key: the effect that opened this round's first card.
    pub question: EffectKey,
    /// The parties that hold a copy, in the order they were asked.
    pub holders: Vec<String>,
    /// The card's message, to put it before another holder. Large, and copied with each turn.
    #[serde(with = "shared")]
    pub card: Arc<Message>,
    /// When the first round was opened.
    pub opened: Timestamp,
    /// When the limit is reached.
    pub due: Option<Timestamp>,
    /// The rule row pinned at receipt.
    pub rule: Option<Value>,
    /// Running and stopped spans of the clock (rule 6).
    pub clock: Vec<ClockSpan>,
    /// Rungs that have fired.
    pub climbed: Vec<usize>,
    /// How often it was asked again.
    pub round: u32,
    /// A choice waits for its needs: which, by whom, until when (rule 4).
    pub pending: Option<PendingChoice>,
    /// Whether steps of a non-final choice are running and the decision is to reopen.
    pub suspended: bool,
}

/// What states share among their copies is written as itself.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        it: &Arc<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        it.as_ref().serialize(to)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Arc<T>, D::Error> {
        T::deserialize(from).map(Arc::new)
    }
}

/// A span of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockSpan {
    /// From.
    pub from: Timestamp,
    /// To; open for the last one.
    pub to: Option<Timestamp>,
    /// Whether time counted.
    pub running: bool,
}

/// A choice that waits for its needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingChoice {
    /// Who.
    pub person: String,
    /// Which.
    pub choice: String,
    /// What was given so far.
    pub with: BTreeMap<String, Value>,
    /// Until when words of this person answer it.
    pub until: Timestamp,
}

/// A decision that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// The question its cards carried.
    pub question: EffectKey,
    /// By whom, as others see them.
    pub by: String,
    /// The choice.
    pub choice: String,
    /// When.
    pub at: Timestamp,
}

/// What a party has heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartyState {
    /// The person who held the role when it was last addressed.
    pub person: Option<String>,
    /// Whether anything was said to it.
    pub addressed: bool,
    /// Whether it has heard how it ended (a message after which the flow only ended).
    pub heard_end: bool,
    /// When it last spoke or tapped, so that what a call answers a moment later is still a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spoke: Option<Timestamp>,
}

/// Something that must be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What was said, to say it on another channel.
    #[serde(with = "shared")]
    pub message: Arc<Message>,
    /// The messages that said it so far, one a channel.
    pub copies: Vec<EffectKey>,
    /// How long each channel has.
    pub within: Duration,
    /// The desk that tells it when no channel is left.
    pub desk: String,
    /// The task at that desk, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<EffectKey>,
}

/// A timer that is set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetTimer {
    /// Which setting of it.
    pub generation: u32,
    /// When.
    pub due: Timestamp,
    /// Whether it is set; a cleared one keeps its generation, so that a late one stays stale.
    pub set: bool,
}

/// A person holds the conversation toward a party.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// The handoff.
    pub handoff: EffectKey,
    /// Which desk.
    pub desk: String,
    /// Toward whom the bot is mute.
    pub party: Option<String>,
    /// Who holds it, once taken: person and name.
    pub holder: Option<(String, String)>,
    /// The handoff step's anchor; absent when a repair or fault opened it.
    pub anchor: Option<String>,
    /// Why, as the code it was opened with.
    pub why: String,
    /// Where `retry` leads when no handoff step says so; absent when the position stayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// The field that may be given back as a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save: Option<String>,
}

/// A step that does not rest, found from the nearest anchor before it. Only a conversation
/// that stays on its version may keep one, so a move is refused meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// The anchor; absent means the beginning.
    pub anchor: Option<String>,
    /// So many steps after it.
    pub steps: usize,
}

/// "Shall I stop?"
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aside {
    /// Its question.
    pub question: EffectKey,
    /// Whom we asked.
    pub party: String,
}
