//! Time: moments, durations in words, business calendars, clocks that stop.
//!
//! Nothing here reads a clock. A moment is handed in; a zone is named; a calendar is
//! dated data.

pub mod calendar;
pub mod clock;
mod count;
mod holiday;
pub mod hours;
pub mod zone;

pub use count::HORIZON_DAYS;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment in milliseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment and `ms` milliseconds more.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(ms))
    }
}

/// A length of time as a flow says it: `10 minutes`, `4 business hours`, `1 business day`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duration {
    /// How many.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
}

/// What a duration counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Sixty seconds.
    Minute,
    /// Sixty minutes.
    Hour,
    /// The same wall clock time on a later day, in the zone it is counted in.
    Day,
    /// Seven days.
    Week,
    /// A minute of office hours.
    BusinessMinute,
    /// An hour of office hours.
    BusinessHour,
    /// The same wall clock time on a later business day.
    BusinessDay,
}

impl Unit {
    /// Whether it counts office hours or business days.
    pub fn is_business(self) -> bool {
        matches!(self, Unit::BusinessMinute | Unit::BusinessHour | Unit::BusinessDay)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::BusinessMinute => "business minute",
            Unit::BusinessHour => "business hour",
            Unit::BusinessDay => "business day",
        };
        write!(f, "{} {unit}{}", self.amount, if self.amount == 1 { "" } else { "s" })
    }
}
