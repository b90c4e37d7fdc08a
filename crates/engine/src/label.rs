//! What kind of private a value is, and what a channel and a party may carry.
//!
//! Labels only ever join: a text carries the labels of everything in it. The one
//! table that says who may read what stands in [`crate::clearance`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// That there is a claim, its number, its state.
    Claim,
    /// A drug, a dose, a condition, a body part; and any words that a person typed.
    Health,
    /// What was said in danger. Seen by those who help, by nobody who pays.
    Safety,
    /// Reserves, investigations, strategy.
    Legal,
    /// Answers to a survey.
    Survey,
}

impl Label {
    /// Every label, in the order of their bits.
    pub const ALL: [Label; 5] =
        [Label::Claim, Label::Health, Label::Safety, Label::Legal, Label::Survey];

    /// The word a flow uses for it.
    pub fn word(self) -> &'static str {
        match self {
            Label::Claim => "claim",
            Label::Health => "health",
            Label::Safety => "safety",
            Label::Legal => "legal",
            Label::Survey => "survey",
        }
    }

    /// The label a flow's word stands for.
    pub fn from_word(word: &str) -> Option<Label> {
        Label::ALL.into_iter().find(|it| it.word() == word)
    }
}

/// A set of labels. Written in JSON as a list of words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "Vec<Label>", from = "Vec<Label>")]
pub struct Labels(u8);

impl Labels {
    /// Public: no label at all.
    pub const NONE: Labels = Labels(0);

    /// Both sets together.
    #[must_use]
    pub fn join(self, other: Labels) -> Labels {
        Labels(self.0 | other.0)
    }

    /// This set and one label more.
    #[must_use]
    pub fn with(self, label: Label) -> Labels {
        Labels(self.0 | (1 << label as u8))
    }

    /// Whether `label` is in the set.
    pub fn has(self, label: Label) -> bool {
        self.0 & (1 << label as u8) != 0
    }

    /// Whether nothing in it is private.
    pub fn is_public(self) -> bool {
        self.0 == 0
    }

    /// Those that `cleared` does not hold.
    #[must_use]
    pub fn beyond(self, cleared: Labels) -> Labels {
        Labels(self.0 & !cleared.0)
    }

    /// The labels in order.
    pub fn iter(self) -> impl Iterator<Item = Label> {
        Label::ALL.into_iter().filter(move |it| self.has(*it))
    }
}

impl FromIterator<Label> for Labels {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> Labels {
        labels.into_iter().fold(Labels::NONE, Labels::with)
    }
}

impl From<Vec<Label>> for Labels {
    fn from(labels: Vec<Label>) -> Labels {
        labels.into_iter().collect()
    }
}

impl From<Labels> for Vec<Label> {
    fn from(labels: Labels) -> Vec<Label> {
        labels.iter().collect()
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_public() {
            return f.write_str("public");
        }
        let words: Vec<_> = self.iter().map(Label::word).collect();
        f.write_str(&words.join(", "))
    }
}
