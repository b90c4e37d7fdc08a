//! What flows may name beyond themselves: actions, record types, lists of reasons,
//! rules and desks. The shell builds it from the plugins' manifests and the rule
//! packs; the checker and the turn only read it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::label::Labels;
use crate::types::{Record, Type, Words};

/// Everything a flow may name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// `pbm.check_coverage` and its kind.
    pub actions: BTreeMap<String, ActionSpec>,
    /// Record types by name: `claim`, `medication`, `pbm.coverage`.
    pub records: BTreeMap<String, Record>,
    /// `worker.open_claim` → the fast read that lists the candidates.
    pub sources: BTreeMap<String, String>,
    /// `pbm.denial_reasons` → the coded reasons one may choose from.
    pub reasons: BTreeMap<String, Vec<Reason>>,
    /// Names that `within: rules.NAME` may use.
    pub rules: Vec<String>,
    /// Desks that take handoffs: name → what people call it.
    pub desks: BTreeMap<String, Words>,
    /// Authorities that `authority:` may ask for (`approve_medication`).
    pub authorities: Vec<String>,
}

/// One action of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionSpec {
    /// Argument name to what it takes.
    pub input: BTreeMap<String, Input>,
    /// What it gives.
    pub output: Type,
    /// Labels that the output carries beside those of its inputs.
    #[serde(default)]
    pub labels: Labels,
    /// Members of the output whose labels the manifest lowers to exactly these.
    #[serde(default)]
    pub lowers: BTreeMap<String, Labels>,
    /// Whether it changes the world.
    pub verb: ActionVerb,
    /// A read in process and under 20 ms, which may be answered before the commit (rule 1).
    #[serde(default)]
    pub fast: bool,
    /// The arguments that name the same business act (rule 2). A write without one is a finding.
    #[serde(default)]
    pub business_key: Vec<String>,
    /// The read that tells, after `unknown`, whether a write was done.
    #[serde(default)]
    pub inquire: Option<String>,
}

/// One argument of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// What it takes.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
    /// The labels that the plugin was granted to see in it.
    #[serde(default)]
    pub grants: Labels,
}

/// Whether an action changes the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionVerb {
    /// Looks.
    Read,
    /// Changes; carries an idempotency key and has three outcomes.
    Write,
}

/// A coded reason, worded by us.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// `DENY_BODY_PART`.
    pub code: String,
    /// How staff see it in a list.
    pub label: Words,
    /// What the worker reads.
    pub words: Words,
    /// Jurisdictions whose verified rules allow it; absent means everywhere.
    #[serde(default)]
    pub only_in: Option<Vec<String>>,
}

impl Reason {
    /// The reason as a field's value.
    pub fn value(&self) -> Value {
        serde_json::json!({ "code": self.code, "words": self.words })
    }
}
