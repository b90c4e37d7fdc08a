//! How fast a sender may speak. Every server paces its own; Twilio queues what several send at
//! once, and says when it is too much.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// Longest time that a message waits for its turn here. One that would wait longer goes back to
/// dispatch, which meanwhile sends others.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// The turn of each sender.
#[derive(Default)]
pub(super) struct Pace {
    senders: HashMap<String, Turn>,
}

struct Turn {
    /// When the next may go.
    next: Instant,
    /// Until when none may.
    rests: Instant,
}

impl Pace {
    /// When a message of this cost may go; it must go then. An error is the time to wait, where
    /// that is too long to do it here; then nothing is taken.
    pub fn turn(
        &mut self,
        id: &str,
        cost: u32,
        a_second: NonZeroU32,
        now: Instant,
    ) -> Result<Instant, Duration> {
        let turn = self.senders.entry(id.to_owned()).or_insert(Turn { next: now, rests: now });
        let at = turn.next.max(turn.rests).max(now);
        if at > now + WAIT_MAX {
            return Err(at - now);
        }
        turn.next = at + Duration::from_secs(1) * cost / a_second.get();
        Ok(at)
    }

    /// The sender was told to rest.
    pub fn rest(&mut self, id: &str, span: Duration, now: Instant) {
        let turn = self.senders.entry(id.to_owned()).or_insert(Turn { next: now, rests: now });
        turn.rests = turn.rests.max(now + span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: NonZeroU32 = NonZeroU32::new(1).expect("1 is not 0");

    #[test]
    fn a_sender_speaks_once_a_second_and_another_is_not_held_up() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let mut after = |id: &str, cost| {
            let turn = pace.turn(id, cost, ONE, now);
            turn.map(|it| (it - now).as_secs()).map_err(|it| it.as_secs())
        };
        assert_eq!(after("a", 1), Ok(0));
        assert_eq!(after("a", 1), Ok(1));
        assert_eq!(after("a", 3), Ok(2));
        assert_eq!(after("a", 1), Err(5), "three segments take three seconds");
        assert_eq!(after("b", 1), Ok(0));
    }

    #[test]
    fn a_sender_that_was_told_to_rest_rests() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.rest("a", Duration::from_secs(30), now);
        assert_eq!(pace.turn("a", 1, ONE, now), Err(Duration::from_secs(30)));
        let later = now + Duration::from_secs(29);
        assert_eq!(pace.turn("a", 1, ONE, later), Ok(now + Duration::from_secs(30)));
        assert_eq!(pace.turn("b", 1, ONE, now), Ok(now));
    }
}
