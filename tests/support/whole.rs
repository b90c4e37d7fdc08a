//! What a worker saw, beside what was committed: the lines of her chat, the messages to her, and
//! the record of her conversations. Nothing may be missing in either, and nothing stand twice.

use std::collections::BTreeMap;

use mendline::store::{Conversation, MessageRow, Store};
use serde_json::{Value, json};

use crate::page::Page;

/// More lines and conversations than any test makes for one person.
const MANY: u32 = 5_000;

/// Everything that was committed of one worker.
pub struct Kept {
    /// As the page is sent them.
    pub lines: Vec<Value>,
    pub conversations: Vec<Conversation>,
    pub record: Vec<Value>,
    pub messages: Vec<MessageRow>,
}

impl Kept {
    pub async fn of(page: &Page, store: &dyn Store) -> Kept {
        let (payer, person) = (&page.payer, &page.person);
        let lines = store.lines_after(payer, person, "web", 0, MANY).await.unwrap();
        let conversations = store.conversations_of(payer, person, MANY).await.unwrap();
        let (mut record, mut messages) = (Vec::new(), Vec::new());
        for it in &conversations {
            assert_eq!(store.verify_chain(payer, &it.id).await.unwrap(), None, "{}'s chain", it.id);
            let rows = store.record(payer, &it.id).await.unwrap().into_iter();
            record.extend(rows.map(|row| in_conversation(&it.id, row.body)));
            messages.extend(store.messages(payer, &it.id).await.unwrap());
        }
        // What is said outside any conversation.
        messages.extend(store.messages(payer, "").await.unwrap());
        messages.retain(|it| it.person == *person);
        let lines = lines.into_iter().map(|it| json!([it.seq, it.body["from"], it.body["text"]]));
        Kept { lines: lines.collect(), conversations, record, messages }
    }
}

/// A row of the record whose event names its question for the whole house.
fn in_conversation(id: &str, mut row: Value) -> Value {
    if let Some(tap) = row["event"].get_mut("tapped") {
        tap["question"] = json!(format!("{id}/{}", tap["question"].as_str().unwrap_or_default()));
    }
    row
}

/// The page shows what is kept, and nothing else; each message that left stands there once; each
/// act of hers that was acknowledged was applied once.
pub fn the_page_is_whole(page: &Page, kept: &Kept) {
    let who = page.person.as_str();
    assert_eq!(page.wrong, Vec::<String>::new(), "{who} got frames that no page may get");
    assert_eq!(page.unanswered, Vec::<Value>::new(), "{who}: something was never taken");
    let seen = page.lines.values().map(|it| json!([it["seq"], it["from"], it["text"]]));
    assert_eq!(seen.collect::<Vec<_>>(), kept.lines, "{who} sees what is kept");
    let numbers: Vec<i64> = page.lines.keys().copied().collect();
    assert_eq!(numbers, (1..=page.lines.len() as i64).collect::<Vec<_>>(), "{who}");
    messages_stand_once(page, kept);
    acts_stand_once(page, kept);
}

/// Of what the house had to say, each message that left is one line, in the words that were kept,
/// a conversation's in the order in which it said them.
fn messages_stand_once(page: &Page, kept: &Kept) {
    let who = page.person.as_str();
    let from_us = page.lines.values().filter(|it| it["from"] != "you");
    let mut seen: Vec<&str> = from_us.map(|it| it["text"].as_str().unwrap_or_default()).collect();
    let mut left: Vec<&MessageRow> = Vec::new();
    for it in &kept.messages {
        match it.status.as_str() {
            "sent" | "shown" => left.push(it),
            "withheld" | "pending" | "held" => {}
            other => panic!("{who}: {} is {other}", it.key.effect),
        }
    }
    left.sort_by(|a, b| a.key.cmp(&b.key));
    let mut conversations: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for it in &left {
        let text = it.frozen.as_ref().map(|it| it.text.as_str()).expect("what left was kept");
        conversations.entry(&it.key.effect.conversation).or_default().push(text);
    }
    for (conversation, said) in &conversations {
        let mut rest = seen.iter();
        for text in said {
            assert!(
                rest.any(|it| it == text),
                "{who}: “{text}” of {conversation} is not there, or not in its order: {:#?}",
                page.texts()
            );
        }
    }
    for text in conversations.values().flatten() {
        let at = seen.iter().position(|it| it == text);
        seen.remove(at.unwrap_or_else(|| panic!("{who} was sent “{text}” and does not see it")));
    }
    assert!(seen.is_empty(), "{who} sees what nobody sent: {seen:#?}");
}

/// Every tap and every sentence stands in the record once.
fn acts_stand_once(page: &Page, kept: &Kept) {
    let who = page.person.as_str();
    let name = |act: &Value| match act["type"].as_str() {
        Some("tap") => json!([act["question"], act["choice"]]),
        _ => act["words"].clone(),
    };
    let mut left: BTreeMap<String, i64> = BTreeMap::new();
    for act in &page.done {
        *left.entry(name(act).to_string()).or_default() += 1;
    }
    for row in &kept.record {
        let event = &row["event"];
        let name = if let Some(tap) = event.get("tapped") {
            if tap["actor"]["person"] != who {
                continue;
            }
            json!([tap["question"], tap["choice"]])
        } else if let Some(said) = event.get("said").or(event.get("started")) {
            said["words"].clone()
        } else {
            continue;
        };
        if !name.is_null() {
            *left.entry(name.to_string()).or_default() -= 1;
        }
    }
    left.retain(|_, it| *it != 0);
    assert!(left.is_empty(), "{who} did this, less what the record has: {left:#?}");
}
