//! Rule 3 on the built binary: it is killed without notice at moments that nobody chose, started
//! again on the same data, and in the end every line is there once and the matter is settled.
//!
//! The moments come from a seed, which is printed; `MENDLINE_SEED` plays another one.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/demo.rs"]
mod demo;

use std::collections::BTreeMap;
use std::time::Duration;

use demo::Demo;
use futures::{SinkExt, StreamExt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

/// How often the server dies.
const DEATHS: u32 = 5;
/// Latest moment of a death after the worker did something, in milliseconds. A turn with its
/// calls takes a few tens in an unoptimised build, so deaths fall before, into and after it.
const DEATH_WITHIN_MS: u64 = 120;
/// How long the worker waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);
/// What she reads when the adjuster was asked, and when it is over.
const ASKED: &str = "I am asking";
const OVER: &str = "is approved";

/// What the worker is asked, and what she taps then.
const ANSWERS: [(&str, &str); 3] = [
    ("Which medicine", "gabapentin"),
    ("Are you at the pharmacy", "Yes, I am waiting"),
    ("Shall I ask now", "Ask now"),
];

/// The worker's page: what it shows and what it still has to hand over. It outlives connections.
#[derive(Default)]
struct Page {
    cookie: String,
    lines: BTreeMap<i64, Value>,
    unanswered: Vec<Value>,
    acts: usize,
    /// Frames that a page must never get.
    wrong: Vec<String>,
}

type Socket = WebSocketStream<TcpStream>;

impl Page {
    fn seen(&self) -> i64 {
        self.lines.keys().last().copied().unwrap_or(0)
    }

    async fn connect(&self, demo: &Demo) -> Option<Socket> {
        let host = format!("localhost:{}", demo.port);
        let mut request = format!("ws://{host}/chat/ws").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("cookie", self.cookie.parse().unwrap());
        headers.insert("origin", format!("http://{host}").parse().unwrap());
        let stream = TcpStream::connect(("127.0.0.1", demo.port)).await.ok()?;
        let mut socket = client_async(request, stream).await.ok()?.0;
        let hello = json!({ "type": "hello", "seen": self.seen() });
        socket.send(Message::text(hello.to_string())).await.ok()?;
        let ack = json!({ "type": "ack", "seq": self.seen() });
        socket.send(Message::text(ack.to_string())).await.ok()?;
        for frame in &self.unanswered {
            socket.send(Message::text(frame.to_string())).await.ok()?;
        }
        Some(socket)
    }

    /// Something that must arrive: kept until the server took it.
    async fn act(&mut self, socket: &mut Socket, mut frame: Value) {
        self.acts += 1;
        frame["id"] = json!(format!("act-{}", self.acts));
        self.unanswered.push(frame.clone());
        let _ = socket.send(Message::text(frame.to_string())).await;
    }

    async fn hear(&mut self, socket: &mut Socket, text: &str) {
        let frame: Value = serde_json::from_str(text).unwrap();
        match frame["type"].as_str().unwrap() {
            "line" => {
                let seq = frame["seq"].as_i64().unwrap();
                if seq != self.seen() + 1 {
                    self.wrong.push(format!("after line {} came {frame}", self.seen()));
                }
                self.lines.insert(seq, frame);
                let ack = json!({ "type": "ack", "seq": seq });
                let _ = socket.send(Message::text(ack.to_string())).await;
                self.answer(socket).await;
            }
            "took" => self.unanswered.retain(|it| it["id"] != frame["id"]),
            "refused" | "bye" => self.wrong.push(frame.to_string()),
            _ => {}
        }
    }

    /// Answers the last line, if it asks something.
    async fn answer(&mut self, socket: &mut Socket) {
        let Some(line) = self.lines.values().next_back() else { return };
        let asked = line["text"].as_str().unwrap_or_default();
        let found = ANSWERS.iter().find(|it| asked.contains(it.0) && line["open"] == true);
        let Some((_, label)) = found else { return };
        let buttons = line["buttons"].as_array().unwrap();
        let reads = |it: &&Value| it["label"].as_str().is_some_and(|it| it.starts_with(*label));
        let button = buttons.iter().find(reads).unwrap_or_else(|| panic!("{label} in {line:#}"));
        let (question, choice) = (line["question"].clone(), button["key"].clone());
        let tap = json!({ "type": "tap", "question": question, "choice": choice });
        self.act(socket, tap).await;
    }

    fn says(&self, words: &str) -> bool {
        self.lines.values().any(|it| it["text"].as_str().is_some_and(|it| it.contains(words)))
    }

    /// Listens until it is over, the connection ends, or the deadline comes.
    async fn listen(&mut self, socket: &mut Socket, until: Instant, over: &str) {
        while !self.says(over) {
            match timeout_at(until, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => self.hear(socket, &text).await,
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(_)) | None) | Err(_) => return,
            }
        }
    }
}

/// A form, as a browser without script sends it. `None` if the server is not there.
fn form(url: &str, cookie: &str, fields: &[(&str, &str)]) -> Option<(u16, String, String)> {
    let agent = agent();
    let request = agent.post(url).header("cookie", cookie).send_form(fields.iter().copied());
    read(request)
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    config.timeout_global(Some(Duration::from_secs(20))).build().into()
}

fn read(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Option<(u16, String, String)> {
    let mut answer = answer.ok()?;
    let cookie = answer.headers().get("set-cookie").and_then(|it| it.to_str().ok());
    let cookie = cookie.and_then(|it| it.split(';').next()).unwrap_or_default().to_owned();
    let status = answer.status().as_u16();
    Some((status, cookie, answer.body_mut().read_to_string().ok()?))
}

fn page(url: &str, cookie: &str) -> String {
    read(agent().get(url).header("cookie", cookie).call()).expect("the server is there").2
}

/// What stands between two marks.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap().0
}

/// The adjuster approves, with the forms of her pages.
fn approve(demo: &Demo) {
    let (login, password) = demo.login("adjuster");
    let fields = [("login", login.as_str()), ("password", password.as_str())];
    let (_, cookie, _) = form(&demo.url("/desk/login"), "", &fields).unwrap();
    let queue = page(&demo.url("/desk"), &cookie);
    let path = format!("/desk/card/{}", between(&queue, "href=\"/desk/card/", "\""));
    let card = page(&demo.url(&path), &cookie);
    let csrf = between(&card, "name=\"csrf\" value=\"", "\"");
    let nonce = between(&card, "name=\"nonce\" value=\"", "\"");
    let fields = [("csrf", csrf), ("nonce", nonce), ("choice", "approve")];
    let (status, _, said) = form(&demo.url(&path), &cookie, &fields).unwrap();
    assert_eq!(status, 200, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_03_whenever_the_server_is_killed_every_line_is_there_once() {
    let seed = std::env::var("MENDLINE_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(3);
    println!("seed {seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let mut demo = Demo::start();
    let token = demo.invite.split_once("invite=").unwrap().1.to_owned();
    let (_, cookie, _) = form(&demo.url("/chat/enter"), "", &[("invite", &token)]).unwrap();
    let mut page = Page { cookie, ..Page::default() };

    let mut socket = page.connect(&demo).await.unwrap();
    page.act(&mut socket, json!({ "type": "say", "words": "my prescription was rejected" })).await;
    for death in 1..=DEATHS {
        let until = Instant::now() + Duration::from_millis(chance.random_range(0..DEATH_WITHIN_MS));
        page.listen(&mut socket, until, OVER).await;
        println!("death {death} after line {}", page.seen());
        demo.kill();
        demo.start_again();
        socket = page.connect(&demo).await.unwrap();
    }
    page.listen(&mut socket, Instant::now() + PATIENCE, ASKED).await;
    approve(&demo);
    // And once more, when the authorization may be on its way.
    demo.kill();
    demo.start_again();
    socket = page.connect(&demo).await.unwrap();
    page.listen(&mut socket, Instant::now() + PATIENCE, OVER).await;
    the_page_is_whole(&page, &demo).await;
}

async fn the_page_is_whole(page: &Page, demo: &Demo) {
    assert_eq!(page.wrong, Vec::<String>::new());
    assert!(page.says(OVER), "{:#?}", page.lines);
    assert_eq!(page.unanswered, Vec::<Value>::new(), "something was never taken");
    let numbers: Vec<i64> = page.lines.keys().copied().collect();
    assert_eq!(numbers, (1..=page.lines.len() as i64).collect::<Vec<_>>());
    let mut texts: Vec<_> = page.lines.values().map(|it| (&it["from"], &it["text"])).collect();
    let all = texts.len();
    texts.sort_by_key(|it| it.1.to_string());
    texts.dedup();
    assert_eq!(texts.len(), all, "a text came twice: {:#?}", page.lines);
    // A page that begins anew reads the same letter.
    let mut other = Page { cookie: page.cookie.clone(), ..Page::default() };
    let mut socket = other.connect(demo).await.unwrap();
    other.listen(&mut socket, Instant::now() + PATIENCE, OVER).await;
    let texts = |page: &Page| page.lines.values().map(|it| it["text"].clone()).collect::<Vec<_>>();
    assert_eq!(texts(&other), texts(page));
}
