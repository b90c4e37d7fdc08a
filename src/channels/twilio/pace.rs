//! How fast a sender may speak. Every server paces its own; Twilio queues what several send at
//! once, and says when it is too much.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// Longest time that a message waits for its turn here. One that would wait longer is tried again
/// by dispatch, which meanwhile sends others.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(5);

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
    /// When a message of this cost may go; it must go then. Nothing, if that is too long.
    pub fn turn(
        &mut self,
        id: &str,
        cost: u32,
        a_second: NonZeroU32,
        now: Instant,
    ) -> Option<Instant> {
        let turn = self.senders.entry(id.to_owned()).or_insert(Turn { next: now, rests: now });
        let at = turn.next.max(turn.rests).max(now);
        if at > now + WAIT_MAX {
            return None;
        }
        turn.next = at + Duration::from_secs(1) * cost / a_second.get();
        Some(at)
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
        let mut after =
            |id: &str, cost| pace.turn(id, cost, ONE, now).map(|it| (it - now).as_secs());
        assert_eq!(after("a", 1), Some(0));
        assert_eq!(after("a", 3), Some(1));
        assert_eq!(after("a", 2), Some(4), "three segments take three seconds");
        assert_eq!(after("a", 1), None, "too long to wait here");
        assert_eq!(after("b", 1), Some(0));
    }

    #[test]
    fn a_sender_that_was_told_to_rest_rests() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.rest("a", Duration::from_secs(30), now);
        assert_eq!(pace.turn("a", 1, ONE, now), None);
        let later = now + Duration::from_secs(28);
        assert_eq!(pace.turn("a", 1, ONE, later), Some(now + Duration::from_secs(30)));
        assert_eq!(pace.turn("b", 1, ONE, now), Some(now));
    }
}
