//! Time: silence, limits, lengths that make no sense.

use super::cx::Cx;
use crate::surface::{Ask, At, NoAnswer, Verb, Wait};
use crate::time::{Duration, Unit};

/// Reminders of one question. Ours: a fourth is pressure, and carriers read it as spam.
const REMINDERS_MAX: usize = 3;

/// The longest single length, in days. Ours: nobody can say what a conversation means after a year.
const LENGTH_MAX_DAYS: u64 = 366;

/// Office minutes in a business day, by the default office of 09:00 to 17:00.
const OFFICE_DAY_MINUTES: u64 = 8 * 60;

const DAY_MINUTES: u64 = 24 * 60;

/// The least time that a channel has, in minutes. Ours: a phone that lies in a bag is taken out of it
/// a few times an hour, and carriers take minutes to say what became of a message.
const CHANNEL_MINUTES_MIN: u64 = 15;

pub(super) fn check(cx: &mut Cx<'_>) {
    for site in cx.sites.clone() {
        match &site.step.verb {
            Verb::Ask(ask) => silence(cx, ask),
            Verb::Wait(Wait::Event { name, within: None, .. }) => {
                let message = format!("if '{}' never comes, this waits for ever", name.it);
                cx.report(
                    "T306",
                    name.at,
                    message,
                    "add `within:` and, in `else:`, what happens then",
                );
            }
            _ => {}
        }
        if let Some(not_read) = &site.step.not_read {
            too_soon(cx, &not_read.next_channel);
        }
    }
    for length in lengths(cx) {
        if length.it.amount == 0 {
            let message = "this length is nothing at all".to_owned();
            cx.report("T310", length.at, message, "give it a length, or leave the wait away");
        } else if at_least_minutes(length.it) > LENGTH_MAX_DAYS * DAY_MINUTES {
            let message = format!("{} is longer than a conversation lives", length.it);
            cx.report(
                "T312",
                length.at,
                message,
                "end here and let `remind:` start a flow on the day",
            );
        }
    }
}

fn silence(cx: &mut Cx<'_>, ask: &Ask) {
    match &ask.no_answer {
        None => {
            let message = format!("if nobody answers '{}', the conversation hangs", ask.field.it);
            let help = "add `no_answer: { remind: [2 hours, 1 day], then: end OUTCOME }`";
            cx.report("T301", ask.field.at, message, help);
        }
        Some(NoAnswer::Remind { remind, .. }) if remind.len() > REMINDERS_MAX => {
            let message = format!("{} reminders for one question", remind.len());
            cx.report(
                "T311",
                remind[REMINDERS_MAX].at,
                message,
                "three are enough; then let a person look",
            );
        }
        Some(_) => {}
    }
}

fn too_soon(cx: &mut Cx<'_>, each: &At<Duration>) {
    if each.it.amount > 0 && at_least_minutes(each.it) < CHANNEL_MINUTES_MIN {
        let message = format!("after {} nobody had the time to read it", each.it);
        let help = "give each channel a quarter of an hour or more: each one more is a disturbance";
        cx.report("T315", each.at, message, help);
    }
}

/// Every length that the flow states.
fn lengths(cx: &Cx<'_>) -> Vec<At<Duration>> {
    let mut all = Vec::new();
    for site in &cx.sites {
        all.extend(site.step.not_read.iter().map(|it| it.next_channel.clone()));
        match &site.step.verb {
            Verb::Ask(ask) => match &ask.no_answer {
                Some(NoAnswer::Remind { remind, .. }) => all.extend(remind.iter().cloned()),
                Some(NoAnswer::Take { after, .. } | NoAnswer::Then { after, .. }) => {
                    all.push(after.clone());
                }
                None => {}
            },
            Verb::Decide(it) => {
                all.extend(it.within.iter().filter_map(|it| it.fallback.clone()));
                all.extend(it.escalate.iter().map(|it| it.after.clone()));
                all.extend(it.keep_informed.iter().map(|it| it.every.clone()));
            }
            Verb::Wait(Wait::For(length)) => all.push(length.clone()),
            Verb::Wait(Wait::Event { within, .. }) => all.extend(within.clone()),
            _ => {}
        }
    }
    all
}

/// The least real minutes that a length can take. Minutes of office hours may all fall into one
/// office day; beyond it each further office day costs at least a real one; a business day is
/// at least a day, and every fifth crosses a weekend.
pub(super) fn at_least_minutes(length: Duration) -> u64 {
    let amount = u64::from(length.amount);
    match length.unit {
        Unit::Minute => amount,
        Unit::Hour => amount * 60,
        Unit::Day => amount * DAY_MINUTES,
        Unit::Week => amount * 7 * DAY_MINUTES,
        Unit::BusinessMinute => of_office(amount),
        Unit::BusinessHour => of_office(amount * 60),
        Unit::BusinessDay => (amount + 2 * (amount / 5)) * DAY_MINUTES,
    }
}

fn of_office(minutes: u64) -> u64 {
    let days = minutes.saturating_sub(1) / OFFICE_DAY_MINUTES;
    (days + 2 * (days / 5)) * DAY_MINUTES + (minutes - days * OFFICE_DAY_MINUTES)
}

/// Whether `a` comes before `b` when both start together. Two business lengths are compared in
/// office minutes, exactly; a mixed pair by the least time that each can take, so that what is
/// reported as too late is too late in an ordinary week.
pub(super) fn before(a: Duration, b: Duration) -> bool {
    let office = |it: Duration| match it.unit {
        Unit::BusinessMinute => u64::from(it.amount),
        Unit::BusinessHour => u64::from(it.amount) * 60,
        _ => u64::from(it.amount) * OFFICE_DAY_MINUTES,
    };
    if a.unit.is_business() && b.unit.is_business() {
        return office(a) < office(b);
    }
    at_least_minutes(a) < at_least_minutes(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(amount: u32, unit: Unit) -> Duration {
        Duration { amount, unit }
    }

    #[test]
    fn lengths_of_one_kind_compare_exactly() {
        assert!(before(of(59, Unit::Minute), of(1, Unit::Hour)));
        assert!(!before(of(60, Unit::Minute), of(1, Unit::Hour)));
        assert!(before(of(8, Unit::BusinessHour), of(2, Unit::BusinessDay)));
        assert!(!before(of(480, Unit::BusinessMinute), of(1, Unit::BusinessDay)));
    }

    #[test]
    fn a_mixed_pair_compares_by_the_least_that_each_takes() {
        assert!(before(of(20, Unit::Minute), of(30, Unit::BusinessMinute)));
        assert!(before(of(23, Unit::Hour), of(1, Unit::BusinessDay)));
        assert!(!before(of(3, Unit::Day), of(2, Unit::BusinessDay)));
        assert!(before(of(6, Unit::Day), of(5, Unit::BusinessDay)));
    }

    #[test]
    fn office_hours_beyond_one_office_day_cost_a_night() {
        assert_eq!(at_least_minutes(of(8, Unit::BusinessHour)), 8 * 60);
        assert_eq!(at_least_minutes(of(9, Unit::BusinessHour)), 24 * 60 + 60);
    }
}
