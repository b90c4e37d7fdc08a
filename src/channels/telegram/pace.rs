//! How fast we may write. Pure: the caller says what time it is, and waits.
//!
//! Limits: "avoid sending more than one message per second" in a chat; "20 messages per minute" in
//! a group; "about 30 messages per second" in all (<https://core.telegram.org/bots/faq>, "My bot is
//! hitting limits, how do I avoid this?").

use std::collections::{HashMap, VecDeque};

/// Messages a second, to everybody together.
pub const OVERALL_PER_S: usize = 30;
/// Between two messages to one chat.
pub const CHAT_EVERY_MS: i64 = 1_000;
/// Messages a minute to a group. Its number is below zero.
pub const GROUP_PER_MIN: usize = 20;
/// Longest wait inside one send. Longer waits are another attempt's, because others wait beside it.
pub const WAIT_MS_MAX: i64 = 1_500;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60_000;
/// Chats that are kept before quiet ones are swept out.
const CHATS_BEFORE_SWEEP: usize = 10_000;

/// What was sent lately, and until when nothing may be.
#[derive(Debug)]
pub struct Pace {
    /// Between two messages to one chat, in milliseconds.
    chat_every_ms: i64,
    /// The latest [`OVERALL_PER_S`] sends.
    sent: VecDeque<i64>,
    chats: HashMap<i64, Chat>,
    /// Until when nobody may be written to.
    closed_until: i64,
}

#[derive(Debug, Default)]
struct Chat {
    /// The latest [`GROUP_PER_MIN`] sends to a group, the latest one to a person.
    sent: VecDeque<i64>,
    closed_until: i64,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace::every(CHAT_EVERY_MS)
    }
}

impl Pace {
    /// So many milliseconds between two messages to one chat.
    pub fn every(chat_every_ms: i64) -> Pace {
        Pace { chat_every_ms, sent: VecDeque::new(), chats: HashMap::new(), closed_until: 0 }
    }

    /// How many milliseconds to wait before writing to this chat; the place is then taken. An error
    /// says how many where that is longer than [`WAIT_MS_MAX`]: then none is.
    pub fn take(&mut self, chat: i64, now_ms: i64) -> Result<i64, i64> {
        self.forget_the_future(now_ms);
        if self.chats.len() > CHATS_BEFORE_SWEEP {
            self.chats.retain(|_, it| it.free_from(MINUTE_MS) > now_ms);
        }
        let overall = full(&self.sent, OVERALL_PER_S).map_or(0, |it| it + SECOND_MS);
        let of_chat = self.chats.entry(chat).or_default();
        let mut at =
            now_ms.max(self.closed_until).max(overall).max(of_chat.free_from(self.chat_every_ms));
        if chat < 0 {
            at = at.max(full(&of_chat.sent, GROUP_PER_MIN).map_or(0, |it| it + MINUTE_MS));
        }
        if at - now_ms > WAIT_MS_MAX {
            return Err(at - now_ms);
        }
        push(&mut of_chat.sent, at, if chat < 0 { GROUP_PER_MIN } else { 1 });
        push(&mut self.sent, at, OVERALL_PER_S);
        Ok(at - now_ms)
    }

    /// Telegram asked for so many seconds of silence after a message to this chat. It does not say
    /// which limit it means: the first time it is taken for the chat's own, and when another chat
    /// is refused before that is over, for everybody's.
    pub fn silence(&mut self, chat: i64, seconds: u64, now_ms: i64) {
        let until =
            now_ms.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX / 1_000) * 1_000);
        let others = self.chats.iter().any(|(of, it)| *of != chat && it.closed_until > now_ms);
        if others {
            self.closed_until = self.closed_until.max(until);
        }
        let chat = self.chats.entry(chat).or_default();
        chat.closed_until = chat.closed_until.max(until);
    }

    /// A clock that was set back must not close the line until it has caught up.
    fn forget_the_future(&mut self, now_ms: i64) {
        let far = now_ms + MINUTE_MS;
        if self.sent.back().is_some_and(|it| *it > far) {
            *self = Pace::every(self.chat_every_ms);
        }
    }
}

impl Chat {
    fn free_from(&self, every_ms: i64) -> i64 {
        self.closed_until.max(self.sent.back().map_or(0, |it| it + every_ms))
    }
}

/// The oldest of `max`, where there are as many.
fn full(sent: &VecDeque<i64>, max: usize) -> Option<i64> {
    (sent.len() >= max).then(|| sent.front().copied()).flatten()
}

fn push(sent: &mut VecDeque<i64>, at: i64, max: usize) {
    // Places are taken in any order, and the oldest must leave first.
    let after = sent.partition_point(|it| *it <= at);
    sent.insert(after, at);
    if sent.len() > max {
        sent.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    #[test]
    fn one_chat_is_written_to_once_a_second() {
        let mut pace = Pace::default();
        assert_eq!(pace.take(7, NOW).ok(), Some(0));
        assert_eq!(pace.take(7, NOW + 400).ok(), Some(600));
        assert_eq!(pace.take(7, NOW + 400).ok(), None, "two seconds off is another attempt's");
        assert_eq!(pace.take(8, NOW + 400).ok(), Some(0), "others do not wait for it");
        assert_eq!(pace.take(7, NOW + 2_000).ok(), Some(0));
    }

    #[test]
    fn thirty_leave_in_a_second() {
        let mut pace = Pace::default();
        let mut at: Vec<i64> = (1..=60).filter_map(|chat| pace.take(chat, NOW).ok()).collect();
        at.sort_unstable();
        assert_eq!(at.len(), 60);
        for (first, after) in at.iter().zip(at.iter().skip(OVERALL_PER_S)) {
            assert!(after - first >= SECOND_MS);
        }
        assert_eq!(pace.take(61, NOW).ok(), None);
    }

    #[test]
    fn a_group_reads_twenty_a_minute() {
        let mut pace = Pace::default();
        let mut now = NOW;
        for _ in 0..GROUP_PER_MIN {
            assert_eq!(pace.take(-5, now).ok(), Some(0));
            now += SECOND_MS;
        }
        assert_eq!(pace.take(-5, now).ok(), None);
        assert_eq!(pace.take(-5, NOW + MINUTE_MS).ok(), Some(0));
    }

    #[test]
    fn the_silence_that_was_asked_for_is_kept() {
        let mut pace = Pace::default();
        pace.silence(7, 35, NOW);
        assert_eq!(pace.take(7, NOW + 30_000).ok(), None);
        assert_eq!(pace.take(8, NOW).ok(), Some(0), "it may be this chat's own limit");
        assert_eq!(pace.take(7, NOW + 35_000).ok(), Some(0));
    }

    #[test]
    fn when_two_chats_are_refused_everybody_waits() {
        let mut pace = Pace::default();
        pace.silence(7, 35, NOW);
        pace.silence(8, 20, NOW + 1_000);
        assert_eq!(pace.take(9, NOW + 1_000).ok(), None);
        assert_eq!(pace.take(9, NOW + 21_000).ok(), Some(0));
        assert_eq!(pace.take(7, NOW + 21_000).ok(), None, "its own silence is longer");
    }

    #[test]
    fn a_clock_that_was_set_back_closes_nothing() {
        let mut pace = Pace::default();
        assert_eq!(pace.take(7, NOW + 10_000_000).ok(), Some(0));
        assert_eq!(pace.take(7, NOW).ok(), Some(0));
    }
}
