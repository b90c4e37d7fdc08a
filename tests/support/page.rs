//! A worker's page that outlives its connections, and servers: it remembers what it shows and
//! hands over again what no server took, to whichever server answers.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

pub type Socket = WebSocketStream<TcpStream>;

/// What the page is asked, and what it taps then.
const ANSWERS: [(&str, &str); 2] = [("Are you at the pharmacy", "No"), ("Shall I ask", "Ask now")];

#[derive(Default)]
pub struct Page {
    pub payer: String,
    pub person: String,
    pub cookie: String,
    pub lines: BTreeMap<i64, Value>,
    /// What she did, as long as no server has taken it.
    pub unanswered: Vec<Value>,
    /// What she did and a server took.
    pub done: Vec<Value>,
    acts: usize,
    /// She has put it aside: it only reads.
    pub aside: bool,
    /// How long she thinks before she taps.
    pub thinks: Duration,
    /// Frames that a page must never get.
    pub wrong: Vec<String>,
}

impl Page {
    /// Comes in by a link; `None` while that server is not there.
    pub async fn enter(who: (&str, &str), port: u16, invite: String) -> Option<Page> {
        let url = format!("http://localhost:{port}/chat/enter");
        let entering = tokio::task::spawn_blocking(move || {
            let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
            let agent: ureq::Agent =
                config.timeout_global(Some(Duration::from_secs(20))).build().into();
            agent.post(url).send_form([("invite", invite.as_str())])
        });
        let mut answer = entering.await.unwrap().ok()?;
        if !answer.status().is_redirection() {
            panic!("not let in: {}", answer.body_mut().read_to_string().unwrap_or_default());
        }
        let cookie = answer.headers().get("set-cookie")?.to_str().ok()?;
        let cookie = cookie.split(';').next()?.to_owned();
        Some(Page { payer: who.0.into(), person: who.1.into(), cookie, ..Page::default() })
    }

    pub fn seen(&self) -> i64 {
        self.lines.keys().last().copied().unwrap_or(0)
    }

    pub async fn connect(&self, port: u16) -> Option<Socket> {
        let host = format!("localhost:{port}");
        let mut request = format!("ws://{host}/chat/ws").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("cookie", self.cookie.parse().unwrap());
        headers.insert("origin", format!("http://{host}").parse().unwrap());
        let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
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

    /// Something that must arrive: kept until a server took it.
    pub async fn act(&mut self, socket: &mut Socket, mut frame: Value) {
        self.acts += 1;
        frame["id"] = json!(format!("{}-{}", self.person, self.acts));
        self.unanswered.push(frame.clone());
        let _ = socket.send(Message::text(frame.to_string())).await;
    }

    /// Listens until `done`, the connection ends, or the moment comes; whether it is done.
    pub async fn listen(
        &mut self,
        socket: &mut Socket,
        until: Instant,
        done: impl Fn(&Page) -> bool,
    ) -> bool {
        while !done(self) {
            match timeout_at(until, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => self.hear(socket, &text).await,
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(_)) | None) | Err(_) => return false,
            }
        }
        true
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
            "took" => {
                // Said twice where the act was handed in twice.
                let at = self.unanswered.iter().position(|it| it["id"] == frame["id"]);
                self.done.extend(at.map(|at| self.unanswered.remove(at)));
            }
            "refused" | "bye" => self.wrong.push(frame.to_string()),
            _ => {}
        }
    }

    /// Answers the last line, if it asks something: with the known answer, or the first there is.
    async fn answer(&mut self, socket: &mut Socket) {
        let Some(line) = self.lines.values().next_back() else { return };
        if self.aside {
            return;
        }
        let buttons = line["buttons"].as_array().filter(|it| !it.is_empty());
        let (Some(buttons), true) = (buttons, line["open"] == true) else { return };
        let asked = line["text"].as_str().unwrap_or_default();
        let known = ANSWERS.iter().find(|it| asked.contains(it.0)).map(|it| it.1);
        let reads = |it: &&Value| {
            known.is_some_and(|known| it["label"].as_str().is_some_and(|it| it.starts_with(known)))
        };
        let button = buttons.iter().find(reads).unwrap_or(&buttons[0]);
        let (question, choice) = (line["question"].clone(), button["key"].clone());
        tokio::time::sleep(self.thinks).await;
        self.act(socket, json!({ "type": "tap", "question": question, "choice": choice })).await;
    }

    pub fn says(&self, words: &str) -> bool {
        self.lines.values().any(|it| it["text"].as_str().is_some_and(|it| it.contains(words)))
    }

    pub fn texts(&self) -> Vec<String> {
        let text = |it: &Value| format!("{} {}", it["from"], it["text"]);
        self.lines.values().map(text).collect()
    }
}
