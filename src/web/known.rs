//! Coming in without a link: who she says she is, then a code to the contact on file. Right and wrong
//! read the same and take as long; after three tries a person may be asked to call.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::Web;
use super::chat::away;
use super::cookie::Cookie;
use super::limits::address;
use super::pages::{Page, error_page, html};
use super::session;
use crate::identity::{self, Asked, Facts, Given};
use crate::store::StoreError;
use crate::store::reach::Whose;

/// Every answer takes at least so long, so that its time tells nothing: writing down that a code is
/// to be sent takes a few milliseconds.
const ANSWER_TAKES: Duration = Duration::from_millis(300);
/// The token of a challenge, for the pages of this door.
const CHALLENGE: Cookie = Cookie { name: "mendline_code", path: "/chat" };
/// Who was verified on this device, so that a locked page asks for a code and not for everything.
pub(super) const DEVICE: Cookie = Cookie { name: "mendline_device", path: "/chat" };
/// What the vault signs a device for.
const KNOWN_DEVICE: &str = "device";
/// How long a device is remembered: as long as a link.
const DEVICE_MS: i64 = crate::links::INVITE_MS;
/// Digits of a telephone number (E.164 allows 15).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Longest telephone number as people write it, in characters.
const PHONE_CHARS_MAX: usize = 40;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/chat/find", get(find).post(say))
        .route("/chat/code", get(code).post(give))
        .route("/chat/code/send", post(send))
        .route("/chat/call-me", post(call_me))
}

#[derive(Template)]
#[template(path = "chat-find.html")]
struct FindPage {
    page: Page,
    step: Step,
    wrong: bool,
}

#[derive(PartialEq)]
enum Step {
    /// Who she is.
    Facts,
    /// The code.
    Code,
    /// Too many tries: a person may call.
    Locked,
    /// A person will.
    Called,
}

fn page(web: &Web, status: StatusCode, step: Step, wrong: bool) -> Response {
    let page = Page::new("Your chat", web.house.demo);
    html(status, &FindPage { page, step, wrong })
}

async fn find(State(web): State<Web>) -> Response {
    if identity::can_send(&web.house) {
        page(&web, StatusCode::OK, Step::Facts, false)
    } else {
        Redirect::to("/chat").into_response()
    }
}

#[derive(Deserialize)]
struct Says {
    claim: String,
    born: String,
    zip: String,
}

async fn say(State(web): State<Web>, request: Request) -> Response {
    let (from, headers) = (here(&request), request.headers().clone());
    let Some(Form(form)) = form::<Says>(request).await else { return unread(&web) };
    if is_foreign(&headers) || !identity::can_send(&web.house) {
        return error_page(StatusCode::FORBIDDEN, "/chat", web.house.demo);
    }
    let ready_at = Instant::now() + ANSWER_TAKES;
    let facts = Facts { claim: form.claim, born: form.born, zip: form.zip };
    let asked = identity::say(&web.house, &web.settings.comes_without_link, &facts, &from).await;
    tokio::time::sleep_until(ready_at).await;
    waits(&web, asked, &headers)
}

/// A code for whoever was verified on this device.
async fn send(State(web): State<Web>, request: Request) -> Response {
    let (from, headers) = (here(&request), request.headers().clone());
    if is_foreign(&headers) {
        return error_page(StatusCode::FORBIDDEN, "/chat", web.house.demo);
    }
    let Some(whose) = known_device(&web, &headers) else {
        return Redirect::to("/chat/find").into_response();
    };
    waits(&web, identity::again(&web.house, &whose, &from).await, &headers)
}

fn waits(web: &Web, asked: Result<Asked, StoreError>, headers: &HeaderMap) -> Response {
    match asked {
        Ok(Asked::Waits(token)) => {
            let cookie = CHALLENGE.set(&token, headers);
            ([(header::SET_COOKIE, cookie)], Redirect::to("/chat/code")).into_response()
        }
        Ok(Asked::Locked) => page(web, StatusCode::TOO_MANY_REQUESTS, Step::Locked, false),
        Err(error) => away(error),
    }
}

async fn code(State(web): State<Web>, headers: HeaderMap) -> Response {
    match CHALLENGE.token(&headers) {
        Some(_) => page(&web, StatusCode::OK, Step::Code, false),
        None => Redirect::to("/chat/find").into_response(),
    }
}

#[derive(Deserialize)]
struct Gives {
    code: String,
}

async fn give(State(web): State<Web>, request: Request) -> Response {
    let (from, headers) = (here(&request), request.headers().clone());
    let Some(Form(form)) = form::<Gives>(request).await else { return unread(&web) };
    let Some(token) = CHALLENGE.token(&headers).filter(|_| !is_foreign(&headers)) else {
        return Redirect::to("/chat/find").into_response();
    };
    let ready_at = Instant::now() + ANSWER_TAKES;
    let given = identity::check(&web.house, &token, &form.code, &from).await;
    tokio::time::sleep_until(ready_at).await;
    match given {
        Ok(Given::Is(whose)) => match web.begin(&whose.payer, &whose.person).await {
            Ok(token) => enter(&web, &whose, &token, &headers),
            Err(error) => away(error),
        },
        Ok(Given::No) => page(&web, StatusCode::UNPROCESSABLE_ENTITY, Step::Code, true),
        Ok(Given::Locked) => page(&web, StatusCode::TOO_MANY_REQUESTS, Step::Locked, false),
        Err(error) => away(error),
    }
}

pub(super) fn enter(web: &Web, whose: &Whose, token: &str, headers: &HeaderMap) -> Response {
    let mut response = Redirect::to("/chat").into_response();
    // A phone ends a browser whenever it likes. What locks the page is our own clock.
    let hers = session::COOKIE.lasting(token, headers, session::SESSION_MS / 1_000);
    let cookies = [hers, remember(web, whose, headers)];
    for cookie in cookies.into_iter().chain([CHALLENGE.gone()]) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The cookie that says who was verified here. It lets nobody in: it only spares her to say again
/// who she is before a code goes to the contact on file.
pub(super) fn remember(web: &Web, whose: &Whose, headers: &HeaderMap) -> HeaderValue {
    let until = web.house.clock.now().0 + DEVICE_MS;
    let token = web.house.vault.sign(KNOWN_DEVICE, &json!([whose.payer, whose.person, until]));
    DEVICE.lasting(&token, headers, DEVICE_MS / 1_000)
}

/// Who was verified on this device, if that is not too long ago and a code can reach her.
pub(super) fn known_device(web: &Web, headers: &HeaderMap) -> Option<Whose> {
    let signed = web.house.vault.open_signed(KNOWN_DEVICE, &DEVICE.token(headers)?)?;
    let (payer, person, until): (String, String, i64) = serde_json::from_value(signed).ok()?;
    let counts = web.house.clock.now().0 <= until && identity::can_send(&web.house);
    counts.then_some(Whose { payer, person })
}

#[derive(Deserialize)]
struct Calls {
    phone: String,
}

/// A person calls whoever could not be let in. Nobody knows who that is: she is a visitor with a
/// number.
async fn call_me(State(web): State<Web>, request: Request) -> Response {
    let (from, headers) = (here(&request), request.headers().clone());
    let Some(Form(form)) = form::<Calls>(request).await else { return unread(&web) };
    let Some(payer) = web.settings.comes_without_link.first().filter(|_| !is_foreign(&headers))
    else {
        return error_page(StatusCode::FORBIDDEN, "/chat", web.house.demo);
    };
    let phone = form.phone.trim();
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    if !PHONE_DIGITS.contains(&digits) || phone.chars().count() > PHONE_CHARS_MAX {
        return page(&web, StatusCode::UNPROCESSABLE_ENTITY, Step::Locked, true);
    }
    match identity::call(&web.house, payer, phone, &from).await {
        Ok(()) => page(&web, StatusCode::OK, Step::Called, false),
        Err(error) => away(error),
    }
}

fn here(request: &Request) -> String {
    address(request.extensions()).to_string()
}

async fn form<T: serde::de::DeserializeOwned>(request: Request) -> Option<Form<T>> {
    use axum::extract::FromRequest as _;
    Form::<T>::from_request(request, &()).await.ok()
}

fn unread(web: &Web) -> Response {
    error_page(StatusCode::BAD_REQUEST, "/chat", web.house.demo)
}

/// A form that another site sent: there is no session yet whose token it could carry.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|it| it.to_str().ok());
    matches!(site, Some("cross-site"))
}
