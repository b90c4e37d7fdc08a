//! The live chat over a real socket on loopback.

use std::net::SocketAddr;

use futures::{SinkExt, StreamExt};
use mendline::web;
use mendline::web::session::IDLE_MS;
use mendline_engine::time::Timestamp;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;

use crate::house::{ANA, PAYER, Place, START_MS, place};

struct Server {
    place: Place,
    at: SocketAddr,
    stop: CancellationToken,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The whole house on a port of its own.
async fn serve() -> Server {
    let place = place(true).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    tokio::spawn(web::serve(place.router.clone(), listener, stop.clone()));
    tokio::spawn(mendline::pump::run(place.house.clone(), stop.clone()));
    Server { place, at, stop }
}

struct Client(WebSocketStream<TcpStream>);

impl Server {
    async fn try_open(&self, cookie: &str, origin: &str) -> Result<Client, Error> {
        let mut request = format!("ws://{}/chat/ws", self.at).into_client_request()?;
        request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
        request.headers_mut().insert("origin", HeaderValue::from_str(origin).unwrap());
        let stream = TcpStream::connect(self.at).await?;
        client_async(request, stream).await.map(|it| Client(it.0))
    }

    async fn open(&self, cookie: &str) -> Client {
        self.try_open(cookie, &format!("http://{}", self.at)).await.unwrap()
    }
}

impl Client {
    async fn say(&mut self, frame: Value) {
        self.raw(frame.to_string()).await;
    }

    async fn raw(&mut self, text: String) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next frame of this type; others on the way are passed over.
    async fn next(&mut self, kind: &str) -> Value {
        loop {
            let message = self.0.next().await.expect("the server stays").unwrap();
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    async fn hello(&mut self, seen: i64) -> Value {
        self.say(json!({ "type": "hello", "seen": seen })).await;
        self.next("welcome").await
    }
}

fn status(refused: Result<Client, Error>) -> u16 {
    match refused {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => 101,
    }
}

#[tokio::test]
async fn only_our_own_page_with_a_session_may_connect() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    let own = format!("http://{}", server.at);
    assert_eq!(status(server.try_open(&cookie, "http://elsewhere.example").await), 403);
    assert_eq!(status(server.try_open("", &own).await), 401);
    assert_eq!(status(server.try_open(&cookie, &own).await), 101);
}

#[tokio::test]
async fn a_session_that_ended_is_told_so() {
    let server = serve().await;
    let mut client = server.open("mendline_chat=long-gone").await;
    assert_eq!(client.next("bye").await["why"], "locked");
}

#[tokio::test]
async fn she_writes_and_is_answered_in_order() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    let mut client = server.open(&cookie).await;
    let welcome = client.hello(0).await;
    assert_eq!((&welcome["name"], &welcome["demo"]), (&json!("Ana"), &json!(true)));
    client.say(json!({ "type": "say", "id": "a", "words": "good morning" })).await;
    let own = client.next("line").await;
    assert_eq!((&own["seq"], &own["from"]), (&json!(1), &json!("you")));
    let bot = client.next("line").await;
    assert_eq!((&bot["seq"], &bot["from"]), (&json!(2), &json!("bot")));
}

#[tokio::test]
async fn rule_03_an_act_under_the_same_id_is_taken_once() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    let mut client = server.open(&cookie).await;
    client.hello(0).await;
    let frame = json!({ "type": "say", "id": "same", "words": "once" });
    client.say(frame.clone()).await;
    let first = client.next("took").await;
    client.say(frame.clone()).await;
    assert_eq!(client.next("took").await, first);
    let mut later = server.open(&cookie).await;
    later.hello(0).await;
    later.say(frame).await;
    assert_eq!(later.next("took").await, first);
    let lines = server.place.house.store.lines_after(PAYER, ANA, "web", 0, 10).await.unwrap();
    let said = lines.iter().filter(|it| it.body["from"] == "you").count();
    assert_eq!(said, 1);
}

#[tokio::test]
async fn rule_07_lines_come_again_until_they_are_acknowledged_and_never_skip() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    for text in ["one", "two", "three"] {
        server.place.bot_says(text).await;
    }
    let mut first = server.open(&cookie).await;
    first.hello(0).await;
    for seq in 1..=3 {
        assert_eq!(first.next("line").await["seq"], seq);
    }
    drop(first);
    let mut second = server.open(&cookie).await;
    second.hello(1).await;
    assert_eq!(second.next("line").await["text"], "two");
    assert_eq!(second.next("line").await["text"], "three");
    server.place.bot_says("four").await;
    assert_eq!(second.next("line").await["seq"], 4);
}

#[tokio::test]
async fn rule_07_a_line_is_shown_when_its_client_says_so_and_not_before() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    let mut client = server.open(&cookie).await;
    client.hello(0).await;
    client.say(json!({ "type": "ack", "seq": 99 })).await;
    client.say(json!({ "type": "say", "id": "a", "words": "hello" })).await;
    while client.next("line").await["from"] != "bot" {}
    server.place.idle().await;
    assert_eq!(server.place.receipts_owed().await, 1, "99 was never sent to it");
    client.say(json!({ "type": "ack", "seq": 2 })).await;
    client.say(json!({ "type": "shout" })).await;
    client.next("refused").await; // so the acknowledgement before it was dealt with
    assert_eq!(server.place.receipts_owed().await, 0);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_and_the_connection_stays() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    let mut client = server.open(&cookie).await;
    client.hello(0).await;
    let long = "w".repeat(2_001);
    for (text, code) in [
        ("{".to_owned(), "broken"),
        (r#"{"type":"shout"}"#.to_owned(), "unknown_type"),
        (r#"{"type":"say","id":"x"}"#.to_owned(), "unreadable"),
        (format!(r#"{{"type":"say","id":"x","words":"{long}"}}"#), "too_long"),
        (r#"{"type":"tap","id":"y","question":"c/1.0","choice":"a"}"#.into(), "unknown_question"),
        (r#"{"type":"tap","id":"y","question":"?","choice":"a"}"#.into(), "unknown_question"),
        (r#"{"type":"language","id":"z","to":"xx"}"#.to_owned(), "unknown_language"),
    ] {
        client.raw(text).await;
        assert_eq!(client.next("refused").await["code"], code);
    }
    client.say(json!({ "type": "say", "id": "ok", "words": "still here" })).await;
    client.next("took").await;
}

#[tokio::test]
async fn a_frame_that_is_far_too_large_closes_the_connection_with_its_code() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    let mut client = server.open(&cookie).await;
    client.hello(0).await;
    client.raw("x".repeat(17 * 1024)).await;
    let close = loop {
        match client.0.next().await.expect("a close frame comes").unwrap() {
            Message::Close(close) => break close.expect("with its code"),
            _ => continue,
        }
    };
    assert_eq!(u16::from(close.code), 1009);
}

#[tokio::test]
async fn the_twenty_first_act_in_a_burst_is_put_off() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    let mut client = server.open(&cookie).await;
    client.hello(0).await;
    for n in 0..25 {
        client.say(json!({ "type": "language", "id": format!("l{n}"), "to": "xx" })).await;
    }
    let mut codes = Vec::new();
    for _ in 0..25 {
        codes.push(client.next("refused").await["code"].as_str().unwrap().to_owned());
    }
    assert!(codes[..20].iter().all(|it| it == "unknown_language"), "{codes:?}");
    assert!(codes.iter().any(|it| it == "too_fast"), "{codes:?}");
}

#[tokio::test]
async fn a_fourth_page_of_one_session_is_sent_away() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut client = server.open(&cookie).await;
        client.hello(0).await;
        open.push(client);
    }
    let mut fourth = server.open(&cookie).await;
    assert_eq!(fourth.next("bye").await["why"], "too_many");
}

#[tokio::test]
async fn a_page_that_nobody_used_is_locked_at_its_next_act() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    let mut client = server.open(&cookie).await;
    client.hello(0).await;
    server.place.clock.set(Timestamp(START_MS + IDLE_MS + 1_000));
    client.say(json!({ "type": "say", "id": "a", "words": "hello?" })).await;
    assert_eq!(client.next("bye").await["why"], "locked");
}

#[tokio::test]
async fn a_change_of_language_is_told_to_the_open_page() {
    let server = serve().await;
    let cookie = server.place.enter(ANA).await;
    let mut client = server.open(&cookie).await;
    assert_eq!(client.hello(0).await["language"], "en");
    client.say(json!({ "type": "language", "id": "l", "to": "es" })).await;
    client.next("took").await;
    server.place.bot_says("one").await;
    assert_eq!(client.next("welcome").await["language"], "es");
}
