//! Who may act for somebody else, how far, and until when.

use mendline_engine::label::Labels;
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A spouse, an attorney, whoever has it on paper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Representative {
    /// The payer.
    pub payer: String,
    /// For whom.
    pub person: String,
    /// Who acts.
    pub representative: String,
    /// What may be told, and no more.
    pub scope: Labels,
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When it was ended before that.
    pub ended: Option<Timestamp>,
    /// Who noted it.
    pub who: String,
    /// As whom and why: a relation, a form's date. Kept sealed; empty once the person is forgotten.
    pub why: String,
}

/// For whom somebody acts now.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// For whom.
    pub person: String,
    /// What may be told, and no more.
    pub scope: Labels,
}
