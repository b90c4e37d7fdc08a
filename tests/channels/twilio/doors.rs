//! The doors that Twilio calls: forged, replayed, and while the database is away.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use mendline::channels::inward::{Came, Entered, Gate, NotTaken, Said};
use mendline::channels::twilio::{signature, webhooks};
use mendline::store::MessageRef;
use mendline_engine::event::Receipt;
use tower::ServiceExt;

use super::support::{PUBLIC, TOKEN, account, encoded, settings};

/// A gate that keeps what came.
#[derive(Default)]
pub struct Kept {
    pub came: Mutex<Vec<Came>>,
    pub reported: Mutex<Vec<(MessageRef, Receipt)>>,
    pub away: bool,
}

#[async_trait]
impl Gate for Kept {
    async fn came(&self, it: Came) -> Result<Entered, NotTaken> {
        self.taken()?;
        self.came.lock().unwrap().push(it);
        Ok(Entered::default())
    }

    async fn reported(&self, key: &MessageRef, receipt: Receipt) -> Result<(), NotTaken> {
        self.taken()?;
        self.reported.lock().unwrap().push((key.clone(), receipt));
        Ok(())
    }
}

impl Kept {
    fn taken(&self) -> Result<(), NotTaken> {
        if self.away { Err(NotTaken::Later("away".into())) } else { Ok(()) }
    }

    fn nothing(&self) -> bool {
        self.came.lock().unwrap().is_empty() && self.reported.lock().unwrap().is_empty()
    }
}

pub fn doors(gate: &Arc<Kept>) -> Router {
    webhooks(&settings("http://127.0.0.1:1"), PUBLIC).unwrap()(gate.clone())
}

pub fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut form: Vec<_> =
        pairs.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
    form.push(("AccountSid".into(), account()));
    form
}

fn message(body: &str) -> Vec<(String, String)> {
    form(&[("MessageSid", "SM1"), ("From", "+15555550123"), ("To", "+15555550100"), ("Body", body)])
}

pub async fn posted(
    doors: &Router,
    path: &str,
    signature: Option<&str>,
    form: &[(String, String)],
) -> (StatusCode, String) {
    let mut request =
        Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    if let Some(it) = signature {
        request = request.header("X-Twilio-Signature", it);
    }
    let request = request.body(Body::from(encoded(form))).unwrap();
    let response = doors.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn signed(path: &str, form: &[(String, String)]) -> String {
    signature::sign(TOKEN, &format!("{PUBLIC}{path}"), form)
}

#[tokio::test]
async fn what_twilio_signed_is_handed_in_and_answered_with_nothing() {
    let gate = Arc::new(Kept::default());
    for (path, from) in
        [("/webhooks/sms", "+15555550123"), ("/webhooks/whatsapp", "whatsapp:+15555550123")]
    {
        let form = form(&[("MessageSid", "SM1"), ("From", from), ("Body", "hola, ¿qué tal?")]);
        let (status, body) = posted(&doors(&gate), path, Some(&signed(path, &form)), &form).await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.ends_with("<Response/>"), "{body}");
    }
    let channels: Vec<_> = gate.came.lock().unwrap().iter().map(|it| it.channel).collect();
    assert_eq!(channels, ["sms", "whatsapp"]);
}

#[tokio::test]
async fn what_is_forged_is_refused_and_nothing_is_kept() {
    let gate = Arc::new(Kept::default());
    let (sms, form) = ("/webhooks/sms", message("STOP"));
    let right = signed(sms, &form);
    let status = "/webhooks/status?payer=northwind&message=c1%2F3.0&part=1&of=1";
    let other = signed("/webhooks/whatsapp", &form);
    let by_another = signature::sign("another", &format!("{PUBLIC}{sms}"), &form);
    for (path, signature, form) in [
        (sms, None, form.clone()),
        (sms, Some(""), form.clone()),
        (sms, Some("not base64!"), form.clone()),
        (sms, Some(by_another.as_str()), form.clone()),
        (sms, Some(other.as_str()), form.clone()),
        (sms, Some(right.as_str()), message("START")),
        ("/webhooks/sms?more=1", Some(right.as_str()), form.clone()),
        (status, Some(right.as_str()), form.clone()),
        (status, None, form.clone()),
    ] {
        let (code, body) = posted(&doors(&gate), path, signature, &form).await;
        assert_eq!(code, StatusCode::FORBIDDEN, "{path} {signature:?}");
        assert!(body.is_empty());
    }
    assert!(gate.nothing());
}

#[tokio::test]
async fn another_accounts_form_is_refused_though_it_is_signed() {
    let gate = Arc::new(Kept::default());
    let path = "/webhooks/sms";
    let mut form = message("hi");
    form.retain(|(name, _)| name != "AccountSid");
    form.push(("AccountSid".into(), format!("AC{}", "b".repeat(32))));
    let (status, _) = posted(&doors(&gate), path, Some(&signed(path, &form)), &form).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(gate.nothing());
}

#[tokio::test]
async fn what_is_replayed_comes_under_the_same_id() {
    let gate = Arc::new(Kept::default());
    let (path, form) = ("/webhooks/sms", message("hi"));
    for _ in 0..2 {
        posted(&doors(&gate), path, Some(&signed(path, &form)), &form).await;
    }
    let came = gate.came.lock().unwrap();
    assert_eq!((came.len(), came[0].clone()), (2, came[1].clone()), "the gate knows the second");
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_acknowledged() {
    let gate = Arc::new(Kept { away: true, ..Kept::default() });
    let status = "/webhooks/status?payer=northwind&message=c1%2F3.0&part=1&of=1";
    let report = form(&[("MessageStatus", "delivered"), ("MessageSid", "SM1")]);
    for (path, form) in [("/webhooks/sms", message("hi")), (status, report)] {
        let (code, _) = posted(&doors(&gate), path, Some(&signed(path, &form)), &form).await;
        assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
}

#[tokio::test]
async fn a_report_comes_back_under_the_messages_key() {
    let gate = Arc::new(Kept::default());
    let path = "/webhooks/status?payer=northwind&message=c1%2F3.0&part=1&of=1";
    for status in ["queued", "sent", "delivered"] {
        let form =
            form(&[("MessageStatus", status), ("MessageSid", "SM1"), ("To", "+15555550123")]);
        let (code, _) = posted(&doors(&gate), path, Some(&signed(path, &form)), &form).await;
        assert_eq!(code, StatusCode::NO_CONTENT);
    }
    let key = MessageRef { payer: "northwind".into(), effect: "c1/3.0".parse().unwrap() };
    assert_eq!(*gate.reported.lock().unwrap(), [(key, Receipt::Shown)]);
}

#[tokio::test]
async fn a_number_that_is_gone_is_said() {
    let gate = Arc::new(Kept::default());
    let path = "/webhooks/status?payer=northwind&message=c1%2F3.0&part=1&of=1";
    let form = form(&[
        ("MessageStatus", "undelivered"),
        ("ErrorCode", "30005"),
        ("MessageSid", "SM1"),
        ("To", "+15555550123"),
    ]);
    posted(&doors(&gate), path, Some(&signed(path, &form)), &form).await;
    assert_eq!(gate.reported.lock().unwrap()[0].1, Receipt::Failed);
    let came = gate.came.lock().unwrap();
    assert_eq!((&came[0].said, came[0].address.as_str()), (&Said::Gone, "+15555550123"));
}

#[tokio::test]
async fn a_form_without_end_and_another_method_are_refused() {
    let gate = Arc::new(Kept::default());
    let (path, form) = ("/webhooks/sms", message(&"a".repeat(100_000)));
    let (code, _) = posted(&doors(&gate), path, Some(&signed(path, &form)), &form).await;
    assert_eq!(code, StatusCode::PAYLOAD_TOO_LARGE);
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = doors(&gate).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(gate.nothing());
}
