//! Deadlines of facts 3.2, by the embedded packs and calendars.

#![expect(clippy::unwrap_used, reason = "tests")]

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

#[test]
fn a_jurisdiction_without_a_pack_has_no_rules() {
    let packs = RulePacks::embedded();
    let on = at("2026-11-02 09:00", "America/New_York");
    for jurisdiction in [None, Some("IA"), Some("ca")] {
        assert_eq!(packs.rule(jurisdiction, "decision_deadline", on), None);
    }
    // Found nowhere, so not there: a deadline for a drug in Ohio, Washington or under FECA.
    for jurisdiction in ["OH", "WA", "FECA", "PA"] {
        assert_eq!(packs.rule(Some(jurisdiction), "decision_deadline", on), None);
    }
}

#[test]
fn silence_means_what_the_jurisdiction_says_and_acts_only_where_that_is_sure() {
    use mendline_engine::rules::LapseEffect::{
        AdministrativePenalty, AutoApproved, MaySeekAgencyReview, MedicalNecessityConceded, Unknown,
    };
    for (jurisdiction, effect, acting) in [
        ("NY", AutoApproved, Some(AutoApproved)),
        ("AZ", MaySeekAgencyReview, Some(MaySeekAgencyReview)),
        // Whether it reaches drugs is arguable.
        ("FL", MedicalNecessityConceded, None),
        ("TX", AdministrativePenalty, None),
        ("TN", AdministrativePenalty, None),
        ("CA", Unknown, None),
        ("KY", Unknown, None),
    ] {
        let row = row(jurisdiction, "decision_deadline");
        assert_eq!((row.lapse_effect, row.acting_lapse()), (effect, acting), "{jurisdiction}");
    }
    assert_eq!(row("TX", "approval_revocable").value, false);
    assert_eq!(row("TN", "deny_medical_by_adjuster").value, false);
    assert_eq!(row("NY", "max_period_days").number(), Some(365));
    assert_eq!(row("NY", "max_days_per_fill").number(), Some(90));
}

/// A pack of one rule in two versions, and with a tolled clock.
fn pack(rules: &str) -> Result<RulePacks, mendline_engine::rules::PackError> {
    let mut packs = RulePacks::default();
    let head =
        "jurisdiction: XX\nabout: x\nzone: America/Chicago\nverified_on: 2026-11-22\nrules:\n";
    packs.add(&format!("{head}{rules}")).map(|_| packs)
}

#[test]
fn a_request_is_judged_by_the_rule_of_the_day_of_its_receipt() {
    let packs = pack(
        "  - { name: d, value: 5, unit: hour, citation: c, confidence: secondary, effective_to: 2026-03-31 }\n  \
         - { name: d, value: 6, unit: hour, citation: c, confidence: secondary, effective_from: 2026-04-01 }",
    )
    .unwrap();
    let value = |wall| {
        let on = at(wall, "America/Chicago");
        packs.rule(Some("XX"), "d", on).and_then(|it| it.number())
    };
    assert_eq!(value("2026-03-31 23:59"), Some(5));
    assert_eq!(value("2026-04-01 00:00"), Some(6));
}

#[test]
fn a_clock_stops_only_where_a_verified_rule_stops_it() {
    let due = |tolling: &str, confidence: &str| {
        let packs = pack(&format!(
            "  - {{ name: d, value: 3, unit: working_day, citation: c, source_url: u, \
             tolling: {tolling}, confidence: {confidence} }}"
        ))
        .unwrap();
        let on = at("2026-11-16 10:00", "America/Chicago");
        let row = packs.rule(Some("XX"), "d", on).unwrap();
        let chicago = |wall| at(wall, "America/Chicago");
        let (stop, go) = (chicago("2026-11-17 12:00"), chicago("2026-11-20 12:00"));
        let span = |from, to, running| mendline_engine::state::ClockSpan { from, to, running };
        let calendars = Calendars::embedded();
        let standing = [span(on, Some(stop), true), span(stop, None, false)];
        let again = [span(on, Some(stop), true), span(stop, Some(go), false), span(go, None, true)];
        let day =
            |it: Timestamp| it.wall(zone("America/Chicago")).format("%m-%d %H:%M").to_string();
        (
            row.due_with_stops(&standing, &calendars).map(day),
            row.due_with_stops(&again, &calendars).map(day),
        )
    };
    let plain = Some("11-19 17:00".to_owned());
    assert_eq!(due("yes", "verified"), (None, Some("11-24 17:00".to_owned())));
    assert_eq!(due("yes", "secondary"), (plain.clone(), plain.clone()));
    assert_eq!(due("unknown", "verified"), (plain.clone(), plain));
}

#[test]
fn a_pack_that_would_mislead_is_refused() {
    for bad in [
        "  - { name: d, value: soon, unit: hour, citation: c, confidence: secondary }",
        "  - { name: d, value: 5, unit: hour, citation: c, confidence: verified }",
        "  - { name: d, value: 5, citation: c, confidence: sure }",
        "  - { name: d, value: 5, citation: c, confidence: secondary, receipt_cutoff: '17:30' }",
        "  - { name: d, value: 5, citation: c, confidence: secondary, effectve_to: 2026-01-01 }",
        "  - { name: d, value: 5, confidence: secondary }",
    ] {
        assert!(pack(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_row_survives_the_record() {
    let row = row("NY", "decision_deadline");
    assert_eq!(RuleRow::from_value(&row.to_value()), Some(row));
}
