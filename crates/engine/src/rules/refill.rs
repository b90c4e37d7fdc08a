//! When a medicine may be filled again.
//!
//! The day of a fill is day 0. There is no national threshold: the percentage is the payer's,
//! or a rule's (`refill_threshold_percent`). Nothing here decides; it computes the day that a
//! person or a payer's rule goes by.

use chrono::{Days, NaiveDate};

/// How far back fills count toward what is on hand, in days, unless the payer says otherwise
/// (domain facts 2.2).
pub const LOOK_BACK_DAYS: u32 = 180;

/// A fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// When.
    pub day: NaiveDate,
    /// For how many days it lasts as prescribed.
    pub days_supply: u32,
}

/// The first day on which the threshold is used up. `percent` over 100 counts as 100: nobody
/// has to run out first.
pub fn earliest(last: Fill, percent: u8) -> NaiveDate {
    let used = u64::from(last.days_supply) * u64::from(percent.min(100));
    later(last.day, used.div_ceil(100))
}

/// The first day without medicine.
pub fn runs_out(last: Fill) -> NaiveDate {
    later(last.day, u64::from(last.days_supply))
}

/// Days of medicine that are left, from all fills of the last `look_back_days`: early fills add
/// up, and days without any do not count against her twice.
pub fn on_hand(fills: &[Fill], today: NaiveDate, look_back_days: u32) -> u32 {
    let since = today.checked_sub_days(Days::new(look_back_days.into())).unwrap_or(NaiveDate::MIN);
    let counted = || fills.iter().filter(|it| since <= it.day && it.day <= today);
    let Some(first) = counted().map(|it| it.day).min() else { return 0 };
    let supplied: i64 = counted().map(|it| i64::from(it.days_supply)).sum();
    let left = supplied - (today - first).num_days();
    u32::try_from(left.max(0)).unwrap_or(u32::MAX)
}

fn later(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}
