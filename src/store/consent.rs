//! What people agreed to and took back, with the evidence: what they had read, how they said so,
//! when, and where.

use mendline_engine::consent::EVERYTHING;
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One act: somebody agrees to be told something on a channel, or takes that back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The channel.
    pub channel: String,
    /// For what: a flow's purpose, or everything ([`mendline_engine::consent::EVERYTHING`]).
    pub purpose: String,
    /// Whether it was given or taken back.
    pub act: Act,
    /// The version of the words that she had read: `linked:` and the start of their digest.
    pub wording: String,
    /// How she said so.
    pub method: Method,
    /// The language of those words.
    pub language: String,
    /// What only those who must prove it may read; kept sealed.
    pub evidence: Evidence,
}

/// Whether it was given or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// She agreed.
    Given,
    /// She took it back, or it ended with her address.
    Revoked,
}

/// How somebody agreed, or took it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// She opened a link that was hers.
    Link,
    /// She wrote a word: START, STOP, "not me".
    Word,
    /// She was invited, and said so to whoever did.
    Invitation,
    /// A member of staff noted it, with a reason.
    Staff,
    /// The provider said so: the number is gone, the bot blocked.
    Carrier,
}

/// What proves it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The address, where it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What she wrote, or why a member of staff noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// An act as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Whose.
    pub person: String,
    /// The channel.
    pub channel: String,
    /// For what.
    pub purpose: String,
    /// Whether it was given or taken back.
    pub act: Act,
    /// The version of the words that she had read.
    pub wording: String,
    /// How she said so.
    pub method: Method,
    /// The language of those words.
    pub language: String,
    /// When.
    pub at: Timestamp,
    /// When what was given ended, if it has.
    pub ended: Option<Timestamp>,
    /// What proves it; nothing once she is forgotten.
    pub evidence: Option<Evidence>,
}

impl Consent {
    /// Somebody agrees to be told everything on a channel.
    pub fn to_everything(channel: &str, method: Method, wording: &str, language: &str) -> Consent {
        Consent {
            channel: channel.to_owned(),
            purpose: EVERYTHING.to_owned(),
            act: Act::Given,
            wording: wording.to_owned(),
            method,
            language: language.to_owned(),
            evidence: Evidence::default(),
        }
    }
}

impl Act {
    /// As it stands in the database.
    pub fn name(self) -> &'static str {
        match self {
            Act::Given => "given",
            Act::Revoked => "revoked",
        }
    }

    /// Reads back what [`Act::name`] wrote.
    pub fn of(name: &str) -> Option<Act> {
        [Act::Given, Act::Revoked].into_iter().find(|it| it.name() == name)
    }
}

impl Method {
    const ALL: [Method; 5] =
        [Method::Link, Method::Word, Method::Invitation, Method::Staff, Method::Carrier];

    /// As it stands in the database.
    pub fn name(self) -> &'static str {
        match self {
            Method::Link => "link",
            Method::Word => "word",
            Method::Invitation => "invitation",
            Method::Staff => "staff",
            Method::Carrier => "carrier",
        }
    }

    /// Reads back what [`Method::name`] wrote.
    pub fn of(name: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|it| it.name() == name)
    }
}
