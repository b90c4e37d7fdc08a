//! Business time: what people expect of it, and what must hold for any moment and zone.

#![expect(clippy::unwrap_used, reason = "tests")]

use chrono::{Datelike, NaiveDate, NaiveDateTime};
use mendline_engine::state::ClockSpan;
use mendline_engine::time::calendar::{CalendarError, Calendars};
use mendline_engine::time::zone::{known, zone};
use mendline_engine::time::{Duration, Timestamp, Unit, clock};
use proptest::prelude::*;

/// Whole and half hours, both hemispheres, gaps at midnight, no daylight saving.
const ZONES: [&str; 24] = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "America/St_Johns",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Havana",
    "Europe/London",
    "Europe/Berlin",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Tehran",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
];

fn at(wall: &str, zone_name: &str) -> Timestamp {
    let wall = NaiveDateTime::parse_from_str(wall, "%Y-%m-%d %H:%M").unwrap();
    Timestamp::at_wall(wall, zone(zone_name))
}

fn span(from: Timestamp, to: Option<Timestamp>, running: bool) -> ClockSpan {
    ClockSpan { from, to, running }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn durations_end_when_people_say_they_do() {
    use Unit::{BusinessDay, BusinessHour, BusinessMinute, Day, Hour, Minute, Week};
    let calendars = Calendars::embedded();
    for (from, amount, unit, expected) in [
        // A long weekend: 2026-07-03 is the day off for the Fourth, a Saturday.
        ("2026-07-02 16:30", 30, BusinessMinute, "2026-07-02 17:00"),
        ("2026-07-02 17:00", 0, BusinessMinute, "2026-07-02 17:00"),
        ("2026-07-02 16:30", 60, BusinessMinute, "2026-07-06 09:30"),
        ("2026-07-02 16:30", 1, BusinessDay, "2026-07-06 16:30"),
        ("2026-07-04 10:00", 1, BusinessDay, "2026-07-06 10:00"),
        ("2026-07-02 16:30", 0, BusinessDay, "2026-07-02 16:30"),
        ("2026-11-20 12:00", 8, BusinessHour, "2026-11-23 12:00"),
        ("2026-11-20 20:00", 1, BusinessHour, "2026-11-23 10:00"),
        ("2026-11-20 20:00", 0, BusinessHour, "2026-11-23 09:00"),
        ("2026-11-20 06:00", 1, BusinessMinute, "2026-11-20 09:01"),
        ("2026-12-31 16:59", 2, BusinessMinute, "2027-01-04 09:01"),
        // New Year's Day 2028 is a Saturday; the Friday before is off.
        ("2027-12-30 16:00", 2, BusinessHour, "2028-01-03 10:00"),
        ("2026-11-20 12:00", 90, Minute, "2026-11-20 13:30"),
        ("2026-11-20 12:00", 30, Hour, "2026-11-21 18:00"),
        ("2026-11-20 12:00", 3, Day, "2026-11-23 12:00"),
        ("2026-11-20 12:00", 2, Week, "2026-12-04 12:00"),
        // Daylight saving: the same wall clock; hours are hours.
        ("2026-03-07 12:00", 1, Day, "2026-03-08 12:00"),
        ("2026-03-07 12:00", 24, Hour, "2026-03-08 13:00"),
        ("2026-10-31 12:00", 24, Hour, "2026-11-01 11:00"),
        // 02:30 does not exist: the first moment after the gap.
        ("2026-03-07 02:30", 1, Day, "2026-03-08 03:00"),
    ] {
        let due = calendars.due(
            at(from, "America/Chicago"),
            Duration { amount, unit },
            None,
            "America/Chicago",
        );
        assert_eq!(due, at(expected, "America/Chicago"), "{from} and {amount} {unit:?}: {due}");
    }
}

#[test]
fn a_wall_time_that_comes_twice_is_the_first_of_the_two() {
    let first = at("2026-11-01 01:30", "America/New_York");
    assert_eq!(first, Timestamp::parse("2026-11-01T05:30:00Z").unwrap());
}

#[test]
fn an_office_keeps_its_own_hours_in_its_own_zone() {
    let calendars = Calendars::embedded();
    let four_hours = Duration { amount: 4, unit: Unit::BusinessHour };
    let from = at("2026-11-25 16:30", "America/Los_Angeles");
    // Its zone, whoever asks: one hour on Wednesday, then Thanksgiving, the Friday, the weekend.
    let due = calendars.due(from, four_hours, Some("us-ca-state"), "America/New_York");
    assert_eq!(due, at("2026-11-30 12:00", "America/Los_Angeles"));
    // Federal offices work on that Friday.
    let due = calendars.due(from, four_hours, Some("us-office"), "America/Los_Angeles");
    assert_eq!(due, at("2026-11-27 12:30", "America/Los_Angeles"));
    // A calendar that nobody knows keeps usual hours, never all hours.
    assert_eq!(due, calendars.due(from, four_hours, Some("no-such"), "America/Los_Angeles"));
}

#[test]
fn several_intervals_a_day_and_nights_are_counted() {
    let mut calendars = Calendars::embedded();
    let yaml = "{ name: night, about: x, zone: America/Chicago, source: x, confidence: unverified, same_holidays_as: us-federal,
        week: { mon: ['08:00-12:00', '13:00-15:00', '22:00-24:00'], tue: ['00:00-06:00'] } }";
    assert_eq!(calendars.add(yaml).unwrap(), "night");
    let due = |from, amount| {
        let d = Duration { amount, unit: Unit::BusinessHour };
        calendars.due(at(from, "America/Chicago"), d, Some("night"), "UTC")
    };
    assert_eq!(due("2026-11-16 11:00", 2), at("2026-11-16 14:00", "America/Chicago"));
    assert_eq!(due("2026-11-16 23:00", 2), at("2026-11-17 01:00", "America/Chicago"));
    assert_eq!(due("2026-11-17 05:00", 2), at("2026-11-23 09:00", "America/Chicago"));
    assert!(calendars.is_open(Some("night"), "UTC", at("2026-11-17 00:00", "America/Chicago")));
    assert!(!calendars.is_open(Some("night"), "UTC", at("2026-11-16 12:00", "America/Chicago")));
}

#[test]
fn a_calendar_that_would_mislead_is_refused() {
    let with = |rest: &str| {
        let yaml = format!("{{ name: x, about: x, source: x, confidence: unverified, {rest} }}");
        Calendars::embedded().add(&yaml).unwrap_err()
    };
    let week = "week: { mon: ['09:00-17:00'] }";
    assert_eq!(with("week: {}"), CalendarError::NeverOpen("x".into()));
    assert_eq!(with(week), CalendarError::NoHolidays("x".into()));
    assert!(matches!(
        with(&format!("{week}, same_holidays_as: y")),
        CalendarError::UnknownCalendar { .. }
    ));
    assert!(matches!(
        with(&format!("{week}, zone: Mars/North")),
        CalendarError::UnknownZone { .. }
    ));
    for bad in ["17:00-09:00", "09:00", "09:00-25:00", "09:60-10:00"] {
        assert!(
            matches!(with(&format!("week: {{ mon: ['{bad}'] }}")), CalendarError::Unreadable(_)),
            "{bad}"
        );
    }
    let overlap = "week: { mon: ['09:00-12:00', '11:00-17:00'] }";
    assert!(matches!(with(overlap), CalendarError::Unreadable(_)));
}

#[test]
fn written_days_off_are_those_that_the_rules_compute() {
    let calendars = Calendars::embedded();
    for name in calendars.names() {
        let calendar = calendars.get(name).unwrap();
        let Some(years) = calendar.years else { continue };
        let first = NaiveDate::from_ymd_opt(years.first, 1, 1).unwrap();
        for day in first.iter_days().take_while(|it| it.year() <= years.last) {
            let listed = calendar.holidays.get(&day).cloned();
            assert_eq!(listed, calendar.computed(day), "{name} {day}");
        }
    }
}

#[test]
fn a_year_that_no_list_covers_still_has_its_days_off() {
    let calendars = Calendars::embedded();
    for (calendar, date, off) in [
        ("us-federal", "2033-11-24", true),
        ("us-federal", "2033-11-25", false),
        // 2033-01-01 is a Saturday: the Friday of the year before.
        ("us-federal", "2032-12-31", true),
        ("us-tn-state", "2030-04-19", true),
        ("us-ca-state", "2026-11-27", true),
        ("us-tx-wc", "2026-12-24", true),
        ("us-office", "2026-11-26", true),
        ("us-office", "2026-11-27", false),
    ] {
        assert_eq!(calendars.is_business_day(Some(calendar), day(date)), !off, "{calendar} {date}");
        assert_eq!(calendars.holiday(Some(calendar), day(date)).is_some(), off);
    }
}

#[test]
fn rule_06_a_stopped_clock_waits_and_goes_on_with_what_was_left() {
    let calendars = Calendars::embedded();
    let la = |wall| at(wall, "America/Los_Angeles");
    let due = |spans: &[ClockSpan], amount, unit| {
        clock::due(&calendars, spans, Duration { amount, unit }, None, "America/Los_Angeles")
    };
    let (start, stop, go) =
        (la("2026-11-16 10:00"), la("2026-11-16 11:30"), la("2026-11-18 16:00"));
    let running = [span(start, None, true)];
    assert_eq!(due(&running, 4, Unit::BusinessHour), Some(la("2026-11-16 14:00")));
    let standing = [span(start, Some(stop), true), span(stop, None, false)];
    assert_eq!(due(&standing, 4, Unit::BusinessHour), None);
    assert_eq!(due(&standing, 1, Unit::BusinessHour), Some(la("2026-11-16 11:00")));
    let again = [span(start, Some(stop), true), span(stop, Some(go), false), span(go, None, true)];
    // Two and a half hours are left; one of them on the 18th.
    assert_eq!(due(&again, 4, Unit::BusinessHour), Some(la("2026-11-19 10:30")));
    assert_eq!(due(&again, 240, Unit::Minute), Some(la("2026-11-18 18:30")));
    // Two days, less the hour and a half that had run of the first.
    assert_eq!(due(&again, 2, Unit::BusinessDay), Some(la("2026-11-20 14:30")));
    assert_eq!(clock::ran_ms(&again, la("2026-11-18 17:00")), 150 * 60_000);
    assert_eq!(due(&[], 1, Unit::Hour), None);
}

#[test]
fn a_clock_that_stops_while_the_office_is_closed_loses_no_office_hours() {
    let calendars = Calendars::embedded();
    let due = |stops: [&str; 3], amount, unit| {
        let [from, stop, go] = stops.map(|it| at(it, "America/Chicago"));
        let spans =
            [span(from, Some(stop), true), span(stop, Some(go), false), span(go, None, true)];
        clock::due(&calendars, &spans, Duration { amount, unit }, None, "America/Chicago").unwrap()
    };
    for (stops, amount, unit, expected) in [
        // Seven hours ran on Monday, three are left on Tuesday from eleven.
        (
            ["2026-11-16 10:00", "2026-11-16 22:00", "2026-11-17 11:00"],
            10,
            Unit::BusinessHour,
            "2026-11-17 14:00",
        ),
        (
            ["2026-11-16 10:00", "2026-11-16 22:00", "2026-11-17 08:00"],
            10,
            Unit::BusinessHour,
            "2026-11-17 12:00",
        ),
        // Of one business day 14 hours ran on Friday; over the weekend none.
        (
            ["2026-11-13 10:00", "2026-11-15 10:00", "2026-11-18 16:00"],
            1,
            Unit::BusinessDay,
            "2026-11-19 02:00",
        ),
        // Six hours ran; going on, on a Sunday, begins on Monday.
        (
            ["2026-11-13 10:00", "2026-11-13 16:00", "2026-11-15 10:00"],
            1,
            Unit::BusinessDay,
            "2026-11-16 18:00",
        ),
        (
            ["2026-11-13 10:00", "2026-11-13 16:00", "2026-11-17 10:00"],
            1,
            Unit::BusinessDay,
            "2026-11-18 04:00",
        ),
    ] {
        assert_eq!(due(stops, amount, unit), at(expected, "America/Chicago"), "{stops:?}");
    }
}

fn moment() -> impl Strategy<Value = Timestamp> {
    // 2025 to 2031: listed years, computed years and the border between them, to the second.
    (1_735_689_600i64..1_924_992_000).prop_map(|s| Timestamp(s * 1000))
}

fn unit() -> impl Strategy<Value = Unit> {
    proptest::sample::select(vec![
        Unit::Minute,
        Unit::Hour,
        Unit::Day,
        Unit::Week,
        Unit::BusinessMinute,
        Unit::BusinessHour,
        Unit::BusinessDay,
    ])
}

fn zone_name() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(ZONES.to_vec())
}

#[test]
fn the_zones_of_these_tests_exist() {
    assert!(ZONES.iter().all(|it| known(it).is_some()));
}

proptest! {
    #[test]
    fn more_is_never_sooner(from in moment(), zone in zone_name(), unit in unit(), a in 0u32..600, b in 0u32..600) {
        let calendars = Calendars::embedded();
        let due = |amount| calendars.due(from, Duration { amount, unit }, None, zone);
        prop_assert!(from <= due(0));
        prop_assert!(due(a.min(b)) <= due(a.max(b)));
    }

    #[test]
    fn business_minutes_are_open_minutes(from in moment(), later in 0i64..1_000_000, zone in zone_name(), a in 1u32..3000, b in 0u32..500) {
        let calendars = Calendars::embedded();
        let due = |from, amount| calendars.due(from, Duration { amount, unit: Unit::BusinessMinute }, None, zone);
        let end = due(from, a);
        // Just before it the office was open, and exactly so long since `from`.
        prop_assert!(calendars.is_open(None, zone, end.plus_ms(-1)));
        prop_assert_eq!(calendars.open_ms(None, zone, from, end), i64::from(a) * 60_000);
        // In two steps as in one, and whoever starts later ends no sooner.
        prop_assert_eq!(due(end, b), due(from, a + b));
        prop_assert!(end <= due(from.plus_ms(later * 1000), a));
    }

    #[test]
    fn business_days_are_business_days_with_the_same_wall_clock(from in moment(), name in zone_name(), amount in 1u32..300) {
        let calendars = Calendars::embedded();
        let due = calendars.due(from, Duration { amount, unit: Unit::BusinessDay }, None, name);
        let (before, after) = (from.wall(zone(name)), due.wall(zone(name)));
        prop_assert!(calendars.is_business_day(None, after.date()));
        let days = before.date().iter_days().skip(1).take_while(|it| *it <= after.date());
        prop_assert_eq!(days.filter(|it| calendars.is_business_day(None, *it)).count(), amount as usize);
        // A gap moves it on, by an hour at most here.
        let moved = after.time() - before.time();
        prop_assert!((0..=60).contains(&moved.num_minutes()), "{before} {after}");
    }

    #[test]
    fn a_stop_never_brings_the_end_nearer(from in moment(), zone in zone_name(), unit in unit(), amount in 1u32..40, ran in 1i64..400_000, stood in 0i64..1_000_000) {
        let calendars = Calendars::embedded();
        let d = Duration { amount, unit };
        let (stop, go) = (from.plus_ms(ran * 1000), from.plus_ms((ran + stood) * 1000));
        let spans = [span(from, Some(stop), true), span(stop, Some(go), false), span(go, None, true)];
        let plain = calendars.due(from, d, None, zone);
        let with_stop = clock::due(&calendars, &spans, d, None, zone).unwrap();
        prop_assert_eq!(clock::due(&calendars, &[span(from, None, true)], d, None, zone), Some(plain));
        if plain <= stop {
            prop_assert_eq!(with_stop, plain);
        } else {
            prop_assert!(with_stop >= plain, "{with_stop} {plain}");
            prop_assert!(with_stop >= go);
        }
    }

    #[test]
    fn any_amount_comes_to_an_end(zone in zone_name(), unit in unit(), amount: u32, ms: i64) {
        let calendars = Calendars::embedded();
        let from = Timestamp(ms % 4_000_000_000_000);
        let d = Duration { amount, unit };
        prop_assert!(calendars.due(from, d, None, zone) >= from);
    }
}
