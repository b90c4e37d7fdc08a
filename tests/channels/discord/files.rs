//! The pure half, from files: events as Discord sends them, messages as requests.

use std::fs;

use mendline::channels::Outgoing;
use mendline::channels::discord::{commands, hear, say};
use mendline::channels::inward::{Came, Entered, Media, Said};
use serde_json::{Value, json};
use serenity::model::application;
use serenity::model::channel::Message;

use super::fake::outgoing;

fn files(of: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(format!("tests/channels/discord/{of}")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        found.push((path.display().to_string(), serde_json::from_str(&text).unwrap()));
    }
    assert!(found.len() > 5, "the files of '{of}' are there");
    found
}

fn shown(came: &Came) -> Value {
    let said = match &came.said {
        Said::Incoming { incoming, line } => {
            let mut it = json!({ "incoming": incoming, "line": line });
            if let Some(tap) = it["incoming"].get_mut("tap") {
                tap["question"] = json!(tap["question"].as_str().unwrap());
            }
            it
        }
        Said::Numbered(number) => json!({ "numbered": number }),
        Said::Link(token) => json!({ "link": token }),
        Said::Media { kind, file, caption } => {
            let kind = match kind {
                Media::Photo => "photo",
                Media::Voice => "voice",
                Media::File => "file",
            };
            json!({ "media": { "kind": kind, "file": file, "caption": caption } })
        }
        Said::InPublic => json!("in_public"),
        Said::Gone => json!("gone"),
    };
    json!({
        "channel": came.channel, "address": came.address, "id": came.id,
        "language": came.language, "said": said,
    })
}

#[test]
fn every_event_is_read_as_its_file_says() {
    let offered: Vec<_> = [commands::link()].into_iter().chain(commands::staff()).collect();
    for (path, file) in files("events") {
        let (came, answer) = match file["name"].as_str().unwrap() {
            "MESSAGE_CREATE" => {
                let read = hear::message(&file["data"]);
                (read.map_or_else(Vec::new, |it| it.came), Value::Null)
            }
            _ => match hear::interaction(&file["data"], &offered) {
                None => (Vec::new(), Value::Null),
                Some(it) => {
                    let answer = it.taken(&Entered::default()).body;
                    (it.came.into_iter().collect(), answer)
                }
            },
        };
        let came: Vec<_> = came.iter().map(shown).collect();
        assert_eq!(json!(came), file["came"], "{path}");
        assert_eq!(answer, file["answer"], "{path}");
    }
}

/// The files are no inventions of ours: an independent reader of Discord's API takes them too.
#[test]
fn every_event_of_a_known_kind_is_one_to_serenity_too() {
    let mut strange = Vec::new();
    for (path, file) in files("events") {
        if file["strange"] == true {
            continue;
        }
        // As text: from a value it cannot borrow its keys, and reads nothing.
        let text = file["data"].to_string();
        let read = match file["name"].as_str().unwrap() {
            "MESSAGE_CREATE" => serde_json::from_str::<Message>(&text).map(drop),
            _ => serde_json::from_str::<application::Interaction>(&text).map(drop),
        };
        strange.extend(read.err().map(|why| format!("{path}: {why}")));
    }
    assert_eq!(strange, Vec::<String>::new());
}

fn message(of: &Value) -> Outgoing {
    let mut message = outgoing("c1/1.0", of["text"].as_str().unwrap());
    let text = |name: &str| of[name].as_str().map(str::to_owned);
    message.question = text("question").map(|it| it.parse().unwrap());
    message.speaker = text("speaker");
    message.frozen.language = text("language").unwrap_or(message.frozen.language);
    message.frozen.private = of["private"] == true;
    let buttons = of.get("buttons").cloned().unwrap_or(json!([]));
    message.frozen.buttons = serde_json::from_value(buttons).unwrap();
    message
}

#[test]
fn every_message_is_said_as_its_file_says() {
    for (path, file) in files("messages") {
        let said = match say::messages(&message(&file["message"])) {
            Ok(requests) => json!(requests),
            Err(why) => json!(why.to_string()),
        };
        assert_eq!(said, file["requests"], "{path}");
    }
}
