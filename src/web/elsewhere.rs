//! From the verified chat to another channel: a link that she opens there proves that the address
//! is hers (rule 14). The link is on a page of its own, to tap or to copy; asking for it again
//! makes a new one.

use askama::Template;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use serde::Deserialize;

use super::Web;
use super::chat::{away, speaks};
use super::limits::allows;
use super::pages::{Page, error_page, html};
use super::words::{Words, words};
use crate::links;
use crate::store::AuditEntry;
use crate::store::reach::Whose;

/// A channel on which a worker may go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Elsewhere {
    /// The channel.
    pub channel: String,
    /// As people call it: `Telegram`.
    pub name: String,
    /// The link that she opens there, with `{code}` where the code goes.
    pub link: String,
}

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/chat/elsewhere", post(go))
}

#[derive(Template)]
#[template(path = "chat-elsewhere.html")]
struct ElsewherePage {
    page: Page,
    words: &'static Words,
    name: String,
    link: String,
}

#[derive(Deserialize)]
struct Go {
    csrf: String,
    channel: String,
}

async fn go(State(web): State<Web>, headers: HeaderMap, Form(form): Form<Go>) -> Response {
    let worker = match web.at_form(&headers, &form.csrf).await {
        Ok(worker) => worker,
        Err(response) => return response,
    };
    let Some(to) = web.settings.elsewhere.iter().find(|it| it.channel == form.channel) else {
        return error_page(StatusCode::NOT_FOUND, "/chat", web.house.demo);
    };
    if !allows(&web.says, &worker.digest) {
        return Redirect::to("/chat").into_response();
    }
    let (house, session) = (&web.house, &worker.session);
    let language = match web.known(&worker).await {
        Ok(person) => speaks(&person.language),
        Err(error) => return away(error),
    };
    let whose = Whose { payer: session.payer.clone(), person: session.person.clone() };
    let code = match links::code_for(house, &whose, &to.channel).await {
        Ok(code) => code,
        Err(error) => return away(error),
    };
    let entry = AuditEntry {
        payer: whose.payer,
        who: whose.person,
        what: format!("link to {}", to.channel),
        conversation: None,
        at: house.clock.now(),
    };
    if let Err(error) = house.store.audit(&entry).await {
        return away(error);
    }
    let words = words(language);
    let mut page = Page::new(words.elsewhere, house.demo);
    page.lang = language.into();
    let link = to.link.replace("{code}", &code);
    html(StatusCode::OK, &ElsewherePage { page, words, name: to.name.clone(), link })
}
