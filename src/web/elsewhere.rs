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
use crate::links::{self, There};
use crate::store::reach::Whose;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/chat/elsewhere", post(go))
}

#[derive(Template)]
#[template(path = "chat-elsewhere.html")]
struct ElsewherePage {
    page: Page,
    words: &'static Words,
    name: String,
    there: There,
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
    let Some(to) = web.house.links.elsewhere().iter().find(|it| it.channel == form.channel) else {
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
    let there = match links::there(house, &whose, to).await {
        Ok(there) => there,
        Err(error) => return away(error),
    };
    let words = words(language);
    let mut page = Page::new(words.elsewhere, house.demo);
    page.lang = language.into();
    html(StatusCode::OK, &ElsewherePage { page, words, name: to.name.clone(), there })
}
