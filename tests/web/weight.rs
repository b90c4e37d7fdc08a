//! What a first visit of a phone transfers, and what a second one asks for again.

use std::collections::BTreeSet;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use tower::ServiceExt as _;

use crate::house::{ANA, Place, place};

/// All that a worker's phone loads until she can write: issue 4 allows so much.
const FIRST_VISIT_BYTES_MAX: usize = 50 * 1024;

async fn fetched(place: &Place, path: &str, cookie: &str) -> (HeaderMap, Bytes) {
    let request = Request::get(path)
        .header(header::HOST, "localhost")
        .header(header::COOKIE, cookie)
        .header(header::ACCEPT_ENCODING, "gzip, deflate, br");
    let request = request.body(Body::empty()).unwrap();
    let answer = place.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    let (head, body) = answer.into_parts();
    (head.headers, to_bytes(body, 1 << 20).await.unwrap())
}

/// The files that a page names.
fn named(page: &str) -> BTreeSet<String> {
    let starts = page.match_indices("=\"/assets/");
    starts.map(|(at, _)| page[at + 2..].split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_first_visit_weighs_less_than_fifty_kilobytes() {
    let place = place(false).await;
    let (token, cookie) = (place.token(ANA), place.enter(ANA).await);
    let mut files = BTreeSet::new();
    let mut bytes = 0;
    for (path, cookie) in [(format!("/chat?invite={token}"), ""), ("/chat".into(), &*cookie)] {
        files.extend(named(&place.get_as(&path, cookie).await.body));
        let (headers, page) = fetched(&place, &path, cookie).await;
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip", "{path}");
        println!("{:>6} {}", page.len(), path.split('?').next().unwrap());
        bytes += page.len();
    }
    assert!(files.len() >= 4, "a style, an icon, scripts: {files:?}");
    for file in &files {
        let (headers, body) = fetched(&place, file, "").await;
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip", "{file}");
        println!("{:>6} {file}", body.len());
        bytes += body.len();
    }
    println!("{bytes:>6} in all");
    assert!(bytes <= FIRST_VISIT_BYTES_MAX, "{bytes} bytes");
}

#[tokio::test]
async fn what_does_not_change_is_kept_for_good_and_only_under_its_own_version() {
    let place = place(false).await;
    let page = place.get("/chat").await.body;
    for file in named(&page) {
        let kept = place.get(&file).await;
        assert_eq!(kept.header("cache-control"), "public, max-age=31536000, immutable", "{file}");
        let (name, _) = file.split_once("?v=").expect("each names its version");
        for other in [name.to_owned(), format!("{name}?v=0123456789ab")] {
            let asked_again = place.get(&other).await;
            assert_eq!(asked_again.status, StatusCode::OK);
            assert_eq!(asked_again.header("cache-control"), "no-cache", "{other}");
        }
    }
}

#[tokio::test]
async fn whoever_cannot_unpack_is_sent_it_plain_and_caches_keep_both_apart() {
    let place = place(false).await;
    let plain = place.get("/assets/mendline.css").await;
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.header("vary").contains("accept-encoding"));
    let (packed, body) = fetched(&place, "/assets/mendline.css", "").await;
    assert!(packed[header::VARY].to_str().unwrap().contains("accept-encoding"));
    assert!(body.len() * 2 < plain.body.len());
    // The same file in other bytes is only weakly the same (RFC 9110, 8.8.1).
    assert!(plain.header("etag").starts_with("W/") && packed[header::ETAG] == plain.header("etag"));
}
