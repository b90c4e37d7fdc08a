//! The desk's doors: each fetches what is on disk, shows it through a pure view, and hands what
//! staff did to the house. None of them decides.
//!
//! What is not the reader's, and what does not exist, get the same answer, and the attempt is
//! noted. Every look at a conversation is noted too.

mod card;
mod elsewhere;
mod factor;
mod forms;
mod handoff;
mod login;
mod media;
mod queue;
mod signin;
mod step_up;
mod timeline;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use mendline_engine::effect::VerdictKind;
use tracing::warn;

use super::session::{self, LoginLimits, Staff};
use crate::house::House;
use crate::store::{AuditEntry, EffectRef, StaffRead, StoreError};
use crate::web::limits::{self, ByAddress};
use crate::web::pages::{Page, html};

/// How long a form waits for its turn. Turns take milliseconds; a longer wait means that the
/// loops are behind, and the page says so instead of hanging.
const PATIENCE: Duration = Duration::from_secs(10);
/// The fields of a form, as they came.
type Fields = BTreeMap<String, String>;

/// What the desk's doors share.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

/// The inside of [`Desk`].
pub struct Inner {
    house: Arc<House>,
    limits: LoginLimits,
    /// How often an address may go to the identity provider and come back.
    trips: ByAddress,
}

impl Deref for Desk {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// The desk's doors.
pub fn router(house: Arc<House>) -> Router {
    let trips = limits::per_minute(limits::TRIPS_PER_MIN);
    let desk = Desk(Arc::new(Inner { house, limits: LoginLimits::default(), trips }));
    Router::new()
        .route("/desk", get(queue::page))
        .route("/desk/queue", get(queue::fragment))
        .route("/desk/events", get(queue::events))
        .route("/desk/command", post(queue::command))
        .route("/desk/elsewhere", post(elsewhere::go))
        .route("/desk/search", get(timeline::search))
        .route("/desk/login", get(login::page).post(login::enter))
        .route("/desk/logout", post(login::leave))
        .route("/desk/sign-in", get(signin::go))
        .route("/desk/sign-in/back", get(signin::back))
        .route("/desk/step-up/{id}", get(step_up::page).post(step_up::prove))
        .route("/desk/step-up/{id}/go", get(step_up::go))
        .route("/desk/second-factor", get(factor::page).post(factor::set_up))
        .route("/desk/card/{conversation}/{key}", get(card::page).post(card::decide))
        .route("/desk/handoff/{conversation}/{key}", get(handoff::page).post(handoff::act))
        .route("/desk/media/{conversation}/{key}/{id}", get(media::file))
        .route("/desk/conversation/{id}", get(timeline::page))
        .layer(from_fn_with_state(desk.clone(), signin::vouched))
        .with_state(desk)
}

/// Why a door does not open.
enum Failed {
    /// Nobody is logged in.
    LoggedOut,
    /// It is not there, or not theirs: the same answer.
    NotFound,
    /// The form did not come from our page, or is from another session.
    Stale,
    /// The store did not do it.
    Store(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        Failed::Store(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match self {
            Failed::LoggedOut => Redirect::to("/desk/login").into_response(),
            Failed::NotFound => StatusCode::NOT_FOUND.into_response(),
            Failed::Stale => StatusCode::FORBIDDEN.into_response(),
            Failed::Store(StoreError::Forgotten) => StatusCode::NOT_FOUND.into_response(),
            Failed::Store(error) => {
                warn!("the desk could not be served: {error}");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }
}

type Answer = Result<Response, Failed>;

impl Desk {
    /// Who sits there.
    async fn who(&self, headers: &HeaderMap) -> Result<Staff, Failed> {
        session::staff(&self.house, headers, false).await?.ok_or(Failed::LoggedOut)
    }

    /// Who sits there, asked by a page that refreshes itself.
    async fn who_by_itself(&self, headers: &HeaderMap) -> Result<Staff, Failed> {
        session::staff(&self.house, headers, true).await?.ok_or(Failed::LoggedOut)
    }

    /// Who sends a form, if it is from a page of this very session.
    async fn who_sends(&self, headers: &HeaderMap, form: &Fields) -> Result<Staff, Failed> {
        let staff = self.who(headers).await?;
        let owned = form.get("csrf").is_some_and(|it| staff.owns(it));
        if owned { Ok(staff) } else { Err(Failed::Stale) }
    }

    async fn note_read(&self, staff: &Staff, conversation: &str, what: &str) -> Result<(), Failed> {
        let read = StaffRead {
            payer: staff.account.payer.clone(),
            staff: staff.account.person.clone(),
            conversation: conversation.to_owned(),
            what: what.to_owned(),
            at: self.house.clock.now(),
        };
        Ok(self.house.store.note_read(&read).await?)
    }

    async fn audit(
        &self,
        staff: &Staff,
        what: &str,
        conversation: Option<&str>,
    ) -> Result<(), Failed> {
        let entry = AuditEntry {
            payer: staff.account.payer.clone(),
            who: staff.account.person.clone(),
            what: what.to_owned(),
            conversation: conversation.map(str::to_owned),
            at: self.house.clock.now(),
        };
        Ok(self.house.store.audit(&entry).await?)
    }

    /// "Not here", noted: somebody asked for what is not theirs or does not exist.
    async fn refuse(&self, staff: &Staff, what: &str) -> Failed {
        match self.audit(staff, what, None).await {
            Ok(()) => Failed::NotFound,
            Err(failed) => failed,
        }
    }

    fn frame(&self, staff: &Staff, title: &str, live: bool) -> (Page, Frame) {
        let mut page = Page::new(title, self.house.demo);
        page.class = "desk";
        page.scripts = vec!["desk.js"];
        let frame = Frame {
            name: staff.person.name.clone(),
            csrf: staff.session.csrf.clone(),
            nonce: uuid::Uuid::new_v4().to_string(),
            live,
        };
        (page, frame)
    }
}

/// What every page behind the login has in common.
struct Frame {
    name: String,
    csrf: String,
    /// The id under which a form's act enters the inbox: a double click is one act.
    nonce: String,
    /// Whether the page listens for news.
    live: bool,
}

/// The path of an effect, read.
fn effect_ref(conversation: &str, key: &str) -> Result<EffectRef, Failed> {
    let key = key.parse().map_err(|_| Failed::NotFound)?;
    Ok(EffectRef { conversation: conversation.to_owned(), key })
}

/// What became of an act, as a page of its own.
#[derive(Template)]
#[template(path = "desk_outcome.html")]
struct Outcome {
    page: Page,
    frame: Frame,
    good: bool,
    said: String,
    /// Where one may go on: address and words.
    links: Vec<(String, String)>,
}

/// The status of a page that tells a verdict.
fn status_of(verdict: Option<&VerdictKind>) -> StatusCode {
    match verdict {
        Some(VerdictKind::NotAllowed) => StatusCode::FORBIDDEN,
        Some(VerdictKind::Needs { .. } | VerdictKind::NoSuchChoice) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Some(
            VerdictKind::AlreadyDecided { .. } | VerdictKind::Changed | VerdictKind::HeldBy { .. },
        ) => StatusCode::CONFLICT,
        Some(VerdictKind::Over) => StatusCode::GONE,
        Some(VerdictKind::Done) | None => StatusCode::OK,
    }
}

fn outcome(status: StatusCode, page: &Outcome) -> Response {
    html(status, page)
}

/// A header's value as text.
fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|it| it.to_str().ok())
}
