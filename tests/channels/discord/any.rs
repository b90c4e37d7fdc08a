//! Anything may come, and anything may be said.

use mendline::channels::discord::say::{DATA_BYTES_MAX, LABEL_UNITS_MAX, messages, plain};
use mendline::channels::discord::{commands, hear};
use mendline::channels::inward::Entered;
use mendline::channels::tap;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::fake::outgoing;

/// Names that are looked at, so that chance comes past the first door.
const NAMES: &[&str] = &[
    "id",
    "channel_id",
    "guild_id",
    "application_id",
    "author",
    "member",
    "user",
    "type",
    "token",
    "context",
    "content",
    "attachments",
    "content_type",
    "flags",
    "poll",
    "sticker_items",
    "data",
    "name",
    "options",
    "value",
    "focused",
    "custom_id",
    "components",
    "label",
    "locale",
    "message",
    "bot",
];
const TEXTS: &[&str] = &[
    "1",
    "700",
    "deny",
    "link",
    "giveback",
    "number",
    "reason",
    "how",
    "form:/deny 2",
    "es-MX",
    "u",
    "c3:abc1.1:",
    "words",
    "",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..8u64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(TEXTS).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        let name =
            prop_oneof![prop::sample::select(NAMES).prop_map(str::to_owned), any::<String>()];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name, inner), 0..8)
                .prop_map(|it| Value::from(it.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// An event whose head is right and whose rest is anything.
fn any_event() -> impl Strategy<Value = Value> {
    (1..6u64, any_json(), any_json()).prop_map(|(kind, data, rest)| {
        let person = json!({ "id": "5550101" });
        let mut it = json!({
            "id": "700", "channel_id": "70", "application_id": "42", "token": "t", "type": kind,
            "user": person, "author": person, "data": data,
        });
        if let (Some(it), Some(rest)) = (it.as_object_mut(), rest.as_object()) {
            it.extend(rest.clone());
        }
        it
    })
}

/// A text as it reads behind its escapes.
fn read(text: &str) -> String {
    let mut read = String::new();
    let mut it = text.chars();
    while let Some(c) = it.next() {
        read.push(if c == '\\' { it.next().unwrap() } else { c });
    }
    read
}

proptest! {
    #[test]
    fn whatever_comes_is_read_or_nothing(it in prop_oneof![any_json(), any_event()]) {
        let offered: Vec<_> = [commands::link()].into_iter().chain(commands::staff()).collect();
        if let Some(read) = hear::message(&it) {
            for came in read.came {
                prop_assert!(came.address.parse::<u64>().is_ok_and(|it| it > 0));
                prop_assert!(!came.id.is_empty());
            }
        }
        if let Some(read) = hear::interaction(&it, &offered) {
            let answer = read.taken(&Entered::default());
            prop_assert!(answer.body["type"].as_u64().is_some());
        }
    }

    #[test]
    fn whatever_is_said_stays_within_limits(
        text in prop_oneof![".{0,5000}", "[a-z💊م* \n.]{0,5000}", "(?s).{1990,2010}", "[*_~|]{1900,4500}"],
        labels in vec(".{0,99}", 0..26),
        keys in vec(".{1,80}", 26),
        speaker in prop::option::of("[A-Z][a-z]{2,20}"),
    ) {
        let mut message = outgoing("0190a3c2-7b1e-7cc3-9d6f-2f1f4b0d9a11/17.3", &text);
        message.question = Some(message.key.effect.clone());
        message.speaker = speaker.clone();
        message.frozen.private = false;
        message.frozen.buttons = keys.iter().cloned().zip(labels.iter().cloned()).collect();
        let Ok(said) = messages(&message) else {
            prop_assert!(text.trim().is_empty());
            return Ok(());
        };
        let words = |it: &Value| it["content"].as_str().unwrap().to_owned();
        for one in &said {
            let units = words(one).encode_utf16().count();
            prop_assert!((1..=2_000).contains(&units), "{units}");
            prop_assert!(one["nonce"].as_str().unwrap().len() <= 25);
            prop_assert_eq!(&one["allowed_mentions"]["parse"], &json!([]));
        }
        let nonces: std::collections::BTreeSet<_> = said.iter().map(|it| it["nonce"].to_string()).collect();
        prop_assert_eq!(nonces.len(), said.len(), "each part is a message of its own");
        if !text.contains("http") {
            let whole = |it: &str| it.split_whitespace().collect::<String>();
            let all: String = said.iter().map(|it| read(&words(it))).collect();
            let named = speaker.map(|it| format!("{it}:")).unwrap_or_default();
            prop_assert_eq!(whole(&all), named + &whole(&text), "no word is lost");
        }
        let (last, before) = said.split_last().unwrap();
        prop_assert!(before.iter().all(|it| it["components"].is_null()));
        let rows = last["components"].as_array().cloned().unwrap_or_default();
        prop_assert!(rows.len() <= 5);
        prop_assert!(rows.iter().all(|it| it["components"].as_array().unwrap().len() <= 5));
        let buttons = rows.iter().flat_map(|it| it["components"].as_array().unwrap());
        let mut many = 0;
        for (button, key) in buttons.zip(&keys) {
            let label = button["label"].as_str().unwrap().encode_utf16().count();
            prop_assert!((1..=LABEL_UNITS_MAX).contains(&label));
            let data = button["custom_id"].as_str().unwrap();
            prop_assert!((1..=DATA_BYTES_MAX).contains(&data.len()));
            let (question, choice) = tap::decode(data).unwrap();
            prop_assert_eq!(Some(&question), message.question.as_ref());
            let offered = keys.iter().map(String::as_str);
            prop_assert_eq!(tap::choice_of(&choice, offered), Some(key.as_str()));
            many += 1;
        }
        prop_assert_eq!(many, labels.len());
    }

    #[test]
    fn nothing_that_is_said_is_markup(text in r"[a-z*_~`|\[\]<>#\\ \n-]{0,200}") {
        let plain = plain(&text);
        prop_assert_eq!(read(&plain), text);
        let mut it = plain.chars();
        while let Some(c) = it.next() {
            if c == '\\' {
                it.next();
                continue;
            }
            prop_assert!(!"*_~`|[]<".contains(c), "{plain}");
        }
        for line in plain.lines() {
            prop_assert!(!line.trim_start().starts_with(['#', '>', '-']), "{line}");
        }
    }
}
