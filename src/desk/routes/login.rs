//! Logging in with a password of this house, and out. Wrong login, wrong password, a demo account
//! outside the demo, a closed way in and too many attempts are told apart by nobody but the audit.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tracing::warn;

use super::{Answer, Desk, Failed, Fields, header_text};
use crate::desk::{accounts, session};
use crate::signin::Local;
use crate::store::AuditEntry;
use crate::store::entry::{Footing, How};
use crate::web::limits;
use crate::web::pages::{Page, html};

/// Said for everything that does not let one in.
const REFUSED: &str = "That did not work. Check the name and the password. After several tries, \
                       wait 15 minutes before the next one.";
/// What stands in the audit when somebody came in by the emergency way.
pub(super) const EMERGENCY: &str = "emergency_login";

#[derive(Template)]
#[template(path = "desk_login.html")]
struct LoginPage {
    page: Page,
    refused: Option<&'static str>,
    login: String,
    /// What people call the provider, if there is one.
    provider: Option<String>,
    /// Whether passwords are for everybody.
    open: bool,
    /// Whether they are for emergencies.
    emergency: bool,
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
pub async fn page(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if let Ok(Some(_)) = session::staff(&desk.house, &headers, true).await {
        return Redirect::to("/desk").into_response();
    }
    desk.login_page(StatusCode::OK, None, String::new())
}

/// `POST /desk/login`.
pub async fn enter(
    State(desk): State<Desk>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(form): Form<Login>,
) -> Response {
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
    let local = desk.house.sign_in.ways().local;
    let what = match (&account, local, allowed) {
        (Some(_), Local::Open, _) => "login",
        (Some(_), Local::Emergency, _) => EMERGENCY,
        (Some(_), Local::Closed, _) => "login_closed",
        (None, _, true) => "login_failed",
        (None, _, false) => "login_limited",
    };
    let entry = AuditEntry {
        payer: account.as_ref().map(|it| it.payer.clone()).unwrap_or_default(),
        who: account.as_ref().map_or_else(|| "unknown".into(), |it| it.person.clone()),
        what: what.into(),
        conversation: None,
        at: desk.house.clock.now(),
    };
    desk.house.store.audit(&entry).await?;
    let Some(account) = account.filter(|_| local != Local::Closed) else {
        return Ok(desk.login_page(StatusCode::OK, Some(REFUSED), form.login));
    };
    let how = if local == Local::Emergency { How::Emergency } else { How::Local };
    if how == How::Emergency {
        warn!("somebody came in by an emergency account; the audit says who");
    }
    let token = session::begin(&desk.house, &account, &Footing::by_password(how)).await?;
    let cookie = [(header::SET_COOKIE, session::COOKIE.set(&token, headers))];
    Ok((cookie, Redirect::to("/desk")).into_response())
}

impl Desk {
    /// The way in, perhaps with a word about why one is here.
    pub(super) fn login_page(
        &self,
        status: StatusCode,
        refused: Option<&'static str>,
        login: String,
    ) -> Response {
        let ways = self.house.sign_in.ways();
        let page = LoginPage {
            page: Page::new("Log in to your desk", self.house.demo),
            refused,
            login,
            provider: ways.provider.as_ref().map(|it| it.name().to_owned()),
            open: ways.local == Local::Open,
            emergency: ways.local == Local::Emergency,
        };
        html(status, &page)
    }
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
) -> Response {
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
    Ok(match desk.way_out(&staff).await {
        Some(way) => (cookie, desk.logged_out(way)).into_response(),
        None => (cookie, Redirect::to("/desk/login")).into_response(),
    })
}
