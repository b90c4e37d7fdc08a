//! The days around an injury or a surgery in which a medicine needs nobody's OK.
//!
//! How many days is a rule's row (`special_fill_visit_days`, `perioperative_days`,
//! `first_fill_days`); here is only how they are counted. Whether such a row may act is for
//! [`super::RuleRow::acts`] to say.

use chrono::{Days, NaiveDate};

/// Days in a row, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
}

impl Window {
    /// Whether the day is one of them.
    pub fn has(&self, day: NaiveDate) -> bool {
        self.first <= day && day <= self.last
    }
}

/// Days on which the first visit makes a special fill (8 CCR 9792.27.12): from the injury on,
/// and as the day after it is day one, up to day `days`.
pub fn first_visit(injury: NaiveDate, days: u32) -> Window {
    Window { first: injury, last: after(injury, days) }
}

/// Days of a perioperative fill (8 CCR 9792.27.13): the day of surgery is day 0.
pub fn perioperative(surgery: NaiveDate, days: u32) -> Window {
    let first = surgery.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN);
    Window { first, last: after(surgery, days) }
}

/// The first days after an injury (28 TAC 134.501): the day after it is day one. A window of no
/// days has none.
pub fn first_days(injury: NaiveDate, days: u32) -> Window {
    Window { first: after(injury, 1), last: after(injury, days) }
}

/// For how many days of a supply the payer must pay whether or not the claim is accepted: those
/// from the day of dispensing to the last day of the window.
pub fn liable_days(injury: NaiveDate, days: u32, dispensed: NaiveDate, days_supply: u32) -> u32 {
    let window = first_days(injury, days);
    if dispensed < injury {
        return 0;
    }
    let from = dispensed.max(window.first);
    let left = (window.last - from).num_days() + 1;
    u32::try_from(left.max(0)).unwrap_or(0).min(days_supply)
}

fn after(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}
