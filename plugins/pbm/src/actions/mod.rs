//! The actions, one file a subject. Each takes what `plugin.toml` says and nothing else.

mod authorize;
mod claims;
mod coverage;
mod dispense;
mod identity;
mod parties;
mod reassign;

use std::sync::Arc;

use mendline_plugin::{Action, ActionError, action};
use serde::Deserialize;

use crate::store::Store;

/// All of them: those that look first, then those that change.
pub(crate) fn all(store: &Arc<Store>) -> Vec<Box<dyn Action>> {
    let store = || Arc::clone(store);
    vec![
        action(claims::OpenClaims(store())),
        action(claims::ByNumber(store())),
        action(claims::Status(store())),
        action(claims::ByRx(store())),
        action(coverage::CheckCoverage(store())),
        action(parties::PartiesOfClaim(store())),
        action(parties::OnePerson(store())),
        action(identity::VerifyIdentity(store())),
        action(authorize::Authorize(store())),
        action(authorize::Inquire(store())),
        action(reassign::Reassign(store())),
        action(dispense::MarkDispensed(store())),
    ]
}

/// A claim as a flow passes it: the record, of which the number counts, or the number alone.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum ClaimArg {
    /// `"DEMO-CA-000123"`.
    Number(String),
    /// The record.
    Record {
        /// Which claim.
        number: String,
        /// Who had it when the record was read.
        #[serde(default)]
        adjuster: Option<String>,
    },
}

impl ClaimArg {
    pub(crate) fn number(&self) -> &str {
        match self {
            ClaimArg::Number(number) | ClaimArg::Record { number, .. } => number,
        }
    }

    pub(crate) fn adjuster(&self) -> Option<&str> {
        match self {
            ClaimArg::Number(_) => None,
            ClaimArg::Record { adjuster, .. } => adjuster.as_deref(),
        }
    }
}

/// A medicine as a flow passes it: the record, of which the Rx number counts, or that alone.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum DrugArg {
    /// `"7700001"`.
    RxNumber(String),
    /// The record.
    Record {
        /// Which prescription.
        rx_number: String,
    },
}

impl DrugArg {
    pub(crate) fn rx_number(&self) -> &str {
        match self {
            DrugArg::RxNumber(rx_number) | DrugArg::Record { rx_number } => rx_number,
        }
    }
}

/// Understood, and not done. The words are for staff, and name nobody and no medicine.
pub(crate) fn refused(code: &str, message: impl Into<String>) -> ActionError {
    ActionError::Refused { code: code.into(), message: message.into() }
}
