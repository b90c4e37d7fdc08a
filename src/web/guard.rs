//! What every answer of the server goes through: time limit, panics, plain error pages, headers.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use tracing::error;

use super::limits::{REQUEST_PATIENCE, UPLOAD_PATIENCE};
use super::pages::error_page;
use super::{Web, attach};

/// Where files stand that people sent. Whatever is in them, nothing of it runs.
const FILES: &str = "/desk/media/";

/// Ends a request that takes too long, and one that panics; neither says anything private.
pub async fn hold(State(web): State<Web>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let run = std::panic::AssertUnwindSafe(next.run(request)).catch_unwind();
    let patience = if path == attach::PATH { UPLOAD_PATIENCE } else { REQUEST_PATIENCE };
    match tokio::time::timeout(patience, run).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            // The panic's own message may hold anything; only the door's name is logged.
            error!(door = door(&path), "a page failed");
            error_page(StatusCode::INTERNAL_SERVER_ERROR, &path, web.house.demo)
        }
        Err(_) => {
            error!(door = door(&path), "a page took too long");
            error_page(StatusCode::SERVICE_UNAVAILABLE, &path, web.house.demo)
        }
    }
}

/// Gives errors that came without a page one, and sets the headers.
pub async fn dress(State(web): State<Web>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && !has_page(&response) {
        let kept: Vec<_> = [header::ALLOW, header::RETRY_AFTER]
            .into_iter()
            .filter_map(|it| response.headers().get(&it).cloned().map(|value| (it, value)))
            .collect();
        response = error_page(status, &path, web.house.demo);
        response.headers_mut().extend(kept);
    }
    set_headers(&web, &path, &mut response);
    response
}

fn has_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    kind.is_some_and(|it| it.starts_with("text/html") || it.starts_with("application/json"))
}

fn set_headers(web: &Web, path: &str, response: &mut Response) {
    // Only the chat may stand in a frame (the widget's), and only where the operator says so.
    let framed = path.starts_with("/chat");
    let ancestors = if framed { web.settings.frame_ancestors.as_str() } else { "'none'" };
    let policy = if path.starts_with(FILES) {
        "default-src 'none'; sandbox; frame-ancestors 'none'".to_owned()
    } else {
        format!(
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
             form-action 'self'; frame-ancestors {ancestors}"
        )
    };
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if !framed {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=()",
        ),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// The first piece of a path, for logs: what comes after it may name a conversation.
fn door(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}
