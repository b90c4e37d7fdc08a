//! May this medicine be filled today? Arithmetic only: no store, no clock.
//!
//! The threshold is the payer's own number. There is no national constant; the one figure that was
//! verified for workers' compensation is the federal programme's 75 %.

use chrono::{Days, NaiveDate};

use crate::rejects::{COVERAGE_ENDED, NOT_COVERED, TOO_EARLY, blocking};

/// What is known of one prescription on one day.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    /// The worker's day.
    pub today: NaiveDate,
    /// `accepted`, `denied`, `closed`.
    pub claim_status: &'a str,
    /// What the pharmacy was told.
    pub rejects: &'a [String],
    /// The last fill, if any.
    pub last_fill: Option<LastFill>,
    /// How much of a supply must be used up before the next fill, in percent.
    pub refill_percent: i64,
    /// What somebody has already said yes to.
    pub authorized: Authorized,
    /// The first day of what somebody has said yes to, where that day is still to come.
    pub authorized_from: Option<NaiveDate>,
}

/// When it was filled last, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastFill {
    pub filled_on: NaiveDate,
    pub days_supply: i64,
}

/// Whether an authorization holds for the fill in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authorized {
    /// None does.
    No,
    /// One for this very fill: whoever gave it knew the date.
    ThisFill,
    /// One for an earlier fill with refills: each refill still waits its time.
    AsRefill,
}

/// What the pharmacy would be told now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may be filled.
    Covered,
    /// It may be filled from that day on.
    TooSoon(NaiveDate),
    /// Somebody must look; the code that blocks.
    NeedsApproval(String),
}

/// The verdict on the facts.
pub(crate) fn judge(facts: &Facts) -> Verdict {
    if facts.authorized == Authorized::ThisFill {
        return facts.authorized_from.map_or(Verdict::Covered, Verdict::TooSoon);
    }
    let mut codes: Vec<&str> = match facts.authorized {
        Authorized::No => facts.rejects.iter().map(String::as_str).collect(),
        Authorized::ThisFill | Authorized::AsRefill => vec![],
    };
    match facts.claim_status {
        "closed" | "settled" => codes.push(COVERAGE_ENDED),
        "denied" if facts.authorized == Authorized::No => codes.push(NOT_COVERED),
        _ => {}
    }
    let next = facts.last_fill.map(|it| earliest_fill(it, facts.refill_percent));
    if next.is_some_and(|it| it > facts.today) {
        codes.push(TOO_EARLY);
    }
    match (blocking(codes), next) {
        (None, _) => Verdict::Covered,
        (Some(TOO_EARLY), Some(next)) => Verdict::TooSoon(next),
        (Some(code), _) => Verdict::NeedsApproval(code.into()),
    }
}

/// The first day on which `percent` of the last supply is used up. The fill day is day 0, and a
/// part of a day counts as a day.
pub(crate) fn earliest_fill(last: LastFill, percent: i64) -> NaiveDate {
    let hundredths = last.days_supply.max(0) * percent.clamp(0, 100);
    let wait = u64::try_from((hundredths + 99) / 100).expect("neither factor is negative");
    last.filled_on + Days::new(wait)
}

/// The day on which nothing of it is left.
pub(crate) fn runs_out(last: LastFill) -> NaiveDate {
    last.filled_on + Days::new(u64::try_from(last.days_supply).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn last(filled_on: &str, days_supply: i64) -> LastFill {
        LastFill { filled_on: day(filled_on), days_supply }
    }

    fn facts<'a>(rejects: &'a [String], claim_status: &'a str, today: &str) -> Facts<'a> {
        Facts {
            today: day(today),
            claim_status,
            rejects,
            last_fill: Some(last("2026-10-26", 30)),
            refill_percent: 75,
            authorized: Authorized::No,
            authorized_from: None,
        }
    }

    #[test]
    fn the_next_fill_is_when_the_payers_share_of_the_supply_is_used_up() {
        for (percent, next) in
            [(75, "2026-11-18"), (80, "2026-11-19"), (85, "2026-11-21"), (90, "2026-11-22")]
        {
            assert_eq!(earliest_fill(last("2026-10-26", 30), percent), day(next), "{percent} %");
        }
        assert_eq!(runs_out(last("2026-10-26", 30)), day("2026-11-25"));
        assert_eq!(earliest_fill(last("2026-02-27", 1), 75), day("2026-02-28"));
        assert_eq!(earliest_fill(last("2026-10-26", 0), 75), day("2026-10-26"));
    }

    #[test]
    fn the_day_before_is_too_soon_and_the_day_itself_is_not() {
        let too_soon = judge(&facts(&[], "accepted", "2026-11-17"));
        assert_eq!(too_soon, Verdict::TooSoon(day("2026-11-18")));
        assert_eq!(judge(&facts(&[], "accepted", "2026-11-18")), Verdict::Covered);
    }

    #[test]
    fn a_first_fill_is_never_too_soon() {
        let first = Facts { last_fill: None, ..facts(&[], "accepted", "2026-10-26") };
        assert_eq!(judge(&first), Verdict::Covered);
    }

    #[test]
    fn what_blocks_more_than_the_date_is_said_first() {
        let rejects = ["75".to_owned()];
        let verdict = judge(&facts(&rejects, "accepted", "2026-11-01"));
        assert_eq!(verdict, Verdict::NeedsApproval("75".into()));
        let verdict = judge(&facts(&rejects, "closed", "2026-11-01"));
        assert_eq!(verdict, Verdict::NeedsApproval("69".into()));
        let verdict = judge(&facts(&[], "denied", "2026-12-01"));
        assert_eq!(verdict, Verdict::NeedsApproval("65".into()));
    }

    #[test]
    fn a_yes_for_this_fill_settles_the_date_too_and_one_with_refills_does_not() {
        let rejects = ["75".to_owned()];
        let open = facts(&rejects, "accepted", "2026-11-01");
        let this = Facts { authorized: Authorized::ThisFill, ..open.clone() };
        assert_eq!(judge(&this), Verdict::Covered);
        let refill = Facts { authorized: Authorized::AsRefill, ..open };
        assert_eq!(judge(&refill), Verdict::TooSoon(day("2026-11-18")));
    }

    #[test]
    fn a_yes_that_begins_later_waits_for_its_first_day() {
        let rejects = ["75".to_owned()];
        let open = facts(&rejects, "accepted", "2026-11-01");
        let later = Facts {
            authorized: Authorized::ThisFill,
            authorized_from: Some(day("2026-11-20")),
            ..open
        };
        assert_eq!(judge(&later), Verdict::TooSoon(day("2026-11-20")));
    }
}
