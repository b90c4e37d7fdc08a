//! When mails leave that can wait: at the times that the settings name, on the reader's own clock.
//! Pure.

use chrono::{Days, NaiveTime};
use mendline_engine::time::Timestamp;
use mendline_engine::time::zone::zone;
use serde::{Deserialize, Deserializer, de};

/// Days that are looked through: today, and tomorrow, whose clock may skip an hour.
const DAYS: u64 = 3;

/// A time of day: `09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(NaiveTime);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        let text = String::deserialize(from)?;
        let time = NaiveTime::parse_from_str(&text, "%H:%M").ok().filter(|_| text.len() == 5);
        let wrong = || de::Error::custom(format!("'{text}' is no time of day like 09:00"));
        time.map(Time).ok_or_else(wrong)
    }
}

/// The first of these times after a moment, in a zone; nothing where there are none.
pub fn next(said: Timestamp, zone_name: &str, times: &[Time]) -> Option<Timestamp> {
    let zone = zone(zone_name);
    let today = said.day(zone);
    let days = (0..DAYS).filter_map(|it| today.checked_add_days(Days::new(it)));
    let moments = days
        .flat_map(|day| times.iter().map(move |it| Timestamp::at_wall(day.and_time(it.0), zone)));
    moments.filter(|it| *it > said).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(all: &[&str]) -> Vec<Time> {
        all.iter().map(|it| serde_json::from_value((*it).into()).unwrap()).collect()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn next_in(zone: &str, said: &str) -> Timestamp {
        next(at(said), zone, &times(&["15:00", "09:00"])).unwrap()
    }

    #[test]
    fn what_can_wait_leaves_at_the_next_of_the_readers_times() {
        let los_angeles = "America/Los_Angeles";
        for (said, leaves) in [
            ("2026-11-18T16:59:59Z", "2026-11-18T17:00:00Z"),
            ("2026-11-18T17:00:00Z", "2026-11-18T23:00:00Z"),
            ("2026-11-18T23:00:01Z", "2026-11-19T17:00:00Z"),
            // Summer time ends in the night before.
            ("2026-10-31T23:30:00Z", "2026-11-01T17:00:00Z"),
        ] {
            assert_eq!(next_in(los_angeles, said), at(leaves), "{said}");
        }
        assert_eq!(next_in("America/New_York", "2026-11-18T17:00:00Z"), at("2026-11-18T20:00:00Z"));
        assert_eq!(next(at("2026-11-18T17:00:00Z"), los_angeles, &[]), None);
    }

    #[test]
    fn a_time_that_a_clock_skips_is_the_first_after_it() {
        let times = times(&["02:30"]);
        let said = at("2026-03-08T08:00:00Z");
        assert_eq!(next(said, "America/Los_Angeles", &times), Some(at("2026-03-08T10:00:00Z")));
    }

    #[test]
    fn what_is_no_time_of_day_is_refused() {
        for wrong in ["", "9:00", "24:00", "09:60", "9am", "09:00:00"] {
            assert!(serde_json::from_value::<Time>(wrong.into()).is_err(), "{wrong}");
        }
    }
}
