//! The sending half against a server: every answer is sorted, and nothing is said twice.

use mendline::channels::telegram::{Pace, TelegramChannel};
use mendline::channels::{Channel, Outgoing, SendError, Sent};
use mendline::store::standing::Stands;
use serde_json::json;

use super::fake::{Instead, Telegram, api, outgoing};

/// Every message has the same number at the fake.
fn sent() -> Result<Sent, SendError> {
    Ok(Sent { id: Some("1".into()), ..Sent::as_shown() })
}

async fn begin() -> (Telegram, TelegramChannel) {
    let telegram = Telegram::begin().await;
    let channel = TelegramChannel::new(telegram.api()).paced(Pace::every(0));
    (telegram, channel)
}

/// A text of two parts.
fn long() -> Outgoing {
    outgoing("c1/1.0", &format!("{}\n\n{}", "first. ".repeat(500), "second. ".repeat(500)))
}

#[tokio::test]
async fn what_telegram_takes_is_shown_as_far_as_it_can_tell() {
    let (telegram, channel) = begin().await;
    assert_eq!(channel.send(&outgoing("c1/1.0", "Hello.")).await, sent());
    let asked = telegram.fake.asked("sendMessage");
    assert_eq!(asked.len(), 1);
    assert_eq!((&asked[0]["chat_id"], &asked[0]["text"]), (&json!(5550101), &json!("Hello.")));
}

#[tokio::test]
async fn no_words_about_health_may_go_this_way() {
    let (_telegram, channel) = begin().await;
    let profile = channel.profile();
    assert_eq!((profile.name, profile.level, profile.intrudes), ("telegram", 0, true));
}

#[tokio::test]
async fn every_answer_is_sorted_by_what_to_do_next() {
    let (telegram, channel) = begin().await;
    let html = "<html><h1>502 Bad Gateway</h1></html>".to_owned();
    let said = |code: u16, why: &str| {
        let body = json!({ "ok": false, "error_code": code, "description": why });
        Instead::Says(code, body.to_string())
    };
    let later = |why: &str| SendError::Later(why.into());
    let maybe = |why: &str| SendError::Maybe(why.into());
    let cases = [
        (said(403, "Forbidden: bot was blocked by the user"), SendError::OptedOut),
        (said(400, "Bad Request: chat not found"), SendError::Never("no chat".into())),
        (said(401, "Unauthorized"), later("token refused")),
        (said(500, "Internal Server Error"), later("refused for now")),
        (Instead::Says(503, html.clone()), later("503")),
        (Instead::Says(403, html.clone()), later("turned away before Telegram")),
        (Instead::Says(502, html.clone()), maybe("5xx")),
        (Instead::Says(200, html), maybe("unreadable")),
        (Instead::Nothing, maybe("broken off")),
    ];
    for (nth, (instead, expected)) in cases.into_iter().enumerate() {
        telegram.fake.once("sendMessage", instead);
        let sent = channel.send(&outgoing(&format!("c1/{nth}.0"), "Hello.")).await;
        assert_eq!(sent, Err(expected), "case {nth}");
    }
}

#[tokio::test]
async fn a_dead_server_is_tried_later() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sent = TelegramChannel::new(api(&url)).send(&outgoing("c1/1.0", "Hello.")).await;
    assert_eq!(sent, Err(SendError::Later("no connection".into())), "and never at Telegram's own");
}

#[tokio::test]
async fn a_redirect_is_not_followed_because_the_token_is_in_the_address() {
    let (telegram, channel) = begin().await;
    let elsewhere = Telegram::begin().await;
    for status in [301, 302, 307, 308] {
        let to = format!("{}/bot{}/sendMessage", elsewhere.url, super::fake::TOKEN);
        telegram.fake.once("sendMessage", Instead::Points(status, to));
        let sent = channel.send(&outgoing("c1/1.0", "Hello.")).await;
        assert!(matches!(sent, Err(SendError::Later(_))), "{status}");
    }
    assert_eq!(elsewhere.fake.methods(), Vec::<String>::new());
}

#[tokio::test]
async fn too_many_means_silence_to_that_chat_for_as_long_as_asked() {
    let (telegram, channel) = begin().await;
    telegram.fake.refuses_once(
        "sendMessage",
        429,
        "Too Many Requests",
        json!({ "retry_after": 30 }),
    );
    let first = outgoing("c1/1.0", "Hello.");
    assert_eq!(channel.send(&first).await, Err(SendError::Busy(30_000)));
    let early = Outgoing { now_ms: first.now_ms + 20_000, ..first.clone() };
    let early = channel.send(&early).await;
    assert!(matches!(early, Err(SendError::Busy(9_000..=11_000))), "{early:?}");
    let other = Outgoing { to: "5550102".into(), ..outgoing("c2/1.0", "Hello.") };
    assert_eq!(channel.send(&other).await, sent(), "one chat's limit holds up nobody else");
    assert_eq!(telegram.fake.asked("sendMessage").len(), 2, "nothing was asked in the silence");
    let after = Outgoing { now_ms: first.now_ms + 31_000, ..first };
    assert_eq!(channel.send(&after).await, sent());
}

#[tokio::test]
async fn what_was_said_of_a_long_message_is_not_said_again() {
    let (telegram, channel) = begin().await;
    telegram.fake.once("sendMessage", Instead::Yes);
    telegram.fake.refuses_once("sendMessage", 500, "Internal Server Error", json!({}));
    let long = long();
    assert!(matches!(channel.send(&long).await, Err(SendError::Later(_))));
    assert_eq!(channel.send(&long).await, sent());
    let texts: Vec<_> = telegram.fake.asked("sendMessage");
    let begins =
        |nth: usize| texts[nth]["text"].as_str().unwrap().split('.').next().unwrap().to_owned();
    assert_eq!([begins(0), begins(1), begins(2)], ["first", "second", "second"]);
    assert_eq!(texts.len(), 3);
}

#[tokio::test]
async fn a_message_that_was_taken_is_not_said_again_until_its_fate_is_on_disk() {
    let (telegram, channel) = begin().await;
    let message = outgoing("c1/1.0", "Hello.");
    assert_eq!(channel.send(&message).await, sent());
    assert_eq!(channel.send(&message).await, sent(), "the same key");
    assert_eq!(telegram.fake.asked("sendMessage").len(), 1);
    channel.settled(&message.key);
    assert_eq!(channel.send(&message).await, sent());
    assert_eq!(telegram.fake.asked("sendMessage").len(), 2, "it is forgotten when it is settled");
}

#[tokio::test]
async fn a_revoked_token_is_known_until_another_is_given() {
    let (telegram, channel) = begin().await;
    telegram.fake.refuses_once("sendMessage", 401, "Unauthorized", json!({}));
    assert!(!channel.refused());
    assert!(channel.send(&outgoing("c1/1.0", "Hello.")).await.is_err());
    assert!(channel.refused());
    assert_eq!(channel.send(&outgoing("c1/1.0", "Hello.")).await, sent());
    assert!(!channel.refused());
}

fn stands(text: &str) -> Stands {
    Stands { to: "5550101".into(), id: "7".into(), text: text.into(), language: "en".into() }
}

#[tokio::test]
async fn what_is_over_reads_so_where_it_stands_and_has_no_buttons() {
    let (telegram, channel) = begin().await;
    channel.close(&stands("A request waits.\n\nSettled.")).await.unwrap();
    let asked = telegram.fake.asked("editMessageText");
    assert_eq!((&asked[0]["chat_id"], &asked[0]["message_id"]), (&json!(5550101), &json!(7)));
    assert_eq!(asked[0]["text"], "A request waits.\n\nSettled.");
    assert_eq!(asked[0].get("reply_markup"), None);
    // Of several parts only the last had buttons.
    channel.close(&stands(&"much. ".repeat(1_000))).await.unwrap();
    assert_eq!(telegram.fake.asked("editMessageReplyMarkup")[0]["message_id"], 7);
}

#[tokio::test]
async fn closing_twice_is_no_error_and_what_is_gone_is_left() {
    let (telegram, channel) = begin().await;
    let refuses = |code, why| telegram.fake.refuses_once("editMessageText", code, why, json!({}));
    refuses(400, "Bad Request: message is not modified: specified new message content");
    assert_eq!(channel.close(&stands("Settled.")).await, Ok(()));
    refuses(400, "Bad Request: message to edit not found");
    assert!(matches!(channel.close(&stands("Settled.")).await, Err(SendError::Never(_))));
    refuses(500, "Internal Server Error");
    assert!(matches!(channel.close(&stands("Settled.")).await, Err(SendError::Later(_))));
}
