//! Law as dated data: a row has a value, a source, a date and a confidence.

use serde::{Deserialize, Serialize};

/// The packs of every jurisdiction we know anything about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RulePacks {}
