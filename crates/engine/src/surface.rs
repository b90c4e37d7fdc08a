//! A flow as its author wrote it, each piece with its place in the file.
//!
//! `parse` makes this from YAML and reports what it cannot read. `lower` turns it
//! into the flat [`crate::core::Program`] that the turn runs; `check` reads both.

use crate::label::Label;
use crate::time::Duration;
use crate::types::Lang;

/// A place in the source, for carets. Lines and columns count from 1; `length` is in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Characters to underline, at least 1.
    pub length: u32,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// The value.
    pub it: T,
    /// Its place.
    pub at: Span,
}

/// A whole flow file.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// `flow:`.
    pub name: At<String>,
    /// `version:`.
    pub version: At<u32>,
    /// `about:`, one line for people.
    pub about: Option<At<String>>,
    /// `languages:`, the first is the one the file is written in.
    pub languages: Vec<At<Lang>>,
    /// `identity: none | matched | verified` (levels L0, L1, L2). Default `verified`.
    pub identity: At<Identity>,
    /// `purpose:` under which it may start a talk by itself. Absent: only answers.
    pub purpose: Option<At<String>>,
    /// `parties:`.
    pub parties: Vec<Party>,
    /// `data:`.
    pub data: Vec<Field>,
    /// `outcomes:`.
    pub outcomes: Vec<Outcome>,
    /// `start_when:`.
    pub start_when: Vec<At<Trigger>>,
    /// `steps:`.
    pub steps: Vec<Step>,
    /// `interrupts:`.
    pub interrupts: Interrupts,
    /// `moved: { old: new }`, anchors that a deploy renames.
    pub moved: Vec<(At<String>, At<String>)>,
}

/// How sure we must be of who this is (facts 4.4).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// L0: anyone.
    None,
    /// L1: the facts match and the contact point is on file.
    Matched,
    /// L2: matched, and a code or link through the contact on file.
    Verified,
}

/// A role that a person plays in the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Party {
    /// What the flow calls it.
    pub name: At<String>,
    /// `role:` — injured_worker, adjuster, supervisor, pharmacy, prescriber, nurse, employer, agent.
    pub role: At<String>,
    /// `for:` the field whose record says who holds the role.
    pub of: Option<At<String>>,
    /// Whether the flow goes on without it.
    pub optional: bool,
}

/// A thing learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: At<String>,
    /// `type:` as written: `claim`, `choice`, `decision`, `list of medication`, `pbm.coverage`.
    pub ty: At<String>,
    /// `from:` the source that fills it when the flow starts.
    pub from: Option<At<String>>,
    /// `privacy:` one label or a list.
    pub privacy: Vec<At<Label>>,
}

/// A way the flow may end.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its name.
    pub name: At<String>,
    /// `kind:`.
    pub kind: At<OutcomeKind>,
    /// `say:` the closing toward whoever has not heard the end.
    pub say: Option<Text>,
}

/// How good an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// What the person came for.
    Success,
    /// An honest end without it.
    Neutral,
    /// We did not get there.
    Failure,
}

/// What starts a flow.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// `says:` examples of what people write.
    Says(Vec<At<String>>),
    /// `command:` without the slash.
    Command(String),
    /// `event:` of an outside system.
    Event(String),
}

/// A text: a string, or `{ text, private }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The words, with `{field | format}`.
    pub text: At<String>,
    /// The form for channels that may not carry the labels of `text`.
    pub private: Option<At<String>>,
    /// Labels that the author adds.
    pub privacy: Vec<At<Label>>,
}

/// One sentence of the flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The place of its verb.
    pub at: Span,
    /// `name:`, if given.
    pub name: Option<At<String>>,
    /// `not_read:`, where it says something that must arrive.
    pub not_read: Option<NotRead>,
    /// What it does.
    pub verb: Verb,
}

/// `not_read:` of a `say`, `tell` or `ask`: `{ next_channel: 4 hours, then: handoff DESK }`. What is
/// not read there for so long is said on the reader's next channel; after the last, a person tells
/// her.
#[derive(Clone, Debug, PartialEq)]
pub struct NotRead {
    /// How long each channel has.
    pub next_channel: At<Duration>,
    /// The desk of the person.
    pub then: At<String>,
}

/// The verbs.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is named for its verb, and documented at its struct")]
pub enum Verb {
    Ask(Ask),
    Say(Text),
    Tell { party: At<String>, say: Text },
    Do(Do),
    Decide(Box<Decide>),
    Choose(Choose),
    When { condition: At<String>, steps: Vec<Step>, otherwise: Vec<Step> },
    Wait(Wait),
    Remind { at: At<String>, run: At<String>, with: Vec<(At<String>, At<String>)> },
    Run(Run),
    Handoff(Handoff),
    Set(Vec<(At<String>, At<String>)>),
    End(At<String>),
    AskAgain(At<String>),
}

/// `ask:` a question to the worker, or to `party:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The field that keeps the answer; also the anchor.
    pub field: At<String>,
    /// Who is asked; absent means the party that started the flow (`worker`).
    pub party: Option<At<String>>,
    /// The question.
    pub say: Text,
    /// What one may answer.
    pub choices: Option<Choices>,
    /// What silence means.
    pub no_answer: Option<NoAnswer>,
}

/// `choices:`.
#[derive(Clone, Debug, PartialEq)]
pub enum Choices {
    /// A list field or member: `claim.medications`.
    List(At<String>),
    /// Keys and labels.
    Keys(Vec<(At<String>, At<String>)>),
}

/// `no_answer:`.
#[derive(Clone, Debug, PartialEq)]
pub enum NoAnswer {
    /// `{ remind: [d…], then: STEP }`: the reminders count from `shown`, each from the one before,
    /// and after the last one a wait of the same length comes before `then`.
    Remind { remind: Vec<At<Duration>>, then: Box<Step>, at: Span },
    /// `{ after: d, take: value }`.
    Take { after: At<Duration>, take: At<String> },
    /// `{ after: d, then: STEP }`.
    Then { after: At<Duration>, then: Box<Step> },
}

/// `do:` an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Do {
    /// `pbm.check_coverage`.
    pub action: At<String>,
    /// Argument to CEL expression.
    pub with: Vec<(At<String>, At<String>)>,
    /// The field that keeps the result; also the anchor where there is no `name:`.
    pub save: Option<At<String>>,
    /// One step: handoff, end.
    pub if_fails: Option<Box<Step>>,
}

/// `decide:` a question with authority.
#[derive(Clone, Debug, PartialEq)]
pub struct Decide {
    /// The decision field; also the anchor.
    pub field: At<String>,
    /// The party that is asked first.
    pub ask: At<String>,
    /// What the card says.
    pub say: Text,
    /// The choices in order.
    pub choices: Vec<DecideChoice>,
    /// The authority that the decider must hold on the claim.
    pub authority: Option<At<String>>,
    /// The limit.
    pub within: Option<Within>,
    /// The ladder.
    pub escalate: Vec<Rung>,
    /// Progress notes.
    pub keep_informed: Vec<KeepInformed>,
    /// One step: what happens at the limit.
    pub nobody_decided: Option<Box<Step>>,
}

/// One choice of a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct DecideChoice {
    /// Its key.
    pub key: At<String>,
    /// Its label.
    pub label: At<String>,
    /// What must be given with it: `needs: days`, `needs: { reason: pbm.denial_reasons }`,
    /// `needs: { days: fewer than check.days_supply }`.
    pub needs: Vec<(At<String>, Option<At<String>>)>,
    /// What it sets on the decision, as CEL.
    pub set: Vec<(At<String>, At<String>)>,
    /// Steps that end in `ask_again`; empty means final.
    pub steps: Vec<Step>,
    /// Jurisdiction-bound: the authority or rule that must allow it.
    pub only_if: Option<At<String>>,
}

/// `within: rules.decision_deadline, else 2 business days`.
#[derive(Clone, Debug, PartialEq)]
pub struct Within {
    /// The whole.
    pub at: Span,
    /// `rules.NAME`.
    pub rule: Option<At<String>>,
    /// The literal fallback.
    pub fallback: Option<At<Duration>>,
    /// `from:` an instant field; default receipt of the request.
    pub from: Option<At<String>>,
}

/// One rung of the ladder.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    /// Its place.
    pub at: Span,
    /// Counted from the opening of the decision.
    pub after: At<Duration>,
    /// Only if this holds.
    pub when: Option<At<String>>,
    /// What happens.
    pub does: RungDoes,
}

/// What a rung does.
#[derive(Clone, Debug, PartialEq)]
pub enum RungDoes {
    /// `remind: PARTY`.
    Remind(At<String>),
    /// `also_ask: PARTY`.
    AlsoAsk(At<String>),
}

/// `keep_informed:`.
#[derive(Clone, Debug, PartialEq)]
pub struct KeepInformed {
    /// Its place.
    pub at: Span,
    /// Who.
    pub party: At<String>,
    /// How often, in the reader's own time.
    pub every: At<Duration>,
    /// What.
    pub say: Text,
}

/// `choose:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Choose {
    /// A field or member of type choice.
    pub field: At<String>,
    /// Value and its steps; `continue` is an empty list.
    pub cases: Vec<(At<String>, Vec<Step>)>,
}

/// `wait:`.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    /// `wait: 2 days`.
    For(At<Duration>),
    /// `wait: { until: FIELD }`.
    Until(At<String>),
    /// `wait: { event: NAME, within: d, else: [steps], save: field }`.
    Event {
        name: At<String>,
        within: Option<At<Duration>>,
        otherwise: Vec<Step>,
        save: Option<At<String>>,
    },
}

/// `run:` another flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The flow.
    pub flow: At<String>,
    /// Its field to CEL expression.
    pub with: Vec<(At<String>, At<String>)>,
    /// The field that keeps the name of its outcome.
    pub save: Option<At<String>>,
    /// `keep: { ours: theirs }`: fields that take over what the other flow learned.
    pub keep: Vec<(At<String>, At<String>)>,
}

/// `handoff:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Handoff {
    /// The desk.
    pub desk: At<String>,
    /// `why:` shown to the one who takes it.
    pub why: Option<At<String>>,
    /// `save:` the field whose value the holder gives back.
    pub save: Option<At<String>>,
    /// `due:` the field with the moment by which somebody promised to have done it.
    pub due: Option<At<String>>,
    /// `closed:` outcomes that the holder may end it with. Absent: any declared one.
    pub closed: Vec<At<String>>,
}

/// `interrupts:` what this flow does differently from every flow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interrupts {
    /// Fields that may be corrected. `None`: every field that an `ask` fills.
    pub correct: Option<Vec<At<String>>>,
    /// `cancel:`.
    pub cancel: Option<Cancel>,
    /// `human:` the desk for "a person". Default: the first desk of the catalog.
    pub human: Option<At<String>>,
    /// `help:` instead of the built-in wording.
    pub help: Option<Text>,
    /// `not_understood:` instead of the built-in wording.
    pub not_understood: Option<Text>,
}

/// `cancel:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancel {
    /// Whether we ask "shall I stop?" first.
    pub ask_first: bool,
    /// One step, usually `end`.
    pub then: Box<Step>,
}

/// The Spanish (or any other) words of a flow: `flow.es.yaml`.
#[derive(Clone, Debug, PartialEq)]
pub struct Translation {
    /// `language:`.
    pub language: At<Lang>,
    /// `flow:`.
    pub flow: At<String>,
    /// Per anchor, the same keys as there.
    pub anchors: Vec<TranslatedAnchor>,
    /// Texts of steps that never rest and so have no anchor, found by their source words.
    pub says: Vec<TranslatedSay>,
    /// `start_when:` examples of what people write in this language.
    pub start_when: Vec<At<String>>,
}

/// The words of one anchor (or of one outcome: `outcomes.withdrawn`).
#[derive(Clone, Debug, PartialEq)]
pub struct TranslatedAnchor {
    /// The anchor.
    pub anchor: At<String>,
    /// `of:` the hash of the source words that these translate ([`crate::text::source_hash`]).
    pub of: Option<At<String>>,
    /// `say:`.
    pub say: Option<Text>,
    /// `choices:` key to label.
    pub choices: Vec<(At<String>, At<String>)>,
    /// `keep_informed:` in order.
    pub keep_informed: Vec<Text>,
}

/// The words of a step without an anchor.
#[derive(Clone, Debug, PartialEq)]
pub struct TranslatedSay {
    /// `of:` the source words, whole.
    pub of: At<String>,
    /// `say:`.
    pub say: Text,
}
