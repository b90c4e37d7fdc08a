//! From files to a program: parse, lower, check.

use crate::catalog::Catalog;
use crate::check::Finding;
use crate::core::Program;

/// One file handed in.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// How findings name it: `flows/medication-approval/flow.yaml`.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// What loading a flow gave.
pub struct Loaded {
    /// The program; absent when a finding is an error.
    pub program: Option<Program>,
    /// Everything that was found, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Loads one flow with its translations. `others` are the names of every flow that `run` and
/// `remind` may name.
pub fn load(
    flow: &Source,
    translations: &[Source],
    catalog: &Catalog,
    others: &[String],
) -> Loaded {
    let _ = (flow, translations, catalog, others);
    Loaded { program: None, findings: Vec::new() }
}
