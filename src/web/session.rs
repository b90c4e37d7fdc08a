//! Who sits before the page: a worker's session, kept in the store under the digest of a token
//! that only her browser has.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mendline_engine::event::Repair;
use mendline_engine::time::Timestamp;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::Web;
use super::cookie::Cookie;
use super::limits::SOCKETS_PER_SESSION_MAX;
use crate::channels::Incoming;
use crate::channels::web::WEB;
use crate::directory::REPRESENTATIVE;
use crate::store::reach::Whose;
use crate::store::{Session, StoreError};
use crate::vault::{digest_token, random_token};

/// A page that nobody used for so long is locked: phones are shared (domain facts 4.4).
pub const IDLE_MS: i64 = 15 * 60 * 1_000;
/// A session ends after so long however it is used; the link is the way back (facts 4.4: 12 h).
pub const SESSION_MS: i64 = 12 * 60 * 60 * 1_000;
/// Where her browser keeps the token.
pub const COOKIE: Cookie = Cookie { name: "mendline_chat", path: "/chat" };
/// The kind of a worker's session in the store.
const KIND: &str = "worker";
/// The kind of the session of somebody who acts for a worker.
const ACTS: &str = "representative";

/// A worker who is here.
#[derive(Clone, Debug)]
pub struct Worker {
    /// The digest of her token.
    pub digest: String,
    /// Her session.
    pub session: Session,
}

impl Worker {
    /// Whether a form carries this session's token.
    pub fn owns(&self, csrf: &str) -> bool {
        self.session.csrf.as_bytes().ct_eq(csrf.as_bytes()).into()
    }
}

impl Web {
    /// The worker behind a token, if her session is neither idle too long nor too old; her
    /// coming is noted.
    pub async fn worker(&self, token: &str) -> Result<Option<Worker>, StoreError> {
        let (digest, now) = (digest_token(token), self.house.clock.now());
        let Some(session) = self.house.store.session(&digest, now, IDLE_MS).await? else {
            return Ok(None);
        };
        if session.kind == ACTS && !self.still_acts(&session).await? {
            self.house.store.end_session(&digest).await?;
            return Ok(None);
        }
        if ![KIND, ACTS].contains(&session.kind.as_str()) || now.0 - session.began.0 > SESSION_MS {
            return Ok(None);
        }
        self.seats.used(&digest, now);
        Ok(Some(Worker { digest, session }))
    }

    /// Whether whoever acted for somebody when she came still does. Once she does not, nothing that
    /// she was told is shown any more.
    async fn still_acts(&self, session: &Session) -> Result<bool, StoreError> {
        let who = Whose { payer: session.payer.clone(), person: session.person.clone() };
        let acts = self.house.store.reach().acts_for(&who, self.house.clock.now()).await?;
        Ok(acts.is_some())
    }

    /// Whether a session still counts, without using it.
    pub async fn is_there(&self, worker: &Worker) -> Result<bool, StoreError> {
        let there = self.house.store.reach().is_session(&worker.digest).await?;
        Ok(there && (worker.session.kind != ACTS || self.still_acts(&worker.session).await?))
    }

    /// Begins a session; answers the token for the cookie.
    pub async fn begin(&self, payer: &str, person: &str) -> Result<String, StoreError> {
        let (token, now) = (random_token(), self.house.clock.now());
        let known = self.house.store.person(payer, person).await?;
        let acts = known.as_ref().is_some_and(|it| it.role == REPRESENTATIVE);
        let session = Session {
            kind: if acts { ACTS } else { KIND }.into(),
            payer: payer.into(),
            person: person.into(),
            csrf: random_token(),
            began: now,
            last_seen: now,
        };
        self.house.store.put_session(&digest_token(&token), &session).await?;
        self.goes_on(payer, person, known.and_then(|it| it.at)).await?;
        Ok(token)
    }

    /// What she was asked where she was before is asked here, now that we are sure of her: the same
    /// question, at the same step.
    async fn goes_on(
        &self,
        payer: &str,
        person: &str,
        before: Option<String>,
    ) -> Result<(), StoreError> {
        let Some(before) = before.filter(|it| it != WEB) else { return Ok(()) };
        if self.house.store.focus(payer, person, &before).await?.is_none() {
            return Ok(());
        }
        // Each time that she comes from there: by then she was asked there again.
        let id = format!("entered/{}", Uuid::new_v4());
        let again = Incoming::Repair(Repair::Return);
        self.house.arrive(payer, WEB, &id, person, again, None).await.map(drop)
    }
}

/// Open sockets by session, and when the session was last used. Only what this process holds
/// open; the session itself is in the store.
#[derive(Default)]
pub struct Seats(Mutex<HashMap<String, Seat>>);

struct Seat {
    sockets: usize,
    used: Timestamp,
}

impl Seats {
    /// A place for one more socket, if there is one.
    pub fn take(&self, digest: &str, now: Timestamp) -> bool {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seat = seats.entry(digest.to_owned()).or_insert(Seat { sockets: 0, used: now });
        if seat.sockets >= SOCKETS_PER_SESSION_MAX {
            return false;
        }
        seat.sockets += 1;
        seat.used = seat.used.max(now);
        true
    }

    /// A socket is gone.
    pub fn leave(&self, digest: &str) {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seat) = seats.get_mut(digest) {
            seat.sockets = seat.sockets.saturating_sub(1);
            if seat.sockets == 0 {
                seats.remove(digest);
            }
        }
    }

    /// The session was used, on any page.
    pub fn used(&self, digest: &str, now: Timestamp) {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seat) = seats.get_mut(digest) {
            seat.used = seat.used.max(now);
        }
    }

    /// Whether nobody used it for too long.
    pub fn is_idle(&self, digest: &str, now: Timestamp) -> bool {
        let seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seats.get(digest).is_none_or(|it| now.0 - it.used.0 > IDLE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fourth_page_finds_no_seat_until_one_is_closed() {
        let (seats, now) = (Seats::default(), Timestamp(0));
        assert!((0..3).all(|_| seats.take("d", now)));
        assert!(!seats.take("d", now));
        seats.leave("d");
        assert!(seats.take("d", now));
    }

    #[test]
    fn a_session_is_idle_when_none_of_its_pages_was_used() {
        let seats = Seats::default();
        seats.take("d", Timestamp(0));
        assert!(!seats.is_idle("d", Timestamp(IDLE_MS)));
        assert!(seats.is_idle("d", Timestamp(IDLE_MS + 1)));
        seats.used("d", Timestamp(IDLE_MS));
        assert!(!seats.is_idle("d", Timestamp(IDLE_MS + 1)));
    }
}
