//! One more proof before a decision that needs it: what was typed is kept, the proof is led
//! through, and the same card comes back with everything in its place. Nothing is decided on the
//! way.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use super::{Answer, Desk, Failed, Fields, Frame, queue::answer};
use crate::desk::card::{self, Typing};
use crate::desk::session::Staff;
use crate::signin::MINUTE_MS;
use crate::signin::totp::{LOCKOUT, Secret, Typed, read};
use crate::signin::trip::{Trip, Why};
use crate::store::QuestionRow;
use crate::store::entry::{Footing, How};
use crate::vault::{digest_token, random_token};
use crate::web::pages::{Page, html};

/// How long what was typed is kept: longer than anybody looks for her phone, and not overnight.
const KEPT_MS: i64 = 30 * MINUTE_MS;
/// Fields of a form that are the page's and not the person's.
const NOT_TYPED: [&str; 2] = ["csrf", "nonce"];

#[derive(Template)]
#[template(path = "desk_step_up.html")]
struct StepUpPage {
    page: Page,
    frame: Frame,
    id: String,
    card: String,
    /// What people call the provider, where the proof is its.
    provider: Option<String>,
    /// Whether she has a factor of this house.
    has_factor: bool,
    wrong: Option<&'static str>,
}

/// What became of a code.
pub(super) enum Shown {
    /// It is hers.
    Right,
    /// It is not.
    Wrong,
    /// Too many were not.
    Locked,
}

/// `GET /desk/step-up/{id}`.
pub async fn page(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    answer(async {
        let staff = desk.who(&headers).await?;
        desk.step_up_page(&staff, &id, None, StatusCode::OK).await
    })
    .await
}

/// `POST /desk/step-up/{id}`: a code.
pub async fn prove(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(form): Form<Fields>,
) -> Response {
    answer(async {
        let staff = desk.who_sends(&headers, &form).await?;
        let (card, _) = desk.kept(&staff, &id).await?.ok_or(Failed::NotFound)?;
        if staff.footing.how == How::Provider {
            return Err(Failed::NotFound);
        }
        let typed = form.get("code").map(String::as_str).unwrap_or_default();
        let wrong = match desk.show_factor(&staff, typed).await? {
            Shown::Right => {
                desk.step(&staff).await?;
                return Ok(Redirect::to(&format!("{card}?kept={id}")).into_response());
            }
            Shown::Wrong => "This code is not right, or was used before. Wait for the next one.",
            Shown::Locked => {
                "Too many codes were not right. Wait 15 minutes; what you typed is kept."
            }
        };
        desk.step_up_page(&staff, &id, Some(wrong), StatusCode::UNPROCESSABLE_ENTITY).await
    })
    .await
}

/// `GET /desk/step-up/{id}/go`: to the provider.
pub async fn go(
    State(desk): State<Desk>,
    headers: HeaderMap,
    extensions: Extensions,
    Path(id): Path<String>,
) -> Response {
    answer(async {
        let staff = desk.who(&headers).await?;
        let (card, _) = desk.kept(&staff, &id).await?.ok_or(Failed::NotFound)?;
        if staff.footing.how != How::Provider {
            return Err(Failed::NotFound);
        }
        let to = format!("{card}?kept={id}");
        let trip = Trip::new(Why::Up, &staff.digest, &to, desk.house.clock.now());
        Ok(desk.send_away(&headers, &extensions, &trip).await)
    })
    .await
}

impl Desk {
    /// Whether somebody must prove more before she decides this card.
    pub(super) fn needs_step_up(&self, staff: &Staff, row: &QuestionRow) -> bool {
        let (ways, now) = (self.house.sign_in.ways(), self.house.clock.now());
        let needs = row.message.card.as_ref().is_some_and(|it| ways.needs_step_up(it));
        needs && row.closed.is_none() && !ways.is_stepped_up(&staff.footing, now)
    }

    /// Keeps what was typed into a card, and leads to the proof.
    pub(super) async fn step_up(
        &self,
        staff: &Staff,
        row: &QuestionRow,
        choice: &str,
        given: &BTreeMap<String, String>,
    ) -> Answer {
        let (id, now) = (random_token(), self.house.clock.now());
        let mut typed = given.clone();
        typed.retain(|name, _| !NOT_TYPED.contains(&name.as_str()));
        typed.insert("choice".into(), choice.to_owned());
        let body = json!({ "card": card_path(row), "typed": typed });
        let entry = self.house.store.entry();
        entry.keep_form(&digest_token(&id), &staff.whose(), &body, now, KEPT_MS).await?;
        self.audit(staff, "step_up_asked", Some(&row.question.conversation)).await?;
        Ok(Redirect::to(&format!("/desk/step-up/{id}")).into_response())
    }

    /// What was typed into the card at this path, as its page takes it, and what to say of it.
    pub(super) async fn typed_before(
        &self,
        staff: &Staff,
        row: &QuestionRow,
        id: &str,
    ) -> Result<Option<(Typing, String)>, Failed> {
        let kept = self.kept(staff, id).await?.filter(|it| it.0 == card_path(row));
        let Some((_, given)) = kept else { return Ok(None) };
        let choice = given.get("choice").cloned().unwrap_or_default();
        let label = card::label(&row.message, &choice);
        let said = if self.needs_step_up(staff, row) {
            "Nothing was decided yet. What you typed is here.".to_owned()
        } else {
            format!(
                "Thank you. Nothing was decided yet: what you typed is back in its place. Look once \
                 more, then choose “{label}”."
            )
        };
        Ok(Some((Typing { choice, given, ..Typing::default() }, said)))
    }

    /// The card that was before her, and what she had typed.
    pub(super) async fn kept(
        &self,
        staff: &Staff,
        id: &str,
    ) -> Result<Option<(String, BTreeMap<String, String>)>, Failed> {
        let (entry, now) = (self.house.store.entry(), self.house.clock.now());
        let body = entry.kept_form(&digest_token(id), &staff.whose(), now).await?;
        Ok(body.and_then(|mut body| {
            let card = body["card"].as_str()?.to_owned();
            Some((card, serde_json::from_value(body["typed"].take()).ok()?))
        }))
    }

    async fn step_up_page(
        &self,
        staff: &Staff,
        id: &str,
        wrong: Option<&'static str>,
        status: StatusCode,
    ) -> Answer {
        let (card, _) = self.kept(staff, id).await?.ok_or(Failed::NotFound)?;
        let provider = self.house.sign_in.ways().provider.as_ref();
        let provider = provider.filter(|_| staff.footing.how == How::Provider);
        let has_factor = self.house.store.entry().factor(&staff.whose()).await?.is_some();
        let (page, frame) = self.frame(staff, "One more proof", false);
        let page = StepUpPage {
            page,
            frame,
            id: id.to_owned(),
            card: format!("{card}?kept={id}"),
            provider: provider.map(|it| it.name().to_owned()),
            has_factor,
            wrong,
        };
        Ok(html(status, &page))
    }

    /// Takes a code or a recovery code, each of which counts once.
    pub(super) async fn show_factor(&self, staff: &Staff, typed: &str) -> Result<Shown, Failed> {
        let (entry, whose, now) = (self.house.store.entry(), staff.whose(), self.house.clock.now());
        let typed = read(typed);
        if typed == Typed::Nothing {
            return Ok(Shown::Wrong);
        }
        let Some(secret) = entry.factor(&whose).await? else { return Ok(Shown::Wrong) };
        if !entry.try_factor(&whose, now, LOCKOUT).await? {
            self.audit(staff, "step_up_locked", None).await?;
            return Ok(Shown::Locked);
        }
        let (right, what) = match typed {
            Typed::Code(code) => match Secret::of(secret).step_of(&code, now) {
                Some(step) => (entry.pass_factor(&whose, step).await?, "step_up"),
                None => (false, ""),
            },
            Typed::Recovery(digest) => {
                (entry.use_recovery(&whose, &digest).await?, "step_up_by_recovery_code")
            }
            Typed::Nothing => (false, ""),
        };
        self.audit(staff, if right { what } else { "step_up_failed" }, None).await?;
        Ok(if right { Shown::Right } else { Shown::Wrong })
    }

    /// She has proved it just now.
    pub(super) async fn step(&self, staff: &Staff) -> Result<(), Failed> {
        let stepped = Some(self.house.clock.now());
        let footing = Footing { stepped, ..staff.footing.clone() };
        let entry = self.house.store.entry();
        Ok(entry.put_footing(&staff.digest, &staff.whose(), &footing).await?)
    }
}

fn card_path(row: &QuestionRow) -> String {
    format!("/desk/card/{}/{}", row.question.conversation, row.question.key)
}

/// What a command gives with a choice, as the form of the card has it.
pub(super) fn as_typed(with: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    with.iter().map(|(name, value)| (format!("{}{name}", card::NEED), text(value))).collect()
}
