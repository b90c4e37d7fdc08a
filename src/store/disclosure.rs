//! Who was told what, as the store has it.

use mendline_engine::time::Timestamp;

use super::MessageRow;
use super::reach::Whose;

/// A message that reached somebody, or may have.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Whom.
    pub person: String,
    /// In which conversation; `person/…` outside any.
    pub conversation: String,
    /// Which of its messages.
    pub effect: String,
    /// Over which channel.
    pub channel: String,
    /// `sent`, `shown`, `maybe`.
    pub status: String,
    /// When that was known.
    pub at: Timestamp,
    /// The message; nothing once the person is forgotten under whose key it lies.
    pub what: Option<MessageRow>,
}

/// Whose an address was.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Whose.
    pub whose: Whose,
    /// From when.
    pub since: Timestamp,
    /// Until when; nothing where it still is.
    pub until: Option<Timestamp>,
}
