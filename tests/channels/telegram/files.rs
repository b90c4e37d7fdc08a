//! The pure half, from files: updates as Telegram sends them, messages as requests.

use std::fs;

use mendline::channels::Outgoing;
use mendline::channels::inward::{Came, Media, Said};
use mendline::channels::telegram::translate::{read, requests};
use serde_json::{Value, json};
use teloxide_core::types::{Update, UpdateKind};

use super::fake::outgoing;

fn files(of: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(format!("tests/channels/telegram/{of}")).unwrap() {
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
fn every_update_is_read_as_its_file_says() {
    for (path, file) in files("updates") {
        let read = read(&file["update"]);
        assert_eq!(read.came.as_ref().map_or(Value::Null, shown), file["came"], "{path}");
        assert_eq!(json!(read.tapped), file["tapped"], "{path}");
    }
}

/// The files are no inventions of ours: an independent reader of the Bot API takes them too.
#[test]
fn every_update_of_a_known_kind_is_one_to_teloxide_too() {
    let mut strange = Vec::new();
    for (path, file) in files("updates") {
        let ours = ["unknown.json", "no-number.json", "words-with-something-new.json"];
        if ours.iter().any(|it| path.ends_with(it)) {
            continue;
        }
        // As text: from a value it cannot borrow its keys, and reads nothing.
        let update: Update = serde_json::from_str(&file["update"].to_string()).unwrap();
        if matches!(update.kind, UpdateKind::Error(_)) {
            strange.push(path);
        }
    }
    assert_eq!(strange, Vec::<String>::new());
}

fn message(of: &Value) -> Outgoing {
    let plain = outgoing("c1/1.0", of["text"].as_str().unwrap());
    let text = |name: &str| of[name].as_str().map(str::to_owned);
    let mut message = Outgoing {
        to: text("to").unwrap_or(plain.to.clone()),
        question: text("question").map(|it| it.parse().unwrap()),
        speaker: text("speaker"),
        ..plain
    };
    message.frozen.buttons =
        serde_json::from_value(of.get("buttons").cloned().unwrap_or(json!([]))).unwrap();
    message
}

#[test]
fn every_message_is_said_as_its_file_says() {
    for (path, file) in files("messages") {
        let said = match requests(&message(&file["message"])) {
            Ok(requests) => serde_json::to_value(requests).unwrap(),
            Err(why) => json!(why.to_string()),
        };
        assert_eq!(said, file["requests"], "{path}");
    }
}
