//! Sending, with a server that says what a test says.

use mendline::channels::email::EmailChannel;
use mendline::channels::email::answer::Trouble;
use mendline::channels::inward::Said;
use mendline::channels::{Channel, SendError, Sent};
use serde_json::json;
use std::sync::Arc;

use super::server::{Instead, MAIL, PASSWORD, Server, USER};
use super::support::*;

async fn sent(server: &Server) -> Result<Sent, SendError> {
    channel(server).send(&outgoing("c1/3.0", "There is an update.")).await
}

#[tokio::test]
async fn a_mail_goes_out_under_our_name_and_counts_as_shown() {
    let server = Server::begin().await;
    let text = "There is an update.\n.\n..\n. A dot begins a line.";
    let message = outgoing("c1/3.0", text);
    assert_eq!(channel(&server).send(&message).await, Ok(Sent::as_shown()));
    let [got] = server.got().try_into().unwrap();
    assert_eq!((got.from.as_str(), got.to.as_str()), (OWN, ANA));
    let mail = mail_parser::MessageParser::default().parse(&got.mail).unwrap();
    assert!(mail.body_text(0).unwrap().replace("\r\n", "\n").starts_with(text));
    assert_eq!(server.said(), ["CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", MAIL, "QUIT"]);
}

#[tokio::test]
async fn a_refusal_means_what_is_to_be_done_about_it() {
    for (verb, line, expected) in [
        ("CONNECT", "421 too many", "later"),
        ("CONNECT", "554 no", "later"),
        ("AUTH", "454 4.7.0 not now", "later"),
        ("AUTH", "535 5.7.8 who is that", "login"),
        ("MAIL", "530 5.7.0 log in first", "login"),
        ("MAIL", "451 4.3.0 not now", "later"),
        ("MAIL", "550 5.7.1 not from there", "sender"),
        ("RCPT", "450 4.7.1 greylisted, come again", "later"),
        ("RCPT", "452 4.2.2 full", "later"),
        ("RCPT", "550 5.1.1 no such user", "gone"),
        ("RCPT", "550 5.7.1 not here", "never"),
        ("RCPT", "550 no such user, or a rule", "never"),
        ("DATA", "451 4.3.0 not now", "later"),
        ("DATA", "554 5.5.1 no", "never"),
        (MAIL, "451 4.3.0 not now", "later"),
        (MAIL, "452 4.3.1 no room", "later"),
        (MAIL, "554 5.7.1 looks like spam", "never"),
        (MAIL, "<html>", "maybe"),
        ("RCPT", "<html>", "later"),
    ] {
        let server = Server::begin().await;
        server.refuses_once(verb, line);
        let channel = channel(&server);
        let why = channel.send(&outgoing("c1/3.0", "There is an update.")).await.unwrap_err();
        let troubles = channel.troubles();
        let means = match (&why, troubles.as_slice()) {
            (SendError::Later(_), [Trouble::Login]) => "login",
            (SendError::Later(_), [Trouble::Sender]) => "sender",
            (SendError::Later(_), []) => "later",
            (SendError::Never(_), []) => "never",
            (SendError::Maybe(_), []) => "maybe",
            (SendError::OptedOut, []) => "gone",
            other => panic!("{verb} {line}: {other:?}"),
        };
        assert_eq!(means, expected, "{verb} {line}");
        assert!(server.got().is_empty());
    }
}

#[tokio::test]
async fn what_was_given_and_not_answered_may_have_arrived_and_nothing_before_it_may() {
    for (verb, maybe) in [
        ("CONNECT", false),
        ("EHLO", false),
        ("AUTH", false),
        ("MAIL", false),
        ("RCPT", false),
        ("DATA", false),
        (MAIL, true),
    ] {
        let server = Server::begin().await;
        server.once(verb, Instead::Closes);
        let why = sent(&server).await.unwrap_err();
        assert_eq!(matches!(why, SendError::Maybe(_)), maybe, "{verb}: {why}");
        assert_eq!(matches!(why, SendError::Later(_)), !maybe, "{verb}: {why}");
    }
    // A goodbye that is not answered changes nothing.
    let server = Server::begin().await;
    server.once("QUIT", Instead::Closes);
    assert_eq!(sent(&server).await, Ok(Sent::as_shown()));
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_later() {
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let away = EmailChannel::new(&settings(json!({ "port": gone })), vault()).unwrap();
    let why = away.send(&outgoing("c1/3.0", "There is an update.")).await.unwrap_err();
    assert!(matches!(why, SendError::Later(_)), "{why}");
}

#[tokio::test]
async fn an_address_that_is_gone_is_handed_in() {
    let server = Server::begin().await;
    server.refuses_once("RCPT", "550 5.1.1 no such user");
    let (channel, gate) = (channel(&server), Kept::default());
    channel.meet(Arc::new(gate.clone()));
    let why = channel.send(&outgoing("c1/3.0", "There is an update.")).await;
    assert_eq!(why, Err(SendError::OptedOut), "the next way, or a person");
    gate.until(1).await;
    let [gone] = gate.came().try_into().unwrap();
    assert_eq!((gone.channel, gone.address.as_str(), gone.said), ("email", ANA, Said::Gone));
}

#[tokio::test]
async fn a_refused_login_is_told_until_it_is_mended() {
    let server = Server::begin().await;
    let channel = channel(&server);
    server.refuses_once("AUTH", "535 5.7.8 who is that");
    let message = outgoing("c1/3.0", "There is an update.");
    assert!(channel.send(&message).await.is_err());
    assert_eq!(channel.troubles(), [Trouble::Login]);
    assert!(channel.send(&message).await.is_ok());
    assert!(channel.troubles().is_empty());
}

#[tokio::test]
async fn nothing_is_said_in_the_open_where_a_safe_line_was_asked_for() {
    let server = Server::begin().await;
    for tls in ["starttls", "implicit"] {
        let safe = json!({ "tls": tls, "username": USER, "password": PASSWORD });
        let channel = channel_with(&server, safe);
        let why = channel.send(&outgoing("c1/3.0", "There is an update.")).await.unwrap_err();
        assert!(matches!(why, SendError::Later(_)), "{why}");
        assert_eq!(channel.troubles(), [Trouble::Tls], "{tls}");
    }
    assert!(!server.said().iter().any(|it| ["AUTH", "MAIL", "RCPT", MAIL].contains(&it.as_str())));
    assert!(server.got().is_empty());
}

#[tokio::test]
async fn more_than_the_pace_allows_waits_and_is_no_failure() {
    let server = Server::begin().await;
    let channel = channel_with(&server, json!({ "per_minute": 2 }));
    let message = outgoing("c1/3.0", "There is an update.");
    for _ in 0..2 {
        assert!(channel.send(&message).await.is_ok());
    }
    let Err(SendError::Busy(wait_ms)) = channel.send(&message).await else { panic!() };
    assert!((1..=30_000).contains(&wait_ms), "{wait_ms}");
    assert_eq!(server.got().len(), 2);
}
