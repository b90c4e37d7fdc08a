//! Wall clocks: from a moment to what a clock on the wall shows, and back.
//!
//! The way back is where the traps are. A wall time that daylight saving skipped becomes the
//! first moment after the gap; one that comes twice is the first of the two.

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::Timestamp;

/// Longest gap in wall time that any zone ever made, in minutes: Samoa skipped a whole day.
const GAP_MAX_MIN: i64 = 25 * 60;

/// Farthest moment that we count with, in milliseconds: the end of the year 9999. Later ones
/// are treated as this one, so that no arithmetic leaves the calendar.
const FARTHEST_MS: i64 = 253_402_300_799_000;

/// The zone of an IANA name, if there is one.
pub fn known(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// The zone of an IANA name. An unknown one is counted in UTC: configuration and people are
/// checked with [`known`] where they come in, so this is the net under a mistake.
pub fn zone(name: &str) -> Tz {
    known(name).unwrap_or(Tz::UTC)
}

impl Timestamp {
    /// The moment as a date and time in UTC.
    pub fn utc(self) -> DateTime<Utc> {
        let ms = self.0.clamp(-FARTHEST_MS, FARTHEST_MS);
        DateTime::from_timestamp_millis(ms).expect("clamped to four-digit years")
    }

    /// What the clock on the wall of `zone` shows.
    pub fn wall(self, zone: Tz) -> NaiveDateTime {
        self.utc().with_timezone(&zone).naive_local()
    }

    /// The calendar day in `zone`.
    pub fn day(self, zone: Tz) -> NaiveDate {
        self.wall(zone).date()
    }

    /// The moment when the clock on the wall of `zone` shows `wall`.
    pub fn at_wall(wall: NaiveDateTime, zone: Tz) -> Timestamp {
        match zone.from_local_datetime(&wall) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => of(at),
            LocalResult::None => after_gap(wall, zone),
        }
    }

    /// The first moment of `day` in `zone`.
    pub fn start_of(day: NaiveDate, zone: Tz) -> Timestamp {
        Timestamp::at_wall(day.and_time(NaiveTime::MIN), zone)
    }

    /// The moment that an RFC 3339 text names.
    pub fn parse(text: &str) -> Option<Timestamp> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Timestamp(at.timestamp_millis()))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

/// `day` and `count` days, as far as the calendar goes.
pub(crate) fn days_after(day: NaiveDate, count: u64) -> NaiveDate {
    day.checked_add_days(Days::new(count)).unwrap_or(NaiveDate::MAX)
}

fn of(at: DateTime<Tz>) -> Timestamp {
    Timestamp(at.timestamp_millis())
}

/// The first valid moment after a skipped wall time.
fn after_gap(wall: NaiveDateTime, zone: Tz) -> Timestamp {
    let whole = wall.date().and_time(NaiveTime::MIN);
    let minutes = (wall - whole).num_minutes();
    (1..=GAP_MAX_MIN)
        .filter_map(|more| {
            zone.from_local_datetime(&(whole + chrono::TimeDelta::minutes(minutes + more)))
                .earliest()
        })
        .map(of)
        .next()
        .unwrap_or_else(|| Timestamp(wall.and_utc().timestamp_millis()))
}
