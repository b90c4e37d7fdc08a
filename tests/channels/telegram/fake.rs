//! A Bot API on loopback: it keeps what it is asked, and answers what a test says. And a gate and a
//! place that keep what they are told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use mendline::channels::Outgoing;
use mendline::channels::inward::{Came, Entered, Gate, NotTaken, Place};
use mendline::channels::telegram::{Api, Settings};
use mendline::store::{EffectRef, Frozen, Leaving, MessageRef};
use mendline_engine::event::Receipt;
use mendline_engine::message::MessageKind;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// The bot's token. Nothing may ever print it.
pub const TOKEN: &str = "424242:canary-token";

/// What a test says instead of yes.
#[derive(Clone)]
pub enum Instead {
    /// This status and this body.
    Says(u16, String),
    /// This status, and another place to go.
    Points(u16, String),
    /// Nothing at all: the line closes.
    Nothing,
    /// What it always says, so that a later time can be another.
    Yes,
}

#[derive(Default)]
struct Inside {
    asked: Vec<(String, Value)>,
    instead: VecDeque<(String, Instead)>,
    updates: Vec<Value>,
    webhook: bool,
}

/// The server.
#[derive(Clone, Default)]
pub struct Fake {
    inside: Arc<Mutex<Inside>>,
    moved: Arc<Notify>,
}

/// A server under its address.
pub struct Telegram {
    pub fake: Fake,
    pub url: String,
}

impl Telegram {
    pub async fn begin() -> Telegram {
        let fake = Fake::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/{bot}/{method}", post(asked))
            .route("/file/{bot}/{*path}", get(handed_out))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Telegram { fake, url }
    }

    pub fn api(&self) -> Api {
        api(&self.url)
    }
}

/// A line to a server.
pub fn api(url: &str) -> Api {
    let settings = format!("token = '{TOKEN}'\napi_url = '{url}'");
    toml::from_str::<Settings>(&settings).unwrap().api().unwrap()
}

impl Fake {
    /// What was asked of a method so far.
    pub fn asked(&self, method: &str) -> Vec<Value> {
        let inside = self.inside.lock().unwrap();
        let of = inside.asked.iter().filter(|(it, _)| it == method);
        of.map(|(_, body)| body.clone()).collect()
    }

    /// Every method that was asked, in order.
    pub fn methods(&self) -> Vec<String> {
        self.inside.lock().unwrap().asked.iter().map(|(it, _)| it.clone()).collect()
    }

    /// The next time that a method is asked, this is said instead of yes.
    pub fn once(&self, method: &str, instead: Instead) {
        self.inside.lock().unwrap().instead.push_back((method.into(), instead));
    }

    /// The same in Telegram's own words.
    pub fn refuses_once(&self, method: &str, code: u16, why: &str, parameters: Value) {
        let body = json!({
            "ok": false, "error_code": code, "description": why, "parameters": parameters,
        });
        self.once(method, Instead::Says(code, body.to_string()));
    }

    /// Something came.
    pub fn brings(&self, update: Value) {
        self.inside.lock().unwrap().updates.push(update);
        self.moved.notify_waiters();
    }

    /// Another program set a webhook.
    pub fn has_webhook(&self) {
        self.inside.lock().unwrap().webhook = true;
    }

    /// Waits until a method was asked so often.
    pub async fn was_asked(&self, method: &str, times: usize) {
        loop {
            let moved = self.moved.notified();
            if self.asked(method).len() >= times {
                return;
            }
            moved.await;
        }
    }

    async fn updates(&self, asked: &Value) -> Response {
        let from = asked["offset"].as_i64();
        let waits = asked["timeout"].as_i64().unwrap_or(0) > 0;
        loop {
            let moved = self.moved.notified();
            {
                let mut inside = self.inside.lock().unwrap();
                if inside.webhook {
                    let why = "Conflict: can't use getUpdates method while webhook is active";
                    return no(409, why);
                }
                // What an offset passes is confirmed, and gone.
                let passed =
                    |it: &Value| it["update_id"].as_i64().is_some_and(|id| Some(id) < from);
                inside.updates.retain(|it| !passed(it));
                if !inside.updates.is_empty() || !waits {
                    return yes(json!(inside.updates));
                }
            }
            moved.await;
        }
    }
}

async fn asked(
    State(fake): State<Fake>,
    Path((bot, method)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    assert_eq!(bot, format!("bot{TOKEN}"));
    let body: Value = serde_json::from_slice(&body).unwrap();
    let instead = {
        let mut inside = fake.inside.lock().unwrap();
        inside.asked.push((method.clone(), body.clone()));
        let at = inside.instead.iter().position(|(it, _)| *it == method);
        at.and_then(|it| inside.instead.remove(it)).map(|(_, it)| it)
    };
    fake.moved.notify_waiters();
    match instead {
        Some(Instead::Says(status, body)) => {
            (StatusCode::from_u16(status).unwrap(), body).into_response()
        }
        Some(Instead::Points(status, to)) => {
            (StatusCode::from_u16(status).unwrap(), [("location", to)]).into_response()
        }
        Some(Instead::Nothing) => panic!("the line closes"),
        None | Some(Instead::Yes) => match method.as_str() {
            "getUpdates" => fake.updates(&body).await,
            "deleteWebhook" => {
                fake.inside.lock().unwrap().webhook = false;
                yes(json!(true))
            }
            "sendMessage" => {
                let empty = body["text"].as_str().unwrap_or_default().trim().is_empty();
                let long = body["text"].as_str().unwrap_or_default().encode_utf16().count() > 4_096;
                match (empty, long) {
                    (true, _) => no(400, "Bad Request: message text is empty"),
                    (_, true) => no(400, "Bad Request: message is too long"),
                    _ => yes(
                        json!({ "message_id": 1, "date": 0, "chat": { "id": 1, "type": "private" } }),
                    ),
                }
            }
            _ => yes(json!(true)),
        },
    }
}

/// A file, as a test says it; its path is kept as if it were a method.
async fn handed_out(
    State(fake): State<Fake>,
    Path((bot, path)): Path<(String, String)>,
) -> Response {
    assert_eq!(bot, format!("bot{TOKEN}"));
    let mut inside = fake.inside.lock().unwrap();
    inside.asked.push((path.clone(), Value::Null));
    let at = inside.instead.iter().position(|(it, _)| *it == path);
    match at.and_then(|it| inside.instead.remove(it)) {
        Some((_, Instead::Says(status, body))) => {
            (StatusCode::from_u16(status).unwrap(), body).into_response()
        }
        Some((_, Instead::Points(status, to))) => {
            (StatusCode::from_u16(status).unwrap(), [("location", to)]).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn yes(result: Value) -> Response {
    axum::Json(json!({ "ok": true, "result": result })).into_response()
}

fn no(code: u16, why: &str) -> Response {
    let body = json!({ "ok": false, "error_code": code, "description": why });
    (StatusCode::from_u16(code).unwrap(), axum::Json(body)).into_response()
}

/// A gate that keeps what comes, once each.
#[derive(Clone, Default)]
pub struct Kept {
    came: Arc<Mutex<Vec<Came>>>,
    refuses: Arc<Mutex<u32>>,
    notice: Option<String>,
    moved: Arc<Notify>,
}

impl Kept {
    pub fn saying(notice: &str) -> Kept {
        Kept { notice: Some(notice.into()), ..Kept::default() }
    }

    /// Takes nothing, so many times.
    pub fn refuses(&self, times: u32) {
        *self.refuses.lock().unwrap() = times;
    }

    pub fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    pub async fn until(&self, many: usize) -> Vec<Came> {
        loop {
            let moved = self.moved.notified();
            let came = self.came();
            if came.len() >= many {
                return came;
            }
            moved.await;
        }
    }
}

#[async_trait]
impl Gate for Kept {
    async fn came(&self, it: Came) -> Result<Entered, NotTaken> {
        let mut refuses = self.refuses.lock().unwrap();
        if *refuses > 0 {
            *refuses -= 1;
            return Err(NotTaken::Later("the disk".into()));
        }
        let mut came = self.came.lock().unwrap();
        if came.iter().all(|kept| kept.id != it.id) {
            came.push(it);
        }
        self.moved.notify_waiters();
        Ok(Entered { notice: self.notice.clone() })
    }

    async fn reported(&self, _key: &MessageRef, _receipt: Receipt) -> Result<(), NotTaken> {
        Ok(())
    }
}

/// A place that outlives whoever listens.
#[derive(Clone, Default)]
pub struct Shelf {
    place: Arc<Mutex<Option<String>>>,
    lost: Arc<Mutex<bool>>,
    moved: Arc<Notify>,
}

impl Shelf {
    pub fn place(&self) -> Option<String> {
        self.place.lock().unwrap().clone()
    }

    /// Somebody else holds it from now on.
    pub fn lose(&self) {
        *self.lost.lock().unwrap() = true;
    }

    pub async fn until(&self, place: &str) {
        loop {
            let moved = self.moved.notified();
            if self.place().as_deref() == Some(place) {
                return;
            }
            moved.await;
        }
    }
}

#[async_trait]
impl Place for Shelf {
    async fn last(&self) -> Result<Option<String>, NotTaken> {
        Ok(self.place())
    }

    async fn keep(&self, place: &str) -> Result<bool, NotTaken> {
        if *self.lost.lock().unwrap() {
            return Ok(false);
        }
        *self.place.lock().unwrap() = Some(place.into());
        self.moved.notify_waiters();
        Ok(true)
    }
}

/// A message on its way to Ana's chat.
pub fn outgoing(effect: &str, text: &str) -> Outgoing {
    let effect: EffectRef = effect.parse().unwrap();
    Outgoing {
        key: MessageRef { payer: "demo".into(), effect },
        person: "ana".into(),
        to: "5550101".into(),
        frozen: Frozen {
            channel: "telegram".into(),
            text: text.into(),
            buttons: Vec::new(),
            language: "en".into(),
            private: true,
            numbers: Vec::new(),
        },
        question: None,
        deciding: None,
        speaker: None,
        zone: String::new(),
        leaving: Leaving { flow: None, kind: MessageKind::Reply },
        window_open: true,
        now_ms: 1_795_430_000_000,
    }
}
