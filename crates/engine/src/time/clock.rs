//! A clock that stops and runs again: when is its time over?

use super::calendar::Calendars;
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
    for span in spans.iter().filter(|it| it.running) {
        // As if it had run without a break: what was begun before the stop lies before `from`.
        let from = span.from.plus_ms(-begun_ms);
        let over = |amount| calendars.due(from, Duration { amount, ..left }, office, zone);
        let end = match span.to {
            Some(to) if over(left.amount) > to => to,
            _ => return Some(over(left.amount).max(span.from)),
        };
        let whole = largest(left.amount, |amount| over(amount) <= end);
        begun_ms = end.0 - over(whole).0.min(end.0);
        left.amount -= whole;
    }
    None
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
