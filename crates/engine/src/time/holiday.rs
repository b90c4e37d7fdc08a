//! Finding a holiday in a year that no list covers.

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};

use super::calendar::{Fixed, HolidayRule, Nth, Shift};

impl HolidayRule {
    /// The day on which it is observed in `year`. A New Year's Day may be observed in December
    /// of the year before.
    pub fn observed(&self, year: i32) -> Option<NaiveDate> {
        match (&self.fixed, &self.nth, &self.easter) {
            (Some(fixed), _, _) => shifted(fixed, year),
            (_, Some(nth), _) => weekday_of_month(nth, year),
            (_, _, Some(from)) => Some(easter(year)? + TimeDelta::days(from.plus_days)),
            (None, None, None) => None,
        }
    }
}

fn shifted(fixed: &Fixed, year: i32) -> Option<NaiveDate> {
    let day = NaiveDate::from_ymd_opt(year, fixed.month, fixed.day)?;
    match (day.weekday(), fixed.shift) {
        (Weekday::Sun, Shift::Sunday | Shift::Nearest) => day.checked_add_days(Days::new(1)),
        (Weekday::Sat, Shift::Nearest) => day.checked_sub_days(Days::new(1)),
        _ => Some(day),
    }
}

fn weekday_of_month(nth: &Nth, year: i32) -> Option<NaiveDate> {
    let weekday = nth.weekday.into();
    let day = if nth.n > 0 {
        NaiveDate::from_weekday_of_month_opt(year, nth.month, weekday, nth.n.unsigned_abs())?
    } else {
        (1..=5)
            .rev()
            .find_map(|n| NaiveDate::from_weekday_of_month_opt(year, nth.month, weekday, n))?
    };
    Some(day + TimeDelta::days(nth.plus_days))
}

/// Easter Sunday of the Gregorian calendar, by the method that *Nature* printed in 1876
/// (Meeus, Jones and Butcher). The letters are its own.
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let l = (32 + 2 * e + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, (sum / 31).try_into().ok()?, (sum % 31 + 1).try_into().ok()?)
}
