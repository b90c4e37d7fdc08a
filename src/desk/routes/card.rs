//! A card: opened, previewed, decided.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use mendline_engine::effect::{Closed, VerdictKind};

use super::queue::answer;
use super::{Answer, Desk, Failed, Fields, Frame, Outcome, effect_ref, outcome, status_of};
use crate::channels::Incoming;
use crate::desk::card::{self, Readers, Typing, View};
use crate::desk::queue::at_counter;
use crate::desk::session::Staff;
use crate::desk::words;
use crate::store::{Person, QuestionRow};
use crate::web::pages::{Page, html};

#[derive(Template)]
#[template(path = "desk_card.html")]
struct CardPage {
    page: Page,
    frame: Frame,
    heading: String,
    said: Option<String>,
    action: String,
    timeline: String,
    worker: String,
    view: View,
}

/// `GET /desk/card/{conversation}/{key}`.
pub async fn page(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path((conversation, key)): Path<(String, String)>,
    Query(query): Query<Fields>,
) -> Response {
    answer(async {
        let staff = desk.who(&headers).await?;
        let row = desk.card(&staff, &conversation, &key).await?;
        if let Some(why) = &row.closed {
            return desk.closed(&staff, &row, why).await;
        }
        if let Some(id) = query.get("kept")
            && let Some((typing, said)) = desk.typed_before(&staff, &row, id).await?
        {
            return desk.card_page(&staff, &row, &typing, Some(said), StatusCode::OK).await;
        }
        desk.card_page(&staff, &row, &Typing::default(), None, StatusCode::OK).await
    })
    .await
}

/// `POST /desk/card/{conversation}/{key}`: a choice, or a look at what the worker will read.
pub async fn decide(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path((conversation, key)): Path<(String, String)>,
    Form(form): Form<Fields>,
) -> Response {
    answer(async {
        let staff = desk.who_sends(&headers, &form).await?;
        let row = desk.card(&staff, &conversation, &key).await?;
        let choice = form.get("choice").cloned().unwrap_or_default();
        let mut typing = Typing { choice, given: form.clone(), ..Typing::default() };
        if form.contains_key("preview") && row.closed.is_none() {
            return desk.card_page(&staff, &row, &typing, None, StatusCode::OK).await;
        }
        let button = row.message.buttons.iter().find(|it| it.key == typing.choice);
        let needs = button.map(|it| it.needs.as_slice()).unwrap_or_default();
        let (with, wrong) = card::read(needs, &form);
        if !wrong.is_empty() && row.closed.is_none() {
            typing.wrong = wrong;
            return desk.ask_for_needs(&staff, &row, &typing).await;
        }
        if desk.needs_step_up(&staff, &row) {
            return desk.step_up(&staff, &row, &typing.choice, &form).await;
        }
        let tap =
            Incoming::Tap { question: row.question.clone(), choice: typing.choice.clone(), with };
        let became = desk.hand_in(&staff, &form, tap).await?;
        if let Some(VerdictKind::Needs { missing }) = became.verdict() {
            typing.wrong = missing.clone();
            return desk.ask_for_needs(&staff, &row, &typing).await;
        }
        let label = |key: &str| card::label(&row.message, key);
        let did = format!("You chose “{}”", label(&typing.choice));
        let said = desk.said(&staff, &became, &did, &label);
        let status = status_of(became.verdict());
        if became.verdict() == Some(&VerdictKind::Changed)
            && let Some(new) = desk.open_card(&staff, &conversation).await?
        {
            let said = changed_words(said, &row, &new);
            return desk.card_page(&staff, &new, &Typing::default(), Some(said), status).await;
        }
        desk.told(&staff, &row, said, status).await
    })
    .await
}

fn changed_words(said: String, old: &QuestionRow, new: &QuestionRow) -> String {
    let facts = match (&old.message.card, &new.message.card) {
        (Some(old), Some(new)) => card::changed(old, new),
        _ => Vec::new(),
    };
    if facts.is_empty() { said } else { format!("{said} New: {}.", facts.join("; ")) }
}

impl Desk {
    /// A card as put to this person. Another's, another payer's and none are the same.
    async fn card(
        &self,
        staff: &Staff,
        conversation: &str,
        key: &str,
    ) -> Result<QuestionRow, Failed> {
        let question = effect_ref(conversation, key)?;
        let (payer, person) = (&staff.account.payer, &staff.account.person);
        let row = self.house.store.question(payer, &question, Some(person)).await?;
        let Some(row) = row.filter(|it| it.message.card.is_some()) else {
            return Err(self.refuse(staff, "card_not_theirs").await);
        };
        self.note_read(staff, conversation, "card").await?;
        Ok(row)
    }

    async fn ask_for_needs(&self, staff: &Staff, row: &QuestionRow, typing: &Typing) -> Answer {
        let said = "Nothing was decided yet. Please look at the marked fields.".to_owned();
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        self.card_page(staff, row, typing, Some(said), status).await
    }

    async fn card_page(
        &self,
        staff: &Staff,
        row: &QuestionRow,
        typing: &Typing,
        said: Option<String>,
        status: StatusCode,
    ) -> Answer {
        let worker = self.house.store.person(&row.payer, &row.principal).await?;
        let mut view = card::view(row, typing, readers(staff, worker.as_ref(), self));
        let conversation =
            self.house.store.conversation(&row.payer, &row.question.conversation).await?;
        if conversation.is_some_and(|it| at_counter(&it.state.fields)) {
            view.clock.insert(0, "The worker is waiting at the counter.".into());
        }
        let worker = worker.map_or_else(|| "The worker".into(), |it| it.first_name);
        let claim = row.message.card.as_ref().and_then(card::claim);
        let about = claim.map_or_else(String::new, |it| format!(", claim {it}"));
        let (page, frame) = self.frame(staff, "A decision", true);
        let page = CardPage {
            page,
            frame,
            heading: format!("{worker}{about}"),
            said,
            action: format!("/desk/card/{}/{}", row.question.conversation, row.question.key),
            timeline: format!("/desk/conversation/{}", row.question.conversation),
            worker,
            view,
        };
        Ok(html(status, &page))
    }

    /// What is said of a card that is not open any more.
    async fn closed(&self, staff: &Staff, row: &QuestionRow, why: &Closed) -> Answer {
        let choice = match why {
            Closed::Answered { choice, .. } => card::label(&row.message, choice),
            _ => String::new(),
        };
        let said = words::closed(why, &choice);
        self.told(staff, row, said, StatusCode::GONE).await
    }

    async fn told(
        &self,
        staff: &Staff,
        row: &QuestionRow,
        said: String,
        status: StatusCode,
    ) -> Answer {
        let conversation = &row.question.conversation;
        let mut links = Vec::new();
        if status != StatusCode::OK
            && let Some(new) = self.open_card(staff, conversation).await?
        {
            let href = format!("/desk/card/{}/{}", new.question.conversation, new.question.key);
            links.push((href, "Open the card as it is now".to_owned()));
        }
        links.push(("/desk".to_owned(), "Back to the queue".to_owned()));
        links.push((format!("/desk/conversation/{conversation}"), "What happened".to_owned()));
        let good = status == StatusCode::OK;
        let (page, frame) = self.frame(staff, "What happened", false);
        Ok(outcome(status, &Outcome { page, frame, good, said, links }))
    }
}

fn readers<'a>(staff: &'a Staff, worker: Option<&'a Person>, desk: &Desk) -> Readers<'a> {
    Readers {
        zone: &staff.person.zone,
        worker_language: worker.map_or(words::DESK_LANGUAGE, |it| &it.language),
        worker_zone: worker.map_or(staff.person.zone.as_str(), |it| &it.zone),
        now: desk.house.clock.now(),
    }
}
