//! With programs that we did not write, when `tests/peers/twilio/run` gives their place: Prism over
//! Twilio's own specification, and the vendor's own signer.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::http::StatusCode;
use mendline::channels::twilio::answer::{Answer, Response, Trouble, sorted};
use mendline::channels::twilio::{Kind, Settings};
use mendline::channels::{Channel, Outgoing};
use serde_json::json;

use super::doors::{Kept, doors, form, posted};
use super::support::*;

/// Where the mock of Twilio's API listens.
fn prism() -> Option<String> {
    std::env::var("MENDLINE_TWILIO_PRISM").ok()
}

#[tokio::test]
async fn twilios_own_specification_takes_our_requests() {
    let Some(url) = prism() else { return };
    let sms = channel(Kind::Sms, &url);
    sms.send(&outgoing("Are you at the pharmacy?", &["Yes", "No"])).await.unwrap();
    sms.send(&outgoing(&"¿Está allí? ".repeat(200), &[])).await.unwrap();
    let service =
        json!({ "messaging_service": format!("MG{}", "b".repeat(32)), "per_second": 1000 });
    let by_service =
        Settings { sms: vec![serde_json::from_value(service).unwrap()], ..settings(&url) };
    let sms = channel_in(Kind::Sms, by_service, no_purpose());
    sms.send(&outgoing("By a service.", &[])).await.unwrap();
    let whatsapp = channel(Kind::WhatsApp, &url);
    for window_open in [true, false] {
        let message = outgoing("There is an update.", &[]);
        whatsapp.send(&Outgoing { window_open, ..message }).await.unwrap();
    }
}

#[tokio::test]
async fn twilios_own_specification_refuses_what_it_must() {
    let Some(url) = prism() else { return };
    let posted = |with: &[(&str, &str)], authorized: bool| {
        let mut request = ureq::post(settings(&url).messages_url());
        if authorized {
            request = request.header("Authorization", "Basic QUM6dA==");
        }
        let request = request.config().http_status_as_error(false).build();
        let mut response = request.send_form(with.iter().copied()).unwrap();
        let body = response.body_mut().read_to_string().unwrap();
        Response { status: response.status().as_u16(), body, ..Response::default() }
    };
    let refused = posted(&[("To", "+15555550123")], false);
    assert_eq!(refused.status, 401);
    assert_eq!(sorted(&refused), Answer::Trouble(Trouble::Credentials));
    let nobody = posted(&[("Body", "to nobody")], true);
    assert!((400..500).contains(&nobody.status), "{nobody:?}");
    assert_ne!(sorted(&nobody), Answer::Took);
}

#[tokio::test]
async fn what_the_vendors_signer_signs_is_taken() {
    let Ok(python) = std::env::var("MENDLINE_TWILIO_PYTHON") else { return };
    let mut signer = Command::new(python)
        .args(["tests/peers/twilio/sign.py", "sign"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = signer.stdin.take().unwrap();
    let mut from = BufReader::new(signer.stdout.take().unwrap());
    let gate = Arc::new(Kept::default());
    for (path, body) in [
        ("/webhooks/sms", "my prescription was rejected"),
        ("/webhooks/sms", "¿Está aprobada? 🙂 & más = 100%"),
        ("/webhooks/whatsapp", "  2\n"),
        ("/webhooks/sms?from=here&to=there", "STOP"),
    ] {
        let form =
            form(&[("MessageSid", "SM1"), ("From", "+15555550123"), ("Body", body), ("Empty", "")]);
        let case = json!({ "token": TOKEN, "url": format!("{PUBLIC}{path}"), "form": form });
        writeln!(to, "{case}").unwrap();
        let mut signature = String::new();
        from.read_line(&mut signature).unwrap();
        let (status, _) = posted(&doors(&gate), path, Some(signature.trim()), &form).await;
        assert_eq!(status, StatusCode::OK, "{path} {body}");
    }
    assert_eq!(gate.came.lock().unwrap().len(), 4);
    drop(to);
    assert!(signer.wait().unwrap().success());
}
