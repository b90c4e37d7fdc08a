//! Discord on loopback: its API keeps what it is asked and answers what a test says; its gateway has
//! sessions that can be gone on with, forgotten and broken off.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use mendline::channels::Outgoing;
use mendline::channels::discord::{Api, DiscordEar, Settings, Waits, commands};
use mendline::channels::inward::{Ear, Gate, Place};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::telegram::fake::{Kept, Shelf};

/// The bot's token. Nothing may ever print it.
pub const TOKEN: &str = "MTEw.canary-token";
/// The application, which is also the bot's own number.
pub const APPLICATION: u64 = 1_100_000_000_000_000_042;
/// Ana, and the direct message with her.
pub const ANA: u64 = 555_010_100_000_000_001;
pub const DM: u64 = 700_000_000_000_000_001;

/// What a test says instead of yes.
#[derive(Clone)]
pub enum Instead {
    /// This status, these headers and this body.
    Says(u16, Vec<(&'static str, String)>, String),
    /// Nothing at all: the line closes.
    Nothing,
    /// Nothing, though it was done.
    NothingAfterIt,
}

#[derive(Default)]
struct Inside {
    asked: Vec<(String, String, Value)>,
    instead: VecDeque<(String, Instead)>,
    /// What stands in each channel.
    written: BTreeMap<u64, Vec<Value>>,
    nonces: HashMap<String, u64>,
    /// The session that can be gone on with, and what happened in it.
    session: Option<String>,
    sessions: u32,
    log: Vec<Value>,
    line: Option<mpsc::UnboundedSender<Message>>,
    /// What the ear said on its lines.
    said: Vec<Value>,
    deaf: bool,
    beat_ms: u64,
    refuses: Option<u16>,
    next_gateway: String,
}

/// The server.
#[derive(Clone, Default)]
pub struct Fake {
    inside: Arc<Mutex<Inside>>,
    moved: Arc<Notify>,
}

/// A server under its addresses.
pub struct Discord {
    pub fake: Fake,
    pub api_url: String,
    pub gateway_url: String,
}

impl Discord {
    pub async fn begin() -> Discord {
        let fake = Fake::default();
        fake.inside.lock().unwrap().beat_ms = 45_000;
        fake.inside.lock().unwrap().next_gateway = "ws://127.0.0.1:1".into();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/gateway/", get(line))
            .route("/api/v10/{*path}", any(asked))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (api_url, gateway_url) = (format!("http://{at}/api"), format!("ws://{at}/gateway/"));
        Discord { fake, api_url, gateway_url }
    }

    pub fn api(&self) -> Api {
        let (api, gateway) = (&self.api_url, &self.gateway_url);
        let text = format!("token = '{TOKEN}'\napi_url = '{api}'\ngateway_url = '{gateway}'");
        toml::from_str::<Settings>(&text).unwrap().api().unwrap()
    }

    /// An ear on it, with short waits.
    pub fn ear(&self) -> DiscordEar {
        let offered = [commands::link()].into_iter().chain(commands::staff()).collect();
        let short = Duration::from_millis(1);
        let answer = Duration::from_millis(200);
        let waits = Waits { first: short, most: short, anew: short, answer };
        DiscordEar::new(self.api(), offered).unwrap().waiting(waits)
    }

    pub fn listen(&self, gate: &Kept, place: &Shelf) -> Listening {
        self.listen_to(Arc::new(gate.clone()), place)
    }

    pub fn listen_to(&self, gate: Arc<dyn Gate>, place: &Shelf) -> Listening {
        let (ear, place): (_, Arc<dyn Place>) = (self.ear(), Arc::new(place.clone()));
        let until = CancellationToken::new();
        let stop = until.clone();
        let task = tokio::spawn(async move { ear.listen(gate, place, stop).await });
        Listening { until, task }
    }
}

/// An ear that listens.
pub struct Listening {
    until: CancellationToken,
    pub task: JoinHandle<anyhow::Result<()>>,
}

impl Listening {
    pub async fn stop(self) {
        self.until.cancel();
        self.task.await.unwrap().unwrap();
    }
}

impl Fake {
    /// What was asked with this method and a path that begins so.
    pub fn asked(&self, method: &str, path: &str) -> Vec<Value> {
        let inside = self.inside.lock().unwrap();
        let of = inside.asked.iter().filter(|(m, p, _)| m == method && p.starts_with(path));
        of.map(|(_, _, body)| body.clone()).collect()
    }

    /// Every request, as `GET /gateway/bot`.
    pub fn requests(&self) -> Vec<String> {
        let inside = self.inside.lock().unwrap();
        inside.asked.iter().map(|(method, path, _)| format!("{method} {path}")).collect()
    }

    /// The next time that such a path is asked, this is said instead of yes.
    pub fn once(&self, path: &str, instead: Instead) {
        self.inside.lock().unwrap().instead.push_back((path.into(), instead));
    }

    /// The same in Discord's own words.
    pub fn refuses_once(&self, path: &str, status: u16, code: u64) {
        let body = json!({ "code": code, "message": "can't say 'oxycodone canary'" });
        self.once(path, Instead::Says(status, Vec::new(), body.to_string()));
    }

    /// Messages that were shown to somebody in a channel.
    pub fn shown(&self, channel: u64) -> Vec<Value> {
        self.inside.lock().unwrap().written.get(&channel).cloned().unwrap_or_default()
    }

    /// Something stands in a channel that nobody was told of.
    pub fn written(&self, channel: u64, message: Value) {
        self.inside.lock().unwrap().written.entry(channel).or_default().push(message);
    }

    /// Something happens.
    pub fn brings(&self, name: &str, data: Value) {
        let mut inside = self.inside.lock().unwrap();
        if name == "MESSAGE_CREATE" {
            let channel = data["channel_id"].as_str().unwrap().parse().unwrap();
            inside.written.entry(channel).or_default().push(data.clone());
        }
        let seq = inside.log.len() as u64 + 1;
        let event = json!({ "op": 0, "t": name, "s": seq, "d": data });
        inside.log.push(event.clone());
        if let Some(line) = &inside.line {
            let _ = line.send(Message::text(event.to_string()));
        }
    }

    /// Says a word that is no event.
    pub fn says(&self, word: Value) {
        let inside = self.inside.lock().unwrap();
        inside.line.as_ref().unwrap().send(Message::text(word.to_string())).unwrap();
    }

    /// The line is closed.
    pub fn closes(&self, code: u16) {
        let line = self.inside.lock().unwrap().line.take().unwrap();
        line.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).unwrap();
    }

    /// Whoever begins is sent away with this.
    pub fn turns_away(&self, code: u16) {
        self.inside.lock().unwrap().refuses = Some(code);
    }

    /// No session can be gone on with.
    pub fn forgets(&self) {
        self.inside.lock().unwrap().session = None;
    }

    /// Signs of life are wanted so often, and not answered.
    pub fn is_deaf(&self, beat_ms: u64) {
        let mut inside = self.inside.lock().unwrap();
        (inside.deaf, inside.beat_ms) = (true, beat_ms);
    }

    /// Where READY says to go on.
    pub fn names_gateway(&self, url: String) {
        self.inside.lock().unwrap().next_gateway = url;
    }

    /// What the ear said: 2 to begin, 6 to go on.
    pub fn heard(&self, op: u64) -> Vec<Value> {
        let inside = self.inside.lock().unwrap();
        inside.said.iter().filter(|it| it["op"] == op).map(|it| it["d"].clone()).collect()
    }

    /// Waits until something is so.
    pub async fn until(&self, so: impl Fn(&Fake) -> bool) {
        loop {
            let moved = self.moved.notified();
            if so(self) {
                return;
            }
            // A line that only closes moves nothing here.
            let _ = tokio::time::timeout(Duration::from_millis(20), moved).await;
        }
    }

    /// Waits until a line is open and a session on it.
    pub async fn is_heard(&self) {
        self.until(|it| it.inside.lock().unwrap().line.is_some()).await;
    }

    fn greets(&self, said: &Value, line: &mpsc::UnboundedSender<Message>) {
        let mut inside = self.inside.lock().unwrap();
        let send = |word: &Value| line.send(Message::text(word.to_string())).unwrap();
        let session = inside.session.clone();
        match (said["op"].as_u64(), session) {
            (Some(2), _) => {
                inside.sessions += 1;
                let id = format!("session-{}", inside.sessions);
                inside.session = Some(id.clone());
                let application = json!({ "id": APPLICATION.to_string() });
                let data = json!({
                    "v": 10, "session_id": id, "resume_gateway_url": inside.next_gateway,
                    "application": application, "guilds": [],
                });
                let ready = json!({ "op": 0, "t": "READY", "s": 1, "d": data });
                send(&ready);
                inside.log = vec![ready];
                inside.line = Some(line.clone());
            }
            (Some(6), Some(known)) if said["d"]["session_id"] == json!(known) => {
                let seq = said["d"]["seq"].as_u64().unwrap();
                inside.log.iter().filter(|it| it["s"].as_u64() > Some(seq)).for_each(send);
                let last = inside.log.len() as u64 + 1;
                let resumed = json!({ "op": 0, "t": "RESUMED", "s": last, "d": {} });
                send(&resumed);
                inside.log.push(resumed);
                inside.line = Some(line.clone());
            }
            (Some(6), _) => send(&json!({ "op": 9, "d": false })),
            _ => {}
        }
    }
}

async fn line(
    State(fake): State<Fake>,
    RawQuery(query): RawQuery,
    up: WebSocketUpgrade,
) -> Response {
    assert_eq!(query.as_deref(), Some("v=10&encoding=json"));
    up.on_upgrade(|socket| talk(fake, socket))
}

async fn talk(fake: Fake, mut socket: WebSocket) {
    let (to_line, mut of_line) = mpsc::unbounded_channel();
    let beat_ms = fake.inside.lock().unwrap().beat_ms;
    let hello = json!({ "op": 10, "d": { "heartbeat_interval": beat_ms } });
    let _ = socket.send(Message::text(hello.to_string())).await;
    loop {
        tokio::select! {
            word = of_line.recv() => {
                let Some(word) = word else { return };
                let closes = matches!(word, Message::Close(_));
                if socket.send(word).await.is_err() || closes {
                    return;
                }
            }
            said = socket.recv() => {
                let Some(Ok(Message::Text(said))) = said else { return };
                let said: Value = serde_json::from_str(&said).unwrap();
                fake.inside.lock().unwrap().said.push(said.clone());
                let deaf = fake.inside.lock().unwrap().deaf;
                match said["op"].as_u64() {
                    Some(1) if !deaf => {
                        let _ = socket.send(Message::text(json!({ "op": 11 }).to_string())).await;
                    }
                    Some(1) => {}
                    _ => {
                        assert_eq!(said["d"]["token"], TOKEN);
                        let refuses = fake.inside.lock().unwrap().refuses;
                        if let Some(code) = refuses {
                            let frame = CloseFrame { code, reason: "".into() };
                            let _ = socket.send(Message::Close(Some(frame))).await;
                            return;
                        }
                        fake.greets(&said, &to_line);
                    }
                }
                fake.moved.notify_waiters();
            }
        }
    }
}

async fn asked(
    State(fake): State<Fake>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert_eq!(headers["authorization"], format!("Bot {TOKEN}"));
    assert!(headers["user-agent"].to_str().unwrap().starts_with("DiscordBot ("));
    let path = uri.path().strip_prefix("/api/v10").unwrap().to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let instead = {
        let mut inside = fake.inside.lock().unwrap();
        let query = uri.query().map(|it| format!("?{it}")).unwrap_or_default();
        inside.asked.push((method.to_string(), format!("{path}{query}"), body.clone()));
        let at = inside.instead.iter().position(|(it, _)| path.starts_with(it.as_str()));
        at.and_then(|it| inside.instead.remove(it)).map(|(_, it)| it)
    };
    fake.moved.notify_waiters();
    match instead {
        Some(Instead::Says(status, headers, body)) => {
            let mut answer = (StatusCode::from_u16(status).unwrap(), body).into_response();
            for (name, value) in headers {
                answer.headers_mut().insert(name, value.parse().unwrap());
            }
            answer
        }
        Some(Instead::Nothing) => panic!("the line closes"),
        Some(Instead::NothingAfterIt) => {
            fake.answers(&method, &path, uri.query(), &body);
            panic!("the line closes")
        }
        None => fake.answers(&method, &path, uri.query(), &body),
    }
}

impl Fake {
    fn answers(&self, method: &Method, path: &str, query: Option<&str>, body: &Value) -> Response {
        let mut inside = self.inside.lock().unwrap();
        let parts: Vec<_> = path.split('/').skip(1).collect();
        match (method.as_str(), parts.as_slice()) {
            ("POST", ["users", "@me", "channels"]) => {
                let whom: u64 = body["recipient_id"].as_str().unwrap().parse().unwrap();
                let dm = if whom == ANA { DM } else { whom + 1 };
                yes(json!({ "id": dm.to_string(), "type": 1 }))
            }
            ("POST", ["channels", channel, "messages"]) => {
                let channel: u64 = channel.parse().unwrap();
                let long = body["content"].as_str().unwrap_or_default().chars().count() > 2_000;
                let nonce = body["nonce"].as_str().unwrap_or_default().to_owned();
                if long || body["content"] == "" || nonce.len() > 25 {
                    return no(400, 50_035);
                }
                assert_eq!(body["enforce_nonce"], true);
                let next = 900 + inside.nonces.len() as u64;
                if let Some(known) = inside.nonces.get(&nonce) {
                    return yes(json!({ "id": known.to_string() }));
                }
                inside.nonces.insert(nonce, next);
                inside.written.entry(channel).or_default().push(body.clone());
                yes(json!({ "id": next.to_string() }))
            }
            ("GET", ["channels", channel, "messages"]) => {
                let query = query.unwrap_or_default();
                let after = query.split('&').find_map(|it| it.strip_prefix("after="));
                let after: u64 = after.unwrap().parse().unwrap();
                let id = |it: &Value| it["id"].as_str().unwrap_or("0").parse::<u64>().unwrap();
                let all = inside.written.get(&channel.parse().unwrap()).cloned();
                let mut all = all.unwrap_or_default();
                all.retain(|it| id(it) > after);
                all.sort_by_key(&id);
                all.truncate(100);
                all.reverse();
                yes(json!(all))
            }
            ("GET", ["gateway", "bot"]) => yes(json!({ "url": "wss://gateway.invalid" })),
            ("POST", ["interactions", ..]) => StatusCode::NO_CONTENT.into_response(),
            _ => yes(json!({})),
        }
    }
}

fn yes(result: Value) -> Response {
    axum::Json(result).into_response()
}

fn no(status: u16, code: u64) -> Response {
    let body = json!({ "code": code, "message": "no" });
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

/// Words of Ana's in her direct message.
pub fn words(id: u64, text: &str) -> Value {
    let author = json!({ "id": ANA.to_string(), "username": "ana" });
    json!({
        "id": id.to_string(), "channel_id": DM.to_string(), "type": 0, "author": author,
        "content": text, "attachments": [],
    })
}

/// Something that Ana gave, tapped or sent in her direct message.
pub fn act(id: u64, kind: u64, data: Value) -> Value {
    json!({
        "id": id.to_string(), "application_id": APPLICATION.to_string(), "type": kind,
        "token": format!("canary-token-{id}"), "channel_id": DM.to_string(), "context": 1,
        "user": { "id": ANA.to_string(), "username": "ana" }, "locale": "en-US", "data": data,
    })
}

/// A message on its way to Ana.
pub fn outgoing(effect: &str, text: &str) -> Outgoing {
    let mut outgoing = crate::telegram::fake::outgoing(effect, text);
    outgoing.to = ANA.to_string();
    outgoing.frozen.channel = "discord".into();
    outgoing
}
