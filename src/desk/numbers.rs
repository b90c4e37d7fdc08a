//! Numbers for what waits, in a chat of staff: each names one thing and goes on naming it. Pure.
//!
//! A page that is sent back says what stood under its numbers; a chat cannot, and what was shown
//! there stays on the screen for days. So a number is given to a thing and not to a place in a
//! list: it is the same in the next list, and when the thing is over it names nothing for a while,
//! and never another thing at once (rule 4).

use std::collections::BTreeMap;

use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long a number rests after what it named was over: longer than anybody answers a list that
/// she was shown before, since lists since then do not have it.
const REST_MS: i64 = 24 * 60 * 60 * 1_000;
/// Numbers that are remembered. A queue that is longer is worked off at the desk.
const NUMBERS_MAX: usize = 500;

/// The numbers of one person on one channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    #[serde(default)]
    queue: BTreeMap<usize, Named>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Named {
    token: String,
    /// Since when it is over, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    over_ms: Option<i64>,
}

impl Numbers {
    /// What was kept; what this version cannot read any more begins anew.
    pub fn read(kept: Option<Value>) -> Numbers {
        kept.and_then(|it| serde_json::from_value(it).ok()).unwrap_or_default()
    }

    /// The number of a thing, if it has one.
    pub fn of(&self, token: &str) -> Option<usize> {
        self.queue.iter().find(|(_, it)| it.token == token).map(|(number, _)| *number)
    }

    /// What each number names, from 1 on; nothing under those that name nothing.
    pub fn shown(&self) -> Vec<String> {
        let last = self.queue.keys().next_back().copied().unwrap_or(0);
        let named = |it: usize| self.queue.get(&it).map(|it| it.token.clone()).unwrap_or_default();
        (1..=last).map(named).collect()
    }

    /// Gives a number to each thing that is shown now and has none; `open` is everything that is
    /// not over, shown now or not.
    pub fn give(&mut self, shown: &[String], open: &[String], now: Timestamp) {
        for it in self.queue.values_mut() {
            let is_open = open.contains(&it.token);
            it.over_ms = if is_open { None } else { it.over_ms.or(Some(now.0)) };
        }
        self.queue.retain(|_, it| it.over_ms.is_none_or(|over| now.0 - over < REST_MS));
        for token in shown {
            if self.of(token).is_none() && self.queue.len() < NUMBERS_MAX {
                let free = (1..).find(|it| !self.queue.contains_key(it));
                let number = free.expect("fewer numbers are taken than there are");
                self.queue.insert(number, Named { token: token.clone(), over_ms: None });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

    fn tokens(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn given(numbers: &mut Numbers, open: &str, at: i64) {
        numbers.give(&tokens(open), &tokens(open), Timestamp(at));
    }

    #[test]
    fn rule_04_a_number_keeps_naming_the_same_thing_whatever_comes_and_goes() {
        let mut numbers = Numbers::default();
        given(&mut numbers, "c:b h:c", 0);
        assert_eq!(numbers.shown(), ["c:b", "h:c"]);
        given(&mut numbers, "c:a c:b h:c", 1);
        assert_eq!(numbers.shown(), ["c:b", "h:c", "c:a"], "what comes in before it is third");
        given(&mut numbers, "c:a h:c c:d", 2);
        assert_eq!(numbers.shown()[0], "c:b", "what is over is still what 1 meant");
        assert_eq!(numbers.of("c:d"), Some(4));
    }

    #[test]
    fn rule_04_a_number_names_another_thing_only_after_a_days_rest() {
        let mut numbers = Numbers::default();
        given(&mut numbers, "c:a", 0);
        given(&mut numbers, "c:b", 10);
        given(&mut numbers, "c:b c:c", 10 + DAY_MS - 1);
        assert_eq!(numbers.shown(), ["c:a", "c:b", "c:c"]);
        given(&mut numbers, "c:b c:d", 10 + DAY_MS);
        assert_eq!(numbers.of("c:d"), Some(1));
        assert_eq!(numbers.of("c:a"), None);
    }

    #[test]
    fn what_was_not_shown_has_no_number() {
        let mut numbers = Numbers::default();
        numbers.give(&tokens("c:a"), &tokens("c:a h:b"), Timestamp(0));
        assert_eq!((numbers.shown(), numbers.of("h:b")), (tokens("c:a"), None));
    }

    #[test]
    fn a_queue_beyond_all_measure_is_numbered_as_far_as_it_goes() {
        let many: Vec<_> = (0..NUMBERS_MAX + 5).map(|it| format!("c:{it}")).collect();
        let mut numbers = Numbers::default();
        numbers.give(&many, &many, Timestamp(0));
        assert_eq!(numbers.shown().len(), NUMBERS_MAX);
    }

    #[test]
    fn what_is_kept_is_read_again_and_what_is_not_ours_begins_anew() {
        let mut numbers = Numbers::default();
        given(&mut numbers, "c:a h:b", 0);
        assert_eq!(Numbers::read(serde_json::to_value(&numbers).ok()), numbers);
        for other in [None, Some(Value::Null), Some(serde_json::json!({ "queue": 7 }))] {
            assert_eq!(Numbers::read(other), Numbers::default());
        }
    }
}
