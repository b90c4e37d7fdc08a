//! Logging in and out. Wrong login, wrong password, a demo account outside the demo and too
//! many attempts are told apart by nobody but the audit.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::{Answer, Desk, Failed, Fields, header_text};
use crate::desk::{accounts, session};
use crate::store::AuditEntry;
use crate::web::limits;
use crate::web::pages::{Page, html};

/// Said for everything that does not let one in.
const REFUSED: &str = "That did not work. Check the name and the password. After several tries, \
                       wait 15 minutes before the next one.";

#[derive(Template)]
#[template(path = "desk_login.html")]
struct LoginPage {
    page: Page,
    refused: Option<&'static str>,
    login: String,
}

/// What the form holds.
#[derive(Deserialize)]
pub struct Login {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
}

/// `GET /desk/login`.
pub async fn page(State(desk): State<Desk>, headers: HeaderMap) -> axum::response::Response {
    if let Ok(Some(_)) = session::staff(&desk.house, &headers, true).await {
        return Redirect::to("/desk").into_response();
    }
    let page = Page::new("Log in to your desk", desk.house.demo);
    html(StatusCode::OK, &LoginPage { page, refused: None, login: String::new() })
}

/// `POST /desk/login`.
pub async fn enter(
    State(desk): State<Desk>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(form): Form<Login>,
) -> axum::response::Response {
    match try_enter(&desk, &headers, &extensions, form).await {
        Ok(response) => response,
        Err(failed) => failed.into_response(),
    }
}

async fn try_enter(
    desk: &Desk,
    headers: &HeaderMap,
    extensions: &Extensions,
    form: Login,
) -> Answer {
    if is_foreign(headers) {
        return Err(Failed::Stale);
    }
    let allowed = desk.limits.allow(&form.login, limits::address(extensions));
    let account = if allowed {
        accounts::check(&desk.house, &form.login, &form.password).await?
    } else {
        None
    };
    let what = match (&account, allowed) {
        (Some(_), _) => "login",
        (None, true) => "login_failed",
        (None, false) => "login_limited",
    };
    let entry = AuditEntry {
        payer: account.as_ref().map(|it| it.payer.clone()).unwrap_or_default(),
        who: account.as_ref().map_or_else(|| "unknown".into(), |it| it.person.clone()),
        what: what.into(),
        conversation: None,
        at: desk.house.clock.now(),
    };
    desk.house.store.audit(&entry).await?;
    let Some(account) = account else {
        let page = Page::new("Log in to your desk", desk.house.demo);
        let refused = LoginPage { page, refused: Some(REFUSED), login: form.login };
        return Ok(html(StatusCode::OK, &refused));
    };
    let token = session::begin(&desk.house, &account).await?;
    let cookie = [(header::SET_COOKIE, session::COOKIE.set(&token, headers))];
    Ok((cookie, Redirect::to("/desk")).into_response())
}

/// A login form that another site sent: there is no session yet whose token it could carry.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|it| it.to_str().ok());
    let origin = header_text(headers, header::ORIGIN);
    let host = header_text(headers, header::HOST).unwrap_or_default();
    let ours = |it: &str| it.split_once("://").is_some_and(|(_, rest)| rest == host);
    matches!(site, Some("cross-site" | "same-site"))
        || origin.is_some_and(|it| it != "null" && !ours(it))
}

/// `POST /desk/logout`.
pub async fn leave(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> axum::response::Response {
    match try_leave(&desk, &headers, &form).await {
        Ok(response) => response,
        Err(failed) => failed.into_response(),
    }
}

async fn try_leave(desk: &Desk, headers: &HeaderMap, form: &Fields) -> Answer {
    let staff = desk.who_sends(headers, form).await?;
    desk.house.store.end_session(&staff.digest).await?;
    desk.audit(&staff, "logout", None).await?;
    let cookie = [(header::SET_COOKIE, session::COOKIE.gone())];
    Ok((cookie, Redirect::to("/desk/login")).into_response())
}
