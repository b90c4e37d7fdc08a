//! Anything may come, and anything may be said.

use mendline::channels::inward::Entered;
use mendline::channels::tap;
use mendline::channels::telegram::translate::{
    DATA_BYTES_MAX, KEYBOARD_BYTES_MAX, LABEL_UNITS_MAX, answer, read, requests,
};
use mendline::store::EffectRef;
use mendline_engine::message::EffectKey;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use teloxide_core::types::ReplyMarkup;

use super::fake::outgoing;

/// Names that are looked at, so that chance comes past the first door.
const NAMES: &[&str] = &[
    "update_id",
    "message",
    "callback_query",
    "my_chat_member",
    "chat",
    "from",
    "type",
    "id",
    "text",
    "data",
    "date",
    "message_id",
    "photo",
    "voice",
    "file_id",
    "caption",
    "language_code",
    "new_chat_member",
    "status",
    "reply_markup",
    "inline_keyboard",
    "callback_data",
    "is_bot",
];
const TEXTS: &[&str] =
    &["private", "group", "kicked", "es-MX", "/start x", "/@", "u", "c3:abc1.1:", ""];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
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

/// An update whose head is right and whose rest is anything.
fn any_update() -> impl Strategy<Value = Value> {
    (any::<i64>(), prop::sample::select(&NAMES[1..4]), any_json(), any_json(), any_json()).prop_map(
        |(id, kind, chat, from, rest)| {
            let mut body = json!({ "chat": chat, "from": from, "message_id": 1, "id": "1" });
            if let (Some(body), Some(rest)) = (body.as_object_mut(), rest.as_object()) {
                body.extend(rest.clone());
            }
            json!({ "update_id": id, kind: body })
        },
    )
}

proptest! {
    #[test]
    fn whatever_comes_is_read_or_nothing(it in prop_oneof![any_json(), any_update()]) {
        let read = read(&it);
        if let Some(came) = read.came {
            prop_assert!(came.address.parse::<i64>().is_ok());
            prop_assert!(!came.id.is_empty());
        }
    }

    #[test]
    fn whatever_is_said_stays_within_limits(
        text in prop_oneof![".{0,5000}", "[a-z💊م \n.]{0,5000}", "(?s).{4090,4100}"],
        labels in vec(".{0,90}", 0..26),
        keys in vec(".{1,60}", 26),
        speaker in prop::option::of("[A-Z][a-z]{2,20}"),
    ) {
        let mut message = outgoing("0190a3c2-7b1e-7cc3-9d6f-2f1f4b0d9a11/17.3", &text);
        message.question = Some(message.key.effect.clone());
        message.speaker = speaker.clone();
        message.frozen.buttons = keys.iter().cloned().zip(labels.iter().cloned()).collect();
        let Ok(said) = requests(&message) else {
            prop_assert!(text.trim().is_empty());
            return Ok(());
        };
        for one in &said {
            let units = one.text.encode_utf16().count();
            prop_assert!((1..=4_096).contains(&units), "{units}");
            prop_assert!(!one.text.trim().is_empty());
            prop_assert!(one.parse_mode.is_none());
        }
        let (last, before) = said.split_last().unwrap();
        prop_assert!(before.iter().all(|it| it.reply_markup.is_none()));
        let whole = |it: &str| it.split_whitespace().collect::<String>();
        let all: String = said.iter().map(|it| it.text.as_str()).collect();
        let named = speaker.map(|it| format!("{it}:")).unwrap_or_default();
        prop_assert_eq!(whole(&all), named + &whole(&text), "no word is lost");
        if let Some(ReplyMarkup::InlineKeyboard(keyboard)) = &last.reply_markup {
            prop_assert!(serde_json::to_vec(keyboard).unwrap().len() <= KEYBOARD_BYTES_MAX);
            for (button, key) in keyboard.inline_keyboard.iter().flatten().zip(&keys) {
                prop_assert!((1..=LABEL_UNITS_MAX).contains(&button.text.encode_utf16().count()));
                let shown = serde_json::to_value(button).unwrap();
                let data = shown["callback_data"].as_str().unwrap();
                prop_assert!((1..=64).contains(&data.len()));
                let (question, choice) = tap::decode(data).unwrap();
                prop_assert_eq!(Some(&question), message.question.as_ref());
                let offered = keys.iter().map(String::as_str);
                prop_assert_eq!(tap::choice_of(&choice, offered), Some(key.as_str()));
            }
        }
        prop_assert_eq!(last.reply_markup.is_some(), !labels.is_empty());
    }

    #[test]
    fn any_question_that_fits_comes_back(
        conversation in prop_oneof![".{0,70}", "person/[a-z]{1,30}/[0-9]{1,9}"],
        turn: u32, index: u32, choice in ".{0,80}",
    ) {
        let question = EffectRef { conversation, key: EffectKey { turn, index } };
        if let Some(data) = tap::encode(&question, &choice, DATA_BYTES_MAX) {
            prop_assert!(data.len() <= 64);
            let (named, said) = tap::decode(&data).unwrap();
            prop_assert_eq!(named, question);
            prop_assert_eq!(tap::choice_of(&said, [choice.as_str()]), Some(choice.as_str()));
        }
    }

    #[test]
    fn any_data_is_a_tap_or_none(data in prop_oneof![".{0,70}", "[uc][0-9A-Za-z:.#_-]{0,70}"]) {
        let _ = tap::decode(&data);
    }

    #[test]
    fn any_notice_fits_under_a_tap(notice in prop::option::of(".{0,500}")) {
        let said = answer("1", &Entered { notice }).text.unwrap_or_default();
        prop_assert!(said.encode_utf16().count() <= 200);
    }
}
