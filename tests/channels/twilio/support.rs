//! An account, a message, a house that answers what the channel asks, and a Twilio that says what
//! it is told to say.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use mendline::channels::Outgoing;
use mendline::channels::twilio::{Kind, Purposes, Settings, TwilioChannel};
use mendline::store::{EffectRef, Frozen, Leaving, MessageRef};
use mendline_engine::message::MessageKind;
use serde_json::Value;

pub const TOKEN: &str = "not-a-real-token";
pub const PUBLIC: &str = "https://care.example.com";
pub const NOW_MS: i64 = 1_790_000_000_000;

pub fn account() -> String {
    format!("AC{}", "a".repeat(32))
}

pub fn settings(api_url: &str) -> Settings {
    let text = format!(
        "account_sid = \"{}\"\nauth_token = \"{TOKEN}\"\napi_url = \"{api_url}\"\n\
         [[sms]]\nnumber = \"+15555550100\"\nper_second = 1000\n\
         [[sms]]\nnumber = \"+15555550101\"\npurpose = \"refills\"\nper_second = 1000\n\
         [[whatsapp]]\nnumber = \"+15555550100\"\nper_second = 1000\n\
         [templates.en]\ncontent_sid = \"HX{}\"\n",
        account(),
        "c".repeat(32),
    );
    toml::from_str(&text).unwrap()
}

/// Every file of a folder of fixtures: its name, and what is in it.
pub fn fixtures(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new("tests/channels/twilio/fixtures").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files.into_iter().map(|it| (it.display().to_string(), fixture(&it))).collect()
}

pub fn fixture(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// A form, from an object.
pub fn form(it: &Value) -> Vec<(String, String)> {
    let fields = it.as_object().unwrap().iter();
    fields.map(|(name, it)| (name.clone(), it.as_str().unwrap().to_owned())).collect()
}

pub fn encoded(form: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

pub fn outgoing(text: &str, buttons: &[&str]) -> Outgoing {
    let effect: EffectRef = "c1/3.0".parse().unwrap();
    let numbers = (1..).zip(buttons).map(|(number, _)| number).collect();
    let buttons = buttons.iter().map(|it| (it.to_lowercase(), (*it).to_owned())).collect();
    Outgoing {
        key: MessageRef { payer: "northwind".into(), effect: effect.clone() },
        person: "ana".into(),
        to: "+15555550123".into(),
        frozen: Frozen {
            channel: "sms".into(),
            text: text.into(),
            buttons,
            numbers,
            language: "en".into(),
            private: true,
        },
        question: Some(effect),
        deciding: None,
        speaker: None,
        zone: String::new(),
        leaving: Leaving { flow: Some("approval".into()), kind: MessageKind::Proactive },
        window_open: true,
        now_ms: NOW_MS,
    }
}

/// No flow has a purpose.
pub fn no_purpose() -> Purposes {
    Arc::new(|_| None)
}

pub fn channel(kind: Kind, api_url: &str) -> TwilioChannel {
    channel_in(kind, settings(api_url), no_purpose())
}

pub fn channel_in(kind: Kind, settings: Settings, purposes: Purposes) -> TwilioChannel {
    TwilioChannel::new(kind, settings, PUBLIC, purposes).unwrap()
}

/// What a Twilio of ours says next.
#[derive(Clone)]
pub struct Say(pub u16, pub Vec<(&'static str, String)>, pub String);

pub fn took() -> Say {
    Say(201, Vec::new(), r#"{"sid":"SM1","status":"queued","error_code":null}"#.into())
}

pub fn refused(status: u16, code: u32) -> Say {
    Say(status, Vec::new(), format!(r#"{{"code":{code},"status":{status},"message":"secret"}}"#))
}

/// One request that it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    pub uri: String,
    pub authorization: Option<String>,
    pub form: Vec<(String, String)>,
}

impl Sent {
    pub fn field(&self, name: &str) -> &str {
        &self.form.iter().find(|(it, _)| it == name).unwrap().1
    }
}

/// A Twilio that says what it is told to say, in order, and keeps what it was sent.
#[derive(Clone, Default)]
pub struct Twilio {
    says: Arc<Mutex<VecDeque<Say>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
    pub url: String,
}

impl Twilio {
    pub async fn that_says(says: Vec<Say>) -> Twilio {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let it = Twilio { says: Arc::new(Mutex::new(says.into())), url, ..Twilio::default() };
        let app = Router::new().fallback(answer).with_state(it.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        it
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    pub fn then_says(&self, say: Say) {
        self.says.lock().unwrap().push_back(say);
    }
}

async fn answer(
    State(it): State<Twilio>,
    method: axum::http::Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get("authorization").map(|it| it.to_str().unwrap().to_owned());
    let form = form_urlencoded::parse(&body).into_owned().collect();
    let sent = Sent { method: method.to_string(), uri: uri.to_string(), authorization, form };
    it.sent.lock().unwrap().push(sent);
    let say = it.says.lock().unwrap().pop_front();
    let Say(status, headers, body) = say.expect("more was sent than expected");
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
