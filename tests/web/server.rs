//! Headers, limits and error pages.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use mendline::web::{Settings, router_with};

use crate::house::place;

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_pages_safe() {
    let place = place(true).await;
    for path in ["/", "/chat", "/rx", "/assets/mendline.css", "/nowhere"] {
        let answer = place.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'self'"), "{path}");
        assert!(!policy.contains("unsafe-inline"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn only_the_chat_may_stand_in_a_frame_and_only_where_the_operator_says() {
    let mut place = place(true).await;
    let ancestors = |answer: crate::house::Answer| {
        let policy = answer.header("content-security-policy").to_owned();
        policy.split_once("frame-ancestors ").unwrap().1.to_owned()
    };
    let demo = "'self' http://localhost:* http://127.0.0.1:*";
    assert_eq!(ancestors(place.get("/chat").await), demo);
    for path in ["/", "/rx", "/desk", "/widget.js"] {
        assert_eq!(ancestors(place.get(path).await), "'none'", "{path}");
    }
    let served = Settings::serve(Vec::new());
    assert_eq!(served.frame_ancestors, "'self'", "nobody else, where nothing is said");
    let frame_ancestors = "'self' https://portal.example.com".to_owned();
    place.router = router_with(place.house.clone(), Settings { frame_ancestors, ..served });
    assert_eq!(ancestors(place.get("/chat").await), "'self' https://portal.example.com");
}

#[tokio::test]
async fn no_page_holds_script_or_style_inline() {
    let place = place(true).await;
    let cookie = place.enter("ana").await;
    for path in ["/", "/chat", "/rx", "/chat/pharmacist-card", "/nowhere"] {
        let body = place.get_as(path, &cookie).await.body;
        for inline in ["<style", " style=", " onclick=", "javascript:"] {
            assert!(!body.contains(inline), "{path} holds {inline}");
        }
        for script in body.split("<script").skip(1) {
            assert!(script.trim_start().starts_with("src="), "{path} holds a script");
        }
    }
}

#[tokio::test]
async fn private_pages_are_not_kept_by_anyone() {
    let place = place(true).await;
    let cookie = place.enter("ana").await;
    for path in ["/chat", "/chat/pharmacist-card", "/rx"] {
        assert_eq!(place.get_as(path, &cookie).await.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn an_unknown_page_says_what_to_do() {
    let answer = place(true).await.get("/no/such/page").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.says("Check the address, or go back."));
}

#[tokio::test]
async fn a_wrong_method_and_a_large_body_get_a_page_too() {
    let place = place(true).await;
    let wrong = place.post("/healthz", "", &[]).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(wrong.says("<!doctype html>"));
    let large = "x".repeat(70_000);
    let large = place.post("/rx", "", &[("claim", &large), ("rx", "1")]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(large.says("shorter pieces"));
}

#[tokio::test]
async fn a_form_that_cannot_be_read_gets_a_page_without_its_content() {
    let place = place(true).await;
    let request = Request::post("/rx").header("content-type", "application/x-www-form-urlencoded");
    let answer = place.ask(request.body(Body::from("claim=SECRET")).unwrap()).await;
    assert!(answer.status.is_client_error());
    assert!(!answer.says("SECRET"));
}

#[tokio::test]
async fn the_server_says_that_it_lives_and_that_nobody_pumps_it() {
    let place = place(false).await;
    assert_eq!(place.get("/healthz").await.status, StatusCode::OK);
    let ready = place.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.says("the loops have not begun"), "{}", ready.body);
}

#[tokio::test]
async fn a_file_that_did_not_change_is_not_sent_again() {
    let place = place(true).await;
    let first = place.get("/assets/mendline.css").await;
    let request =
        Request::get("/assets/mendline.css").header("if-none-match", first.header("etag"));
    let second = place.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!((second.status, second.body.len()), (StatusCode::NOT_MODIFIED, 0));
}

#[tokio::test]
async fn the_demo_says_that_nothing_is_real_and_a_server_does_not() {
    assert!(place(true).await.get("/").await.says("Fictional data. Demo."));
    assert!(!place(false).await.get("/").await.says("Fictional data"));
}
