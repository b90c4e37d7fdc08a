//! How the desk words things for staff: codes, verdicts, times. Every sentence that a member of
//! staff reads because of a code stands here.

use chrono::{Datelike, NaiveDate, TimeDelta};
use mendline_engine::effect::{Closed, VerdictKind};
use mendline_engine::rules::{Confidence, RuleRow, RuleUnit, Tolling};
use mendline_engine::time::Timestamp;
use mendline_engine::time::zone::zone;
use mendline_engine::types::Words;
use serde_json::Value;

use crate::store::{Pause, PauseKind};

/// The language of the desk's own pages.
pub const DESK_LANGUAGE: &str = "en";
const MINUTE_MS: i64 = 60_000;

/// `10:42` today, `Tue 10:42` within a week, else `Tue 24 Nov, 10:42`; in the reader's zone.
pub fn moment(at: Timestamp, now: Timestamp, reader_zone: &str) -> String {
    let (wall, today) = (at.wall(zone(reader_zone)), now.wall(zone(reader_zone)).date());
    let away = wall.date() - today;
    if away == TimeDelta::zero() {
        wall.format("%H:%M").to_string()
    } else if away.abs() < TimeDelta::days(6) {
        wall.format("%a %H:%M").to_string()
    } else if wall.year() == today.year() {
        wall.format("%a %-d %b, %H:%M").to_string()
    } else {
        wall.format("%-d %b %Y, %H:%M").to_string()
    }
}

/// `just now`, `12 min`, `3 h 5 min`, `4 days`.
pub fn since(from: Timestamp, now: Timestamp) -> String {
    let minutes = (now.0 - from.0).max(0) / MINUTE_MS;
    match minutes {
        0 => "less than a minute".into(),
        1..60 => format!("{minutes} min"),
        60..1440 if minutes % 60 == 0 => format!("{} h", minutes / 60),
        60..1440 => format!("{} h {} min", minutes / 60, minutes % 60),
        1440..2880 => "1 day".into(),
        _ => format!("{} days", minutes / 1440),
    }
}

/// How long until a moment: days to the nearest, since "due in 1 day" must not mean two.
pub fn ahead(now: Timestamp, due: Timestamp) -> String {
    const HALF_A_DAY_MS: i64 = 720 * MINUTE_MS;
    let left = due.0 - now.0;
    if left < 2 * HALF_A_DAY_MS { since(now, due) } else { since(now, due.plus_ms(HALF_A_DAY_MS)) }
}

/// An amount as it is written: `$182.40` for `182.40 USD`.
pub fn money(amount: &str) -> String {
    match amount.split_once(' ') {
        Some((number, "USD")) => format!("${number}"),
        _ => amount.to_owned(),
    }
}

/// One of several languages: the desk's, or whichever is there.
pub fn pick<'a>(words: &'a Words, language: &str) -> &'a str {
    let found = words.get(language).or_else(|| words.get(DESK_LANGUAGE));
    found.or_else(|| words.values().next()).map_or("", String::as_str)
}

/// `Spanish` for `es`.
pub fn language_name(tag: &str) -> String {
    match tag {
        "en" => "English".into(),
        "es" => "Spanish".into(),
        other => other.to_owned(),
    }
}

/// A name of the house in words: `pbm.check_coverage` → `check coverage`.
pub fn spoken(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).replace('_', " ")
}

/// A name of the house at the head of a line: `medication_approval` → `Medication approval`.
pub fn titled(name: &str) -> String {
    let words = spoken(name);
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |it| it.to_uppercase().chain(letters).collect())
}

/// Why a conversation was given to a desk.
pub fn handoff_why(code: &str) -> &'static str {
    match code {
        "asked" => "Asked for a person.",
        "flow" => "The next step needs a person.",
        "refused" => "A system refused what the bot asked of it. Nothing was changed.",
        "unknown_write" => {
            "Nobody knows whether a change was made. Check before you repeat it: it may be done."
        }
        "late_write" => "A change was made after the request was cancelled. Look at it.",
        "not_understood" => "The bot did not understand the answer.",
        "silence" => "No answer came.",
        "undeliverable" => {
            "A message could not be delivered on any channel. Phone or fax it, then give it back."
        }
        "unread" => "Nobody read this on any channel in time. Call or write, then give it back.",
        "no_party" => "The bot could not find out who is responsible.",
        "nobody_decided" => "Nobody decided in time.",
        "fault" => "The bot could not go on. This is our mistake, not theirs.",
        "danger" => "Someone may be in danger. Write to them now.",
        "after_decision" => "Something was corrected after the decision was taken.",
        _ => "A person is needed.",
    }
}

/// Our own wording of a reject code. The codes are NCPDP's; their labels are not ours to print
/// (domain facts 2.1).
pub fn reject_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "70" => "not on the plan, or excluded",
        "75" => "needs approval before it can be paid",
        "76" => "over a plan limit (quantity, days, dollars or fills)",
        "78" => "costs more than the plan's maximum",
        "79" => "too early since the last fill",
        "88" => "safety review (interaction, duplicate therapy or high dose)",
        "65" | "67" | "68" | "69" => "coverage does not include this person or day",
        "07" | "09" => "an identifier or birth date does not match",
        "40" | "50" => "the pharmacy is not in the network",
        "71" => "the prescriber is not covered",
        "3W" => "an approval is already in progress",
        _ => return None,
    })
}

/// What staff should know about a legal due date: citation, how sure, where from.
pub fn rule(row: &RuleRow) -> String {
    let unit = match row.unit {
        Some(RuleUnit::BusinessDay) => "business day",
        Some(RuleUnit::WorkingDay) => "working day",
        Some(RuleUnit::CalendarDay) => "calendar day",
        Some(RuleUnit::Hour) => "hour",
        None => "",
    };
    match row.number() {
        Some(1) => format!("1 {unit} ({})", row.jurisdiction),
        Some(number) => format!("{number} {unit}s ({})", row.jurisdiction),
        None => format!("{} ({})", titled(&row.name), row.jurisdiction),
    }
}

/// How sure we are of a rule.
pub fn confidence(it: Confidence) -> &'static str {
    match it {
        Confidence::Verified => "verified",
        Confidence::Secondary => "usual, from a secondary source",
        Confidence::Unverified => "usual, not verified",
    }
}

/// What asking for information does to the clock.
pub fn asking_and_the_clock(row: Option<&RuleRow>) -> &'static str {
    match row {
        Some(row) if row.acts() && row.tolling == Tolling::Yes => {
            "Asking stops the legal clock until the answer is here."
        }
        Some(row) if row.tolling == Tolling::No => {
            "Asking does not stop the legal clock. The due date stays."
        }
        _ => "No verified rule stops the clock here. The due date stays.",
    }
}

/// How a question was closed.
pub fn closed(why: &Closed, choice_label: &str) -> String {
    match why {
        Closed::Answered { by, .. } => format!("{by} decided this: {choice_label}."),
        Closed::Silence => "The time for this ran out.".into(),
        Closed::Recalled => "The facts changed, so this card was taken back.".into(),
        Closed::Over => "The request is over. There is nothing left to decide.".into(),
    }
}

/// What became of what a member of staff did, in plain words. `did` says what it was
/// (`You chose “Approve”`), `label` words a choice's key.
pub fn verdict(
    kind: &VerdictKind,
    did: &str,
    label: &dyn Fn(&str) -> String,
    now: Timestamp,
    reader_zone: &str,
) -> String {
    match kind {
        VerdictKind::Done => format!("{did}. It is done, and everyone concerned is told."),
        VerdictKind::AlreadyDecided { by, choice, at } => format!(
            "{by} decided this at {}: {}. Nothing was changed.",
            moment(*at, now, reader_zone),
            label(choice)
        ),
        VerdictKind::Changed => {
            "The facts changed while you looked. Nothing was decided; here is the new card.".into()
        }
        VerdictKind::Over => "This is over. Nothing was changed.".into(),
        VerdictKind::NotAllowed => "You may not decide on this claim. This was noted.".into(),
        VerdictKind::Needs { missing } => {
            let names: Vec<_> = missing.keys().map(|it| spoken(it)).collect();
            format!("Nothing was decided yet. Please look at: {}.", names.join(", "))
        }
        VerdictKind::NoSuchChoice => "That is not possible here. Nothing was changed.".into(),
        VerdictKind::HeldBy { name } => {
            format!("{name} has taken this. Nothing was changed; ask {name} before you go on.")
        }
    }
}

/// What is wrong with something that a choice needs.
pub fn wrong(code: &str) -> &'static str {
    match code {
        "missing" => "Please fill this in.",
        "not_a_date" => "Please choose a date.",
        "out_of_range" => "This number is not possible here.",
        "not_fewer" => "Please give fewer than were asked for.",
        "unknown_reason" => "Please choose a reason from the list.",
        _ => "Please look at this again.",
    }
}

/// A value as staff read it: a reason by its words, a record by its name, a list by commas.
pub fn value(it: &Value) -> String {
    match it {
        Value::Null => "nothing".into(),
        Value::String(text) => day(text).unwrap_or_else(|| text.clone()),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(number) => number.to_string(),
        Value::Array(list) => list.iter().map(value).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            if let Some(words) = map.get("words").and_then(Value::as_object) {
                let found = words.get(DESK_LANGUAGE).or_else(|| words.values().next());
                return found.map(value).unwrap_or_default();
            }
            if let (Some(name), Some(strength)) = (map.get("name"), map.get("strength")) {
                return format!("{} {}", value(name), value(strength));
            }
            let named = ["number", "name", "label", "status", "choice", "code"];
            match named.iter().find_map(|it| Some((it, map.get(*it)?))) {
                Some((&("status" | "choice"), key)) => value(key).replace('_', " "),
                Some((_, name)) => value(name),
                None => "a record".into(),
            }
        }
    }
}

/// `2026-11-18` as `18 Nov 2026`; nothing else is touched.
fn day(text: &str) -> Option<String> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.format("%-d %b %Y").to_string())
}

/// That something is not sent now, since when and why.
pub fn paused(it: &Pause, now: Timestamp, reader_zone: &str) -> String {
    let whose = match it.of.kind {
        PauseKind::Flow if it.proactive => {
            format!("What “{}” begins by itself", titled(&it.of.name))
        }
        PauseKind::Flow => format!("What “{}” says", titled(&it.of.name)),
        PauseKind::Channel => format!("What goes out by {}", it.of.name),
        PauseKind::Payer => "Everything we send".into(),
    };
    let since = moment(it.since, now, reader_zone);
    let why = if it.why.is_empty() { String::new() } else { format!(": {}", it.why) };
    format!(
        "{whose} waits since {since}{why}. Help in danger and your own replies still go out. Whoever \
         runs this server has to look at it."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_say_how_long_in_the_largest_useful_unit() {
        let cases = [
            (0, "less than a minute"),
            (12, "12 min"),
            (60, "1 h"),
            (185, "3 h 5 min"),
            (1500, "1 day"),
            (5 * 1440, "5 days"),
        ];
        for (minutes, want) in cases {
            assert_eq!(since(Timestamp(0), Timestamp(minutes * MINUTE_MS)), want);
        }
        for (minutes, want) in [(90, "1 h 30 min"), (1440, "1 day"), (2879, "2 days")] {
            assert_eq!(ahead(Timestamp(0), Timestamp(minutes * MINUTE_MS)), want);
        }
    }

    #[test]
    fn moments_are_told_in_the_readers_zone() {
        let at = Timestamp::parse("2026-11-24T01:00:00Z").unwrap();
        let now = Timestamp::parse("2026-11-23T20:00:00Z").unwrap();
        assert_eq!(moment(at, now, "America/Los_Angeles"), "17:00");
        assert_eq!(moment(at, now, "Europe/Berlin"), "Tue 02:00");
    }

    #[test]
    fn an_unknown_code_still_says_that_a_person_is_needed() {
        assert_eq!(handoff_why("brand_new"), "A person is needed.");
        assert_eq!(reject_code("brand_new"), None);
    }

    #[test]
    fn values_are_shown_by_name_never_as_raw_json() {
        let cases = [
            (serde_json::json!({"name": "gabapentin", "strength": "300 mg"}), "gabapentin 300 mg"),
            (serde_json::json!({"code": "X", "words": {"en": "too early"}}), "too early"),
            (serde_json::json!(["back", "knee"]), "back, knee"),
            (serde_json::json!("2026-11-18"), "18 Nov 2026"),
            (serde_json::json!({"inner": {"x": 1}}), "a record"),
        ];
        for (raw, want) in cases {
            assert_eq!(value(&raw), want);
        }
    }
}
