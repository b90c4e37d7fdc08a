//! The time that a house goes by, when the machine's clock may jump.
//!
//! Two clocks are read together: the wall, which people set, and the machine's own count since it
//! started, which nobody can. While the wall moves as the count does, it is right. Where it leaps,
//! the house goes on by the count, and says so (`/readyz`, `/metrics`), until the wall is back or
//! somebody who looked at it starts the house again.

use std::time::Instant;

/// The wall may be this far ahead and is followed at once: a virtual machine was paused for a
/// while. Further is somebody's mistake until a person says otherwise: a day's reminders at once
/// are a nuisance, a month's lapses cannot be taken back.
pub const FOLLOWED_AHEAD_MS: i64 = 24 * 60 * 60 * 1_000;
/// The wall may be this far behind, and the house goes at half speed until they meet: the time
/// service put a clock right that was fast at the start.
pub const FOLLOWED_BEHIND_MS: i64 = 10 * 60 * 1_000;

/// The time that a house goes by.
#[derive(Clone, Debug)]
pub struct Steady {
    /// The house's time at the last look, in milliseconds since the epoch.
    ours_ms: i64,
    /// The machine's count at the last look, in milliseconds.
    count_ms: i64,
    /// Half a millisecond that was not given yet while going at half speed.
    odd_ms: i64,
    /// How far the wall was ahead at the last look, if it is not followed.
    distrusted_ms: i64,
}

impl Steady {
    /// Begins with the wall.
    pub fn at(wall_ms: i64, count_ms: i64) -> Steady {
        Steady { ours_ms: wall_ms, count_ms, odd_ms: 0, distrusted_ms: 0 }
    }

    /// The house's time now. It is never less than the last answer.
    pub fn step(&mut self, wall_ms: i64, count_ms: i64) -> i64 {
        let passed_ms = count_ms.saturating_sub(self.count_ms).max(0);
        self.count_ms = self.count_ms.max(count_ms);
        let by_count = self.ours_ms.saturating_add(passed_ms);
        let ahead_ms = wall_ms.saturating_sub(by_count);
        self.distrusted_ms = 0;
        self.ours_ms = match ahead_ms {
            0..=FOLLOWED_AHEAD_MS => wall_ms,
            behind if (-FOLLOWED_BEHIND_MS..0).contains(&behind) => {
                self.half(passed_ms).max(wall_ms)
            }
            far => {
                self.distrusted_ms = far;
                by_count
            }
        };
        self.ours_ms
    }

    /// Goes on from this moment, if it is later.
    pub fn not_before(&mut self, moment_ms: i64) {
        self.ours_ms = self.ours_ms.max(moment_ms);
    }

    /// How far the wall is ahead where it is not followed; 0 where it is.
    pub fn distrusted_ms(&self) -> i64 {
        self.distrusted_ms
    }

    fn half(&mut self, passed_ms: i64) -> i64 {
        let given_ms = passed_ms + self.odd_ms;
        self.odd_ms = given_ms % 2;
        self.ours_ms.saturating_add(given_ms / 2)
    }
}

/// The machine's count in milliseconds, which goes on while it sleeps where that is known.
pub fn machine_ms() -> i64 {
    #[cfg(target_os = "linux")]
    {
        let it = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        it.tv_sec.saturating_mul(1_000).saturating_add(it.tv_nsec / 1_000_000)
    }
    #[cfg(not(target_os = "linux"))]
    {
        since_start_ms()
    }
}

/// Milliseconds since the first question, for machines without a better count.
#[cfg_attr(target_os = "linux", expect(dead_code, reason = "other systems' count"))]
fn since_start_ms() -> i64 {
    static FIRST: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    i64::try_from(FIRST.elapsed().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn a_wall_that_goes_as_the_count_does_is_right() {
        let mut it = Steady::at(NOW, 50);
        assert_eq!(it.step(NOW + 1_000, 1_050), NOW + 1_000);
        assert_eq!(it.step(NOW + 2_003, 2_050), NOW + 2_003, "a little faster is followed");
        assert_eq!(it.distrusted_ms(), 0);
    }

    #[test]
    fn a_paused_machine_catches_up_at_once() {
        let mut it = Steady::at(NOW, 0);
        assert_eq!(it.step(NOW + DAY_MS, 0), NOW + DAY_MS);
        assert_eq!(it.distrusted_ms(), 0);
    }

    #[test]
    fn a_leap_ahead_is_not_believed_until_it_is_taken_back() {
        let mut it = Steady::at(NOW, 0);
        assert_eq!(it.step(NOW + 3_650 * DAY_MS, 1_000), NOW + 1_000);
        assert_eq!(it.distrusted_ms(), 3_650 * DAY_MS - 1_000);
        assert_eq!(it.step(NOW + 3_650 * DAY_MS + 1_000, 2_000), NOW + 2_000);
        assert_eq!(it.step(NOW + 3_000, 3_000), NOW + 3_000);
        assert_eq!(it.distrusted_ms(), 0);
    }

    #[test]
    fn a_leap_back_changes_nothing_but_is_said() {
        let mut it = Steady::at(NOW, 0);
        assert_eq!(it.step(NOW - DAY_MS, 1_000), NOW + 1_000);
        assert_eq!(it.distrusted_ms(), -DAY_MS - 1_000);
    }

    #[test]
    fn a_fast_clock_that_was_put_right_is_met_at_half_speed() {
        let mut it = Steady::at(NOW, 0);
        assert_eq!(it.step(NOW - 60_000, 1), NOW, "half a millisecond is kept");
        assert_eq!(it.step(NOW - 59_999, 2), NOW + 1);
        assert_eq!(it.step(NOW - 60_000 + 60_000, 60_000), NOW + 30_000);
        assert_eq!(it.step(NOW + 61_000, 121_000), NOW + 61_000, "they have met");
        assert_eq!(it.distrusted_ms(), 0);
    }

    #[test]
    fn what_was_written_was_not_written_in_the_future() {
        let mut it = Steady::at(NOW, 0);
        it.not_before(NOW + DAY_MS);
        assert_eq!(it.step(NOW + 5, 5), NOW + DAY_MS + 5);
        assert!(it.distrusted_ms() < 0, "the wall is a day behind, and that is said");
        it.not_before(NOW);
        assert_eq!(it.step(NOW + 6, 6), NOW + DAY_MS + 6);
    }

    proptest! {
        #[test]
        fn time_never_goes_back_and_never_leaps(
            steps in prop::collection::vec((any::<i64>(), 0..100_000_i64), 1..50),
        ) {
            let mut it = Steady::at(NOW, 0);
            let (mut last, mut count) = (NOW, 0);
            for (wall, passed) in steps {
                count += passed;
                let now = it.step(wall, count);
                prop_assert!(now >= last, "{now} after {last}");
                prop_assert!(now - last <= passed + FOLLOWED_AHEAD_MS);
                last = now;
            }
        }
    }
}
