//! A handoff: looked at, taken, answered, given back.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use mendline_engine::event::DeskAction;

use super::media::FileView;
use super::queue::answer;
use super::{Answer, Desk, Failed, Fields, Frame, Outcome, effect_ref, outcome, status_of};
use crate::channels::Incoming;
use crate::desk::handoff::{self, Reader, View};
use crate::desk::session::Staff;
use crate::desk::timeline::Entry;
use crate::desk::words;
use crate::store::HandoffRow;
use crate::web::pages::{Page, html};

#[derive(Template)]
#[template(path = "desk_handoff.html")]
struct HandoffPage {
    page: Page,
    frame: Frame,
    heading: String,
    said: Option<String>,
    action: String,
    timeline: String,
    view: View,
    talk: Vec<Entry>,
    files: Vec<FileView>,
    /// What was typed, kept when it was not sent.
    words: String,
    /// Where it goes.
    where_to: Option<String>,
}

/// `GET /desk/handoff/{conversation}/{key}`.
pub async fn page(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path((conversation, key)): Path<(String, String)>,
) -> Response {
    answer(async {
        let staff = desk.who(&headers).await?;
        let row = desk.handoff(&staff, &conversation, &key).await?;
        if row.closed.is_some() {
            let said = "This handoff is closed. Nothing is left to do here.".to_owned();
            return desk.handoff_told(&staff, &row, said, StatusCode::GONE);
        }
        desk.handoff_page(&staff, &row, None, String::new(), StatusCode::OK).await
    })
    .await
}

/// `POST /desk/handoff/{conversation}/{key}`.
pub async fn act(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path((conversation, key)): Path<(String, String)>,
    Form(form): Form<Fields>,
) -> Response {
    answer(async {
        let staff = desk.who_sends(&headers, &form).await?;
        let row = desk.handoff(&staff, &conversation, &key).await?;
        let typed = form.get("words").cloned().unwrap_or_default();
        let found = desk.conversation(&staff, &conversation).await?;
        let program = desk.program(&found).await?;
        let action = match handoff::read(&form, &row, &program) {
            Ok(action) => action,
            Err(why) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return desk.handoff_page(&staff, &row, Some(why.into()), typed, status).await;
            }
        };
        let (did, stays) = match &action {
            DeskAction::Take => ("You took it", true),
            DeskAction::Reply { .. } => ("You wrote to them", true),
            DeskAction::Note { .. } => ("Your note is kept", true),
            DeskAction::Correct { .. } => ("You corrected it", true),
            DeskAction::GiveBack(_) => ("You gave it back", false),
        };
        let incoming = Incoming::Desk { handoff: row.handoff.clone(), action };
        let became = desk.hand_in(&staff, &form, incoming).await?;
        let said = desk.said(&staff, &became, did, &|key| words::titled(key));
        let status = status_of(became.verdict());
        let row = desk.handoff(&staff, &conversation, &key).await?;
        if (stays || status == StatusCode::UNPROCESSABLE_ENTITY) && row.closed.is_none() {
            let typed = if status == StatusCode::OK { String::new() } else { typed };
            return desk.handoff_page(&staff, &row, Some(said), typed, status).await;
        }
        desk.handoff_told(&staff, &row, said, status)
    })
    .await
}

impl Desk {
    /// A handoff of one of this person's desks. Another desk's, another payer's and none are
    /// the same.
    pub(super) async fn handoff(
        &self,
        staff: &Staff,
        conversation: &str,
        key: &str,
    ) -> Result<HandoffRow, Failed> {
        let handoff = effect_ref(conversation, key)?;
        let row = self.house.store.handoff(&staff.account.payer, &handoff).await?;
        let Some(row) = row.filter(|it| staff.desks().contains(&it.open.desk)) else {
            return Err(self.refuse(staff, "handoff_not_theirs").await);
        };
        self.note_read(staff, conversation, "handoff").await?;
        Ok(row)
    }

    async fn handoff_page(
        &self,
        staff: &Staff,
        row: &HandoffRow,
        said: Option<String>,
        words: String,
        status: StatusCode,
    ) -> Answer {
        let conversation = self.conversation(staff, &row.handoff.conversation).await?;
        let program = self.program(&conversation).await?;
        let held = match &row.person {
            Some(person) => self.house.store.person(&row.payer, person).await?,
            None => None,
        };
        let reader = Reader {
            person: &staff.account.person,
            roles: &staff.account.roles,
            zone: &staff.person.zone,
            now: self.house.clock.now(),
        };
        let where_to = match (&held, &row.open.party) {
            (Some(held), Some(party)) => {
                let message = handoff::words_ahead(party);
                let ahead = self.house.ahead(held, message, Some(&conversation.flow_hash)).await?;
                Some(handoff::where_to(&ahead, held, reader))
            }
            _ => None,
        };
        let view = handoff::view(row, held.as_ref(), &program, &conversation.state.fields, reader);
        let (entries, _) = self.lines(staff, &conversation, &program).await?;
        let talk = entries.into_iter().filter(|it| matches!(it.kind, "said" | "told")).collect();
        let who = self.house.store.person(&row.payer, &row.principal).await?;
        let (page, frame) = self.frame(staff, "A handoff", true);
        let page = HandoffPage {
            page,
            frame,
            heading: who.map_or_else(|| "Somebody".into(), |it| it.first_name),
            said,
            action: format!("/desk/handoff/{}/{}", row.handoff.conversation, row.handoff.key),
            timeline: format!("/desk/conversation/{}", row.handoff.conversation),
            view,
            talk,
            files: self.files(staff, row).await?,
            words,
            where_to,
        };
        Ok(html(status, &page))
    }

    fn handoff_told(
        &self,
        staff: &Staff,
        row: &HandoffRow,
        said: String,
        status: StatusCode,
    ) -> Answer {
        let timeline = format!("/desk/conversation/{}", row.handoff.conversation);
        let links = vec![
            ("/desk".to_owned(), "Back to the queue".to_owned()),
            (timeline, "What happened".to_owned()),
        ];
        let good = status == StatusCode::OK;
        let (page, frame) = self.frame(staff, "What happened", false);
        Ok(outcome(status, &Outcome { page, frame, good, said, links }))
    }
}
