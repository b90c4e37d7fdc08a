//! The pharmacist's door: a claim number and a prescription number show where it stands, and
//! take three small answers back. It shows the least that helps at the counter, says the same of
//! a wrong pair and of an unknown one, and every look is audited.

pub mod look;
pub mod state;

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use mendline_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::warn;

use self::look::{DoorState, call, kind, state_for, state_of};
use self::state::{Said, Stage, say};
use super::Web;
use super::chat::away;
use super::limits::{address, allows};
use super::lines::{clock, zone};
use super::pages::{Page, html};
use super::session;
use crate::channels::Incoming;
use crate::store::AuditEntry;
use crate::vault::digest_token;

/// Every answer of a look-up takes at least so long, so that its time tells nothing.
const ANSWER_TAKES: Duration = Duration::from_millis(300);
/// How long an opened page can look again and answer without the two numbers: a long wait at
/// the counter.
const TOKEN_MS: i64 = 60 * 60 * 1_000;
/// What the vault signs such a page for.
const PURPOSE: &str = "rx";
/// Longest claim or prescription number that is looked up, in characters.
const NUMBER_CHARS_MAX: usize = 40;
/// Digits of a telephone number (E.164 allows 15).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// The flow that puts what a pharmacy asks before the pharmacy desk.
const ASKS_FLOW: &str = "pharmacy_asks";
/// The write that notes a fill.
const MARK: &str = "pbm.mark_dispensed";

/// The door.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/rx", get(form).post(look_up))
        .route("/rx/again", get(back).post(again))
        .route("/rx/done", get(back).post(done))
        .route("/rx/still", get(back).post(still))
        .route("/rx/call", get(back).post(call_me))
        .route("/chat/pharmacist-card", get(card))
}

/// What stands on the page about one prescription.
#[derive(Clone, Debug, Default)]
struct Answer {
    claim: String,
    rx: String,
    drug: String,
    headline: String,
    whose: &'static str,
    todo: String,
    tone: &'static str,
    number: Option<String>,
    approved: bool,
    as_of: String,
    token: String,
    told: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "rx.html")]
struct RxPage {
    page: Page,
    answer: Option<Answer>,
    wrong: Option<&'static str>,
    claim: String,
    rx: String,
}

#[derive(Template)]
#[template(path = "rx-answer.html")]
struct RxPart {
    answer: Answer,
}

#[derive(Template)]
#[template(path = "pharmacist-card.html")]
struct CardPage {
    page: Page,
    answer: Option<Answer>,
    claim: String,
}

#[derive(Serialize, Deserialize)]
struct Opened {
    payer: String,
    claim: String,
    rx: String,
    exp_ms: i64,
}

fn rx_page(web: &Web) -> RxPage {
    let mut page = Page::new("Prescription status", web.house.demo);
    page.scripts = vec!["rx.js"];
    RxPage { page, answer: None, wrong: None, claim: String::new(), rx: String::new() }
}

async fn form(State(web): State<Web>) -> Response {
    html(StatusCode::OK, &rx_page(&web))
}

/// Whoever loads an answer's address again starts over.
async fn back() -> Redirect {
    Redirect::to("/rx")
}

#[derive(Deserialize)]
struct Pair {
    claim: String,
    rx: String,
}

async fn look_up(State(web): State<Web>, request: Request) -> Response {
    if !allows(&web.lookups, &address(request.extensions())) {
        return slow_down();
    }
    let Form(pair) = match from_form::<Pair>(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let ready_at = Instant::now() + ANSWER_TAKES;
    let (claim, rx) = (pair.claim.trim(), pair.rx.trim());
    let mut page = rx_page(&web);
    (page.claim, page.rx) = (claim.to_owned(), rx.to_owned());
    let sound = |it: &str| !it.is_empty() && it.chars().count() <= NUMBER_CHARS_MAX;
    if !sound(claim) || !sound(rx) {
        page.wrong = Some("Both numbers are needed, each with up to 40 characters.");
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let found = match state_of(&web.house, &web.settings.payers, claim, rx).await {
        Ok(found) => found,
        Err(error) => return away(error),
    };
    let payer = found.as_ref().map_or("", |it| it.payer.as_str());
    if let Err(error) = note(&web, payer, "rx_lookup", found.as_ref()).await {
        return error;
    }
    match found {
        Some(found) => page.answer = Some(answer(&web, &found, None)),
        None => page.wrong = Some(NOT_FOUND),
    }
    tokio::time::sleep_until(ready_at).await;
    html(StatusCode::OK, &page)
}

const NOT_FOUND: &str = "We found no prescription for this pair. Check both numbers. If they are right, call the \
                         payer: the number is on the worker's pharmacy card.";

#[derive(Deserialize)]
struct Again {
    token: String,
    #[serde(default)]
    part: Option<String>,
    #[serde(default)]
    phone: Option<String>,
}

/// A page that was opened with the right pair: looked up anew, or the answer why not.
struct Door {
    web: Web,
    form: Again,
    state: DoorState,
}

impl Door {
    async fn open(web: Web, request: Request) -> Result<Door, Response> {
        if !allows(&web.again, &address(request.extensions())) {
            return Err(slow_down());
        }
        let Form(form) = from_form::<Again>(request).await?;
        let now = web.house.clock.now();
        let opened = web.house.vault.open_signed(PURPOSE, &form.token);
        let opened = opened.and_then(|it| serde_json::from_value::<Opened>(it).ok());
        let Some(opened) = opened.filter(|it| now.0 <= it.exp_ms) else {
            return Err(Redirect::to("/rx").into_response());
        };
        let payers = [opened.payer];
        match state_of(&web.house, &payers, &opened.claim, &opened.rx).await {
            Ok(Some(state)) => Ok(Door { web, form, state }),
            Ok(None) => Err(Redirect::to("/rx").into_response()),
            Err(error) => Err(away(error)),
        }
    }

    /// The page again, with what was just done.
    fn page(self, told: Option<&'static str>) -> Response {
        let answer = answer(&self.web, &self.state, told);
        if self.form.part.is_some() {
            return html(StatusCode::OK, &RxPart { answer });
        }
        let mut page = rx_page(&self.web);
        page.answer = Some(answer);
        html(StatusCode::OK, &page)
    }

    /// Tells the conversation, if there is one. Twice the same is once.
    async fn tell(&self, name: &str, id: String, data: Value) -> Result<(), Response> {
        let Some((conversation, principal)) = self.state.conversation.clone() else {
            return Ok(());
        };
        let incoming = Incoming::Happened { conversation, name: name.into(), data };
        let house = &self.web.house;
        let told = house.arrive(&self.state.payer, "rx", &id, &principal, incoming, None).await;
        told.map(|_| ()).map_err(away)
    }

    /// Begins the flow that puts a pharmacy's wish before the desk. Twice the same is once.
    async fn start(&self, what: &str, worker: &str, phone: Option<String>) -> Result<(), Response> {
        let mut fields = std::collections::BTreeMap::from([
            ("claim".to_owned(), self.state.claim.clone()),
            ("rx".to_owned(), json!(self.state.rx_number())),
        ]);
        // Another number is another wish, also within the ten minutes.
        let id = format!(
            "{}/{}",
            self.id(what, SOON_MS),
            phone.as_deref().map_or(String::new(), digest_token)
        );
        fields.extend(phone.map(|it| ("phone".to_owned(), json!(it))));
        let incoming = Incoming::Start { flow: ASKS_FLOW.into(), fields };
        let begun =
            self.web.house.arrive(&self.state.payer, "rx", &id, worker, incoming, None).await;
        begun.map(|_| ()).map_err(away)
    }

    /// An id for one kind of answer about one prescription, within `per_ms`. What stands on the
    /// page is no part of it: after the first "done" the page reads otherwise.
    fn id(&self, what: &str, per_ms: i64) -> String {
        let slot = self.web.house.clock.now().0 / per_ms;
        let (claim, rx) = (self.state.claim_number(), self.state.rx_number());
        let parts = json!([what, self.state.payer, claim, rx, slot]);
        format!("{what}/{}", digest_token(&parts.to_string()))
    }
}

async fn again(State(web): State<Web>, request: Request) -> Response {
    match Door::open(web, request).await {
        Ok(door) => door.page(None),
        Err(response) => response,
    }
}

/// A day: the second "done" of the same fill on the same day is the same "done".
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Ten minutes: after that, "still rejecting" or "call me" is said anew.
const SOON_MS: i64 = 10 * 60 * 1_000;

/// "It went through": the fill is noted, and the conversation hears it.
async fn done(State(web): State<Web>, request: Request) -> Response {
    let door = match Door::open(web, request).await {
        Ok(door) => door,
        Err(response) => return response,
    };
    let id = door.id("dispensed", DAY_MS);
    let house = &door.web.house;
    let call = call(&door.state.payer, format!("rx/{id}"), house.clock.now());
    let input = json!({ "claim": door.state.claim, "drug": door.state.drug });
    if let Err(error) = house.host.run(MARK, &call, input).await {
        warn!("a fill could not be noted: {}", kind(&error));
        return door.page(Some(
            "We could not note this fill. Nothing is wrong with your claim; we will see the paid claim later.",
        ));
    }
    let noted = note(&door.web, &door.state.payer, "rx_dispensed", Some(&door.state)).await;
    let told = match noted {
        Ok(()) => door.tell("dispensed", id, json!({ "by": "pharmacy" })).await,
        Err(response) => Err(response),
    };
    match told {
        Ok(()) => door.page(Some("Thank you. We noted that it was filled.")),
        Err(response) => response,
    }
}

/// "It still rejects": a person should look.
async fn still(State(web): State<Web>, request: Request) -> Response {
    asks(web, request, "still_rejecting").await
}

/// "Call me".
async fn call_me(State(web): State<Web>, request: Request) -> Response {
    asks(web, request, "call_me").await
}

async fn asks(web: Web, request: Request, what: &'static str) -> Response {
    let door = match Door::open(web, request).await {
        Ok(door) => door,
        Err(response) => return response,
    };
    let phone = door.form.phone.as_deref().unwrap_or_default().trim().to_owned();
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let is_phone = PHONE_DIGITS.contains(&digits) && phone.chars().count() <= NUMBER_CHARS_MAX;
    if what == "call_me" && !is_phone {
        return door.page(Some("Please give a phone number with its area code, and we will call."));
    }
    let worker = door.state.claim["worker"].as_str().unwrap_or_default().to_owned();
    if worker.is_empty() || web_has_no_desk_flow(&door.web) {
        return door.page(Some(
            "We cannot pass this on from here. Please call the payer: the number is on the worker's pharmacy card.",
        ));
    }
    let audited = format!("rx_{what}");
    let told = match note(&door.web, &door.state.payer, &audited, Some(&door.state)).await {
        Ok(()) => door.start(what, &worker, is_phone.then_some(phone)).await,
        Err(response) => Err(response),
    };
    match told {
        Ok(()) if what == "call_me" => {
            door.page(Some("Thank you. The pharmacy desk has your number and will call."))
        }
        Ok(()) => door.page(Some("Thank you. The pharmacy desk was told that it still rejects.")),
        Err(response) => response,
    }
}

fn web_has_no_desk_flow(web: &Web) -> bool {
    web.house.flows.current(ASKS_FLOW).is_none()
}

/// The card that a worker holds up at the counter: the same answer, in English, large.
async fn card(State(web): State<Web>, headers: HeaderMap) -> Response {
    let back = || Redirect::to("/chat").into_response();
    let Some(token) = session::COOKIE.token(&headers) else { return back() };
    let worker = match web.worker(&token).await {
        Ok(Some(worker)) => worker,
        Ok(None) => return back(),
        Err(error) => return away(error),
    };
    let session = &worker.session;
    let found = match state_for(&web.house, &session.payer, &session.person).await {
        Ok(found) => found,
        Err(error) => return away(error),
    };
    let claim = match &found {
        Some(_) => String::new(),
        None => first_claim(&web, &session.payer, &session.person).await,
    };
    let mut page = Page::new("For the pharmacist", web.house.demo);
    page.scripts = vec!["rx.js", "framed.js"];
    page.class = "card";
    let mut answer = found.as_ref().map(|it| answer(&web, it, None));
    if let Some(answer) = &mut answer {
        // The phone is the worker's: the pharmacist's own buttons are on /rx.
        answer.token.clear();
    }
    html(StatusCode::OK, &CardPage { page, answer, claim })
}

/// The number of her first open claim, for a counter that has nothing else.
async fn first_claim(web: &Web, payer: &str, person: &str) -> String {
    let call = call(payer, "card".into(), web.house.clock.now());
    let claims = web.house.host.run("pbm.open_claims", &call, json!({ "person": person })).await;
    let claims = claims.unwrap_or(Value::Null);
    claims[0]["number"].as_str().unwrap_or_default().to_owned()
}

fn answer(web: &Web, found: &DoorState, told: Option<&'static str>) -> Answer {
    let now = web.house.clock.now();
    let at = |it: Timestamp| zoned(it, now, &found.zone);
    let Said { headline, whose, todo, tone } = say(&found.stage, now, at);
    let opened = Opened {
        payer: found.payer.clone(),
        claim: found.claim_number().to_owned(),
        rx: found.rx_number().to_owned(),
        exp_ms: now.0 + TOKEN_MS,
    };
    Answer {
        claim: found.claim_number().to_owned(),
        rx: found.rx_number().to_owned(),
        drug: found.drug_words(),
        headline,
        whose,
        todo,
        tone,
        number: found.number().map(str::to_owned),
        approved: matches!(found.stage, Stage::Approved { .. } | Stage::Covered),
        as_of: at(now),
        token: web.house.vault.sign(PURPOSE, &json!(opened)),
        told,
    }
}

/// A moment with its zone's name: the counter may be in another one than the worker.
fn zoned(at: Timestamp, now: Timestamp, zone_name: &str) -> String {
    let zone = zone(zone_name);
    let local = chrono::DateTime::from_timestamp_millis(at.0).map(|it| it.with_timezone(&zone));
    let name = local.map(|it| it.format("%Z").to_string()).unwrap_or_default();
    format!("{} {name}", clock(at.0, now.0, zone))
}

/// Notes a look or an answer; without the note nothing is shown.
async fn note(
    web: &Web,
    payer: &str,
    what: &str,
    found: Option<&DoorState>,
) -> Result<(), Response> {
    let conversation = found.and_then(|it| it.conversation.clone()).map(|it| it.0);
    let entry = AuditEntry {
        payer: payer.into(),
        who: if found.is_some() { "pharmacy" } else { "unknown" }.into(),
        what: what.into(),
        conversation,
        at: web.house.clock.now(),
    };
    web.house.store.audit(&entry).await.map_err(away)
}

fn slow_down() -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "60")]).into_response()
}

async fn from_form<T: serde::de::DeserializeOwned>(request: Request) -> Result<Form<T>, Response> {
    use axum::extract::FromRequest as _;
    Form::from_request(request, &()).await.map_err(IntoResponse::into_response)
}
