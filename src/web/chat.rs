//! The worker's chat page: entering by a link, the last lines, and a plain form for each thing
//! she can do. A script makes it live; nothing here needs one.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tracing::warn;
use uuid::Uuid;

use super::Web;
use super::invite::{self, Invite, NoEntry, invite_link};
use super::known;
use super::limits::{WORDS_CHARS_MAX, allows};
use super::lines::{LineView, zone};
use super::pages::{Page, error_page, html};
use super::protocol::{Built, FromClient, Refusal};
use super::session::{self, Worker};
use super::words::{LANGUAGES, Words, words};
use crate::channels::Incoming;
use crate::channels::web::WEB;
use crate::directory;
use crate::identity;
use crate::links::Elsewhere;
use crate::store::consent::{Consent, Method};
use crate::store::reach::Whose;
use crate::store::{AuditEntry, Person, StoreError};
use crate::vault::digest_token;

/// How long a plain form waits for the answer before it shows the page again. Turns take
/// milliseconds; a plugin may take longer, and then "look for an answer" is there.
const ANSWER_PATIENCE: Duration = Duration::from_millis(1_500);

/// The chat's doors.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/chat", get(page))
        .route("/chat/enter", post(enter))
        .route("/chat/say", post(say))
        .route("/chat/tap", post(tap))
        .route("/chat/repair", post(repair))
        .route("/chat/language", post(language))
        .route("/chat/leave", post(leave))
}

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage {
    page: Page,
    words: &'static Words,
    first_name: String,
    csrf: String,
    lines: Vec<LineView>,
    zone: chrono_tz::Tz,
    now_ms: i64,
    seen: i64,
    written: String,
    notice: Option<&'static str>,
    words_max: usize,
    elsewhere: Vec<Elsewhere>,
}

impl ChatPage {
    /// A fresh id for a form, so that sending it twice is doing it once.
    fn id(&self) -> String {
        Uuid::new_v4().to_string()
    }
}

#[derive(Template)]
#[template(path = "chat-door.html")]
struct DoorPage {
    page: Page,
    state: DoorState,
    token: String,
    /// How one comes in without a link, if one does.
    by_code: Option<ByCode>,
    links: Vec<(String, String)>,
}

/// How one comes in without a link.
#[derive(PartialEq)]
enum ByCode {
    /// By saying who she is.
    Find,
    /// She was verified on this device: by a code alone.
    Send,
}

#[derive(PartialEq)]
enum DoorState {
    Invited,
    NotInvited,
    Expired,
    Spent,
    Locked,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    invite: Option<String>,
}

async fn page(State(web): State<Web>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    if let Some(token) = asked.invite {
        return match invite::look(&web.house, &token) {
            Ok(_) => door(&web, &headers, DoorState::Invited, token).await,
            Err(why) => door(&web, &headers, why.into(), String::new()).await,
        };
    }
    let Some(token) = session::COOKIE.token(&headers) else {
        return door(&web, &headers, DoorState::NotInvited, String::new()).await;
    };
    match web.worker(&token).await {
        Ok(Some(worker)) => show(&web, &worker, StatusCode::OK, String::new(), None).await,
        Ok(None) => door(&web, &headers, DoorState::Locked, String::new()).await,
        Err(error) => away(error),
    }
}

impl From<NoEntry> for DoorState {
    fn from(why: NoEntry) -> DoorState {
        match why {
            NoEntry::Unknown => DoorState::NotInvited,
            NoEntry::Expired => DoorState::Expired,
            NoEntry::Spent => DoorState::Spent,
        }
    }
}

/// The page before the chat: entering, or how to get a link.
async fn door(web: &Web, headers: &HeaderMap, state: DoorState, token: String) -> Response {
    let mut links = Vec::new();
    if web.house.demo && state != DoorState::Invited {
        for (payer, person) in &web.settings.demo_people {
            let known = directory::ensure_known(&web.house, payer, person).await;
            let name = known.ok().flatten().map_or_else(|| person.clone(), |it| it.name);
            links.push((invite_link(&web.house, payer, person, ""), name));
        }
    }
    let mut page = Page::new("Your chat", web.house.demo);
    page.scripts = vec!["framed.js"];
    let status = match state {
        DoorState::Expired | DoorState::Spent => StatusCode::GONE,
        _ => StatusCode::OK,
    };
    let known = known::known_device(web, headers).is_some();
    let by_code = identity::can_send(&web.house)
        .then_some(if known { ByCode::Send } else { ByCode::Find })
        .filter(|_| state != DoorState::Invited);
    html(status, &DoorPage { page, state, token, by_code, links })
}

#[derive(Deserialize)]
struct Enter {
    invite: String,
    /// Which of the two buttons she tapped.
    #[serde(default)]
    language: Option<String>,
}

/// Spends the link and begins a session.
async fn enter(State(web): State<Web>, headers: HeaderMap, Form(form): Form<Enter>) -> Response {
    let invite = match invite::look(&web.house, &form.invite) {
        Ok(invite) => invite,
        Err(why) => return door(&web, &headers, why.into(), String::new()).await,
    };
    let began = async {
        if let Err(why) = invite::spend(&web.house, &invite).await? {
            return Ok(Err(why));
        }
        let entry = AuditEntry {
            payer: invite.payer.clone(),
            who: invite.person.clone(),
            what: "invite_used".into(),
            conversation: None,
            at: web.house.clock.now(),
        };
        web.house.store.audit(&entry).await?;
        if let Some(language) = &form.language {
            reads(&web, &invite, language).await?;
        }
        agreed(&web, &invite, form.language.as_deref()).await?;
        web.begin(&invite.payer, &invite.person).await.map(Ok)
    };
    match began.await {
        Ok(Ok(token)) => {
            let Invite { payer, person, .. } = invite;
            known::enter(&web, &Whose { payer, person }, &token, &headers)
        }
        Ok(Err(why)) => door(&web, &headers, why.into(), String::new()).await,
        Err(error) => away(error),
    }
}

/// She said what she reads by the button that she came in with. It holds from the first page on.
async fn reads(web: &Web, invite: &Invite, language: &str) -> Result<(), StoreError> {
    let Invite { payer, person, .. } = invite;
    let known = directory::ensure_known(&web.house, payer, person).await.ok().flatten();
    if !LANGUAGES.contains(&language) || known.is_some_and(|it| it.language == language) {
        return Ok(());
    }
    // Each time anew: the demo's links open more than once.
    let id = format!("entered/{}", Uuid::new_v4());
    let chose = Incoming::Language(language.to_owned());
    let accepted = web.house.arrive(payer, WEB, &id, person, chose, None).await?;
    web.house.settled(payer, accepted, ANSWER_PATIENCE).await.map(drop)
}

/// Whoever enters by an invitation has read what the chat is, and goes on: kept once.
async fn agreed(web: &Web, invite: &Invite, reads: Option<&str>) -> Result<(), StoreError> {
    let (payer, person) = (&invite.payer, &invite.person);
    let known = web.house.store.person(payer, person).await?;
    if known.as_ref().is_some_and(|it| it.consents.contains_key(WEB)) {
        return Ok(());
    }
    let read = digest_token(include_str!("../../templates/chat-door.html"));
    let language = reads.or(known.as_ref().map(|it| it.language.as_str())).unwrap_or("en");
    let wording = format!("invited:{}", &read[..8]);
    let agreed = Consent::to_everything(WEB, Method::Invitation, &wording, language);
    let whose = Whose { payer: payer.clone(), person: person.clone() };
    web.house.store.reach().agree(&whose, &agreed, web.house.clock.now()).await
}

/// The chat itself. A page that was rendered counts as shown.
async fn show(
    web: &Web,
    worker: &Worker,
    status: StatusCode,
    written: String,
    refused: Option<Refusal>,
) -> Response {
    let session = &worker.session;
    let seen = async {
        let person = web.known(worker).await?;
        let lines = web.last_lines(&session.payer, &session.person).await?;
        let last = lines.last().map_or(0, |it| it.seq);
        web.shown(&session.payer, &session.person, last).await?;
        Ok::<_, StoreError>((person, lines, last))
    };
    let (person, lines, seen) = match seen.await {
        Ok(it) => it,
        Err(error) => return away(error),
    };
    let language = speaks(&person.language);
    let words = words(language);
    let mut page = Page::new(words.title, web.house.demo);
    page.lang = language.into();
    page.scripts = vec!["chat.js", "framed.js"];
    page.class = "chat";
    let chat = ChatPage {
        page,
        words,
        first_name: person.first_name,
        csrf: session.csrf.clone(),
        lines,
        zone: zone(&person.zone),
        now_ms: web.house.clock.now().0,
        seen,
        written,
        notice: refused.map(|it| it.say(language)),
        words_max: WORDS_CHARS_MAX,
        elsewhere: web.house.links.elsewhere().to_vec(),
    };
    html(status, &chat)
}

impl Web {
    /// Who she is. Somebody whom no source knows any more still has her chat, without a name.
    pub async fn known(&self, worker: &Worker) -> Result<Person, StoreError> {
        let session = &worker.session;
        let known = directory::ensure_known(&self.house, &session.payer, &session.person).await;
        let found = known.unwrap_or_else(|error| {
            warn!("who is who could not be asked: {error:#}");
            None
        });
        Ok(found.unwrap_or_else(|| Person {
            payer: session.payer.clone(),
            person: session.person.clone(),
            role: "injured_worker".into(),
            first_name: String::new(),
            name: String::new(),
            language: "en".into(),
            zone: String::new(),
            office: None,
            addresses: Default::default(),
            opted_out: Vec::new(),
            consents: Default::default(),
            at: None,
        }))
    }

    /// The worker behind a form: her cookie, and the token that only our page has.
    pub async fn at_form(&self, headers: &HeaderMap, csrf: &str) -> Result<Worker, Response> {
        let locked = || Redirect::to("/chat").into_response();
        let token = session::COOKIE.token(headers).ok_or_else(locked)?;
        let worker = self.worker(&token).await.map_err(away)?.ok_or_else(locked)?;
        if worker.owns(csrf) {
            Ok(worker)
        } else {
            Err(error_page(StatusCode::FORBIDDEN, "/chat", self.house.demo))
        }
    }
}

#[derive(Deserialize)]
struct Say {
    csrf: String,
    id: String,
    words: String,
}

async fn say(State(web): State<Web>, headers: HeaderMap, Form(form): Form<Say>) -> Response {
    // Browsers send line breaks of a form as two characters; one is meant.
    let words = form.words.replace("\r\n", "\n");
    done(&web, &headers, &form.csrf, FromClient::Say { id: form.id, words }).await
}

#[derive(Deserialize)]
struct Tap {
    csrf: String,
    id: String,
    question: String,
    choice: String,
}

async fn tap(State(web): State<Web>, headers: HeaderMap, Form(form): Form<Tap>) -> Response {
    let frame = FromClient::Tap { id: form.id, question: form.question, choice: form.choice };
    done(&web, &headers, &form.csrf, frame).await
}

#[derive(Deserialize)]
struct Repair {
    csrf: String,
    id: String,
    what: Built,
}

async fn repair(State(web): State<Web>, headers: HeaderMap, Form(form): Form<Repair>) -> Response {
    done(&web, &headers, &form.csrf, FromClient::Repair { id: form.id, what: form.what }).await
}

#[derive(Deserialize)]
struct Language {
    csrf: String,
    id: String,
    to: String,
}

async fn language(
    State(web): State<Web>,
    headers: HeaderMap,
    Form(form): Form<Language>,
) -> Response {
    done(&web, &headers, &form.csrf, FromClient::Language { id: form.id, to: form.to }).await
}

/// Hands a form over and shows the page again: at once, or with what could not be taken still in
/// the composer.
async fn done(web: &Web, headers: &HeaderMap, csrf: &str, frame: FromClient) -> Response {
    let worker = match web.at_form(headers, csrf).await {
        Ok(worker) => worker,
        Err(response) => return response,
    };
    let session = &worker.session;
    let language = match web.known(&worker).await {
        Ok(person) => person.language,
        Err(error) => return away(error),
    };
    let before = web.last_lines(&session.payer, &session.person).await;
    let before = before.ok().and_then(|it| it.last().map(|it| it.seq)).unwrap_or(0);
    let taken = if allows(&web.says, &worker.digest) {
        web.act(session, speaks(&language), &frame).await
    } else {
        Err(Refusal::TooFast)
    };
    match taken {
        Ok(taken) => {
            answered(web, &worker, taken.accepted, before).await;
            Redirect::to("/chat").into_response()
        }
        Err(why) => {
            let written = match frame {
                FromClient::Say { words, .. } => words,
                _ => String::new(),
            };
            show(web, &worker, status_of(why), written, Some(why)).await
        }
    }
}

fn status_of(why: Refusal) -> StatusCode {
    match why {
        Refusal::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::TooFast => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Away => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Waits a little for the turn and the line that answers it, so that the page without script
/// usually shows the answer.
pub async fn answered(web: &Web, worker: &Worker, accepted: crate::store::Accepted, before: i64) {
    let session = &worker.session;
    let mut page = web.house.wake.listen_for(&session.payer, &session.person);
    let wait = async {
        let _ = web.house.settled(&session.payer, accepted, ANSWER_PATIENCE).await;
        loop {
            let (payer, person) = (&session.payer, &session.person);
            let lines = web.house.store.lines_after(payer, person, WEB, before, 20).await;
            let lines = lines.unwrap_or_default().into_iter().map(LineView::of);
            if lines.into_iter().any(|it| !it.is_yours()) {
                return;
            }
            page.news().await;
        }
    };
    // Without an answer in time the page says that one will come.
    let _ = tokio::time::timeout(ANSWER_PATIENCE, wait).await;
}

#[derive(Deserialize)]
struct Leave {
    csrf: String,
}

async fn leave(State(web): State<Web>, headers: HeaderMap, Form(form): Form<Leave>) -> Response {
    let worker = match web.at_form(&headers, &form.csrf).await {
        Ok(worker) => worker,
        Err(response) => return response,
    };
    match web.house.store.end_session(&worker.digest).await {
        Ok(()) => {
            let mut left = Redirect::to("/chat").into_response();
            for cookie in [session::COOKIE.gone(), known::DEVICE.gone()] {
                left.headers_mut().append(header::SET_COOKIE, cookie);
            }
            left
        }
        Err(error) => away(error),
    }
}

/// The language of the page for a person.
pub fn speaks(language: &str) -> &'static str {
    LANGUAGES.into_iter().find(|it| *it == language).unwrap_or("en")
}

/// The store could not be reached: the server's page for it says what to do.
pub fn away(error: StoreError) -> Response {
    warn!("a page could not be made: {error}");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
