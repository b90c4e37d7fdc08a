//! What a turn asks for. Nothing here has happened yet: the shell commits the effects with
//! the state, and only then acts on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::ActionVerb;
use crate::message::{EffectKey, Message};
use crate::time::Timestamp;
use crate::types::{Type, Words};

/// One thing to do, in the order given. Its key is (turn, index in [`Turn::effects`]).
///
/// [`Turn::effects`]: crate::turn::Turn
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Say this. A message with `question` set opens that question toward its party (a second
    /// message with the same question is a reminder, or another holder's copy of a card).
    Send(Message),
    /// The question is over: close every copy, and answer late taps with `why`.
    Close {
        /// The question.
        question: EffectKey,
        /// Why.
        why: Closed,
    },
    /// Ask a plugin.
    Call {
        /// `pbm.authorize`.
        action: String,
        /// Its arguments.
        input: Value,
        /// Read or write.
        verb: ActionVerb,
    },
    /// Wake this conversation. A timer of the same name and an older generation is replaced.
    Timer {
        /// Its name.
        name: String,
        /// Which setting of it this is.
        generation: u32,
        /// When.
        due: Timestamp,
    },
    /// The timer is not needed any more.
    ClearTimer {
        /// Its name.
        name: String,
    },
    /// Start another conversation for the same principal.
    Start {
        /// Which flow.
        flow: String,
        /// Its first fields.
        fields: BTreeMap<String, Value>,
        /// When; absent means now.
        at: Option<Timestamp>,
        /// Whether this conversation rests until it ended.
        waits: bool,
    },
    /// Put this before a desk.
    OpenHandoff(OpenHandoff),
    /// The handoff is over.
    CloseHandoff {
        /// The effect that opened it.
        handoff: EffectKey,
    },
    /// Words from a held party, or what the bot would have said to it: for the holder's eyes.
    Draft {
        /// The handoff.
        handoff: EffectKey,
        /// What the party wrote, or what the flow wants to say.
        draft: Draft,
    },
    /// Tells the one who acted what became of it. The desk shows it; a chat sends it.
    Verdict(Verdict),
    /// The conversation is over.
    Ended {
        /// Its outcome.
        outcome: String,
    },
    /// For the timeline only: something that staff should be able to read later.
    Noted(Note),
}

/// Why a question is closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    /// It was answered or decided.
    Answered {
        /// By whom, as others see them.
        by: String,
        /// The choice's key.
        choice: String,
    },
    /// Silence had its say.
    Silence,
    /// A correction recalled it; a new one may follow.
    Recalled,
    /// The conversation ended or was cancelled.
    Over,
}

/// A conversation for a desk to take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenHandoff {
    /// Which desk.
    pub desk: String,
    /// The party that is held; absent when nobody is (a staff task).
    pub party: Option<String>,
    /// Why, as a code: `asked`, `flow`, `refused`, `unknown_write`, `not_understood`, `silence`,
    /// `undeliverable`, `unread`, `no_party`, `nobody_decided`, `fault`, `danger`, `after_decision`.
    pub why: String,
    /// The flow's own words for it, for staff.
    pub says: Option<Message>,
    /// The field that may be given back as a value.
    pub save: Option<(String, Type)>,
    /// The outcomes it may be ended with.
    pub closed: Vec<String>,
    /// Whether `retry` makes sense.
    pub retry: bool,
    /// What the bot does next when it gets it back.
    pub next: Words,
    /// By when somebody was promised that it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
}

/// Something for a holder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a turn has few effects, and a match reads better")]
pub enum Draft {
    /// The party wrote.
    Wrote(String),
    /// The flow would have said.
    WouldSay(Message),
    /// A colleague's note.
    Note {
        /// By whom.
        by: String,
        /// The words.
        words: String,
    },
}

/// What became of a tap or a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The person who acted.
    pub person: String,
    /// The question or handoff it was about.
    pub about: Option<EffectKey>,
    /// What became of it.
    pub verdict: VerdictKind,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// It is done.
    Done,
    /// Somebody was first.
    AlreadyDecided {
        /// Who.
        by: String,
        /// The choice's key.
        choice: String,
        /// When.
        at: Timestamp,
    },
    /// The facts changed; there is a new card.
    Changed,
    /// It is over.
    Over,
    /// This person may not. Audited.
    NotAllowed,
    /// Something that the choice needs is missing or cannot be read: which, and what is wanted.
    Needs {
        /// Name to what is wrong, as a code: `missing`, `not_a_date`, `out_of_range`, `not_fewer`,
        /// `unknown_reason`.
        missing: BTreeMap<String, String>,
    },
    /// There is no such choice here.
    NoSuchChoice,
    /// Somebody else holds the handoff.
    HeldBy {
        /// Who.
        name: String,
    },
}

/// A line for the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// A field got a value.
    Set {
        /// Which.
        field: String,
        /// What it was.
        old: Value,
        /// What it is.
        new: Value,
        /// Who did it: a party, a person's name, an action, `silence`, `flow`.
        by: String,
    },
    /// An event was ignored, and why, as a code: `stale_timer`, `unknown_call`, `late_words`,
    /// `duplicate_tap`, `overtaken`, `ended`, `held`, `receipt`, `not_concerned`, `cannot_move`.
    Ignored {
        /// The code.
        why: String,
    },
    /// `tell` to an absent optional party.
    NobodyToTell {
        /// Which party.
        party: String,
    },
    /// A rule row was pinned.
    Rule {
        /// The row, with source and confidence.
        row: Value,
    },
    /// The decision was taken, whole.
    Decided {
        /// The decision as kept.
        decision: Value,
    },
    /// A clock stopped or runs again.
    Clock {
        /// `stopped`, `running`, `recounted`.
        what: String,
    },
    /// An action was refused: a code and words for staff.
    Refused {
        /// Which action.
        action: String,
        /// A stable code.
        code: String,
        /// Without private content.
        message: String,
    },
    /// Somebody without the authority tried to decide. Audited.
    NotAllowed {
        /// The person.
        person: String,
        /// The choice's key.
        choice: String,
    },
    /// A fault in the flow or its data, for those who mend it. No values.
    Fault {
        /// What went wrong.
        what: String,
    },
    /// A deploy moved the conversation.
    Moved {
        /// From this anchor.
        from: String,
        /// To this one.
        to: String,
    },
    /// A result came when nobody waited for it any more.
    LateResult {
        /// The call.
        call: EffectKey,
        /// Whether it was done (and so must be looked at).
        done: bool,
    },
}
