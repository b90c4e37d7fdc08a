//! The webhook: who calls shows the secret, or nothing is read.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use mendline::channels::telegram::webhook;
use mendline::config::Secret;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::fake::Kept;

const SECRET: &str = "s3cret_of-ours";

async fn calls(gate: &Kept, secret: Option<&str>, body: impl Into<Body>) -> (StatusCode, Value) {
    let router = webhook(&Secret::from(SECRET.to_owned()), Arc::new(gate.clone()));
    let mut request = Request::post("/webhooks/telegram");
    if let Some(secret) = secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    let answer = router.oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn update(file: &str) -> String {
    let file: Value = serde_json::from_str(file).unwrap();
    file["update"].to_string()
}

#[tokio::test]
async fn a_forged_call_is_turned_away_and_nothing_is_kept() {
    let gate = Kept::default();
    let words = update(include_str!("updates/words.json"));
    let wrong = [None, Some(""), Some("s3cret"), Some("s3cret_of-ourz"), Some("S3CRET_OF-OURS")];
    for secret in wrong {
        let (status, _) = calls(&gate, secret, words.clone()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{secret:?}");
    }
    assert!(gate.came().is_empty());
    assert_eq!(calls(&gate, Some(SECRET), words).await.0, StatusCode::OK);
    assert_eq!(gate.came().len(), 1);
}

#[tokio::test]
async fn a_call_that_comes_twice_is_one() {
    let gate = Kept::default();
    let words = update(include_str!("updates/words.json"));
    for _ in 0..2 {
        assert_eq!(calls(&gate, Some(SECRET), words.clone()).await.0, StatusCode::OK);
    }
    assert_eq!(gate.came().len(), 1, "they have one id");
}

#[tokio::test]
async fn what_is_not_understood_is_taken_and_never_brought_again() {
    let gate = Kept::default();
    let unknown = update(include_str!("updates/unknown.json"));
    for body in [unknown.as_str(), "no json", "[]", "null", ""] {
        assert_eq!(calls(&gate, Some(SECRET), body.to_owned()).await.0, StatusCode::OK, "{body}");
    }
    assert!(gate.came().is_empty());
}

#[tokio::test]
async fn what_is_not_on_disk_is_brought_again() {
    let gate = Kept::default();
    gate.refuses(1);
    let words = update(include_str!("updates/words.json"));
    let (status, _) = calls(&gate, Some(SECRET), words.clone()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(calls(&gate, Some(SECRET), words).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_tap_is_answered_in_the_answer_to_the_call() {
    let gate = Kept::saying("Decided by Sam");
    let (status, said) = calls(&gate, Some(SECRET), update(include_str!("updates/tap.json"))).await;
    let expected = json!({
        "method": "answerCallbackQuery", "callback_query_id": "4382bfdwdsb323b2d9",
        "text": "Decided by Sam",
    });
    assert_eq!((status, said), (StatusCode::OK, expected));
}

#[tokio::test]
async fn a_body_without_end_is_not_read() {
    let gate = Kept::default();
    let large = "x".repeat(300_000);
    assert_eq!(calls(&gate, Some(SECRET), large.clone()).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        calls(&gate, None, large).await.0,
        StatusCode::UNAUTHORIZED,
        "nor before the secret"
    );
}
