//! Who sits at the desk: sessions kept in the store under the digest of a token that only the
//! browser has, and the limits on guessing passwords.
//!
//! An account is read again at every request, so that a role that was taken away is gone at
//! once. A page that refreshes itself is not a person: it does not keep a session awake.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::HeaderMap;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use subtle::ConstantTimeEq;

use super::accounts;
use crate::house::House;
use crate::store::entry::Footing;
use crate::store::reach::Whose;
use crate::store::{Account, Person, Session, StoreError};
use crate::vault::{digest_token, random_token};
use crate::web::cookie::Cookie;
use crate::web::limits::allows;

/// A desk that nobody touched for so long is locked (domain facts 4.4: staff 15 minutes).
pub const IDLE_MS: i64 = 15 * 60 * 1_000;
/// A working day and its overtime; then one logs in anew.
pub const SESSION_MS: i64 = 12 * 60 * 60 * 1_000;
/// Where the browser keeps the token.
pub const COOKIE: Cookie = Cookie { name: "mendline_desk", path: "/desk" };
/// The kind of a staff session in the store, before the login: `staff/dana`.
const KIND: &str = "staff/";

/// Attempts for one login from one address in [`ATTEMPTS_PER`]. A person mistypes twice; the
/// address is part of the key so that a stranger cannot lock staff out from afar.
const LOGIN_ATTEMPTS_MAX: NonZeroU32 = NonZeroU32::new(5).expect("5 is not 0");
/// Attempts from one address in [`ATTEMPTS_PER`], whatever the login: an office behind one
/// address logs in at nine.
const ADDRESS_ATTEMPTS_MAX: NonZeroU32 = NonZeroU32::new(30).expect("30 is not 0");
/// The span of both.
const ATTEMPTS_PER: Duration = Duration::from_secs(15 * 60);

/// How often somebody may try to log in.
pub struct LoginLimits {
    by_login: DefaultKeyedRateLimiter<(String, IpAddr)>,
    by_address: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for LoginLimits {
    fn default() -> LoginLimits {
        LoginLimits {
            by_login: RateLimiter::keyed(spread(LOGIN_ATTEMPTS_MAX)),
            by_address: RateLimiter::keyed(spread(ADDRESS_ATTEMPTS_MAX)),
        }
    }
}

impl LoginLimits {
    /// Whether one more attempt is allowed. Each counts, right or wrong: the answer must not
    /// tell them apart.
    pub fn allow(&self, login: &str, address: IpAddr) -> bool {
        let by_address = allows(&self.by_address, &address);
        allows(&self.by_login, &(accounts::normal(login), address)) && by_address
    }
}

fn spread(max: NonZeroU32) -> Quota {
    let each = ATTEMPTS_PER / max.get();
    Quota::with_period(each).expect("a quarter of an hour is not 0").allow_burst(max)
}

/// A member of staff who is here.
#[derive(Clone, Debug)]
pub struct Staff {
    /// The digest of the session's token.
    pub digest: String,
    /// The session.
    pub session: Session,
    /// The account, as it is now.
    pub account: Account,
    /// The person, as the house knows her.
    pub person: Person,
    /// How the session came about, and what she has proved in it.
    pub footing: Footing,
}

impl Staff {
    /// Whether a form carries this session's token.
    pub fn owns(&self, csrf: &str) -> bool {
        self.session.csrf.as_bytes().ct_eq(csrf.as_bytes()).into()
    }

    /// Who it is, by payer and id.
    pub fn whose(&self) -> Whose {
        Whose { payer: self.account.payer.clone(), person: self.account.person.clone() }
    }

    /// The desks this person serves.
    pub fn desks(&self) -> Vec<String> {
        accounts::desks(&self.account.roles)
    }
}

/// Begins a session; answers with the token for the cookie.
pub async fn begin(
    house: &House,
    account: &Account,
    footing: &Footing,
) -> Result<String, StoreError> {
    let (token, now) = (random_token(), house.clock.now());
    let session = Session {
        kind: kind(&account.login),
        payer: account.payer.clone(),
        person: account.person.clone(),
        csrf: random_token(),
        began: now,
        last_seen: now,
    };
    let digest = digest_token(&token);
    house.store.put_session(&digest, &session).await?;
    let whose = Whose { payer: session.payer, person: session.person };
    house.store.entry().put_footing(&digest, &whose, footing).await?;
    Ok(token)
}

/// The kind of a session of this login.
pub fn kind(login: &str) -> String {
    format!("{KIND}{login}")
}

/// Whoever the request's cookie stands for, if the session is neither idle nor too old, its way in
/// is still one, and the account may still be used here. `by_itself` is a page that refreshes: it does not count as use.
pub async fn staff(
    house: &House,
    headers: &HeaderMap,
    by_itself: bool,
) -> Result<Option<Staff>, StoreError> {
    let Some(token) = COOKIE.token(headers) else { return Ok(None) };
    let (digest, now) = (digest_token(&token), house.clock.now());
    let Some(session) = house.store.session(&digest, now, IDLE_MS).await? else { return Ok(None) };
    let Some(login) = session.kind.strip_prefix(KIND) else { return Ok(None) };
    if now.0 - session.began.0 > SESSION_MS {
        house.store.end_session(&digest).await?;
        return Ok(None);
    }
    let footing = house.store.entry().footing(&digest).await?;
    let lets_on = |it: &Footing| house.sign_in.ways().lets_on(it, now, IDLE_MS);
    let Some(footing) = footing.filter(lets_on) else {
        house.store.end_session(&digest).await?;
        return Ok(None);
    };
    if by_itself && session.last_seen < now {
        house.store.put_session(&digest, &session).await?;
    }
    let account = house.store.account(login).await?;
    let Some(account) = account.filter(|it| {
        (!it.demo || house.demo) && it.payer == session.payer && it.person == session.person
    }) else {
        return Ok(None);
    };
    let Some(person) = house.store.person(&session.payer, &session.person).await? else {
        return Ok(None);
    };
    Ok(Some(Staff { digest, session, account, person, footing }))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn guessing_one_login_is_stopped_without_locking_others_out() {
        let limits = LoginLimits::default();
        for _ in 0..LOGIN_ATTEMPTS_MAX.get() {
            assert!(limits.allow("dana", HERE));
        }
        assert!(!limits.allow(" DANA ", HERE), "the same login, however it is typed");
        assert!(limits.allow("sam", HERE));
        assert!(limits.allow("dana", THERE));
    }

    #[test]
    fn trying_many_logins_from_one_address_is_stopped() {
        let limits = LoginLimits::default();
        let tried = (0..100).filter(|it| limits.allow(&format!("login{it}"), HERE)).count();
        assert_eq!(tried, ADDRESS_ATTEMPTS_MAX.get() as usize);
    }
}
