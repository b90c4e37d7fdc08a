//! An adjuster on Telegram, through the whole house: a code from the desk, a card with buttons, a
//! decision; and taps that are doubled, replayed, forwarded and late.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use mendline::channels::telegram::{Pace, TelegramChannel, commands, webhook};
use mendline::config::Secret;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::fake::Telegram;
use crate::staffed::{Staffed, staffed};

const DANA: i64 = 5_550_102;
const STRANGER: i64 = 5_550_199;
const GROUP: i64 = -100_777;
const SECRET: &str = "s3cret";

struct Front {
    telegram: Telegram,
    staffed: Staffed,
}

/// Dana came with a code from her desk, and Ana has asked for something.
async fn front() -> Front {
    let telegram = Telegram::begin().await;
    let channel = TelegramChannel::new(telegram.api()).paced(Pace::every(0));
    let channel = channel.offering(commands::staff()).unwrap();
    let front = Front { telegram, staffed: staffed(Arc::new(channel)).await };
    let code = front.staffed.code("dana", "telegram").await;
    front.brings(words(1, DANA, &format!("/start {code}"))).await;
    front.staffed.ana_asks().await;
    front
}

impl Front {
    /// Telegram calls; answers what we said to that.
    async fn brings(&self, update: Value) -> Value {
        let secret = Secret::from(SECRET.to_owned());
        let router = webhook(&secret, self.staffed.gate.clone());
        let request = Request::post("/webhooks/telegram")
            .header("X-Telegram-Bot-Api-Secret-Token", SECRET)
            .body(Body::from(update.to_string()))
            .unwrap();
        let answer = router.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        self.staffed.settle().await;
        serde_json::from_slice(&body).unwrap_or_default()
    }

    /// What stands in a chat, oldest first.
    fn said(&self, chat: i64) -> Vec<Value> {
        let all = self.telegram.fake.asked("sendMessage").into_iter();
        all.filter(|it| it["chat_id"] == chat).collect()
    }

    fn texts(&self, chat: i64) -> Vec<String> {
        let text = |it: &Value| it["text"].as_str().unwrap().to_owned();
        self.said(chat).iter().map(text).collect()
    }

    /// The data of the card's button that reads like this.
    fn button(&self, reads: &str) -> String {
        let said = self.said(DANA);
        let rows = said.iter().filter_map(|it| it["reply_markup"]["inline_keyboard"].as_array());
        let mut buttons = rows.flatten().filter_map(Value::as_array).flatten();
        let found = buttons.find(|it| it["text"] == reads).unwrap();
        found["callback_data"].as_str().unwrap().to_owned()
    }

    async fn taps(&self, id: i64, chat: i64, data: &str) -> Vec<String> {
        let before = self.texts(chat).len();
        self.brings(tap(id, chat, data)).await;
        self.texts(chat).split_off(before)
    }
}

fn words(id: i64, chat: i64, text: &str) -> Value {
    let from = json!({ "id": chat, "is_bot": false, "first_name": "D", "language_code": "en" });
    let chat = json!({ "id": chat, "type": "private" });
    json!({
        "update_id": id,
        "message": { "message_id": id, "date": 0, "chat": chat, "from": from, "text": text },
    })
}

fn tap(id: i64, chat: i64, data: &str) -> Value {
    let from = json!({ "id": chat, "is_bot": false, "first_name": "D" });
    let message = json!({ "message_id": 1, "date": 0, "chat": { "id": chat, "type": "private" } });
    json!({
        "update_id": id,
        "callback_query": { "id": format!("cb{id}"), "from": from, "message": message, "data": data },
    })
}

#[tokio::test]
async fn a_code_from_the_desk_enrols_and_gives_that_chat_the_commands_of_staff() {
    let front = front().await;
    front.telegram.fake.was_asked("setMyCommands", 2).await;
    let offered = front.telegram.fake.asked("setMyCommands");
    for (it, language) in offered.iter().zip([Value::Null, json!("es")]) {
        assert_eq!(it["scope"], json!({ "type": "chat", "chat_id": DANA }));
        assert_eq!(it["language_code"], language);
        let names = it["commands"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|it| it["command"].as_str().unwrap()).collect();
        assert!(names.starts_with(&["queue", "card", "approve", "deny"]), "{names:?}");
    }
    assert!(front.texts(DANA)[0].starts_with("You are linked."));
    // Who says to be somebody else gets what everybody has.
    front.brings(words(2, DANA, "not me")).await;
    front.telegram.fake.was_asked("deleteMyCommands", 2).await;
    assert_eq!(front.telegram.fake.asked("deleteMyCommands")[0]["scope"]["chat_id"], DANA);
}

#[tokio::test]
async fn a_card_is_decided_by_its_button_and_closed_where_it_stands() {
    let front = front().await;
    let card = front.texts(DANA).pop().unwrap();
    assert!(card.starts_with("Request ") && card.contains("/desk/card/"), "{card}");
    for private in ["gabapentin", "Ana", "DEMO-"] {
        assert!(front.texts(DANA).iter().all(|it| !it.contains(private)), "{private}");
    }
    let said = front.taps(10, DANA, &front.button("Approve")).await;
    assert!(said.len() == 1 && said[0].contains("it is done"), "{said:?}");
    assert_eq!(front.staffed.decided().await, Some(json!("approve")));
    front.staffed.later(60_000).await;
    let closed = front.telegram.fake.asked("editMessageText");
    assert!(closed[0]["text"].as_str().unwrap().contains("This is settled"), "{closed:?}");
    assert!(closed[0]["text"].as_str().unwrap().starts_with(&card), "and which it was");
}

#[tokio::test]
async fn rule_03_doubled_replayed_forwarded_and_late_taps_are_answered_and_change_nothing() {
    let front = front().await;
    let (approve, deny) = (front.button("Approve"), front.button("Not for this claim"));
    // Another's phone, with the very data of her button.
    let stranger = front.taps(20, STRANGER, &approve).await;
    assert_eq!(stranger.len(), 1);
    assert!(!stranger[0].contains("Request"), "{stranger:?}");
    assert_eq!(front.staffed.decided().await, None);
    assert_eq!(front.taps(21, DANA, &approve).await.len(), 1);
    assert!(front.taps(21, DANA, &approve).await.is_empty(), "the same update once more");
    let again = front.taps(22, DANA, &approve).await;
    assert!(again[0].contains("you decided so already"), "{again:?}");
    let late = front.taps(23, DANA, &deny).await;
    assert!(late[0].contains("was decided before. Nothing was changed"), "{late:?}");
    let forged = front.taps(24, DANA, "u----------------------1.1:approve").await;
    assert!(forged.is_empty(), "it is none of ours");
    assert_eq!(front.staffed.decided().await, Some(json!("approve")));
}

#[tokio::test]
async fn commands_are_read_over_what_was_shown() {
    let front = front().await;
    front.brings(words(30, DANA, "/queue")).await;
    let queue = front.texts(DANA).pop().unwrap();
    assert!(queue.starts_with("1. ") && queue.contains("a decision"), "{queue}");
    front.brings(words(31, DANA, "approve")).await;
    assert!(front.texts(DANA).pop().unwrap().contains("Nothing was changed"));
    assert!(front.staffed.card().await.is_some());
    front.brings(words(32, DANA, "/approve@our_bot 1 days 14")).await;
    assert_eq!(front.staffed.decided().await, Some(json!("shorter")));
}

#[tokio::test]
async fn in_a_group_a_command_is_answered_with_the_way_to_a_private_chat() {
    let front = front().await;
    let before = front.texts(DANA).len();
    let mut queue = words(40, DANA, "/queue");
    queue["message"]["chat"] = json!({ "id": GROUP, "type": "supergroup", "title": "Claims" });
    let said = front.brings(queue.clone()).await;
    assert_eq!((&said["method"], &said["chat_id"]), (&json!("sendMessage"), &json!(GROUP)));
    assert!(said["text"].as_str().unwrap().contains("private chats only"), "{said}");
    // What people say to each other there is not for us.
    queue["update_id"] = json!(41);
    queue["message"]["text"] = json!("who has the queue?");
    assert_eq!(front.brings(queue).await, Value::Null);
    let mut tapped = tap(42, DANA, &front.button("Approve"));
    tapped["callback_query"]["message"]["chat"] = json!({ "id": GROUP, "type": "group" });
    let said = front.brings(tapped).await;
    assert_eq!(said["method"], "answerCallbackQuery");
    assert!(said["text"].as_str().unwrap().contains("private chats only"), "{said}");
    assert_eq!(front.staffed.decided().await, None);
    assert_eq!(front.texts(DANA).len(), before);
}
