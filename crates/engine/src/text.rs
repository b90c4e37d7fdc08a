//! Words with values in them.
//!
//! A [`Template`] is parsed once, at load. A [`Wording`] is one thing to say in every
//! language it exists in, with the form for channels that may not carry its labels.
//! Rendering is elsewhere ([`crate::render`]) and needs only what a message holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::label::Labels;
use crate::types::{Lang, Type};

/// `drug`, `check.next_fill_date`, `worker.first_name`: a field or a party, and members.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Path(pub String);

impl Path {
    /// The field or party.
    pub fn root(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The members after the root, in order.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.0.split('.').skip(1)
    }
}

/// A text with places for values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// As written.
    pub source: String,
    /// In pieces.
    pub parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Literal words.
    Words(String),
    /// `{path}` or `{path | format}`.
    Value(Slot),
}

/// A place for a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// Whose value.
    pub path: Path,
    /// How to write it: `long`, `short`, `count: day days`, `list`, `time`, `upper`.
    pub format: Option<String>,
}

/// One thing to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wording {
    /// Where it stands: the anchor and key (`drug.say`), or `say:HASH` for steps without one.
    pub key: String,
    /// The words by language; the flow's first language is always there.
    pub words: BTreeMap<Lang, Template>,
    /// The form for channels that may not carry `labels`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub private: BTreeMap<Lang, Template>,
    /// Labels of the values in it, of the branches it stands in, and of `privacy:`.
    #[serde(default)]
    pub labels: Labels,
    /// Labels of the private form.
    #[serde(default)]
    pub private_labels: Labels,
}

/// A value on its way into a text, with all that rendering needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Typed {
    /// The value. Records arrive already shown: their `show` template filled, as text.
    pub value: serde_json::Value,
    /// What it is.
    #[serde(rename = "type")]
    pub ty: Type,
}

/// Values by path, as resolved in the turn that spoke.
pub type Values = BTreeMap<Path, Typed>;

/// The eight hex digits by which a translation says which source words it translates:
/// the head of the SHA-256 of the words, white space folded.
pub fn source_hash(words: &str) -> String {
    use sha2::{Digest, Sha256};
    let folded = words.split_whitespace().collect::<Vec<_>>().join(" ");
    Sha256::digest(folded.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
