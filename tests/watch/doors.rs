//! Ways to knock.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use mendline::house::House;
use mendline::web::{Settings, router_with};
use serde_json::Value;
use tower::ServiceExt;

/// Asks the main address as somebody who sits there.
pub async fn ask_from(house: &Arc<House>, peer: &str, path: &str) -> (StatusCode, String) {
    let peer: SocketAddr = peer.parse().unwrap();
    let mut request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let router = router_with(house.clone(), Settings::demo());
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

pub async fn ask(house: &Arc<House>, path: &str) -> (StatusCode, String) {
    ask_from(house, "127.0.0.1:4000", path).await
}

/// Whether it is ready, and what each check says.
pub async fn readiness(house: &Arc<House>) -> (StatusCode, Value) {
    let (status, body) = ask(house, "/readyz").await;
    (status, serde_json::from_str(&body).unwrap())
}
