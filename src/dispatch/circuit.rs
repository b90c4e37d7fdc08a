//! Channels that do not answer are left alone for a while, so that what waits for them takes
//! nobody else's place. Each server learns it for itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use mendline_engine::time::Timestamp;
use tracing::{info, warn};

use crate::channels::{SendError, Sent};

/// Failures one after the other before a channel is left alone: one alone is chance.
const FAILURES: u32 = 5;
/// How long it is left alone first; doubling, so that a provider that is away for hours is asked
/// about once a minute.
const FIRST_MS: i64 = 2_000;
/// How long at most: nobody's message should wait longer than that once the provider is back.
const MOST_MS: i64 = 60_000;

#[derive(Default)]
struct Circuit {
    failures: u32,
    alone_ms: i64,
    until: Option<Timestamp>,
}

/// One for each channel.
#[derive(Default)]
pub struct Circuits(Mutex<BTreeMap<&'static str, Circuit>>);

impl Circuits {
    /// Until when a channel is still to be left alone; nothing where it may be tried. When the time
    /// is over, one message tries for all.
    pub(super) fn open_until(&self, channel: &'static str, now: Timestamp) -> Option<Timestamp> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let circuit = all.get_mut(channel)?;
        let until = circuit.until?;
        // A clock that was set back must not make it longer.
        if (1..=MOST_MS).contains(&(until.0 - now.0)) {
            return Some(until);
        }
        // The others wait for what becomes of this one.
        circuit.until = Some(now.plus_ms(FIRST_MS));
        None
    }

    /// What an attempt came to.
    pub(super) fn told(
        &self,
        channel: &'static str,
        sent: &Result<Sent, SendError>,
        now: Timestamp,
    ) {
        if matches!(sent, Err(SendError::Busy(_))) {
            return; // Nobody was asked.
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let circuit = all.entry(channel).or_default();
        if !matches!(sent, Err(SendError::Later(_) | SendError::Maybe(_))) {
            // Whatever it answers, it answers.
            if circuit.until.is_some() {
                info!(channel, "the channel answers again");
            }
            *circuit = Circuit::default();
            return;
        }
        circuit.failures += 1;
        if circuit.failures >= FAILURES {
            if circuit.until.is_none() {
                warn!(channel, "the channel does not answer; it is left alone for a while");
            }
            circuit.alone_ms = (circuit.alone_ms * 2).clamp(FIRST_MS, MOST_MS);
            circuit.until = Some(now.plus_ms(circuit.alone_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp(1_795_014_000_000 + ms)
    }

    fn away() -> Result<Sent, SendError> {
        Err(SendError::Later("away".into()))
    }

    #[test]
    fn a_channel_that_fails_again_and_again_is_left_alone_and_tried_by_one() {
        let circuits = Circuits::default();
        for _ in 1..FAILURES {
            circuits.told("sms", &away(), at(0));
            assert_eq!(circuits.open_until("sms", at(0)), None);
        }
        circuits.told("sms", &away(), at(0));
        assert_eq!(circuits.open_until("sms", at(0)), Some(at(2_000)));
        assert_eq!(circuits.open_until("web", at(0)), None, "others go on");
        assert_eq!(circuits.open_until("sms", at(2_000)), None, "one tries");
        assert_eq!(circuits.open_until("sms", at(2_000)), Some(at(4_000)), "for all");
        circuits.told("sms", &away(), at(2_000));
        assert_eq!(circuits.open_until("sms", at(2_000)), Some(at(6_000)));
        assert_eq!(circuits.open_until("sms", at(6_000)), None);
        circuits.told("sms", &Ok(Sent::as_shown()), at(6_000));
        assert_eq!(circuits.open_until("sms", at(6_000)), None);
        assert_eq!(circuits.open_until("sms", at(6_000)), None);
    }

    #[test]
    fn a_refusal_is_an_answer() {
        let circuits = Circuits::default();
        for _ in 0..2 * FAILURES {
            circuits.told("sms", &Err(SendError::OptedOut), at(0));
        }
        assert_eq!(circuits.open_until("sms", at(0)), None);
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_nobody_alone_for_longer() {
        let circuits = Circuits::default();
        (0..FAILURES).for_each(|_| circuits.told("sms", &away(), at(0)));
        assert_eq!(circuits.open_until("sms", at(-3_600_000)), None);
    }
}
