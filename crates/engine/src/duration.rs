//! Lengths of time as flows write them: `10 minutes`, `4 business hours`, `1 business day`.

use std::str::FromStr;

use thiserror::Error;

use crate::time::{Duration, Unit};

/// Why words are no length of time.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("'{0}' is no length of time")]
pub struct NotADuration(pub String);

/// Longest length of time, in units: three years of days. A typing mistake lies beyond it.
const AMOUNT_MAX: u32 = 1_100;

/// Most minutes: a week of them. More are better said in hours or days.
const MINUTES_MAX: u32 = 10_080;

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(words: &str) -> Result<Duration, NotADuration> {
        let refused = || NotADuration(words.to_owned());
        let parts: Vec<_> = words.split_whitespace().collect();
        let (amount, unit) = match parts.as_slice() {
            [amount, unit] => (amount, (*unit).to_owned()),
            [amount, "business", unit] => (amount, format!("business {unit}")),
            _ => return Err(refused()),
        };
        let amount: u32 = amount.parse().map_err(|_| refused())?;
        let unit = match unit.strip_suffix('s').unwrap_or(&unit) {
            "minute" => Unit::Minute,
            "hour" => Unit::Hour,
            "day" => Unit::Day,
            "week" => Unit::Week,
            "business minute" => Unit::BusinessMinute,
            "business hour" => Unit::BusinessHour,
            "business day" => Unit::BusinessDay,
            _ => return Err(refused()),
        };
        let most = match unit {
            Unit::Minute | Unit::BusinessMinute => MINUTES_MAX,
            _ => AMOUNT_MAX,
        };
        if amount > most {
            return Err(refused());
        }
        Ok(Duration { amount, unit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_read_as_it_is_written() {
        for words in [
            "1 minute",
            "10 minutes",
            "2 hours",
            "1 day",
            "3 weeks",
            "30 business minutes",
            "4 business hours",
            "1 business day",
        ] {
            assert_eq!(words.parse::<Duration>().map(|it| it.to_string()), Ok(words.to_owned()));
        }
    }

    #[test]
    fn other_words_are_no_length_of_time() {
        for words in ["", "10", "ten minutes", "10 min", "-1 day", "1 business week", "99999 days"]
        {
            assert!(words.parse::<Duration>().is_err(), "{words}");
        }
    }
}
