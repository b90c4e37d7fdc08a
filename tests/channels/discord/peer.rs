//! A Discord that we did not write: npm's discord-digital-twin, which `tests/peers/discord` starts
//! and describes in `MENDLINE_DISCORD_PEER`. Without it there is nothing to test here, and that
//! script says so loudly.

use std::sync::Arc;
use std::time::Duration;

use mendline::channels::discord::{DiscordChannel, DiscordEar, Settings, Waits, commands};
use mendline::channels::inward::{Ear, Said};
use mendline::channels::{Channel, Incoming, tap};
use mendline::store::standing::Stands;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::fake::outgoing;
use crate::telegram::fake::{Kept, Shelf};

/// Acts in a person's place, or looks at what she was sent.
async fn act(peer: &Value, what: &str, with: Value) -> Value {
    let url = format!("{}/{what}", peer["control"].as_str().unwrap());
    let asked = tokio::task::spawn_blocking(move || {
        let mut answer =
            ureq::post(url).header("content-type", "application/json").send(with.to_string())?;
        answer.body_mut().read_to_string()
    });
    serde_json::from_str(&asked.await.unwrap().unwrap()).unwrap()
}

#[tokio::test]
async fn a_question_goes_out_and_its_tap_comes_back() {
    let Ok(peer) = std::env::var("MENDLINE_DISCORD_PEER") else { return };
    let peer: Value = serde_json::from_str(&peer).unwrap();
    let text = |name: &str| peer[name].as_str().unwrap().to_owned();
    let settings = format!(
        "token = '{}'\napi_url = '{}'\ngateway_url = '{}'",
        text("token"),
        text("rest"),
        text("gateway")
    );
    let api = toml::from_str::<Settings>(&settings).unwrap().api().unwrap();
    let (gate, place) = (Kept::default(), Shelf::default());
    let short = Duration::from_millis(20);
    let waits = Waits { first: short, most: short, anew: short, ..Waits::default() };
    let offered = [commands::link()].into_iter().chain(commands::staff()).collect();
    let ear = DiscordEar::new(api.clone(), offered).unwrap().waiting(waits);
    let until = CancellationToken::new();
    let (stop, to) = (until.clone(), gate.clone());
    let listening =
        tokio::spawn(async move { ear.listen(Arc::new(to), Arc::new(place), stop).await });

    // Its commands are there only when we have offered them.
    while act(&peer, "commands", json!({})).await.as_array().is_none_or(Vec::is_empty) {
        tokio::time::sleep(short).await;
    }
    let dm = text("dm");
    act(&peer, "say", json!({ "channel": dm, "content": "hello" })).await;
    let came = gate.until(1).await;
    assert_eq!(came[0].address, text("user"));
    assert!(
        matches!(&came[0].said, Said::Incoming { incoming: Incoming::Words(it), .. } if it == "hello")
    );

    let mut question = outgoing("0190a3c2-7b1e-7cc3-9d6f-2f1f4b0d9a11/17.3", "Shall I ask now?");
    question.to = text("user");
    question.question = Some(question.key.effect.clone());
    question.frozen.buttons = vec![("send".into(), "Ask now".into()), ("stop".into(), "No".into())];
    let channel = DiscordChannel::new(api);
    let sent = channel.send(&question).await.unwrap();
    assert!(sent.shown);
    let seen = act(&peer, "messages", json!({ "channel": dm })).await;
    let is_it = |it: &&Value| it["content"] == "Shall I ask now?";
    let message = seen.as_array().unwrap().iter().find(is_it).unwrap();
    let data = &message["components"][0]["components"][0]["custom_id"];

    let tapped = json!({ "channel": dm, "message": message["id"], "custom_id": data });
    act(&peer, "click", tapped).await;
    let came = gate.until(2).await;
    let Said::Incoming { incoming: Incoming::Tap { question: named, choice, .. }, line } =
        &came[1].said
    else {
        panic!("a tap")
    };
    assert_eq!((Some(named), line.as_deref()), (question.question.as_ref(), Some("Ask now")));
    assert_eq!(tap::choice_of(choice, ["send", "stop"]), Some("send"));

    let options = json!([
        { "name": "number", "type": 4, "value": 2 },
        { "name": "reason", "type": 3, "value": "TOO_EARLY" },
    ]);
    let given =
        act(&peer, "slash", json!({ "channel": dm, "name": "deny", "options": options })).await;
    let came = gate.until(3).await;
    assert!(
        matches!(&came[2].said, Said::Incoming { incoming: Incoming::Words(it), .. } if it == "/deny 2 TOO_EARLY")
    );
    let acknowledged =
        act(&peer, "ack", json!({ "interaction": given["id"], "channel": dm })).await;
    assert!(!acknowledged.is_null(), "in time");

    let stands = Stands {
        to: text("user"),
        id: sent.id.unwrap(),
        text: "Shall I ask now?\n\nThis is over.".into(),
        language: "en".into(),
    };
    channel.close(&stands).await.unwrap();
    let seen = act(&peer, "messages", json!({ "channel": dm })).await;
    let message = seen.as_array().unwrap().iter().find(|it| it["id"] == message["id"]).unwrap();
    assert_eq!(message["content"], stands.text.as_str());
    assert!(message["components"].as_array().is_none_or(Vec::is_empty), "it has no buttons");

    let aloud = json!({ "channel": text("general"), "name": "queue", "options": [] });
    act(&peer, "slash", aloud).await;
    assert_eq!(gate.until(4).await[3].said, Said::InPublic, "where others read along");
    until.cancel();
    listening.await.unwrap().unwrap();
}
