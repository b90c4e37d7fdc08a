//! The vectors of facts 2.2 and 3.2 for refills and for fills without an OK.

#![expect(clippy::unwrap_used, reason = "tests")]

use chrono::NaiveDate;
use mendline_engine::rules::RulePacks;
use mendline_engine::rules::refill::{Fill, LOOK_BACK_DAYS, earliest, on_hand, runs_out};
use mendline_engine::rules::windows::{Window, first_visit, liable_days, perioperative};
use mendline_engine::time::Timestamp;
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn number(jurisdiction: &str, name: &str) -> u32 {
    let on = Timestamp::parse("2026-11-02T18:00:00Z").unwrap();
    let row = RulePacks::embedded().rule(Some(jurisdiction), name, on).unwrap();
    assert!(row.acts());
    row.number().unwrap()
}

#[test]
fn a_refill_is_due_when_the_threshold_is_used_up() {
    let last = Fill { day: day("2026-10-26"), days_supply: 30 };
    for (percent, expected) in
        [(75, "2026-11-18"), (80, "2026-11-19"), (85, "2026-11-21"), (90, "2026-11-22")]
    {
        assert_eq!(earliest(last, percent), day(expected), "{percent} %");
    }
    assert_eq!(runs_out(last), day("2026-11-25"));
    assert_eq!(earliest(last, 200), runs_out(last));
    assert_eq!(number("FECA", "refill_threshold_percent"), 75);
}

#[test]
fn early_fills_add_up_and_old_ones_are_forgotten() {
    let fill = |text, days_supply| Fill { day: day(text), days_supply };
    let today = day("2026-11-18");
    assert_eq!(on_hand(&[fill("2026-10-26", 30)], today, LOOK_BACK_DAYS), 7);
    assert_eq!(
        on_hand(&[fill("2026-10-01", 30), fill("2026-10-26", 30)], today, LOOK_BACK_DAYS),
        12
    );
    assert_eq!(on_hand(&[fill("2026-08-01", 30)], today, LOOK_BACK_DAYS), 0);
    assert_eq!(on_hand(&[fill("2026-01-01", 900)], today, LOOK_BACK_DAYS), 0);
    assert_eq!(on_hand(&[fill("2026-12-01", 30)], today, LOOK_BACK_DAYS), 0);
    assert_eq!(on_hand(&[], today, LOOK_BACK_DAYS), 0);
}

#[test]
fn california_special_and_perioperative_fills_have_their_days() {
    let visit = first_visit(day("2026-11-02"), number("CA", "special_fill_visit_days"));
    assert_eq!(visit, Window { first: day("2026-11-02"), last: day("2026-11-09") });
    // S27: day 7 exactly is allowed, day 8 is not.
    assert!(visit.has(day("2026-11-09")) && !visit.has(day("2026-11-10")));
    let fill = perioperative(day("2026-11-16"), number("CA", "perioperative_days"));
    assert_eq!(fill, Window { first: day("2026-11-12"), last: day("2026-11-20") });
}

#[test]
fn texas_pays_the_first_seven_days_pro_rated() {
    let injury = day("2026-11-02");
    let days = number("TX", "first_fill_days");
    for (dispensed, supply, expected) in [
        ("2026-11-05", 30, 5), // day three: days three to seven
        ("2026-11-06", 30, 4), // the rule's own example: day four, four days
        ("2026-11-03", 30, 7),
        ("2026-11-02", 30, 7),
        ("2026-11-09", 30, 1),
        ("2026-11-10", 30, 0),
        ("2026-11-01", 30, 0),
        ("2026-11-05", 3, 3),
    ] {
        assert_eq!(liable_days(injury, days, day(dispensed), supply), expected, "{dispensed}");
    }
}

proptest! {
    #[test]
    fn a_higher_threshold_is_never_sooner_and_none_is_after_running_out(
        offset in 0i64..4000, days_supply in 0u32..400, low in 0u8..=100, more in 0u8..=100,
    ) {
        let last = Fill { day: day("2024-01-01") + chrono::TimeDelta::days(offset), days_supply };
        let high = low.saturating_add(more);
        prop_assert!(earliest(last, low) <= earliest(last, high));
        prop_assert!(last.day <= earliest(last, low) && earliest(last, high) <= runs_out(last));
    }
}
