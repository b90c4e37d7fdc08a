//! Findings: what is wrong with a flow, said so that its author can mend it.
//!
//! Each file under `check/` holds one family. They read the flow as written for places and
//! wording, and the program for what may follow what. Nothing here changes a flow, and nothing
//! here repeats what the parser already refused.
//!
//! A finding of this module leaves [`Finding::file`] empty when it is about the flow, and puts
//! the language there when it is about a translation; [`crate::load`] knows the files' names.

mod actions;
mod channels;
mod codes;
mod cx;
mod data;
mod decisions;
mod explain;
mod flow_of_control;
mod language;
mod migration;
mod names;
mod paths;
mod people;
mod privacy;
mod reading;
mod runs;
mod scan;
mod structure;
mod texts;
mod time;
mod translations;
mod walk;

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::core::Program;
use crate::rules::RulePacks;
use crate::surface::{Flow, Span, Translation};

pub use codes::{CODES, Row, row};
pub use explain::explain;
pub use migration::migration;
pub use reading::grade;
pub use runs::circular;

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

/// Checks one flow. `others` are the names of every flow that `run` and `remind` may name.
/// The findings come in the order of the file, those about the flow first.
pub fn check(
    flow: &Flow,
    program: &Program,
    translations: &[Translation],
    catalog: &Catalog,
    others: &[String],
    rules: &RulePacks,
) -> Vec<Finding> {
    let mut cx = cx::Cx::new(flow, program, translations, catalog, others, rules);
    structure::check(&mut cx);
    decisions::check(&mut cx);
    data::check(&mut cx);
    texts::check(&mut cx);
    actions::check(&mut cx);
    time::check(&mut cx);
    people::check(&mut cx);
    privacy::check(&mut cx);
    language::check(&mut cx);
    translations::check(&mut cx);
    channels::check(&mut cx);
    paths::check(&mut cx);
    migration::moved(&mut cx);
    cx.findings()
}
