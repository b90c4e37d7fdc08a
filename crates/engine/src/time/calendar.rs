//! Holidays and office hours, as dated data.

use serde::{Deserialize, Serialize};

/// Every calendar by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calendars {}
