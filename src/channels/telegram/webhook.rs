//! Where Telegram calls. It shows the secret that we gave it, or nothing is read.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use teloxide_core::requests::Payload;
use tracing::warn;

use super::translate::{Read, aloud, answer, read};
use crate::channels::inward::{Entered, Gate, NotTaken};
use crate::config::Secret;

/// The header (Bot API, setWebhook, `secret_token`).
const SECRET: &str = "x-telegram-bot-api-secret-token";
/// Largest update, in bytes: 4,096 characters of any script, as many that are answered to, and a
/// hundred entities in each.
const UPDATE_BYTES_MAX: usize = 256 * 1024;

#[derive(Clone)]
struct Hook {
    /// Of the secret: digests have one length, and comparing them says nothing about it.
    digest: [u8; 32],
    gate: Arc<dyn Gate>,
}

/// `POST /webhooks/telegram`.
pub fn webhook(secret: &Secret, gate: Arc<dyn Gate>) -> Router {
    let digest = Sha256::digest(secret.expose().as_bytes()).into();
    Router::new().route("/webhooks/telegram", post(called)).with_state(Hook { digest, gate })
}

async fn called(State(hook): State<Hook>, headers: HeaderMap, body: Body) -> Response {
    // Before the body: a stranger costs us nothing.
    let shown = headers.get(SECRET).map(|it| Sha256::digest(it.as_bytes()));
    if !shown.is_some_and(|it| bool::from(it.as_slice().ct_eq(&hook.digest))) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(body) = to_bytes(body, UPDATE_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let update: Value = serde_json::from_slice(&body).unwrap_or_else(|_| {
        // It would be brought again for ever, and never become readable.
        warn!("telegram brought an update that is no JSON");
        Value::Null
    });
    let Read { came, tapped, in_group } = read(&update);
    let entered = match came {
        Some(came) => hook.gate.came(came).await,
        None => Ok(Entered::default()),
    };
    match (entered, tapped) {
        (Ok(entered), Some(tapped)) => in_place(&answer(&tapped, &entered)),
        (Ok(entered), None) => match in_group.and_then(|it| aloud(it, &entered)) {
            Some(said) => in_place(&said),
            None => StatusCode::OK.into_response(),
        },
        // Telegram brings it again.
        (Err(NotTaken::Later(_)), _) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Asks for something with the answer to the call itself (Bot API, "Making requests when getting
/// updates").
fn in_place<P: Payload + Serialize>(answer: &P) -> Response {
    let mut said = serde_json::to_value(answer).unwrap_or_default();
    let (first, rest) = P::NAME.split_at(1);
    said["method"] = format!("{}{rest}", first.to_ascii_lowercase()).into();
    ([(header::CONTENT_TYPE, "application/json")], said.to_string()).into_response()
}
