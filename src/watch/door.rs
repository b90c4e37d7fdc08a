//! The doors for operators and their machines: `/metrics`, `/readyz`, `/healthz`.
//!
//! `/metrics` tells how much each payer's people write, so it is not for everyone: an address of
//! its own (`[metrics] listen`), or this machine alone on the main one. There it is refused to
//! whoever may have come through a proxy, because to us all of a proxy's visitors look alike.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tracing::error;

use super::ready::{self, Check};
use crate::house::House;
use crate::metrics::page;

/// What proxies add on the way.
const BY_PROXIES: &[&str] =
    &["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// The three doors on an address of their own.
pub fn operators(house: Arc<House>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/readyz", get(ready))
        .route("/healthz", get(health))
        .with_state(house)
}

/// `GET /healthz`: the process answers.
pub async fn health() -> Response {
    "alive\n".into_response()
}

/// `GET /metrics`.
pub async fn metrics(State(house): State<Arc<House>>) -> Response {
    ([(header::CONTENT_TYPE, page::MEDIA_TYPE)], page::page(&house).await).into_response()
}

/// `GET /readyz`: whether work may be sent here, and if not, which check says so.
pub async fn ready(State(house): State<Arc<House>>) -> Response {
    let checks = ready::look(&house).await;
    let well = checks.iter().all(|it| it.well);
    if !well {
        let failed: Vec<_> = checks.iter().filter(|it| !it.well).map(|it| it.name).collect();
        error!(failed = failed.join(" "), "not ready");
    }
    let shown: serde_json::Map<_, _> = checks.iter().map(shown).collect();
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": well, "checks": shown }))).into_response()
}

fn shown(check: &Check) -> (String, serde_json::Value) {
    (check.name.into(), json!({ "ok": check.well, "says": check.says }))
}

/// Whether a request to the main address may see `/metrics`: it comes from this machine, and
/// nothing speaks for a proxy in between.
pub fn from_here(peer: Option<IpAddr>, headers: &HeaderMap, proxied: bool) -> bool {
    let here = peer.is_some_and(|it| it.to_canonical().is_loopback());
    let through = BY_PROXIES.iter().any(|it| headers.contains_key(*it));
    let asked = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or("localhost");
    here && !through && !proxied && names_this_machine(asked)
}

fn names_this_machine(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|it| it.split_once(']')).map(|(it, _)| it);
    let name = bare.unwrap_or_else(|| host.split(':').next().unwrap_or_default());
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

/// Counts every answer by the route that matched. What matched none is one number, so that a
/// scanner makes no new ones.
pub async fn count(State(house): State<Arc<House>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().map(|it| it.as_str().to_owned());
    let response = next.run(request).await;
    let route = route.as_deref().unwrap_or("unmatched");
    house.watch.metrics.answered(method, route, response.status().as_u16(), began.elapsed());
    response
}

/// A method by its name; what somebody made up is `other`.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_numbers_are_for_this_machine_alone() {
        let here = Some(IpAddr::from([127, 0, 0, 1]));
        for host in ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"] {
            assert!(from_here(here, &asked(&[("host", host)]), false), "{host}");
        }
        assert!(from_here(Some("::ffff:127.0.0.1".parse().unwrap()), &asked(&[]), false));
        assert!(!from_here(Some(IpAddr::from([192, 0, 2, 1])), &asked(&[]), false));
        assert!(!from_here(None, &asked(&[]), false), "whoever is not known is not from here");
    }

    #[test]
    fn whoever_came_through_a_proxy_is_not_from_here() {
        let here = Some(IpAddr::from([127, 0, 0, 1]));
        assert!(!from_here(here, &asked(&[("x-forwarded-for", "127.0.0.1")]), false));
        assert!(!from_here(here, &asked(&[("host", "care.example.com")]), false));
        assert!(!from_here(here, &asked(&[("host", "localhost")]), true), "a proxy is configured");
    }
}
