//! A trip to the provider and back: what the browser carries meanwhile, so that nobody else's
//! answer is taken for its own.
//!
//! It is signed and not secret: whoever has it has the browser. It is made for one trip, and the
//! state that it names is spent when the browser comes back.

use mendline_engine::time::Timestamp;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::MINUTE_MS;
use crate::vault::{Vault, random_token};

/// How long somebody may take at the provider: a forgotten phone with the second factor included.
pub const TRIP_MS: i64 = 10 * MINUTE_MS;
/// What the vault signs it for.
const PURPOSE: &str = "sign_in/trip";

/// Why somebody is sent to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// To sign in.
    In,
    /// To be vouched for again, without being asked anything.
    Again,
    /// To show a second factor.
    Up,
}

impl Why {
    fn name(self) -> &'static str {
        match self {
            Why::In => "in",
            Why::Again => "again",
            Why::Up => "up",
        }
    }

    fn of(name: &str) -> Option<Why> {
        [Why::In, Why::Again, Why::Up].into_iter().find(|it| it.name() == name)
    }
}

/// A trip.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// Why.
    pub why: Why,
    /// Comes back in the address.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Proves to the provider that who began also ends it (RFC 7636).
    pub verifier: String,
    /// When it began.
    pub began: Timestamp,
    /// The digest of the session it is for; empty for a new one.
    pub session: String,
    /// Where she goes on afterwards, a path of the desk.
    pub to: String,
}

impl Trip {
    /// A new trip. A path that is not the desk's leads to the desk.
    pub fn new(why: Why, session: &str, to: &str, now: Timestamp) -> Trip {
        let to = if is_ours(to) { to } else { "/desk" };
        Trip {
            why,
            state: random_token(),
            nonce: random_token(),
            verifier: random_token(),
            began: now,
            session: session.to_owned(),
            to: to.to_owned(),
        }
    }

    /// As the browser carries it.
    pub fn sealed(&self, vault: &Vault) -> String {
        let Trip { why, state, nonce, verifier, began, session, to } = self;
        vault.sign(PURPOSE, &json!([why.name(), state, nonce, verifier, began.0, session, to]))
    }

    /// Reads what the browser carries, if it is ours and not too old, and `state` came back as it
    /// went.
    pub fn back(vault: &Vault, carried: &str, state: &str, now: Timestamp) -> Option<Trip> {
        let trip = Trip::read(vault.open_signed(PURPOSE, carried)?)?;
        let in_time = trip.began <= now && now.0 - trip.began.0 <= TRIP_MS;
        let same: bool = trip.state.as_bytes().ct_eq(state.as_bytes()).into();
        (in_time && same).then_some(trip)
    }

    fn read(payload: Value) -> Option<Trip> {
        type Carried = (String, String, String, String, i64, String, String);
        let read: Carried = serde_json::from_value(payload).ok()?;
        let (why, state, nonce, verifier, began, session, to) = read;
        let why = Why::of(&why)?;
        Some(Trip { why, state, nonce, verifier, began: Timestamp(began), session, to })
    }
}

/// Whether a path is the desk's own, and no address in disguise.
fn is_ours(path: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "/-_.~?=&%".contains(c);
    (path == "/desk" || path.starts_with("/desk/")) && path.chars().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn vault() -> Vault {
        Vault::from_key([7; 32])
    }

    #[test]
    fn a_trip_comes_back_as_it_went_and_to_this_house_alone() {
        let trip = Trip::new(Why::Up, "d1gest", "/desk/card/c/1.2?kept=x", NOW);
        let carried = trip.sealed(&vault());
        let back = |vault: &Vault, state: &str, ms: i64| {
            Trip::back(vault, &carried, state, NOW.plus_ms(ms))
        };
        assert_eq!(back(&vault(), &trip.state, TRIP_MS), Some(trip.clone()));
        assert_eq!(back(&vault(), &trip.state, TRIP_MS + 1), None, "too late");
        assert_eq!(back(&vault(), &trip.state, -1), None, "before it began");
        assert_eq!(back(&vault(), &random_token(), 0), None, "another's state");
        assert_eq!(back(&vault(), "", 0), None);
        assert_eq!(back(&Vault::from_key([8; 32]), &trip.state, 0), None);
        assert_eq!(Trip::back(&vault(), "", &trip.state, NOW), None);
    }

    #[test]
    fn no_two_trips_share_anything() {
        let (one, other) = (Trip::new(Why::In, "", "", NOW), Trip::new(Why::In, "", "", NOW));
        assert_ne!(one.state, other.state);
        assert_ne!(one.nonce, other.nonce);
        assert_ne!(one.verifier, other.verifier);
    }

    #[test]
    fn nobody_is_led_elsewhere() {
        let to = |path: &str| Trip::new(Why::In, "", path, NOW).to;
        assert_eq!(to("/desk/card/a/1.2?kept=b"), "/desk/card/a/1.2?kept=b");
        for elsewhere in [
            "",
            "//evil.example",
            "https://evil.example",
            "/desk@evil",
            "/deskx",
            "/chat",
            "/desk/\\",
        ] {
            assert_eq!(to(elsewhere), "/desk", "{elsewhere}");
        }
    }
}
