//! An adjuster on Discord, through the whole house: `/link` with a code from the desk, commands with
//! completion, buttons; and taps that are doubled, replayed, forwarded and late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mendline::channels::discord::DiscordChannel;
use serde_json::{Value, json};

use super::fake::{DM, Discord, Listening, act};
use crate::staffed::{Staffed, staffed};
use crate::telegram::fake::Shelf;

const STRANGER: u64 = 555_010_100_000_000_099;

struct Front {
    discord: Discord,
    staffed: Staffed,
    listening: Listening,
    next: AtomicU64,
}

/// Dana came with a code from her desk, and Ana has asked for something.
async fn front() -> Front {
    let discord = Discord::begin().await;
    let staffed = staffed(Arc::new(DiscordChannel::new(discord.api()))).await;
    let listening = discord.listen_to(staffed.gate.clone(), &Shelf::default());
    discord.fake.is_heard().await;
    let front = Front { discord, staffed, listening, next: AtomicU64::new(800) };
    let code = front.staffed.code("dana", "discord").await;
    front.gives("link", json!([{ "name": "code", "type": 3, "value": code }])).await;
    front.staffed.ana_asks().await;
    front
}

impl Front {
    fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// Something happens; answers what stood beside it at once.
    async fn brings(&self, it: Value) -> Value {
        let answers = || self.discord.fake.asked("POST", "/interactions");
        let before = answers().len();
        self.discord.fake.brings("INTERACTION_CREATE", it);
        self.discord.fake.until(|it| it.asked("POST", "/interactions").len() > before).await;
        self.staffed.settle().await;
        answers().pop().unwrap()
    }

    async fn gives(&self, command: &str, options: Value) -> Value {
        self.brings(act(self.next(), 2, json!({ "name": command, "options": options }))).await
    }

    async fn taps(&self, data: &str) -> Vec<String> {
        let before = self.texts().len();
        self.brings(act(self.next(), 3, json!({ "custom_id": data }))).await;
        self.texts().split_off(before)
    }

    async fn types(&self, command: &str, options: Value) -> Vec<Value> {
        let it = act(self.next(), 4, json!({ "name": command, "options": options }));
        let answer = self.brings(it).await;
        assert_eq!(answer["type"], 8, "{answer}");
        answer["data"]["choices"].as_array().unwrap().clone()
    }

    /// What stands in Dana's direct message.
    fn texts(&self) -> Vec<String> {
        let shown = self.discord.fake.shown(DM);
        shown.iter().map(|it| it["content"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The data of the card's button that reads like this.
    fn button(&self, reads: &str) -> String {
        let shown = self.discord.fake.shown(DM);
        let rows = shown.iter().filter_map(|it| it["components"].as_array()).flatten();
        let mut buttons = rows.filter_map(|it| it["components"].as_array()).flatten();
        let found = buttons.find(|it| it["label"] == reads).unwrap();
        found["custom_id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_code_from_the_desk_enrols_by_command_and_numbers_and_codes_are_completed() {
    let front = front().await;
    assert!(front.texts()[0].starts_with("You are linked."), "{:?}", front.texts());
    let number = json!([{ "name": "number", "type": 4, "value": "", "focused": true }]);
    let numbers = front.types("approve", number).await;
    assert_eq!(numbers.len(), 1);
    assert_eq!(numbers[0]["value"], 1);
    let label = numbers[0]["name"].as_str().unwrap();
    assert!(label.starts_with("1. ") && label.contains("a decision"), "{label}");
    let reason = |typed: &str| {
        json!([
            { "name": "number", "type": 4, "value": 1 },
            { "name": "reason", "type": 3, "value": typed, "focused": true },
        ])
    };
    let codes = front.types("deny", reason("deny_")).await;
    assert!(!codes.is_empty() && codes.iter().all(|it| it["name"] == it["value"]), "{codes:?}");
    assert!(front.types("deny", reason("zzz")).await.is_empty());
    for private in ["gabapentin", "Ana", "DEMO-"] {
        assert!(!label.contains(private) && front.texts().iter().all(|it| !it.contains(private)));
    }
    let code = codes[0]["value"].clone();
    let options = json!([
        { "name": "number", "type": 4, "value": 1 },
        { "name": "reason", "type": 3, "value": code },
    ]);
    front.gives("deny", options).await;
    assert_eq!(front.staffed.decided().await, Some(json!("deny")));
    front.listening.stop().await;
}

#[tokio::test]
async fn a_card_is_decided_by_its_button_and_closed_where_it_stands() {
    let front = front().await;
    let card = front.texts().pop().unwrap();
    assert!(card.starts_with("Request "), "{card}");
    let said = front.taps(&front.button("Approve")).await;
    assert!(said.len() == 1 && said[0].contains("it is done"), "{said:?}");
    assert_eq!(front.staffed.decided().await, Some(json!("approve")));
    front.staffed.later(60_000).await;
    let closed = front.discord.fake.asked("PATCH", &format!("/channels/{DM}/messages"));
    assert!(closed[0]["content"].as_str().unwrap().contains("This is settled"), "{closed:?}");
    assert_eq!(closed[0]["components"], json!([]));
    front.listening.stop().await;
}

#[tokio::test]
async fn rule_03_doubled_replayed_forwarded_and_late_taps_are_answered_and_change_nothing() {
    let front = front().await;
    let (approve, deny) = (front.button("Approve"), front.button("Not for this claim"));
    let mut forwarded = act(front.next(), 3, json!({ "custom_id": approve }));
    forwarded["user"]["id"] = json!(STRANGER.to_string());
    forwarded["channel_id"] = json!((DM + 5).to_string());
    front.brings(forwarded).await;
    assert_eq!(front.staffed.decided().await, None);
    let id = front.next();
    let before = front.texts().len();
    for _ in 0..2 {
        front.brings(act(id, 3, json!({ "custom_id": approve }))).await;
    }
    assert_eq!(front.texts().len(), before + 1, "brought twice, one act and one answer");
    let again = front.taps(&approve).await;
    assert!(again[0].contains("you decided so already"), "{again:?}");
    let late = front.taps(&deny).await;
    assert!(late[0].contains("was decided before. Nothing was changed"), "{late:?}");
    assert_eq!(front.staffed.decided().await, Some(json!("approve")));
    front.listening.stop().await;
}

#[tokio::test]
async fn in_a_server_staff_are_told_to_write_directly_and_nothing_happens() {
    let front = front().await;
    let before = front.texts().len();
    for data in [
        json!({ "name": "approve", "options": [{ "name": "number", "type": 4, "value": 1 }] }),
        json!({ "name": "queue" }),
    ] {
        let mut it = act(front.next(), 2, data);
        it["guild_id"] = json!("4242");
        it["context"] = json!(0);
        it["member"] = json!({ "user": it["user"].take() });
        let answer = front.brings(it).await;
        assert!(answer["data"]["content"].as_str().unwrap().contains("direct messages"));
        assert_eq!(answer["data"]["flags"], 64, "for nobody else to see");
    }
    assert_eq!((front.staffed.decided().await, front.texts().len()), (None, before));
    front.listening.stop().await;
}
