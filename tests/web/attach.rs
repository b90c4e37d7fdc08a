//! Pictures and papers from her page.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use mendline::channels::inward::NoFile;
use mendline::media::FILE_BYTES_MAX;
use mendline::phrases;
use mendline::store::reach::Whose;

use crate::house::{ANA, Answer, PAYER, Place, place};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";

async fn send(place: &Place, cookie: &str, csrf: &str, id: &str, bytes: &[u8]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in [("csrf", csrf), ("id", id)] {
        let part =
            format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; \
                filename=\"../<script>.html\"\r\ncontent-type: text/html\r\n\r\n";
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let request = Request::post("/chat/media")
        .header(header::HOST, "localhost")
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
        .header(header::ACCEPT, "application/json")
        .body(Body::from(body));
    place.ask(request.unwrap()).await
}

async fn kept(place: &Place) -> Vec<(String, u64)> {
    let whose = Whose { payer: PAYER.into(), person: ANA.into() };
    let files = place.house.store.files().of(&whose, 50).await.unwrap();
    files.into_iter().map(|it| (it.mime, it.bytes)).collect()
}

async fn lines(place: &Place) -> Vec<String> {
    place.idle().await;
    let lines = place.house.store.lines_after(PAYER, ANA, "web", 0, 50).await.unwrap();
    lines.into_iter().map(|it| it.body["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_picture_is_kept_under_what_its_bytes_say_and_stands_in_her_chat_as_sent() {
    let place = place(true).await;
    place.publish("look-at-file").await;
    let cookie = place.enter(ANA).await;
    let csrf = place.get_as("/chat", &cookie).await.field("csrf");
    for _ in 0..2 {
        let sent = send(&place, &cookie, &csrf, "1", PNG).await;
        assert_eq!(sent.status, StatusCode::NO_CONTENT, "{}", sent.body);
    }
    assert_eq!(kept(&place).await, [("image/png".to_owned(), PNG.len() as u64)]);
    let lines = lines(&place).await;
    assert_eq!(lines.iter().filter(|it| *it == "(sent a file)").count(), 1, "{lines:?}");
    assert!(lines.iter().any(|it| it.contains("I cannot read pictures")), "{lines:?}");
}

#[tokio::test]
async fn what_cannot_be_taken_the_bot_says_in_the_chat() {
    let place = place(true).await;
    let cookie = place.enter(ANA).await;
    let csrf = place.get_as("/chat", &cookie).await.field("csrf");
    let large = vec![0xff; FILE_BYTES_MAX + 1];
    for (id, bytes, why) in [
        ("1", &b""[..], NoFile::Empty),
        ("2", &large[..], NoFile::TooLarge),
        ("3", &b"<html><script>alert(1)</script>"[..], NoFile::OtherKind),
    ] {
        let sent = send(&place, &cookie, &csrf, id, bytes).await;
        assert_eq!(sent.status, StatusCode::NO_CONTENT, "{}", sent.body);
        let said = lines(&place).await.pop().unwrap();
        assert_eq!(said, phrases::always::no_file(why).1);
    }
    assert!(kept(&place).await.is_empty());
}

#[tokio::test]
async fn nobody_sends_a_file_without_her_session_and_our_own_form() {
    let place = place(true).await;
    let cookie = place.enter(ANA).await;
    let csrf = place.get_as("/chat", &cookie).await.field("csrf");
    assert_eq!(send(&place, &cookie, "forged", "1", PNG).await.status, StatusCode::FORBIDDEN);
    assert_eq!(send(&place, "", &csrf, "1", PNG).await.status, StatusCode::SEE_OTHER);
    let huge = vec![0; 3 * FILE_BYTES_MAX];
    let refused = send(&place, &cookie, &csrf, "1", &huge).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(kept(&place).await.is_empty() && lines(&place).await.is_empty());
}
