//! From files, both ways.

use std::collections::BTreeMap;
use std::path::Path;

use mendline::channels::Incoming;
use mendline::channels::inward::{Came, Media, Said};
use mendline::channels::twilio::answer::{self, Answer};
use mendline::channels::twilio::outgoing::{Draft, requests};
use mendline::channels::twilio::{Kind, Sender, Template, incoming, is_phone, status};
use mendline::store::MessageRef;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::{PUBLIC, fixture, fixtures, form, outgoing};

fn plain(it: &Came) -> Value {
    let said = match &it.said {
        Said::Incoming { incoming: Incoming::Words(words), line } => {
            json!({ "words": words, "line": line })
        }
        Said::Numbered(number) => json!({ "numbered": number }),
        Said::Media { kind, file, caption } => {
            let kind = match kind {
                Media::Photo => "photo",
                Media::Voice => "voice",
                Media::File => "file",
            };
            json!({ "media": kind, "file": file, "caption": caption })
        }
        other => json!(format!("{other:?}")),
    };
    assert_eq!(it.language, None, "Twilio names no language");
    json!({ "channel": it.channel, "address": it.address, "id": it.id, "said": said })
}

#[test]
fn what_comes_in_means_what_the_files_say() {
    for (file, it) in fixtures("incoming") {
        let came: Vec<_> = incoming::came(&form(&it["form"])).iter().map(plain).collect();
        assert_eq!(json!(came), it["came"], "{file}");
    }
}

#[test]
fn what_became_of_a_message_is_what_the_files_say() {
    for (file, it) in fixtures("status") {
        let report = status::report(it["query"].as_str().unwrap(), &form(&it["form"]));
        let report = report.map(|it| {
            assert_eq!(it.key.payer, "northwind");
            let gone = it.gone.map(|it| {
                assert_eq!(it.said, Said::Gone);
                format!("{} {}", it.channel, it.address)
            });
            json!({ "message": it.key.effect, "receipt": it.receipt, "code": it.code, "gone": gone })
        });
        assert_eq!(json!(report), it["report"], "{file}");
    }
}

#[test]
fn what_goes_out_is_what_the_files_say() {
    for (file, it) in fixtures("outgoing") {
        let message = &it["message"];
        let text = |name: &str| message[name].as_str().unwrap();
        let list = |name: &str| message[name].as_array().cloned().unwrap_or_default();
        let mut sent = outgoing(text("text"), &[]);
        let labels = list("buttons");
        let labels = labels.iter().map(|it| (it.to_string(), it.as_str().unwrap().to_owned()));
        sent.frozen.buttons = labels.collect();
        sent.frozen.language = text("language").into();
        sent.to = text("to").into();
        sent.speaker = message["speaker"].as_str().map(str::to_owned);
        sent.window_open = message["window_open"].as_bool().unwrap_or(false);
        sent.frozen.numbers =
            list("numbers").iter().map(|it| it.as_u64().unwrap().try_into().unwrap()).collect();
        let sender: Sender = serde_json::from_value(message["sender"].clone()).unwrap();
        let templates: BTreeMap<String, Template> =
            serde_json::from_value(message["templates"].clone()).unwrap_or_default();
        let made = requests(&Draft {
            message: &sent,
            kind: if text("kind") == "sms" { Kind::Sms } else { Kind::WhatsApp },
            sender: &sender,
            templates: &templates,
            public_url: PUBLIC,
        });
        match made {
            Ok(made) => {
                let made = made.iter().map(|it| json!({ "fields": it.fields, "cost": it.cost }));
                assert_eq!(json!(made.collect::<Vec<_>>()), it["requests"], "{file}");
            }
            Err(why) => assert_eq!(json!(why.to_string()), it["refused"], "{file}"),
        }
    }
}

#[test]
fn an_answer_means_what_the_file_says() {
    let cases = fixture(Path::new("tests/channels/twilio/fixtures/answers.json"));
    for it in cases.as_array().unwrap() {
        let response = serde_json::from_value(it["response"].clone()).unwrap();
        let means = match answer::sorted(&response) {
            Answer::Took => "took".into(),
            Answer::Busy(span) => format!("busy {}", span.as_secs()),
            Answer::Trouble(it) => format!("trouble: {}", it.name()),
            Answer::Failed(why) => short(&why.to_string()),
        };
        assert_eq!(json!(means), it["means"], "{}", it["name"]);
    }
}

fn short(why: &str) -> String {
    why.replace("try again later", "later")
        .replace("will never succeed", "never")
        .replace("may have arrived", "maybe")
        .replace("recipient opted out", "opted out")
}

proptest! {
    /// Whatever is posted, it comes from a number that can be answered, under the message's id.
    #[test]
    fn no_form_confuses_the_translation(
        fields in prop::collection::vec(("(From|To|Body|MessageSid|NumMedia|MediaUrl0|OptOutType|ButtonPayload|MessageStatus|ErrorCode)", any::<String>()), 0..12),
        from in "(whatsapp:)?[+ ]?[0-9]{0,17}",
        query in any::<String>(),
    ) {
        let mut form = fields;
        form.insert(0, ("From".into(), from));
        for came in incoming::came(&form) {
            prop_assert!(is_phone(&came.address));
            prop_assert!(!came.id.is_empty());
        }
        let _ = status::report(&query, &form);
    }

    /// Whatever the key, the address that Twilio calls brings it back.
    #[test]
    fn a_key_comes_back_whole(payer in ".{1,20}", conversation in "[^\u{0}]{1,40}", turn: u32, index: u32) {
        let effect = format!("{conversation}/{turn}.{index}").parse().unwrap();
        let part = status::Part { key: MessageRef { payer, effect }, number: 2, of: 3 };
        let url = status::url(PUBLIC, &part);
        prop_assert!(url.is_ascii());
        let (_, query) = url.split_once('?').unwrap();
        prop_assert_eq!(status::part(query), Some(part));
    }

    /// Every request is one that Twilio takes, and no word is lost.
    #[test]
    fn every_request_is_within_the_limits(text in prop_oneof![any::<String>(), "([a-zé€]{1,9}[ .\n]){0,700}"]) {
        let message = outgoing(&text, &[]);
        let sender: Sender = serde_json::from_value(json!({ "number": "+15555550100" })).unwrap();
        let made = requests(&Draft {
            message: &message,
            kind: Kind::Sms,
            sender: &sender,
            templates: &BTreeMap::new(),
            public_url: PUBLIC,
        }).unwrap();
        let body = |it: &mendline::channels::twilio::outgoing::Request| it.fields[2].1.clone();
        for it in &made {
            prop_assert!(body(it).encode_utf16().count() <= 1_600);
        }
        let bare = |it: &str| it.chars().filter(|it| it.is_alphabetic()).collect::<String>();
        prop_assert_eq!(bare(&made.iter().map(body).collect::<String>()), bare(&text));
    }
}
