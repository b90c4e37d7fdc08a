//! Days. A fill day is the worker's day, wherever the server stands.

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;

/// The day that `now_ms` is in, in an IANA zone; nothing for a zone that does not exist.
pub(crate) fn today(now_ms: i64, zone: &str) -> Option<NaiveDate> {
    let zone: Tz = zone.parse().ok()?;
    Some(DateTime::from_timestamp_millis(now_ms)?.with_timezone(&zone).date_naive())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_in_the_evening_it_is_still_today_in_the_west() {
        let now_ms = 1_795_060_800_000; // 2026-11-19T04:00:00Z
        let day = |zone| today(now_ms, zone).map(|it| it.to_string());
        assert_eq!(day("America/Los_Angeles").as_deref(), Some("2026-11-18"));
        assert_eq!(day("America/New_York").as_deref(), Some("2026-11-18"));
        assert_eq!(day("Etc/UTC").as_deref(), Some("2026-11-19"));
        assert_eq!(day("Example/Nowhere"), None);
    }
}
