//! Conditions and computed values: CEL, typed by us.

use serde::{Deserialize, Serialize};

use crate::label::Labels;
use crate::surface::Span;
use crate::text::Path;
use crate::types::Type;

/// A CEL expression of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// As written.
    pub source: String,
    /// Where.
    pub at: Span,
    /// The fields and members it reads.
    pub reads: Vec<Path>,
    /// What it gives.
    #[serde(rename = "type")]
    pub ty: Type,
    /// The labels of what it reads, joined.
    pub labels: Labels,
}
