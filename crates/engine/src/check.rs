//! Findings: what is wrong with a flow, said so that its author can mend it.

use serde::{Deserialize, Serialize};

use crate::surface::Span;

/// One thing that is wrong, or might be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable code: `S101`.
    pub code: String,
    /// Whether the flow may be loaded.
    pub severity: Severity,
    /// The file, as the caller named it.
    pub file: String,
    /// The place.
    pub at: Span,
    /// One sentence, lower case, no full stop: `party 'pharmacy' is told nothing at the end`.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Whether the flow may be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It loads, but look.
    Warning,
    /// It does not load.
    Error,
}
