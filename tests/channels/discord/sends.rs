//! The sending half against a server: every answer is sorted, and nothing is said twice.

use mendline::channels::discord::DiscordChannel;
use mendline::channels::{Channel, Outgoing, SendError, Sent};
use mendline::store::standing::Stands;
use serde_json::{Value, json};

use super::fake::{ANA, DM, Discord, Instead, outgoing, words};
use crate::telegram::fake::{Kept, Shelf};

const SENT: Result<Sent, SendError> = Ok(Sent { shown: true, id: None });

async fn begin() -> (Discord, DiscordChannel) {
    let discord = Discord::begin().await;
    let channel = DiscordChannel::new(discord.api());
    (discord, channel)
}

fn html(status: u16) -> Instead {
    Instead::Says(status, Vec::new(), "<html><h1>No</h1></html>".into())
}

/// A text of two parts.
fn long() -> Outgoing {
    outgoing("c1/1.0", &format!("{}\n\n{}", "first. ".repeat(250), "second. ".repeat(250)))
}

#[tokio::test]
async fn a_message_goes_to_her_direct_message_which_is_opened_once() {
    let (discord, channel) = begin().await;
    assert_eq!(channel.send(&outgoing("c1/1.0", "Hello.")).await, SENT);
    assert_eq!(channel.send(&outgoing("c1/2.0", "Again.")).await, SENT);
    let opened = discord.fake.asked("POST", "/users/@me/channels");
    assert_eq!(opened, [json!({ "recipient_id": ANA.to_string() })]);
    let shown = discord.fake.shown(DM);
    assert_eq!((&shown[0]["content"], &shown[1]["content"]), (&json!("Hello."), &json!("Again.")));
    assert_eq!(shown[0]["allowed_mentions"]["parse"], json!([]));
}

#[tokio::test]
async fn a_direct_message_that_was_heard_is_known() {
    let discord = Discord::begin().await;
    let (gate, place, api) = (Kept::default(), Shelf::default(), discord.api());
    let offered = Vec::new();
    let ear = mendline::channels::discord::DiscordEar::new(api.clone(), offered).unwrap();
    let until = tokio_util::sync::CancellationToken::new();
    let (stop, to) = (until.clone(), gate.clone());
    use mendline::channels::inward::Ear as _;
    let listening = tokio::spawn(async move {
        ear.listen(std::sync::Arc::new(to), std::sync::Arc::new(place), stop).await
    });
    discord.fake.is_heard().await;
    discord.fake.brings("MESSAGE_CREATE", words(700, "hello"));
    gate.until(1).await;
    discord.fake.brings("MESSAGE_CREATE", words(701, "hello"));
    gate.until(2).await;
    assert_eq!(DiscordChannel::new(api).send(&outgoing("c1/1.0", "Hello.")).await, SENT);
    until.cancel();
    listening.await.unwrap().unwrap();
    assert_eq!(discord.fake.asked("POST", "/users"), Vec::<Value>::new());
}

#[tokio::test]
async fn no_words_about_health_may_go_this_way() {
    let (_discord, channel) = begin().await;
    let profile = channel.profile();
    assert_eq!((profile.name, profile.level, profile.intrudes), ("discord", 0, true));
    assert_eq!((profile.buttons, profile.text_chars_max), (true, 2_000));
}

#[tokio::test]
async fn every_answer_is_sorted_by_what_to_do_next() {
    let (discord, channel) = begin().await;
    let later = |why: &str| SendError::Later(why.into());
    let said = |status: u16, code: u64| {
        Instead::Says(status, Vec::new(), json!({ "code": code, "message": "no" }).to_string())
    };
    let cases = [
        (said(403, 50_007), SendError::OptedOut),
        (said(400, 50_035), SendError::Never("refused with 50035".into())),
        (said(401, 0), later("token refused")),
        (html(503), later("503")),
        (html(403), later("turned away before Discord")),
        (html(502), later("no clear answer: 5xx")),
        (said(500, 0), later("no clear answer: 5xx")),
        (html(200), later("no clear answer: unreadable")),
        (Instead::Nothing, later("no clear answer: broken off")),
    ];
    for (nth, (instead, expected)) in cases.into_iter().enumerate() {
        discord.fake.once("/channels", instead);
        let sent = channel.send(&outgoing(&format!("c1/{nth}.0"), "Hello.")).await;
        assert_eq!(sent, Err(expected), "case {nth}");
    }
}

#[tokio::test]
async fn whoever_cannot_be_found_never_reads() {
    let (discord, channel) = begin().await;
    discord.fake.refuses_once("/users", 400, 50_033);
    let never = Err(SendError::Never("no such person".into()));
    assert_eq!(channel.send(&outgoing("c1/1.0", "Hello.")).await, never);
    for odd in ["ana", "", "-1"] {
        let odd = Outgoing { to: odd.into(), ..outgoing("c1/2.0", "Hello.") };
        assert_eq!(channel.send(&odd).await, never);
    }
}

#[tokio::test]
async fn a_direct_message_that_is_gone_is_opened_anew() {
    let (discord, channel) = begin().await;
    let message = outgoing("c1/1.0", "Hello.");
    discord.fake.refuses_once("/channels", 404, 10_003);
    assert!(matches!(channel.send(&message).await, Err(SendError::Later(_))));
    assert_eq!(channel.send(&message).await, SENT);
    assert_eq!(discord.fake.asked("POST", "/users").len(), 2);
}

#[tokio::test]
async fn a_message_that_nobody_answered_is_said_again_under_its_key_and_shown_once() {
    let (discord, channel) = begin().await;
    let message = outgoing("c1/1.0", "Hello.");
    discord.fake.once("/channels", Instead::NothingAfterIt);
    assert!(matches!(channel.send(&message).await, Err(SendError::Later(_))));
    assert_eq!(channel.send(&message).await, SENT);
    assert_eq!(discord.fake.asked("POST", "/channels").len(), 2);
    assert_eq!(discord.fake.shown(DM).len(), 1);
    // So does a server that was killed in between: the key is made of the message's own.
    assert_eq!(DiscordChannel::new(discord.api()).send(&message).await, SENT);
    assert_eq!(discord.fake.shown(DM).len(), 1);
}

#[tokio::test]
async fn when_its_key_is_over_it_may_have_arrived_and_is_not_said_again() {
    let (discord, channel) = begin().await;
    let message = outgoing("c1/1.0", "Hello.");
    discord.fake.once("/channels", Instead::NothingAfterIt);
    assert!(matches!(channel.send(&message).await, Err(SendError::Later(_))));
    let late = Outgoing { now_ms: message.now_ms + 120_001, ..message };
    assert!(matches!(channel.send(&late).await, Err(SendError::Maybe(_))));
    assert_eq!(discord.fake.asked("POST", "/channels").len(), 1);
}

#[tokio::test]
async fn a_dead_server_is_tried_later_and_never_at_discords_own() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let (fake, api_url) = (Default::default(), format!("http://{at}/api"));
    let dead = Discord { fake, api_url, gateway_url: format!("ws://{at}") };
    let sent = DiscordChannel::new(dead.api()).send(&outgoing("c1/1.0", "Hello.")).await;
    assert_eq!(sent, Err(SendError::Later("no connection".into())));
}

#[tokio::test]
async fn a_redirect_is_not_followed_because_the_token_goes_along() {
    let (discord, channel) = begin().await;
    let elsewhere = Discord::begin().await;
    for status in [301, 302, 307, 308] {
        let to = format!("{}/v10/channels/{DM}/messages", elsewhere.api_url);
        discord.fake.once("/channels", Instead::Says(status, vec![("location", to)], "".into()));
        let sent = channel.send(&outgoing(&format!("c1/{status}.0"), "Hello.")).await;
        assert!(matches!(sent, Err(SendError::Later(_))), "{status}");
    }
    assert_eq!(elsewhere.fake.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn too_many_means_silence_for_as_long_as_asked() {
    let (discord, channel) = begin().await;
    let too_many = |global: bool| {
        let body = json!({ "message": "slow", "retry_after": 30.0, "global": global });
        Instead::Says(429, vec![("retry-after", "30".into())], body.to_string())
    };
    discord.fake.once("/channels", too_many(false));
    let first = outgoing("c1/1.0", "Hello.");
    assert_eq!(channel.send(&first).await, Err(SendError::Busy(30_000)));
    let early = Outgoing { now_ms: first.now_ms + 20_000, ..first.clone() };
    let Err(SendError::Busy(left)) = channel.send(&early).await else { panic!("too early") };
    assert!((9_000..=20_000).contains(&left), "{left}");
    let other = Outgoing { to: "42".into(), ..outgoing("c2/1.0", "Hello.") };
    assert_eq!(channel.send(&other).await, SENT, "one channel's limit holds up nobody else");
    assert_eq!(
        discord.fake.asked("POST", "/channels").len(),
        2,
        "nothing was asked in the silence"
    );
    let after = Outgoing { now_ms: first.now_ms + 31_000, ..first };
    discord.fake.once("/channels", too_many(true));
    assert_eq!(channel.send(&after).await, Err(SendError::Busy(30_000)));
    let other = Outgoing { now_ms: after.now_ms, to: "42".into(), ..outgoing("c2/2.0", "Hello.") };
    assert!(matches!(channel.send(&other).await, Err(SendError::Busy(_))), "that was for all");
}

#[tokio::test]
async fn the_last_that_a_channel_takes_is_known_before_it_refuses() {
    let (discord, channel) = begin().await;
    let headers =
        vec![("x-ratelimit-remaining", "0".into()), ("x-ratelimit-reset-after", "4.2".into())];
    discord.fake.once("/channels", Instead::Says(200, headers, r#"{"id":"1"}"#.into()));
    assert_eq!(channel.send(&outgoing("c1/1.0", "Hello.")).await, SENT);
    let next = channel.send(&outgoing("c1/2.0", "Again.")).await;
    assert!(matches!(next, Err(SendError::Busy(_))), "{next:?}");
    assert_eq!(discord.fake.asked("POST", "/channels").len(), 1);
}

#[tokio::test]
async fn what_was_said_of_a_long_message_is_not_said_again() {
    let (discord, channel) = begin().await;
    let long = long();
    assert_eq!(channel.send(&long).await, SENT);
    let shown = discord.fake.shown(DM);
    let begins = |it: &Value| it["content"].as_str().unwrap()[..5].to_owned();
    assert_eq!(shown.iter().map(begins).collect::<Vec<_>>(), ["first", "secon"]);
    assert_eq!(channel.send(&long).await, SENT, "the same key");
    assert_eq!(discord.fake.asked("POST", "/channels").len(), 2);
    channel.settled(&long.key);
    assert_eq!(channel.send(&long).await, SENT);
    assert_eq!(discord.fake.asked("POST", "/channels").len(), 4, "it is forgotten when settled");
    assert_eq!(discord.fake.shown(DM).len(), 2, "and Discord still knows its key");
}

#[tokio::test]
async fn a_revoked_token_is_known_until_another_is_given() {
    let (discord, channel) = begin().await;
    discord.fake.refuses_once("/channels", 401, 0);
    assert!(!channel.refused());
    assert!(channel.send(&outgoing("c1/1.0", "Hello.")).await.is_err());
    assert!(channel.refused());
    assert_eq!(channel.send(&outgoing("c1/1.0", "Hello.")).await, SENT);
    assert!(!channel.refused());
}

#[tokio::test]
async fn what_is_over_is_closed_where_it_stands() {
    let (discord, channel) = begin().await;
    let mut question = outgoing("c1/1.0", "Shall I *ask*?");
    question.question = Some(question.key.effect.clone());
    question.frozen.buttons = vec![("yes".into(), "Yes".into())];
    let id = channel.send(&question).await.unwrap().id.unwrap();
    assert_eq!(id, format!("{DM}/900"));
    let text = "Shall I *ask*?\n\nThis is over.".to_owned();
    let stands = Stands { to: question.to.clone(), id, text, language: "en".into() };
    assert_eq!(channel.close(&stands).await, Ok(()));
    let path = format!("/channels/{DM}/messages/900");
    let changed = discord.fake.asked("PATCH", &path);
    assert_eq!(changed[0]["content"], "Shall I \\*ask\\*?\n\nThis is over.");
    assert_eq!((&changed[0]["components"], &changed[0]["flags"]), (&json!([]), &json!(4)));
    let long = Stands { text: long().frozen.text, ..stands.clone() };
    assert_eq!(channel.close(&long).await, Ok(()));
    assert_eq!(
        discord.fake.asked("PATCH", &path)[1]["content"],
        Value::Null,
        "its last part alone"
    );
    discord.fake.refuses_once(&path, 404, 10_008);
    assert!(matches!(channel.close(&stands).await, Err(SendError::Never(_))), "it is gone");
    let odd = Stands { id: "900".into(), ..stands };
    assert!(matches!(channel.close(&odd).await, Err(SendError::Never(_))));
}
