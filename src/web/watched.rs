//! What an operator watches, on the address that everybody may ask.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Web;
use super::limits::peer;
use crate::watch::door;

/// `GET /readyz`.
pub async fn ready(State(web): State<Web>) -> Response {
    door::ready(State(web.house.clone())).await
}

/// `GET /metrics`, for this machine alone. To everyone else there is no such page.
pub async fn metrics(State(web): State<Web>, request: Request) -> Response {
    let proxied = !web.settings.proxies.is_empty() || web.house.watch.is_apart();
    if door::from_here(peer(request.extensions()), request.headers(), proxied) {
        return door::metrics(State(web.house.clone())).await;
    }
    StatusCode::NOT_FOUND.into_response()
}
