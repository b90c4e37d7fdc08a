//! The types of fields, and the words a person may answer with.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::label::Labels;

/// A language tag as flows write it: `en`, `es`.
pub type Lang = String;

/// One wording in each language it exists in.
pub type Words = BTreeMap<Lang, String>;

/// What a value is. Values themselves are JSON: a date is `"2026-11-18"`, an
/// instant is `"2026-11-18T15:00:00Z"`, money is `"182.40 USD"`, a choice is its key,
/// a record is an object, a reason is `{"code": "…", "words": {"en": "…", "es": "…"}}`
/// (or, in stubs, a bare string).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Words.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An amount and a currency.
    Money,
    /// A calendar day.
    Date,
    /// A moment.
    Instant,
    /// One of these keys. Empty until lowering has read the `ask` or the catalog.
    Choice(Vec<String>),
    /// A code with our wording of it in each language.
    Reason,
    /// Several of one type.
    List(Box<Type>),
    /// A named record of the catalog (`claim`, `pbm.coverage`), or `decision`.
    Record(String),
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Text => f.write_str("text"),
            Type::Integer => f.write_str("integer"),
            Type::Number => f.write_str("number"),
            Type::Boolean => f.write_str("boolean"),
            Type::Money => f.write_str("money"),
            Type::Date => f.write_str("date"),
            Type::Instant => f.write_str("instant"),
            Type::Choice(_) => f.write_str("choice"),
            Type::Reason => f.write_str("reason"),
            Type::List(of) => write!(f, "list of {of}"),
            Type::Record(name) => f.write_str(name),
        }
    }
}

/// A record type: its members, and how it is shown when a text names it whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// A template over the members, for example `{name} {strength}`.
    pub show: String,
    /// The members by name.
    pub members: BTreeMap<String, Member>,
}

/// One member of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// What it is.
    #[serde(rename = "type")]
    pub ty: Type,
    /// What kind of private it is; joined with those of the field that holds the record.
    #[serde(default)]
    pub labels: Labels,
    /// Whether it may be missing.
    #[serde(default)]
    pub optional: bool,
}
