//! Sending, against a Twilio that says what it is told to say.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mendline::channels::twilio::answer::Trouble;
use mendline::channels::twilio::{Kind, Purposes, Settings};
use mendline::channels::{Channel, Outgoing, SendError};
use serde_json::json;
use tokio::io::AsyncReadExt;

use super::support::*;

#[tokio::test]
async fn a_message_is_made_under_the_account_and_not_taken_for_seen() {
    let twilio = Twilio::that_says(vec![took()]).await;
    let sms = channel(Kind::Sms, &twilio.url);
    let sent = sms.send(&outgoing("Are you there?", &["Yes", "No"])).await.unwrap();
    assert!(!sent.shown, "Twilio will report");
    let sent = &twilio.sent()[0];
    assert_eq!(sent.uri, format!("/2010-04-01/Accounts/{}/Messages.json", account()));
    let basic = STANDARD.encode(format!("{}:{TOKEN}", account()));
    assert_eq!(sent.authorization, Some(format!("Basic {basic}")));
    assert_eq!(sent.field("To"), "+15555550123");
    assert_eq!(sent.field("From"), "+15555550100");
    assert_eq!(sent.field("Body"), "Are you there?\n\nReply 1 for Yes\n2 for No");
    assert!(sent.field("StatusCallback").starts_with("https://care.example.com/webhooks/status?"));
}

#[tokio::test]
async fn the_purpose_picks_the_sender() {
    let twilio = Twilio::that_says(vec![took(), took()]).await;
    let purposes: Purposes = Arc::new(|flow| (flow == "refill").then(|| "refills".into()));
    let sms = channel_in(Kind::Sms, settings(&twilio.url), purposes);
    let mut message = outgoing("Time for a refill.", &[]);
    sms.send(&message).await.unwrap();
    message.leaving.flow = Some("refill".into());
    sms.send(&message).await.unwrap();
    let from: Vec<_> = twilio.sent().iter().map(|it| it.field("From").to_owned()).collect();
    assert_eq!(from, ["+15555550100", "+15555550101"]);
}

#[tokio::test]
async fn whatsapp_writes_freely_for_a_day_and_by_template_after_it() {
    let twilio = Twilio::that_says(vec![took(), took()]).await;
    let whatsapp = channel(Kind::WhatsApp, &twilio.url);
    for (window_open, field) in [(true, "Body"), (false, "ContentVariables")] {
        let message = outgoing("There is an update.", &[]);
        whatsapp.send(&Outgoing { window_open, ..message }).await.unwrap();
        let sent = twilio.sent().pop().unwrap();
        assert!(sent.field(field).contains("There is an update."));
        assert_eq!(sent.field("To"), "whatsapp:+15555550123");
    }
}

#[tokio::test]
async fn the_channels_carry_no_more_than_they_may() {
    let (sms, whatsapp) =
        (channel(Kind::Sms, "http://127.0.0.1:1"), channel(Kind::WhatsApp, "http://127.0.0.1:1"));
    assert_eq!((sms.profile().name, sms.profile().level, sms.profile().intrudes), ("sms", 1, true));
    assert_eq!((whatsapp.profile().name, whatsapp.profile().level), ("whatsapp", 0));
    assert!(whatsapp.window_ms().is_some_and(|it| it < 24 * 60 * 60 * 1_000));
    assert_eq!(sms.window_ms(), None);
    assert!(whatsapp.profile().intrudes && !sms.profile().buttons && !whatsapp.profile().buttons);
}

#[tokio::test]
async fn a_sender_that_was_told_to_rest_asks_nothing_meanwhile() {
    let busy = Say(429, vec![("retry-after", "30".into())], r#"{"code":20429}"#.into());
    let twilio = Twilio::that_says(vec![busy]).await;
    let sms = channel(Kind::Sms, &twilio.url);
    for _ in 0..3 {
        let Err(SendError::Busy(wait_ms)) = sms.send(&outgoing("hi", &[])).await else {
            panic!("it does not rest");
        };
        assert!((25_000..=30_000).contains(&wait_ms), "{wait_ms}");
    }
    assert_eq!(twilio.sent().len(), 1, "the second and third were not even tried");
}

#[tokio::test]
async fn a_revoked_token_is_told_until_it_is_mended() {
    let twilio = Twilio::that_says(vec![refused(401, 20003), refused(401, 20003), took()]).await;
    let sms = channel(Kind::Sms, &twilio.url);
    for _ in 0..2 {
        let sent = sms.send(&outgoing("hi", &[])).await;
        assert_eq!(sent, Err(SendError::Later("twilio refuses the credentials".into())));
        assert_eq!(sms.troubles(), [Trouble::Credentials]);
    }
    sms.send(&outgoing("hi", &[])).await.unwrap();
    assert!(sms.troubles().is_empty());
}

#[tokio::test]
async fn what_cannot_succeed_is_not_tried_again_and_an_opt_out_is_known() {
    let twilio = Twilio::that_says(vec![refused(400, 21211), refused(400, 21610)]).await;
    let sms = channel(Kind::Sms, &twilio.url);
    let sent = sms.send(&outgoing("hi", &[])).await;
    assert_eq!(sent, Err(SendError::Never("twilio error 21211".into())));
    assert_eq!(sms.send(&outgoing("hi", &[])).await, Err(SendError::OptedOut));
}

fn list(body: &str, at: &str) -> Say {
    let list = json!({ "messages": [{
        "to": "+15555550123", "body": body, "direction": "outbound-api",
        "date_created": at, "date_sent": null, "status": "queued",
    }] });
    Say(200, Vec::new(), list.to_string())
}

/// When the message is sent, by [`NOW_MS`]: 2026-09-21 14:13:20 UTC.
const NOW: &str = "Mon, 21 Sep 2026 14:13:20 +0000";
const AN_HOUR_AGO: &str = "Mon, 21 Sep 2026 13:13:20 +0000";

#[tokio::test]
async fn a_message_that_nobody_knows_about_is_looked_for() {
    let broken = || Say(500, Vec::new(), "<html>oops</html>".into());
    let twilio = Twilio::that_says(vec![broken(), list("Hi there", NOW)]).await;
    let sms = channel(Kind::Sms, &twilio.url);
    assert!(sms.send(&outgoing("Hi there", &[])).await.is_ok());
    let asked = &twilio.sent()[1];
    assert_eq!(asked.method, "GET");
    assert!(!asked.uri.contains("5555550123"), "the address is not in a request that is logged");
    // The same words an hour ago, other words now, a page in the list's place: nobody knows.
    for list in [list("Hi there", AN_HOUR_AGO), list("Hello", NOW), broken()] {
        twilio.then_says(broken());
        twilio.then_says(list);
        let sent = sms.send(&outgoing("Hi there", &[])).await;
        assert!(matches!(sent, Err(SendError::Maybe(_))), "{sent:?}");
    }
}

#[tokio::test]
async fn a_line_that_breaks_off_after_the_request_may_have_brought_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut line, _)) = listener.accept().await {
            let _ = line.read(&mut [0; 4_096]).await;
        }
    });
    let sent = channel(Kind::Sms, &url).send(&outgoing("hi", &[])).await;
    assert!(matches!(sent, Err(SendError::Maybe(_))), "{sent:?}");
}

#[tokio::test]
async fn a_line_that_never_was_has_brought_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sent = channel(Kind::Sms, &url).send(&outgoing("hi", &[])).await;
    assert_eq!(sent, Err(SendError::Later("twilio is away".into())));
}

#[tokio::test]
async fn parts_that_were_taken_are_not_sent_again() {
    let twilio = Twilio::that_says(vec![took(), refused(503, 20503), took()]).await;
    let sms = channel(Kind::Sms, &twilio.url);
    let long = outgoing(&"A sentence of many. ".repeat(100), &[]);
    assert!(matches!(sms.send(&long).await, Err(SendError::Later(_))));
    sms.send(&long).await.unwrap();
    let sent = twilio.sent();
    assert_eq!(sent.len(), 3);
    assert_ne!(sent[0].field("Body"), sent[1].field("Body"));
    assert_eq!(sent[1].field("Body"), sent[2].field("Body"), "the second part alone is repeated");
}

#[tokio::test]
async fn whoever_stands_in_for_twilio_cannot_send_us_to_the_real_one() {
    let away =
        Say(307, vec![("location", "https://api.twilio.com/2010-04-01".into())], String::new());
    let twilio = Twilio::that_says(vec![away]).await;
    let sent = channel(Kind::Sms, &twilio.url).send(&outgoing("hi", &[])).await;
    assert_eq!(sent, Err(SendError::Later("sent elsewhere".into())));
}

#[test]
fn where_a_base_is_configured_the_real_one_is_never_called() {
    let given: Settings = settings("http://127.0.0.1:4010/");
    assert!(given.messages_url().starts_with("http://127.0.0.1:4010/2010-04-01/Accounts/AC"));
    let real = Settings { api_url: None, ..given };
    assert!(real.messages_url().starts_with("https://api.twilio.com/2010-04-01/Accounts/AC"));
}
