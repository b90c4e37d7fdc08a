//! A long span of time in words: `90 days`, `7 years`.

use std::str::FromStr;

use mendline_engine::time::Timestamp;
use serde::Deserialize;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// A year, in days; the longest there is, because what must be kept is never forgotten early.
const YEAR_DAYS: i64 = 366;
/// Longest span, in years. Longer is a slip of the finger.
const YEARS_MAX: i64 = 200;

/// A span of whole days.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct Span {
    days: i64,
}

impl Span {
    /// The moment that lies so long before `now`.
    pub fn before(&self, now: Timestamp) -> Timestamp {
        now.plus_ms(-self.days * DAY_MS)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let wrong = || format!("'{text}' is no span like '90 days' or '7 years'");
        let (number, unit) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let unit = match unit.trim() {
            "day" | "days" => 1,
            "year" | "years" => YEAR_DAYS,
            _ => return Err(wrong()),
        };
        if !(1..=YEARS_MAX * YEAR_DAYS / unit).contains(&number) {
            return Err(wrong());
        }
        Ok(Span { days: number * unit })
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Span, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_counted_back_in_days() {
        let back = |it: &str| it.parse::<Span>().unwrap().before(Timestamp(0)).0 / -DAY_MS;
        assert_eq!((back("1 day"), back("90 days"), back("7 years")), (1, 90, 7 * 366));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for wrong in ["", "7", "years", "0 days", "-1 days", "7 moons", "201 years", "90days"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
