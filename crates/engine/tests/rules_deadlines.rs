//! Deadlines of facts 3.2, by the embedded packs and calendars.

use mendline_engine::rules::{Confidence, RulePacks, RuleRow};
use mendline_engine::time::Timestamp;
use mendline_engine::time::calendar::Calendars;
use mendline_engine::time::zone::zone;

fn row(jurisdiction: &str, name: &str) -> RuleRow {
    let on = at("2026-11-02 09:00", "America/New_York");
    RulePacks::embedded().rule(Some(jurisdiction), name, on).unwrap()
}

fn at(wall: &str, tz: &str) -> Timestamp {
    let wall = chrono::NaiveDateTime::parse_from_str(wall, "%Y-%m-%d %H:%M").unwrap();
    Timestamp::at_wall(wall, zone(tz))
}

/// The moment, on the wall of the rule's zone, when a decision received then is due.
fn due(jurisdiction: &str, received: &str) -> String {
    let row = row(jurisdiction, "decision_deadline");
    let due = row.due(at(received, &row.zone), &Calendars::embedded());
    due.wall(zone(&row.zone)).format("%a %Y-%m-%d %H:%M").to_string()
}

#[test]
fn the_deadlines_of_the_facts_come_out() {
    for (jurisdiction, received, expected) in [
        ("CA", "2026-11-19 16:00", "Mon 2026-11-30 17:30"),
        ("TN", "2026-11-02 10:00", "Fri 2026-11-06 16:30"),
        ("FL", "2026-11-02 10:00", "Thu 2026-11-05 17:00"),
        ("NY", "2026-11-24 10:00", "Sat 2026-11-28 23:59"),
        // Veterans Day is skipped (S14).
        ("AZ", "2026-11-05 10:00", "Tue 2026-11-17 17:00"),
        ("TX", "2026-11-05 10:00", "Tue 2026-11-10 17:00"),
        // The day after Thanksgiving is no working day of the Division.
        ("TX", "2026-11-24 10:00", "Tue 2026-12-01 17:00"),
    ] {
        assert_eq!(due(jurisdiction, received), expected, "{jurisdiction} {received}");
    }
}

#[test]
fn what_arrives_after_the_cut_off_is_received_on_the_next_business_day() {
    let in_time = due("CA", "2026-11-19 17:30");
    let late = due("CA", "2026-11-19 17:31");
    assert_eq!((in_time.as_str(), late.as_str()), ("Mon 2026-11-30 17:30", "Tue 2026-12-01 17:30"));
    // S15: a fax at 17:45 before Thanksgiving; two days off and a weekend follow.
    assert_eq!(due("CA", "2026-11-25 17:45"), "Mon 2026-12-07 17:30");
    // On a Saturday nobody receives it.
    assert_eq!(due("CA", "2026-11-14 10:00"), due("CA", "2026-11-16 10:00"));
}

#[test]
fn rule_09_only_what_was_read_in_the_law_acts() {
    for row in RulePacks::embedded()
        .jurisdictions()
        .flat_map(|it| RulePacks::embedded().rows(it).cloned().collect::<Vec<_>>())
    {
        assert_eq!(row.acts(), row.confidence == Confidence::Verified);
        assert_eq!(row.acts(), row.verified_on.is_some(), "{} {}", row.jurisdiction, row.name);
        assert!(row.acting_lapse().is_none() || row.acts());
    }
    assert!(!row("CA", "decision_deadline").acts());
    assert!(!row("KY", "decision_deadline").acts());
}
