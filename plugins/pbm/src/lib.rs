//! The domain pack: claims, prescriptions, coverage, authorizations, and who is who on a claim.
//!
//! It comes with a small store of its own and a set of fictional claims, so that a newcomer has
//! something to talk about. Everything that a flow may ask stands in `plugin.toml`; an operator
//! with a real claim system writes the same actions over it. The pack decides nothing: it says
//! what is covered, and writes down what a person decided. It has no clock, no network, no log.

mod actions;
mod coverage;
mod day;
mod drugs;
mod examples;
mod records;
mod rejects;
mod standing;
mod store;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use mendline_plugin::{Action, Plugin};

pub use examples::example_call;
pub use store::StoreError;

pub const MANIFEST: &str = include_str!("../plugin.toml");

/// The pack over its own store.
pub struct Pbm {
    store: Arc<store::Store>,
}

impl Pbm {
    /// Opens or makes the file at `path`; without one, everything is in memory and gone after.
    /// The fictional claims are written by the first call, counted back from its `now_ms`.
    pub async fn open(path: Option<&Path>) -> Result<Pbm, StoreError> {
        Ok(Pbm { store: Arc::new(store::Store::open(path).await?) })
    }
}

impl Plugin for Pbm {
    fn manifest(&self) -> &'static str {
        MANIFEST
    }

    fn actions(&self) -> Vec<Box<dyn Action>> {
        actions::all(&self.store)
    }
}
