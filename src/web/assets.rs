//! Style and scripts, inside the binary.

use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};
use serde::Deserialize;

use crate::vault::hex;

#[derive(Embed)]
#[folder = "assets/"]
struct Assets;

/// A year, which is how long "for good" is (RFC 9111, 1.2.2; browsers cap at it).
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// A browser asks again each time and is told "not changed".
const ASK_AGAIN: &str = "no-cache";
/// Bytes of a file's digest in its address: it must not come twice by chance, nobody forges it.
const VERSION_BYTES: usize = 6;

#[derive(Deserialize)]
pub(super) struct Asked {
    /// The version that a page of ours names.
    #[serde(default)]
    v: String,
}

/// `GET /assets/{name}`.
pub(super) async fn asset(
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    serve(&name, &asked.v, &headers)
}

/// `GET /widget.js`: at the root, so that the line that embeds it stays short.
pub(super) async fn widget(headers: HeaderMap) -> Response {
    serve("widget.js", "", &headers)
}

/// Where a page of ours finds a file, with the version that it is of: a second visit asks for
/// nothing, and a deploy is seen at once.
pub fn address(name: &str) -> String {
    match Assets::get(name) {
        Some(file) => format!("/assets/{name}?v={}", version(&file)),
        None => format!("/assets/{name}"),
    }
}

/// The tag is weak, because the same file leaves in other bytes for those who take it compressed.
/// Who asks for a version that is not this one, as beside a server of another release, must not
/// keep what comes.
fn serve(name: &str, asked: &str, headers: &HeaderMap) -> Response {
    let Some(file) = Assets::get(name) else { return StatusCode::NOT_FOUND.into_response() };
    let version = version(&file);
    let tag = format!("W/\"{version}\"");
    let kept = if asked == version { FOR_GOOD } else { ASK_AGAIN };
    let cache = [(header::CACHE_CONTROL, kept.to_owned()), (header::ETAG, tag.clone())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|it| it.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, cache).into_response();
    }
    (cache, [(header::CONTENT_TYPE, kind(name))], file.data).into_response()
}

fn version(file: &EmbeddedFile) -> String {
    hex(&file.metadata.sha256_hash()[..VERSION_BYTES])
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|it| it.1) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
