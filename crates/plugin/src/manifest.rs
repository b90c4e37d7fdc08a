//! `plugin.toml`: what a plugin offers and what it may see.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A parsed `plugin.toml`. Types are written as words (`text`, `list of medication`,
/// `pbm.coverage`); the host turns them into the engine's types.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `pbm`.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// One line.
    pub summary: String,
    /// Actions by name.
    #[serde(default)]
    pub actions: BTreeMap<String, ActionToml>,
    /// Record types by full name: `claim`, `pbm.coverage`.
    #[serde(default)]
    pub records: BTreeMap<String, RecordToml>,
    /// `"worker.open_claim" = "open_claims"`.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
    /// Lists of coded reasons.
    #[serde(default)]
    pub reasons: BTreeMap<String, Vec<ReasonToml>>,
    /// Desks it names: name to words by language.
    #[serde(default)]
    pub desks: BTreeMap<String, BTreeMap<String, String>>,
    /// Authorities it names.
    #[serde(default)]
    pub authorities: Vec<String>,
}

/// One action.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ActionToml {
    /// `read` or `write`.
    pub verb: String,
    /// A read in process and under 20 ms.
    #[serde(default)]
    pub fast: bool,
    /// Argument name to what it takes.
    #[serde(default)]
    pub input: BTreeMap<String, InputToml>,
    /// What it gives.
    pub output: String,
    /// Labels that the output carries beside those of its inputs.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Members of the output whose labels are lowered to exactly these.
    #[serde(default)]
    pub lowers: BTreeMap<String, Vec<String>>,
    /// The arguments that name the same business act.
    #[serde(default)]
    pub business_key: Vec<String>,
    /// The read that tells whether a write was done.
    #[serde(default)]
    pub inquire: Option<String>,
}

/// One argument.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct InputToml {
    /// What it takes.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
    /// Labels granted.
    #[serde(default)]
    pub grants: Vec<String>,
}

/// One record type.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RecordToml {
    /// A template over the members.
    pub show: String,
    /// Members by name.
    pub members: BTreeMap<String, MemberToml>,
}

/// One member.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct MemberToml {
    /// What it is; a choice is written `choice: covered, too_soon, needs_approval`.
    #[serde(rename = "type")]
    pub ty: String,
    /// Labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Whether it may be missing.
    #[serde(default)]
    pub optional: bool,
}

/// One coded reason.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ReasonToml {
    /// Its code.
    pub code: String,
    /// For staff, by language.
    pub label: BTreeMap<String, String>,
    /// For the worker, by language.
    pub words: BTreeMap<String, String>,
    /// Jurisdictions whose verified rules allow it.
    #[serde(default)]
    pub only_in: Option<Vec<String>>,
}

impl Manifest {
    /// Reads the text of a `plugin.toml`.
    pub fn read(text: &str) -> Result<Manifest, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}
