//! What happened in a conversation, and finding one by its exact claim number.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use mendline_engine::core::Program;
use tracing::warn;

use super::queue::answer;
use super::{Desk, Failed, Fields, Frame};
use crate::desk::session::Staff;
use crate::desk::timeline::{self, Entry, Reader};
use crate::desk::words;
use crate::directory::{self, Met};
use crate::store::{Conversation, StoreError};
use crate::turns;
use crate::web::pages::{Page, html};

/// Conversations shown for one claim number. A claim has a handful a year.
const FOUND_MAX: u32 = 20;
/// Longest number searched for, in characters.
const NUMBER_CHARS_MAX: usize = 64;

#[derive(Template)]
#[template(path = "desk_timeline.html")]
struct TimelinePage {
    page: Page,
    frame: Frame,
    heading: String,
    about: String,
    next: Vec<String>,
    entries: Vec<Entry>,
    reads: usize,
}

#[derive(Template)]
#[template(path = "desk_found.html")]
struct FoundPage {
    page: Page,
    frame: Frame,
    found: Vec<(String, String, String)>,
}

/// `GET /desk/conversation/{id}`.
pub async fn page(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    answer(async {
        let staff = desk.who(&headers).await?;
        let conversation = desk.conversation(&staff, &id).await?;
        if !desk.may_read(&staff, &conversation).await? {
            return Err(desk.refuse(&staff, "conversation_not_theirs").await);
        }
        desk.note_read(&staff, &id, "timeline").await?;
        let program = desk.program(&conversation).await?;
        let (entries, reader) = desk.lines(&staff, &conversation, &program).await?;
        let now = desk.house.clock.now();
        let began = words::moment(conversation.began, now, &staff.person.zone);
        let (page, frame) = desk.frame(&staff, "What happened", true);
        let page = TimelinePage {
            page,
            frame,
            heading: reader.people.get(&conversation.principal).cloned().unwrap_or_default(),
            about: format!("{}, since {began}", words::titled(&conversation.flow)),
            next: timeline::next(&conversation.state, &program, &reader),
            entries,
            reads: desk.house.store.reads(&staff.account.payer, &id).await?.len(),
        };
        Ok(html(StatusCode::OK, &page))
    })
    .await
}

/// `GET /desk/search?claim=…`: exactly this number, or nothing.
pub async fn search(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Query(query): Query<Fields>,
) -> Response {
    answer(async {
        let staff = desk.who(&headers).await?;
        let number = query.get("claim").map_or("", |it| it.trim());
        if number.is_empty() || number.chars().count() > NUMBER_CHARS_MAX {
            return desk.nothing_found(&staff).await;
        }
        desk.audit(&staff, "search", None).await?;
        let payer = &staff.account.payer;
        let now = desk.house.clock.now();
        let mut found = Vec::new();
        for it in desk.house.store.conversations_about(payer, number, FOUND_MAX).await? {
            if desk.may_read(&staff, &it).await? {
                let href = format!("/desk/conversation/{}", it.id);
                let since = words::moment(it.began, now, &staff.person.zone);
                found.push((href, words::titled(&it.flow), format!("Since {since}")));
            }
        }
        match found.as_slice() {
            [] => desk.nothing_found(&staff).await,
            [(href, ..)] => Ok(Redirect::to(href).into_response()),
            _ => {
                let (page, frame) = desk.frame(&staff, "Found", false);
                Ok(html(StatusCode::OK, &FoundPage { page, frame, found }))
            }
        }
    })
    .await
}

impl Desk {
    /// A conversation of this payer.
    pub(super) async fn conversation(
        &self,
        staff: &Staff,
        id: &str,
    ) -> Result<Conversation, Failed> {
        match self.house.store.conversation(&staff.account.payer, id).await? {
            Some(it) => Ok(it),
            None => Err(self.refuse(staff, "conversation_not_there").await),
        }
    }

    /// The flow version that a conversation is pinned to.
    pub(super) async fn program(&self, it: &Conversation) -> Result<Arc<Program>, Failed> {
        turns::version(&self.house, &it.flow_hash).await.map_err(|failed| {
            warn!("a flow version could not be read: {failed:#}");
            Failed::Store(StoreError::Unreadable("flow version".into()))
        })
    }

    /// Whether this person may read a conversation: was asked in it, serves a desk that had it,
    /// or has authority over its claim now.
    async fn may_read(&self, staff: &Staff, it: &Conversation) -> Result<bool, Failed> {
        let (store, payer) = (&self.house.store, &staff.account.payer);
        let record = store.record(payer, &it.id).await?;
        let messages = store.messages(payer, &it.id).await?;
        let person = &staff.account.person;
        if timeline::took_part(&record, &messages, person, &staff.desks()) {
            return Ok(true);
        }
        let program = self.program(it).await?;
        let who = directory::look_up(
            &self.house,
            &Met::default(),
            payer,
            &it.principal,
            &program,
            &it.state.fields,
        )
        .await;
        // A claim system that is away opens no doors.
        Ok(who.is_ok_and(|it| !it.authorities(person).is_empty()))
    }

    /// The lines of a conversation, and who is who in it.
    pub(super) async fn lines(
        &self,
        staff: &Staff,
        it: &Conversation,
        program: &Program,
    ) -> Result<(Vec<Entry>, Reader), Failed> {
        let (store, payer) = (&self.house.store, &staff.account.payer);
        let record = store.record(payer, &it.id).await?;
        let messages = store.messages(payer, &it.id).await?;
        let mut parties: BTreeMap<String, String> =
            messages.iter().map(|it| (it.message.party.clone(), it.person.clone())).collect();
        let known = it.state.parties.iter();
        parties.extend(known.filter_map(|(party, it)| Some((party.clone(), it.person.clone()?))));
        parties.insert(program.principal.clone(), it.principal.clone());
        let mut people = BTreeMap::new();
        let addressed = messages.iter().map(|it| it.person.clone());
        for id in parties.values().cloned().chain(addressed) {
            if !people.contains_key(&id)
                && let Some(person) = store.person(payer, &id).await?
            {
                people.insert(id, person.name);
            }
        }
        let named = |id: &String| people.get(id).cloned();
        let parties = parties.iter().filter_map(|(party, id)| Some((party.clone(), named(id)?)));
        let reader = Reader {
            parties: parties.collect(),
            people: people.clone(),
            zone: staff.person.zone.clone(),
            now: self.house.clock.now(),
        };
        Ok((timeline::timeline(&record, &messages, program, &reader), reader))
    }
}
