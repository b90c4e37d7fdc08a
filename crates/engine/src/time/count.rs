//! Counting on: from a moment and a duration to the moment when it is over.
//!
//! Business minutes and hours run only while the office is open and end, at the latest, with
//! its closing minute. Business days keep the wall clock and skip days off.

use chrono::NaiveDate;

use super::calendar::Calendars;
use super::zone::{days_after, zone};
use super::{Duration, Timestamp, Unit};

/// Farthest that we look for days, in days: 20 years. Nothing in the care of a claim waits
/// longer for one answer, and a longer duration is due then, so that no count runs away.
pub const HORIZON_DAYS: u64 = 7_305;

const MINUTE_MS: i64 = 60_000;

impl Calendars {
    /// When `d` from `from` is over. Business units count in the calendar `office` (else the
    /// default one, in `zone`), days and weeks in `zone`.
    pub fn due(&self, from: Timestamp, d: Duration, office: Option<&str>, zone: &str) -> Timestamp {
        let amount = i64::from(d.amount);
        match d.unit {
            Unit::Minute => from.plus_ms(amount * MINUTE_MS),
            Unit::Hour => from.plus_ms(amount * 60 * MINUTE_MS),
            Unit::Day => later_day(from, u64::from(d.amount), zone),
            Unit::Week => later_day(from, u64::from(d.amount) * 7, zone),
            Unit::BusinessMinute => self.after_open(from, amount * MINUTE_MS, office, zone),
            Unit::BusinessHour => self.after_open(from, amount * 60 * MINUTE_MS, office, zone),
            Unit::BusinessDay => self.later_business_day(from, d.amount, office, zone),
        }
    }

    /// The `count`-th business day after `day`; `day` itself for none.
    pub fn business_day_after(
        &self,
        day: NaiveDate,
        count: u32,
        office: Option<&str>,
    ) -> NaiveDate {
        if count == 0 {
            return day;
        }
        let later = (1..=HORIZON_DAYS).map(|n| days_after(day, n));
        later
            .filter(|it| self.is_business_day(office, *it))
            .nth(count as usize - 1)
            .unwrap_or_else(|| days_after(day, HORIZON_DAYS))
    }

    /// How long the office is open between two moments, in milliseconds.
    pub fn open_ms(&self, office: Option<&str>, zone: &str, from: Timestamp, to: Timestamp) -> i64 {
        self.open_spans(office, zone, from, to).iter().map(|(open, close)| close.0 - open.0).sum()
    }

    fn later_business_day(
        &self,
        from: Timestamp,
        count: u32,
        office: Option<&str>,
        zone: &str,
    ) -> Timestamp {
        if count == 0 {
            return from;
        }
        let tz = self.zone_of(office, zone);
        let wall = from.wall(tz);
        let day = self.business_day_after(wall.date(), count, office);
        Timestamp::at_wall(day.and_time(wall.time()), tz).max(from)
    }

    fn after_open(&self, from: Timestamp, ms: i64, office: Option<&str>, zone: &str) -> Timestamp {
        let today = from.day(self.zone_of(office, zone));
        let mut left_ms = ms;
        for (open, close) in (0..=HORIZON_DAYS)
            .flat_map(|n| self.spans_of_day(office, zone, days_after(today, n)))
            .filter(|(_, close)| *close >= from)
        {
            let start = open.max(from);
            let open_ms = close.0 - start.0;
            if left_ms <= open_ms {
                return start.plus_ms(left_ms);
            }
            left_ms -= open_ms;
        }
        Timestamp::start_of(days_after(today, HORIZON_DAYS), self.zone_of(office, zone))
    }
}

fn later_day(from: Timestamp, days: u64, zone_name: &str) -> Timestamp {
    if days == 0 {
        return from;
    }
    let tz = zone(zone_name);
    let wall = from.wall(tz);
    let day = days_after(wall.date(), days.min(HORIZON_DAYS));
    Timestamp::at_wall(day.and_time(wall.time()), tz)
}
