//! The doors that Twilio calls. What is not signed is refused and leaves no trace but that it was
//! refused, in the log; what is signed is on disk before it is acknowledged.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tracing::{info, warn};

use super::{incoming, settings::Settings, signature, status};
use crate::channels::inward::{Gate, NotTaken};
use crate::config::Secret;

/// Largest form. Twilio's are one or two kilobytes; ten media addresses make it a few more.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// What Twilio is told to answer by itself: nothing. We answer with messages of our own.
const NOTHING_TO_SAY: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";

struct Doors {
    account_sid: String,
    token: Secret,
    public_url: String,
    gate: Arc<dyn Gate>,
}

/// What opens the doors of an account over a gate: `/webhooks/sms`, `/webhooks/whatsapp`,
/// `/webhooks/status`. `public_url` is the server's own, where the settings name none.
pub fn webhooks(
    settings: &Settings,
    public_url: &str,
) -> anyhow::Result<impl FnOnce(Arc<dyn Gate>) -> Router + Send + use<>> {
    settings.check()?;
    let account_sid = settings.account_sid.clone();
    let token = settings.token()?;
    let public_url = settings.public_url.clone().unwrap_or_else(|| public_url.to_owned());
    Ok(move |gate| {
        Router::new()
            .route("/webhooks/sms", post(came))
            .route("/webhooks/whatsapp", post(came))
            .route(status::PATH, post(reported))
            .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
            .with_state(Arc::new(Doors { account_sid, token, public_url, gate }))
    })
}

async fn came(
    State(doors): State<Arc<Doors>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(form) = doors.genuine(&uri.to_string(), &headers, &body) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    for came in incoming::came(&form) {
        if let Err(why) = doors.gate.came(came).await {
            return not_taken(&why);
        }
    }
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], NOTHING_TO_SAY).into_response()
}

async fn reported(
    State(doors): State<Arc<Doors>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(form) = doors.genuine(&uri.to_string(), &headers, &body) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let Some(report) = status::report(uri.query().unwrap_or_default(), &form) else {
        // Signed, and about nothing that we sent under a key: a message made by hand.
        return StatusCode::NO_CONTENT.into_response();
    };
    if let Some(code) = report.code {
        info!(code, message = %report.key.effect, "twilio reports an error");
    }
    if let Some(receipt) = report.receipt
        && let Err(why) = doors.gate.reported(&report.key, receipt).await
    {
        return not_taken(&why);
    }
    if let Some(gone) = report.gone
        && let Err(why) = doors.gate.came(gone).await
    {
        return not_taken(&why);
    }
    StatusCode::NO_CONTENT.into_response()
}

impl Doors {
    /// The form, if Twilio signed it for this account. The address is the public one: behind a
    /// proxy the one that we see is another.
    fn genuine(
        &self,
        uri: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Vec<(String, String)>> {
        let signature = headers.get(signature::HEADER).and_then(|it| it.to_str().ok());
        let form: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
        let path = uri
            .split_once("://")
            .map_or(uri, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
        let url = format!("{}{path}", self.public_url.trim_end_matches('/'));
        let genuine =
            signature.is_some_and(|it| signature::is_genuine(self.token.expose(), &url, &form, it));
        let ours = form.iter().any(|(name, it)| name == "AccountSid" && *it == self.account_sid);
        if !(genuine && ours) {
            warn!(
                signed = signature.is_some(),
                genuine, "a webhook that is not Twilio's was refused"
            );
            return None;
        }
        Some(form)
    }
}

fn not_taken(why: &NotTaken) -> Response {
    let NotTaken::Later(why) = why;
    warn!("a webhook could not be taken: {why}");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
