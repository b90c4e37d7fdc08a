//! The words that every flow shares: help, repeat, "I did not understand", closings, handoffs.
//!
//! Worded once, in each language, so that a flow states only its differences. They hold no
//! drug, no claim and no reason; the names of staff are the only private thing in them.

mod en;
mod es;

use std::collections::BTreeMap;

use crate::effect::VerdictKind;
use crate::label::{Label, Labels};
use crate::text::{Part, Template, Wording};
use crate::types::{Type, Words};

/// The language that stands in where another is missing.
pub const FALLBACK: &str = "en";

/// A built-in thing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is named for its moment, and its words stand in en.rs")]
pub enum Phrase {
    Help,
    HelpNothingOpen,
    Again,
    NotUnderstood,
    WhichOne,
    CancelQuestion,
    CancelYes,
    CancelNo,
    CancelledNot,
    OnlyPrincipalCancels,
    CannotChangeNow,
    ChangeWhat,
    Yes,
    No,
    ClosedSuccess,
    ClosedNeutral,
    ClosedFailure,
    ClosedForOthers,
    HandoffTold,
    CallBack,
    HandoffReturned,
    PersonKnows,
    CardChanged,
    CardHandled,
    DecidedBy,
    CardNeedsTap,
    StillWaiting,
    WaitingForDecision,
    Ended,
    Working,
    LanguageSet,
    NeedInteger,
    NeedDate,
    NeedReason,
    NeedText,
    NeedOther,
    VerdictDone,
    VerdictAlready,
    VerdictChanged,
    VerdictOver,
    VerdictNotAllowed,
    VerdictNeeds,
    VerdictNoSuchChoice,
    VerdictHeldBy,
    OperationOfRule,
    NextAsks,
    NextRetries,
    NextGoesOn,
    NextNothing,
    NextWaitsForDecision,
}

/// The words of a phrase in every language.
pub fn words(phrase: Phrase) -> Words {
    let all = [("en", en::words(phrase)), ("es", es::words(phrase))];
    all.into_iter().map(|(language, words)| (language.to_owned(), words.to_owned())).collect()
}

/// A phrase as a thing to say. Its key is `built_in.` and its name.
pub fn wording(phrase: Phrase) -> Wording {
    let templates: BTreeMap<_, _> =
        words(phrase).into_iter().map(|(language, it)| (language, template(&it))).collect();
    Wording {
        key: format!("built_in.{phrase:?}"),
        words: templates,
        private: BTreeMap::new(),
        labels: labels(phrase),
        private_labels: Labels::NONE,
    }
}

/// What a verdict reads, where a chat has to say it. Values: `by`, `choice`.
pub fn verdict(kind: &VerdictKind) -> Phrase {
    match kind {
        VerdictKind::Done => Phrase::VerdictDone,
        VerdictKind::AlreadyDecided { .. } => Phrase::VerdictAlready,
        VerdictKind::Changed => Phrase::VerdictChanged,
        VerdictKind::Over => Phrase::VerdictOver,
        VerdictKind::NotAllowed => Phrase::VerdictNotAllowed,
        VerdictKind::Needs { .. } => Phrase::VerdictNeeds,
        VerdictKind::NoSuchChoice => Phrase::VerdictNoSuchChoice,
        VerdictKind::HeldBy { .. } => Phrase::VerdictHeldBy,
    }
}

/// How a chat asks for what a choice needs.
pub fn need(ty: &Type) -> Phrase {
    match ty {
        Type::Integer => Phrase::NeedInteger,
        Type::Date => Phrase::NeedDate,
        Type::Reason => Phrase::NeedReason,
        Type::Text => Phrase::NeedText,
        _ => Phrase::NeedOther,
    }
}

/// One text after another, as one.
pub fn join(first: &Template, second: &Template) -> Template {
    let mut parts = first.parts.clone();
    parts.push(Part::Words(" ".to_owned()));
    parts.extend(second.parts.iter().cloned());
    Template { source: format!("{} {}", first.source, second.source), parts }
}

/// Words without any place for a value, whatever they contain.
pub fn literal(words: &str) -> Template {
    Template { source: words.to_owned(), parts: vec![Part::Words(words.to_owned())] }
}

/// Our own words in pieces.
fn template(source: &str) -> Template {
    crate::template::parse(source).expect("a test parses every phrase")
}

/// Who decided what is about a claim; the rest is public.
fn labels(phrase: Phrase) -> Labels {
    match phrase {
        Phrase::CardHandled | Phrase::DecidedBy | Phrase::VerdictAlready => {
            Labels::NONE.with(Label::Claim)
        }
        _ => Labels::NONE,
    }
}
