//! What every page has in common, and the pages that say what went wrong and what to do.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tracing::error;

use super::assets;

/// What `base.html` needs. Every page's template has one, named `page`.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// `en`, `es`.
    pub lang: String,
    /// The title, also of the tab. Never private: tabs are seen over shoulders.
    pub title: String,
    /// Whether to say that nothing here is real.
    pub demo: bool,
    /// Scripts of `/assets`, loaded after the page.
    pub scripts: Vec<&'static str>,
    /// Class of the body.
    pub class: &'static str,
}

impl Page {
    /// An English page without scripts.
    pub fn new(title: impl Into<String>, demo: bool) -> Page {
        Page { lang: "en".into(), title: title.into(), demo, ..Page::default() }
    }

    /// The writing direction.
    pub fn dir(&self) -> &'static str {
        match self.lang.as_str() {
            "ar" | "fa" | "he" | "ur" => "rtl",
            _ => "ltr",
        }
    }

    /// Where a file of `/assets` is.
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The skip link.
    pub fn skip(&self) -> &'static str {
        if self.lang == "es" { "Ir al contenido" } else { "Go to the content" }
    }

    /// The demo banner.
    pub fn demo_words(&self) -> &'static str {
        if self.lang == "es" { "Datos ficticios. Demostración." } else { "Fictional data. Demo." }
    }
}

/// Renders a template, with `cache-control: no-store`: what our pages show is private.
pub fn html(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, [(header::CACHE_CONTROL, "no-store")], Html(text)).into_response(),
        Err(failed) => {
            error!("a page could not be rendered: {failed}");
            (StatusCode::INTERNAL_SERVER_ERROR, "This page could not be shown.").into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    page: Page,
    what: &'static str,
    next: &'static str,
    link: &'static str,
    link_words: &'static str,
    code: u16,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    page: Page,
}

/// `GET /`.
pub fn home(demo: bool) -> Response {
    html(StatusCode::OK, &Home { page: Page::new("Welcome", demo) })
}

/// The page for a status: what happened, and what to do. Never what was asked for.
pub fn error_page(status: StatusCode, path: &str, demo: bool) -> Response {
    let (title, what, next) = words_for(status);
    let (link, link_words) = match path {
        _ if path.starts_with("/desk") => ("/desk", "Back to the desk"),
        _ if path.starts_with("/chat") => ("/chat", "Back to the chat"),
        _ if path.starts_with("/rx") => ("/rx", "Back to the pharmacy page"),
        _ => ("/", "Back to the first page"),
    };
    let page = Page::new(title, demo);
    html(status, &ErrorPage { page, what, next, link, link_words, code: status.as_u16() })
}

fn words_for(status: StatusCode) -> (&'static str, &'static str, &'static str) {
    match status {
        StatusCode::NOT_FOUND => (
            "This page is not here",
            "The address may be mistyped, or the page is no longer there.",
            "Check the address, or go back.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            "This page cannot do that",
            "The page was asked in a way that it does not know.",
            "Go back and use the buttons on the page.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "That was too long",
            "What you sent is longer than we can take at once. Nothing was kept.",
            "Go back and send it in shorter pieces.",
        ),
        StatusCode::TOO_MANY_REQUESTS => (
            "Please wait a minute",
            "There were many requests from your address in a short time.",
            "Wait one minute, then try again. Nothing is lost.",
        ),
        StatusCode::FORBIDDEN => (
            "This was not accepted",
            "The form was too old, or did not come from our page. Nothing was changed.",
            "Go back, load the page again, and send it once more.",
        ),
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => (
            "This takes longer than it should",
            "We could not finish in time. What you sent may have been kept.",
            "Load the page again in a minute and look before you send it again.",
        ),
        it if it.is_client_error() => (
            "This could not be read",
            "Something in the request was missing or not readable. Nothing was changed.",
            "Go back, check what you typed, and send it once more.",
        ),
        _ => (
            "Something went wrong on our side",
            "This is our mistake, not yours. It has been noted.",
            "Try again in a minute. If it is urgent, call the number on your pharmacy card.",
        ),
    }
}
