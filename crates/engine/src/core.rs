//! The flat program that a flow is lowered to. `turn` runs these steps and no others.
//!
//! A conversation rests only at an [`Anchor`]; positions and translations name anchors,
//! never indices, so a new version may move steps without moving people.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::condition::Expr;
use crate::label::Labels;
use crate::surface::{Identity, OutcomeKind, Span};
use crate::text::{Path, Wording};
use crate::time::Duration;
use crate::types::{Lang, Type, Words};

/// An index into [`Program::steps`].
pub type Pc = usize;

/// A flow, lowered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The flow's name.
    pub flow: String,
    /// Its version.
    pub version: u32,
    /// Hex SHA-256 of the sources (flow and translations) that it was lowered from.
    pub hash: String,
    /// Languages; the first is the source's.
    pub languages: Vec<Lang>,
    /// How sure we must be who speaks before anything of it is shown.
    pub identity: Identity,
    /// Under which purpose it may speak unasked.
    pub purpose: Option<String>,
    /// Parties by name.
    pub parties: BTreeMap<String, PartySpec>,
    /// The party that the flow is for; `worker` where there is one, else the first.
    pub principal: String,
    /// Fields by name, `decision` fields included. Hidden ones start with `_`.
    pub fields: BTreeMap<String, FieldSpec>,
    /// Outcomes by name.
    pub outcomes: BTreeMap<String, OutcomeSpec>,
    /// What starts it.
    pub start_when: Triggers,
    /// The steps; the conversation starts at 0.
    pub steps: Vec<Core>,
    /// The place in the source of each step.
    pub spans: Vec<Span>,
    /// Where each anchor stands.
    pub anchors: BTreeMap<String, Pc>,
    /// Field → every field whose asking, computing or choosing used it, however far (rule 5).
    pub derived: BTreeMap<String, BTreeSet<String>>,
    /// What this flow does differently when interrupted.
    pub interrupts: InterruptSpec,
    /// Old anchor → new anchor, for conversations that a deploy moves.
    pub moved: BTreeMap<String, String>,
}

/// A party.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartySpec {
    /// Its role.
    pub role: String,
    /// The field whose record says who holds it (`claim`).
    pub of: Option<String>,
    /// Whether the flow goes on without it.
    pub optional: bool,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// What it is.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Its labels, those of whatever filled it included.
    pub labels: Labels,
    /// What people call it when they correct it: the field's name with spaces.
    pub spoken: String,
}

/// An outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeSpec {
    /// How good.
    pub kind: OutcomeKind,
    /// Its closing; absent means the built-in wording of its kind.
    pub say: Option<Wording>,
}

/// What starts a flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Triggers {
    /// Examples of words, by language.
    pub says: BTreeMap<Lang, Vec<String>>,
    /// Commands, without the slash.
    pub commands: Vec<String>,
    /// Outside events.
    pub events: Vec<String>,
}

/// A core step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Core {
    /// Says something to a party. To an absent optional one: a recorded no-op.
    Say(Say),
    /// Puts a question and rests. Skipped when the field is already known
    /// (so a correction does not ask again what still holds).
    Ask(Ask),
    /// Asks a plugin and rests until it returned.
    Call(Call),
    /// Opens a decision and rests.
    Decide(Box<Decide>),
    /// Rests.
    Wait(Wait),
    /// Goes on if the condition holds, else to `otherwise`. A condition that cannot be
    /// computed is a fault, never false.
    Branch {
        /// The condition.
        condition: Expr,
        /// Where to go if it does not hold.
        otherwise: Pc,
    },
    /// Goes to the case of the value.
    Switch {
        /// A choice.
        path: Path,
        /// Value and where to go.
        cases: Vec<(String, Pc)>,
        /// Labels that the choice carries.
        labels: Labels,
    },
    /// Goes there.
    Jump(Pc),
    /// Sets a field.
    Set {
        /// Which.
        field: String,
        /// To what.
        to: Expr,
    },
    /// `remind`: starts a flow at a day or moment, without waiting for it.
    Schedule {
        /// A date (that morning, 09:00 of the principal's zone) or an instant.
        at: Path,
        /// Which flow.
        flow: String,
        /// Its first fields.
        with: Vec<(String, Expr)>,
    },
    /// `run`: starts a flow as a child conversation and rests until it ended.
    Run(Run),
    /// Gives the conversation to a desk and rests until it is given back (rule 10).
    Handoff(Handoff),
    /// Ends with an outcome, closing toward everyone who was addressed and has not heard.
    End {
        /// Which.
        outcome: String,
    },
    /// Reopens the decision with its clock (rule 5).
    AskAgain {
        /// Which decision.
        anchor: String,
    },
}

/// `say` and `tell`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Say {
    /// To whom.
    pub party: String,
    /// What.
    pub wording: Wording,
    /// What happens where it is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_read: Option<NotRead>,
}

/// What must be read: on one channel after the other, and then by a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotRead {
    /// How long each channel has, from when the message may leave.
    pub within: Duration,
    /// The desk that tells it when no channel is left.
    pub desk: String,
}

/// `ask`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// Where it rests.
    pub anchor: String,
    /// The field that keeps the answer.
    pub field: String,
    /// Who is asked.
    pub party: String,
    /// The question.
    pub wording: Wording,
    /// What counts as an answer.
    pub answers: Answers,
    /// What silence means.
    pub silence: Option<Silence>,
    /// What happens where it is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_read: Option<NotRead>,
}

/// What counts as an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    /// One of these keys.
    Keys(Vec<ChoiceSpec>),
    /// One of the members of this list (a record each, or a text).
    List(Path),
    /// Words that parse as this type.
    Type(Type),
}

/// A choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChoiceSpec {
    /// Its key.
    pub key: String,
    /// Its label by language.
    pub label: Words,
}

/// What silence means: after each of `remind` the question is put again, after `after`
/// more the conversation goes on. All counted from `shown` (rule 7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// Gaps before each reminder.
    pub remind: Vec<Duration>,
    /// The last gap.
    pub after: Duration,
    /// And then.
    pub then: SilenceThen,
}

/// What comes after silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceThen {
    /// Takes this as the answer and goes on.
    Take(Value),
    /// Goes there.
    Go(Pc),
}

/// `do`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Where it rests.
    pub anchor: String,
    /// `pbm.check_coverage`.
    pub action: String,
    /// Arguments.
    pub with: Vec<(String, Expr)>,
    /// The field that keeps the result.
    pub save: Option<String>,
    /// Where a refusal or failure goes. Absent: a built-in handoff.
    pub fails: Option<Pc>,
}

/// `decide`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decide {
    /// The decision field and anchor.
    pub anchor: String,
    /// Who is asked first.
    pub party: String,
    /// What the card says.
    pub wording: Wording,
    /// What one may choose.
    pub choices: Vec<DecideChoice>,
    /// The authority that the decider must hold on the claim.
    pub authority: Option<String>,
    /// The limit.
    pub within: Option<Within>,
    /// The ladder, in the order written.
    pub escalate: Vec<Rung>,
    /// Progress notes.
    pub keep_informed: Vec<KeepInformed>,
    /// Where it goes when the limit passed. Absent: a built-in handoff.
    pub nobody_decided: Option<Pc>,
}

/// A choice of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecideChoice {
    /// Its key.
    pub key: String,
    /// Its label by language.
    pub label: Words,
    /// What must be given with it.
    pub needs: Vec<Need>,
    /// What it sets on the decision.
    pub set: Vec<(String, Expr)>,
    /// Where its steps begin; `None` means the choice is final.
    pub steps: Option<Pc>,
}

/// Something to be given with a choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// The member of the decision that keeps it.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub ty: Type,
    /// For [`Type::Reason`]: the list in the catalog.
    pub list: Option<String>,
    /// A whole number that it must be less than: `fewer than check.days_supply`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Expr>,
}

/// The limit of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Within {
    /// The rule's name, without `rules.`.
    pub rule: Option<String>,
    /// The literal; always there after the checker passed.
    pub fallback: Option<Duration>,
    /// The instant it counts from; absent means the opening of the decision.
    pub from: Option<Path>,
}

/// A rung of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// From the opening of the decision; in the awaited party's office hours where it says business.
    pub after: Duration,
    /// Only if this holds when it is due.
    pub when: Option<Expr>,
    /// What happens.
    pub does: RungDoes,
    /// To whom.
    pub party: String,
}

/// What a rung does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RungDoes {
    /// Puts the card before the party again.
    Remind,
    /// Gives the card to one more party.
    AlsoAsk,
}

/// A progress note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeepInformed {
    /// Who.
    pub party: String,
    /// How often, in the reader's zone.
    pub every: Duration,
    /// What.
    pub wording: Wording,
}

/// `wait`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// Where it rests.
    pub anchor: String,
    /// For what.
    pub until: WaitFor,
}

/// What a wait waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// A time.
    For(Duration),
    /// A day or moment.
    Until(Path),
    /// Something outside, or a limit.
    Event {
        /// Its name.
        name: String,
        /// The limit.
        within: Option<Duration>,
        /// Where the limit leads.
        otherwise: Pc,
        /// The field that keeps the event's data.
        save: Option<String>,
    },
}

/// `run`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Where it rests.
    pub anchor: String,
    /// Which flow.
    pub flow: String,
    /// Its first fields.
    pub with: Vec<(String, Expr)>,
    /// The field that keeps the name of its outcome.
    pub save: Option<String>,
    /// Fields that take over what the other flow learned: ours, theirs.
    #[serde(default)]
    pub keep: Vec<(String, String)>,
}

/// `handoff`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handoff {
    /// Where it rests.
    pub anchor: String,
    /// To which desk.
    pub desk: String,
    /// Shown to the one who takes it.
    pub why: Option<Wording>,
    /// The field whose value may be given back.
    pub save: Option<String>,
    /// The field with the moment by which it was promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Path>,
    /// Whether it stands in for the step that should have filled `save`: then it does not go
    /// on without a value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stands_in: bool,
    /// The outcomes it may be ended with.
    pub closed: Vec<String>,
    /// Where `retry` leads: the step that failed, or the handoff's own successor. The pc of
    /// the nearest earlier resting step, or of the failed `do` when this stands in `if_fails`.
    pub retry: Pc,
}

/// What a flow does differently when interrupted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InterruptSpec {
    /// The fields that may be corrected.
    pub correct: Vec<String>,
    /// Where a cancel leads; absent means the built-in end (an outcome `withdrawn` if declared,
    /// else the first neutral one).
    pub cancel: Option<Pc>,
    /// Whether we ask first.
    pub cancel_asks: bool,
    /// The desk for "a person".
    pub human: Option<String>,
    /// Instead of the built-in help.
    pub help: Option<Wording>,
    /// Instead of the built-in "I did not understand".
    pub not_understood: Option<Wording>,
}
