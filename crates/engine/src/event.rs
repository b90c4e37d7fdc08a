//! What happened: the one kind of thing that a turn is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::message::EffectKey;
use crate::types::Lang;

/// An event of one conversation. It stands in the inbox before a turn sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The conversation begins. `fields` are given by `run`, `remind` or an outside event.
    Started {
        /// First fields.
        fields: BTreeMap<String, Value>,
        /// The words that started it, if words did: they may already answer the first questions.
        words: Option<String>,
    },
    /// A party wrote. `question` is the one that has focus, if it is this conversation's.
    Said {
        /// Who.
        party: String,
        /// The words.
        words: String,
        /// The question in focus.
        question: Option<EffectKey>,
    },
    /// Somebody tapped, or gave a command that names the question.
    Tapped {
        /// Who it is, with the authorities that this person holds on this claim at this moment.
        actor: Actor,
        /// Which question, or card (any copy of it).
        question: EffectKey,
        /// Which choice.
        choice: String,
        /// What was given with it.
        with: BTreeMap<String, Value>,
    },
    /// A repair that a button or command names, without words to understand.
    Repair {
        /// Who.
        party: String,
        /// Which.
        repair: Repair,
    },
    /// Danger was heard, in a person's words. The flow rests and a person comes.
    Danger {
        /// Who.
        party: String,
    },
    /// A call came back.
    Returned {
        /// Which.
        call: EffectKey,
        /// How.
        result: CallResult,
    },
    /// A timer came due.
    Due {
        /// Its name.
        timer: String,
        /// Its generation; an older one than the state's is stale.
        generation: u32,
    },
    /// Dispatch reports on a message.
    Receipt {
        /// Which.
        message: EffectKey,
        /// What became of it.
        receipt: Receipt,
    },
    /// A child conversation (`run`) ended.
    ChildEnded {
        /// The `run` effect that started it.
        run: EffectKey,
        /// Its outcome.
        outcome: String,
        /// What it learned: its fields, without the hidden ones.
        #[serde(default)]
        fields: BTreeMap<String, Value>,
    },
    /// Something outside happened that a `wait` may wait for.
    Happened {
        /// Its name.
        name: String,
        /// What came with it.
        data: Value,
    },
    /// The person behind a party is another one now (rule 11). The new one is in the environment.
    PartyChanged {
        /// Which.
        party: String,
    },
    /// A person at a desk did something with an open handoff.
    Desk {
        /// Which handoff.
        handoff: EffectKey,
        /// Who.
        actor: Actor,
        /// What.
        action: DeskAction,
    },
    /// A deploy moves this conversation to the flow that the turn is called with (rule 9).
    Moved,
}

/// Who acts, and what this person may decide on this claim, resolved as the event is applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Actor {
    /// The person.
    pub person: String,
    /// How others see them: `Dana Whitfield`.
    pub name: String,
    /// The party they play here, if any.
    pub party: Option<String>,
    /// Authorities they hold on this claim.
    pub authorities: Vec<String>,
}

/// The built-in repairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// What can I do here?
    Help,
    /// Say that again.
    Repeat,
    /// I want a person.
    Human,
    /// Stop this.
    Cancel,
    /// That answer was wrong. Without a value the field is asked again.
    Correct {
        /// Which field.
        field: String,
        /// The new words, if given.
        words: Option<String>,
    },
    /// Another flow had the floor and is over: put the open question again.
    Return,
    /// Please use this language with me (the person's own language is already changed).
    Language {
        /// Which.
        language: Lang,
    },
}

/// How a call ended (rule 2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallResult {
    /// Done, with this.
    Done(Value),
    /// Refused; nothing was changed. A code and words for staff.
    Refused {
        /// A stable code.
        code: String,
        /// For staff, without private content.
        message: String,
    },
    /// Nobody knows whether it was done. Dispatch has already repeated it under the same key and
    /// asked the action's `inquire`; a person must check before repeating.
    Unknown,
}

/// What became of a message (rule 7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// It is before the person's eyes, or as near as the channel can tell.
    Shown,
    /// It waits for the end of quiet hours; milliseconds since the epoch.
    HeldUntil(i64),
    /// It may not go out anywhere; why, as a code (`opted_out`, `no_clearance`, `no_address`);
    /// `no_channel`: it must be read, and was said on every channel that there is; or `over`: what
    /// it asks was closed, or what it says was read elsewhere, before it left.
    Withheld(String),
    /// Every allowed channel refused it.
    Failed,
    /// It may have arrived; the provider cannot say.
    Maybe,
}

/// What a person at a desk does with a handoff.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskAction {
    /// Takes it. The bot is mute toward the party from the handoff on, not from here.
    Take,
    /// Writes to the party.
    Reply {
        /// The words, in `language`.
        words: String,
        /// The language they are written in.
        language: Lang,
    },
    /// Writes a note for colleagues.
    Note {
        /// The words.
        words: String,
    },
    /// Corrects a field.
    Correct {
        /// Which.
        field: String,
        /// To what.
        value: Value,
    },
    /// Gives it back.
    GiveBack(GiveBack),
}

/// How a handoff comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GiveBack {
    /// Try the step again.
    Retry,
    /// Go on after the handoff.
    Continue,
    /// Go on, with this value for the handoff's `save`.
    Value(Value),
    /// End with this outcome.
    Outcome(String),
}
