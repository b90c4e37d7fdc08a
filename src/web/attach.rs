//! A picture, a paper or a recording from her page. It is taken as it comes; what it is and whether it
//! is kept, the house says, and the bot tells her in the chat.

use axum::Router;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;

use super::Web;
use super::chat::{answered, away, speaks};
use super::limits::{ID_CHARS_MAX, allows};
use super::words::words;
use crate::channels::Incoming;
use crate::channels::inward::NoFile;
use crate::channels::web::WEB;
use crate::media::{self, FILE_BYTES_MAX};
use crate::store::reach::Whose;

/// Where a file is sent to.
pub const PATH: &str = "/chat/media";
/// What a form may weigh beyond the file in it: its names, her token.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// What a script asks for, which makes the page's own answer itself.
const SCRIPT: &str = "application/json";

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route(PATH, post(take))
        // What is larger than we take is read too far to say so in the chat.
        .layer(DefaultBodyLimit::max(2 * FILE_BYTES_MAX + FORM_BYTES_MAX))
}

/// What a form carried.
struct Form {
    csrf: String,
    id: String,
    file: Result<Vec<u8>, NoFile>,
}

async fn take(State(web): State<Web>, headers: HeaderMap, body: Multipart) -> Response {
    let form = match read(&web, &headers, body).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let worker = match web.at_form(&headers, &form.csrf).await {
        Ok(worker) => worker,
        Err(response) => return response,
    };
    if !(1..=ID_CHARS_MAX).contains(&form.id.chars().count()) {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    if !allows(&web.says, &worker.digest) {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let session = &worker.session;
    let whose = Whose { payer: session.payer.clone(), person: session.person.clone() };
    let act = format!("{}:{}", session.person, form.id);
    let done = async {
        let before = web.last_lines(&whose.payer, &whose.person).await?;
        let before = before.last().map_or(0, |it| it.seq);
        let kept = match form.file {
            Ok(bytes) => media::keep(&web.house, &whose, (WEB, &act), bytes).await?,
            Err(why) => Err(why),
        };
        let language = web.known(&worker).await?.language;
        let line = words(speaks(&language)).sent_file.to_owned();
        let Whose { payer, person } = &whose;
        let incoming = Incoming::File { kept };
        let accepted = web.house.arrive(payer, WEB, &act, person, incoming, Some(line)).await?;
        Ok((accepted, before))
    };
    let (accepted, before) = match done.await {
        Ok(it) => it,
        Err(error) => return away(error),
    };
    let accepts = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    if accepts == Some(SCRIPT) {
        return StatusCode::NO_CONTENT.into_response();
    }
    answered(&web, &worker, accepted, before).await;
    Redirect::to("/chat").into_response()
}

/// Reads the form. Whoever is not in her chat does not get to send us a large file: her token comes
/// before it, and is looked at first.
async fn read(web: &Web, headers: &HeaderMap, mut body: Multipart) -> Result<Form, Response> {
    let mut form = Form { csrf: String::new(), id: String::new(), file: Err(NoFile::Empty) };
    let wrong = |why: MultipartError| why.status().into_response();
    while let Some(field) = body.next_field().await.map_err(wrong)? {
        match field.name() {
            Some("csrf") => form.csrf = field.text().await.map_err(wrong)?,
            Some("id") => form.id = field.text().await.map_err(wrong)?,
            Some("file") => {
                web.at_form(headers, &form.csrf).await?;
                form.file = bytes_of(field).await.map_err(wrong)?;
            }
            _ => {}
        }
    }
    Ok(form)
}

async fn bytes_of(mut field: Field<'_>) -> Result<Result<Vec<u8>, NoFile>, MultipartError> {
    let mut bytes = Vec::new();
    let mut is_too_large = false;
    while let Some(piece) = field.chunk().await? {
        is_too_large |= bytes.len() + piece.len() > FILE_BYTES_MAX;
        if !is_too_large {
            bytes.extend_from_slice(&piece);
        }
    }
    Ok(if is_too_large { Err(NoFile::TooLarge) } else { Ok(bytes) })
}
