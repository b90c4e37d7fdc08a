//! A clock that stops and runs again: when is its time over?

use super::calendar::Calendars;
use super::zone::days_after;
use super::{Duration, Timestamp, Unit};
use crate::state::ClockSpan;

/// When `d` is used up by the running spans, in order. `None` while the clock stands with time
/// left, or where it never ran.
///
/// A day that a stop interrupts goes on, after it, with what was left of it.
pub fn due(
    calendars: &Calendars,
    spans: &[ClockSpan],
    d: Duration,
    office: Option<&str>,
    zone: &str,
) -> Option<Timestamp> {
    let mut left = in_minutes(d);
    let mut begun_ms = 0;
    // Where it would have ended without the next stop. Wall clocks and weekends could let a
    // stop bring the end nearer; nothing may.
    let mut soonest = Timestamp(i64::MIN);
    for span in spans.iter().filter(|it| it.running) {
        // As if it had run without a break: what was begun before the stop lies before `from`.
        let resumed = match (begun_ms, left.unit) {
            (1.., Unit::BusinessDay) => working_from(calendars, span.from, office, zone),
            _ => span.from,
        };
        let from = resumed.plus_ms(-begun_ms);
        let over = |amount| calendars.due(from, Duration { amount, ..left }, office, zone);
        soonest = soonest.max(over(left.amount)).max(span.from);
        let end = match span.to {
            Some(to) if soonest > to => to,
            _ => return Some(soonest),
        };
        let whole = largest(left.amount.saturating_sub(1), |amount| over(amount) <= end);
        begun_ms = match left.unit {
            Unit::BusinessMinute => calendars.open_ms(office, zone, over(whole), end),
            Unit::BusinessDay => working_ms(calendars, over(whole), end, office, zone),
            _ => end.0 - over(whole).0.min(end.0),
        };
        left.amount -= whole;
    }
    None
}

/// How much of the business days, counted around the clock, lies between two moments.
fn working_ms(
    calendars: &Calendars,
    from: Timestamp,
    to: Timestamp,
    office: Option<&str>,
    zone: &str,
) -> i64 {
    let tz = calendars.zone_of(office, zone);
    let days = from.day(tz).iter_days().take_while(|day| *day <= to.day(tz));
    days.filter(|day| calendars.is_business_day(office, *day))
        .map(|day| {
            let end = Timestamp::start_of(days_after(day, 1), tz).min(to);
            (end.0 - Timestamp::start_of(day, tz).max(from).0).max(0)
        })
        .sum()
}

/// `at`, or the beginning of the next business day where it lies on none.
fn working_from(
    calendars: &Calendars,
    at: Timestamp,
    office: Option<&str>,
    zone: &str,
) -> Timestamp {
    let tz = calendars.zone_of(office, zone);
    let day = at.day(tz);
    if calendars.is_business_day(office, day) {
        return at;
    }
    Timestamp::start_of(calendars.business_day_after(day, 1, office), tz)
}

/// How much of a clock has run until `now`, in milliseconds of the wall.
pub fn ran_ms(spans: &[ClockSpan], now: Timestamp) -> i64 {
    let length = |it: &ClockSpan| (it.to.unwrap_or(now).min(now).0 - it.from.0).max(0);
    spans.iter().filter(|it| it.running).map(length).sum()
}

/// Hours as minutes, so that a stop within an hour loses nothing of it.
fn in_minutes(d: Duration) -> Duration {
    let unit = match d.unit {
        Unit::Hour => Unit::Minute,
        Unit::BusinessHour => Unit::BusinessMinute,
        _ => return d,
    };
    Duration { amount: d.amount.saturating_mul(60), unit }
}

/// The largest amount up to `most` that fits; zero always fits.
fn largest(most: u32, fits: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}
