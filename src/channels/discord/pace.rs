//! How fast we may write. Pure: the caller says what time it is, and waits.
//!
//! Discord publishes one number, 50 requests a second for everything a bot does, and says the rest
//! with each answer: how many more a channel takes and when it takes more again ("Rate Limits":
//! "rate limits should not be hard coded"). Whatever it asks for is kept, for the channel or for all.

use std::collections::{HashMap, VecDeque};

/// Requests a second, to everybody together. Discord takes 50; the ear needs some.
pub const OVERALL_PER_S: usize = 40;
/// Longest wait inside one send. Longer waits are another attempt's, because others wait beside it.
pub const WAIT_MS_MAX: i64 = 1_500;

const SECOND_MS: i64 = 1_000;
/// Nothing asks for a longer silence; what lies further ahead was noted before a clock was set back.
const HOUR_MS: i64 = 3_600_000;
/// Channels that are kept before quiet ones are swept out.
const CHANNELS_BEFORE_SWEEP: usize = 10_000;

/// What was sent lately, and until when nothing may be.
#[derive(Debug, Default)]
pub struct Pace {
    /// The latest [`OVERALL_PER_S`] sends.
    sent: VecDeque<i64>,
    /// Until when a channel takes nothing.
    closed: HashMap<u64, i64>,
    /// Until when nobody may be written to.
    all_closed: i64,
}

impl Pace {
    /// How many milliseconds to wait before writing to this channel; the place is then taken.
    /// `Err` where it would be longer than [`WAIT_MS_MAX`]: then none is.
    pub fn take(&mut self, channel: u64, now_ms: i64) -> Result<i64, i64> {
        self.forget_the_future(now_ms);
        let full = self.sent.len() >= OVERALL_PER_S;
        let overall = self.sent.front().filter(|_| full).map_or(0, |it| it + SECOND_MS);
        let closed = self.closed.get(&channel).copied();
        let closed = closed.filter(|it| *it <= now_ms + HOUR_MS).unwrap_or(0);
        let at = now_ms.max(self.all_closed).max(overall).max(closed);
        if at - now_ms > WAIT_MS_MAX {
            return Err(at - now_ms);
        }
        let after = self.sent.partition_point(|it| *it <= at);
        self.sent.insert(after, at);
        if self.sent.len() > OVERALL_PER_S {
            self.sent.pop_front();
        }
        Ok(at - now_ms)
    }

    /// A channel takes nothing for so many milliseconds.
    pub fn close(&mut self, channel: u64, ms: i64, now_ms: i64) {
        if self.closed.len() > CHANNELS_BEFORE_SWEEP {
            self.closed.retain(|_, until| *until > now_ms);
        }
        let until = self.closed.entry(channel).or_default();
        *until = (*until).max(now_ms.saturating_add(ms));
    }

    /// Nobody may be written to for so many milliseconds.
    pub fn close_all(&mut self, ms: i64, now_ms: i64) {
        self.all_closed = self.all_closed.max(now_ms.saturating_add(ms));
    }

    /// A clock that was set back must not close the line until it has caught up.
    fn forget_the_future(&mut self, now_ms: i64) {
        let latest = self.sent.back().copied().unwrap_or(0).max(self.all_closed);
        if latest > now_ms + HOUR_MS + SECOND_MS {
            *self = Pace::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    #[test]
    fn what_a_channel_asks_for_is_kept_and_holds_up_nobody_else() {
        let mut pace = Pace::default();
        pace.close(7, 900, NOW);
        assert_eq!(pace.take(7, NOW), Ok(900));
        assert_eq!(pace.take(8, NOW), Ok(0));
        pace.close(7, 30_000, NOW);
        assert_eq!(pace.take(7, NOW + 1_000), Err(29_000), "that is another attempt's");
        assert_eq!(pace.take(7, NOW + 30_000), Ok(0));
    }

    #[test]
    fn what_is_asked_of_all_holds_for_all() {
        let mut pace = Pace::default();
        pace.close_all(2_000, NOW);
        assert_eq!(pace.take(9, NOW), Err(2_000));
        assert_eq!(pace.take(9, NOW + 1_000), Ok(1_000));
    }

    #[test]
    fn forty_leave_in_a_second() {
        let mut pace = Pace::default();
        let mut at: Vec<i64> = (1..=80).filter_map(|it| pace.take(it, NOW).ok()).collect();
        at.sort_unstable();
        assert_eq!(at.len(), 80);
        for (first, after) in at.iter().zip(at.iter().skip(OVERALL_PER_S)) {
            assert!(after - first >= SECOND_MS);
        }
        assert_eq!(pace.take(81, NOW), Err(2_000));
    }

    #[test]
    fn a_clock_that_was_set_back_closes_nothing() {
        let mut pace = Pace::default();
        assert_eq!(pace.take(7, NOW + 100_000_000), Ok(0));
        assert_eq!(pace.take(7, NOW), Ok(0));
    }
}
