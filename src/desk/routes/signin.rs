//! Signing in through the identity provider: people are sent there, and come back with what it
//! says of them. The same road leads there to be vouched for again and to show a second factor.
//!
//! Whatever is wrong with what comes back, the browser is told the same; the audit says which.
//! The session's cookie is not sent on the way back from another site, so the way on is a page of
//! our own and no redirect.

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::http::{Extensions, HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use tracing::warn;

use super::{Answer, Desk, Failed, Fields, queue::answer};
use crate::desk::session::{self, COOKIE, IDLE_MS, Staff};
use crate::signin::enter::{Came, enter};
use crate::signin::provider::{Fault, Proven, Provider};
use crate::signin::trip::{TRIP_MS, Trip, Why};
use crate::store::AuditEntry;
use crate::store::entry::{Footing, How};
use crate::store::reach::Whose;
use crate::vault::digest_token;
use crate::web::cookie::Cookie;
use crate::web::limits::{address, allows};
use crate::web::pages::{Page, html};

/// What the browser carries on a trip to the provider.
const TRIP: Cookie = Cookie { name: "mendline_sign_in", path: "/desk/sign-in" };
/// Longest code that is taken, in characters; providers' have a few hundred at most.
const CODE_CHARS_MAX: usize = 4_096;
/// What a spent state is kept under: it is no payer's.
const NO_PAYER: &str = "";

/// Said for everything that comes back and does not let one in.
const REFUSED: &str = "That did not work, and nothing was changed. Please begin again here. If it \
                       happens again, ask whoever looks after your sign-in.";
/// Said when the provider does not answer.
const AWAY: &str = "Your organization's sign-in does not answer at the moment. Please try again in \
                    a minute. Nothing was changed.";
/// Said when the provider does not vouch for somebody any more.
const ENDED: &str = "Your sign-in has ended. Please sign in again.";
/// Said to whoever goes back and forth too often.
const TOO_OFTEN: &str = "That was often in a short time. Please wait a minute, then try again.";

#[derive(Template)]
#[template(path = "desk_on.html")]
struct OnPage {
    page: Page,
    words: &'static str,
    href: String,
    link: &'static str,
}

/// `GET /desk/sign-in`.
pub async fn go(State(desk): State<Desk>, headers: HeaderMap, extensions: Extensions) -> Response {
    let trip = Trip::new(Why::In, "", "/desk", desk.house.clock.now());
    desk.send_away(&headers, &extensions, &trip).await
}

/// `GET /desk/sign-in/back`.
pub async fn back(
    State(desk): State<Desk>,
    headers: HeaderMap,
    extensions: Extensions,
    Query(query): Query<Fields>,
) -> Response {
    if !allows(&desk.trips, &address(&extensions)) {
        return desk.login_page(StatusCode::TOO_MANY_REQUESTS, Some(TOO_OFTEN), String::new());
    }
    let came = answer(desk.come_back(&headers, &query)).await;
    // A trip is made once, however it ends.
    (AppendHeaders([(header::SET_COOKIE, TRIP.gone())]), came).into_response()
}

/// Before each page: whoever was not vouched for lately goes by the provider, and is asked
/// nothing if she is still signed in there. While it is away she goes on, until
/// [`session::staff`] lets nobody on.
pub async fn vouched(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_page = request.method() == Method::GET
        && !path.starts_with("/desk/sign-in")
        && !matches!(path, "/desk/login" | "/desk/queue" | "/desk/events");
    if !is_page || desk.house.sign_in.ways().provider.is_none() {
        return next.run(request).await;
    }
    match desk.stale(request.headers()).await {
        Ok(Some(staff)) => {
            let to = request.uri().path_and_query().map_or(path, |it| it.as_str());
            let trip = Trip::new(Why::Again, &staff.digest, to, desk.house.clock.now());
            let gone = desk.way(request.headers(), &trip).await;
            match gone {
                Ok(gone) => gone,
                Err(_) => next.run(request).await,
            }
        }
        Ok(None) => next.run(request).await,
        Err(failed) => failed.into_response(),
    }
}

impl Desk {
    /// Whoever sits there, if the provider should be asked about her again.
    async fn stale(&self, headers: &HeaderMap) -> Result<Option<Staff>, Failed> {
        let Some(token) = COOKIE.token(headers) else { return Ok(None) };
        let footing = self.house.store.entry().footing(&digest_token(&token)).await?;
        let (ways, now) = (self.house.sign_in.ways(), self.house.clock.now());
        if !footing.is_some_and(|it| ways.is_stale(&it, now)) {
            return Ok(None);
        }
        Ok(session::staff(&self.house, headers, true).await?)
    }

    /// Sends a browser to the provider, or says that there is no way now.
    pub(super) async fn send_away(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        trip: &Trip,
    ) -> Response {
        if !allows(&self.trips, &address(extensions)) {
            return self.login_page(StatusCode::TOO_MANY_REQUESTS, Some(TOO_OFTEN), String::new());
        }
        match self.way(headers, trip).await {
            Ok(gone) => gone,
            Err(_) => self.away(),
        }
    }

    async fn way(&self, headers: &HeaderMap, trip: &Trip) -> Result<Response, Fault> {
        let provider = self.house.sign_in.ways().provider.as_ref();
        let provider = provider.ok_or(Fault::Away("there is none"))?;
        let way = provider.way(trip, self.house.clock.now()).await;
        let way = way.inspect_err(|it| warn!("nobody can sign in: {it}"))?;
        let carried = trip.sealed(&self.house.vault);
        let cookie = TRIP.set_for_return(&carried, headers, TRIP_MS / 1_000);
        Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to(&way)).into_response())
    }

    fn away(&self) -> Response {
        self.login_page(StatusCode::SERVICE_UNAVAILABLE, Some(AWAY), String::new())
    }

    async fn come_back(&self, headers: &HeaderMap, query: &Fields) -> Answer {
        let (house, now) = (&self.house, self.house.clock.now());
        let field = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let Some(provider) = &house.sign_in.ways().provider else { return Err(Failed::NotFound) };
        let carried = TRIP.token(headers).unwrap_or_default();
        let Some(trip) = Trip::back(&house.vault, &carried, field("state"), now) else {
            return self.refuse_entry(None, "state").await;
        };
        let state = digest_token(&format!("trip/{}", trip.state));
        if !house.store.spend(NO_PAYER, &state, now).await? {
            return self.refuse_entry(Some(&trip), "used").await;
        }
        // A provider that names itself must be the one that was asked (RFC 9207).
        if query.contains_key("iss") && !provider.is_called(field("iss")) {
            return self.refuse_entry(Some(&trip), "issuer").await;
        }
        if query.contains_key("error") {
            return self.turned_away(&trip, field("error")).await;
        }
        let code = field("code");
        if code.is_empty() || code.len() > CODE_CHARS_MAX {
            return self.refuse_entry(Some(&trip), "no_code").await;
        }
        match provider.prove(code, &trip, now).await {
            Ok(proven) => self.let_in(headers, provider, &trip, proven).await,
            Err(Fault::Unproved(why)) => self.refuse_entry(Some(&trip), why).await,
            Err(fault @ Fault::Away(_)) => {
                warn!("nobody can sign in: {fault}");
                Ok(self.away())
            }
        }
    }

    /// The provider itself says no.
    async fn turned_away(&self, trip: &Trip, error: &str) -> Answer {
        let asks = ["login_required", "interaction_required", "consent_required"];
        if trip.why == Why::Again && asks.contains(&error) {
            self.house.store.end_session(&trip.session).await?;
            self.note(None, "sign_in_ended").await?;
            return Ok(self.login_page(StatusCode::OK, Some(ENDED), String::new()));
        }
        self.refuse_entry(Some(trip), "turned_away").await
    }

    async fn let_in(
        &self,
        headers: &HeaderMap,
        provider: &Provider,
        trip: &Trip,
        proven: Proven,
    ) -> Answer {
        let (house, now) = (&self.house, self.house.clock.now());
        let account = match enter(house, provider.settings(), &proven).await? {
            Came::In(account) => account,
            Came::Denied(denied, whose) => {
                self.note(whose.as_ref(), &format!("sign_in_refused: {}", denied.code())).await?;
                return Ok(self.login_page(StatusCode::FORBIDDEN, Some(REFUSED), String::new()));
            }
        };
        let whose = Whose { payer: account.payer.clone(), person: account.person.clone() };
        let (vouched, hint) = (Some(now), Some(proven.hint));
        if trip.why == Why::In {
            let footing = Footing { how: How::Provider, vouched, stepped: None, hint };
            let token = session::begin(house, &account, &footing).await?;
            self.note(Some(&whose), "sign_in").await?;
            let cookie = [(header::SET_COOKIE, COOKIE.set(&token, headers))];
            return Ok((AppendHeaders(cookie), self.on(trip)).into_response());
        }
        let Some(session) = house.store.session(&trip.session, now, IDLE_MS).await? else {
            return Ok(self.login_page(StatusCode::OK, Some(ENDED), String::new()));
        };
        // Somebody else at the provider is nobody's second factor, and vouches for nobody here.
        if session.kind != session::kind(&account.login) {
            return self.refuse_entry(Some(trip), "another_person").await;
        }
        let footing = house.store.entry().footing(&trip.session).await?;
        let footing = footing.unwrap_or_else(|| Footing::by_password(How::Provider));
        let stepped = if trip.why == Why::Up { Some(now) } else { footing.stepped };
        let footing = Footing { how: How::Provider, vouched, stepped, hint };
        house.store.entry().put_footing(&trip.session, &whose, &footing).await?;
        let what = if trip.why == Why::Up { "step_up" } else { "sign_in_again" };
        self.note(Some(&whose), what).await?;
        Ok(self.on(trip))
    }

    /// The page that leads on.
    fn on(&self, trip: &Trip) -> Response {
        let page = Page::new("You are signed in", self.house.demo);
        let words = "If this page does not go on by itself, go on here.";
        html(StatusCode::OK, &OnPage { page, words, href: trip.to.clone(), link: "Go on" })
    }

    /// Where somebody logs out at the provider too, if she came by it.
    pub(super) async fn way_out(&self, staff: &Staff) -> Option<String> {
        let provider = self.house.sign_in.ways().provider.as_ref()?;
        if staff.footing.how != How::Provider {
            return None;
        }
        provider.way_out(staff.footing.hint.clone(), self.house.clock.now()).await
    }

    /// Logged out here, and on the way to being logged out there.
    pub(super) fn logged_out(&self, href: String) -> Response {
        let page = Page::new("You are logged out here", self.house.demo);
        let words = "Your organization's sign-in is the next page: log out there too, above all on \
                     a machine that others use.";
        html(StatusCode::OK, &OnPage { page, words, href, link: "Log out there too" })
    }

    async fn refuse_entry(&self, trip: Option<&Trip>, why: &str) -> Answer {
        let what = match trip.map(|it| it.why) {
            Some(Why::Up) => "step_up_failed",
            Some(Why::In | Why::Again) | None => "sign_in_failed",
        };
        warn!(why, "what came back from the identity provider was refused");
        self.note(None, &format!("{what}: {why}")).await?;
        Ok(self.login_page(StatusCode::FORBIDDEN, Some(REFUSED), String::new()))
    }

    async fn note(&self, whose: Option<&Whose>, what: &str) -> Result<(), Failed> {
        let entry = AuditEntry {
            payer: whose.map(|it| it.payer.clone()).unwrap_or_default(),
            who: whose.map_or_else(|| "unknown".into(), |it| it.person.clone()),
            what: what.into(),
            conversation: None,
            at: self.house.clock.now(),
        };
        Ok(self.house.store.audit(&entry).await?)
    }
}
