//! What must hold when a talk is over, and small readers that its steps share.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use mendline_engine::event::{DeskAction, GiveBack};
use mendline_engine::label::Label;
use serde_json::Value;

use super::script::Talk;
use super::stage::{self, World};
use crate::house::House;
use crate::store::{Conversation, MessageRow};

/// Checks `expect:`, and what must hold in every talk.
pub async fn expectations(
    house: &House,
    world: &World,
    talk: &Talk,
    conversation: &Conversation,
) -> anyhow::Result<()> {
    if let Some(fault) = world.faults().first() {
        bail!("{fault}");
    }
    let expect = &talk.expect;
    if let Some(wanted) = &expect.outcome {
        let found = conversation.state.outcome.as_deref().unwrap_or("not over yet");
        ensure!(found == wanted, "the outcome is {found}, not {wanted}");
    }
    for (action, wanted) in &expect.called {
        let found = world.calls_of(action);
        ensure!(found == *wanted, "{action} was called {found} times, not {wanted}");
    }
    if let Some(desk) = &expect.handoff {
        let open = house.store.handoffs(&talk.payer, std::slice::from_ref(desk)).await?;
        ensure!(!open.is_empty(), "no handoff is open at {desk}");
    }
    let worker = &talk.people["worker"];
    let all = house.store.conversations_of(&talk.payer, worker, 50).await?;
    let mut messages = Vec::new();
    for it in &all {
        messages.extend(house.store.messages(&talk.payer, &it.id).await?);
        let broken = house.store.verify_chain(&talk.payer, &it.id).await?;
        ensure!(broken.is_none(), "the record of {} is broken at row {broken:?}", it.flow);
    }
    exactly_once(house, world, talk, &messages).await?;
    for (label, channels) in &expect.no_label {
        let label = Label::from_word(label).with_context(|| format!("'{label}' is no label"))?;
        no_label(&messages, label, channels)?;
    }
    Ok(())
}

/// Every message that the house says it sent is before its reader exactly once, and nothing
/// else is.
async fn exactly_once(
    house: &House,
    world: &World,
    talk: &Talk,
    messages: &[MessageRow],
) -> anyhow::Result<()> {
    let mut sent: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for row in messages.iter().filter(|it| it.status == "sent" || it.status == "shown") {
        let frozen = row.frozen.as_ref().context("a message was sent that was never frozen")?;
        let reader = (row.person.clone(), frozen.channel.clone());
        sent.entry(reader).or_default().push(frozen.text.clone());
    }
    for ((person, channel), mut texts) in sent {
        let lines = stage::lines(house, world, &talk.payer, &person).await?;
        let lines = lines.get(&channel).cloned().unwrap_or_default();
        let mut seen: Vec<_> = lines
            .iter()
            .filter(|it| it["from"] != "you")
            .filter_map(|it| it["text"].as_str().map(str::to_owned))
            .collect();
        texts.sort();
        seen.sort();
        for text in &texts {
            let wanted = texts.iter().filter(|it| *it == text).count();
            let found = seen.iter().filter(|it| *it == text).count();
            ensure!(
                wanted == found,
                "{person} on {channel} should see “{text}” {wanted} times, and sees it {found} times"
            );
        }
    }
    Ok(())
}

fn no_label(messages: &[MessageRow], label: Label, channels: &[String]) -> anyhow::Result<()> {
    for row in messages {
        let Some(frozen) = &row.frozen else { continue };
        let labels = if frozen.private {
            row.message.wording.private_labels
        } else {
            row.message.wording.labels
        };
        ensure!(
            !(channels.contains(&frozen.channel) && labels.has(label)),
            "{} carried {}: “{}”",
            frozen.channel,
            label.word(),
            frozen.text
        );
    }
    Ok(())
}

/// A field by its dotted path.
pub fn dig(fields: &BTreeMap<String, Value>, path: &str) -> Value {
    let mut members = path.split('.');
    let root = members.next().and_then(|it| fields.get(it)).cloned().unwrap_or_default();
    members.fold(root, |value, member| value.get(member).cloned().unwrap_or_default())
}

/// The keys of a line's buttons, whichever way the channel writes them.
pub fn button_keys(line: &Value) -> Vec<String> {
    let buttons = line["buttons"].as_array().into_iter().flatten();
    let keys = buttons.filter_map(|it| it["key"].as_str().or_else(|| it[0].as_str()));
    keys.map(str::to_owned).collect()
}

/// What a desk step does.
pub fn desk_action(what: &str, value: &Value) -> anyhow::Result<DeskAction> {
    let words = || value.as_str().unwrap_or_default().to_owned();
    Ok(match what {
        "takes" => DeskAction::Take,
        "replies" => match value.as_object() {
            Some(map) => DeskAction::Reply {
                words: map["words"].as_str().unwrap_or_default().to_owned(),
                language: map["language"].as_str().unwrap_or("en").to_owned(),
            },
            None => DeskAction::Reply { words: words(), language: "en".into() },
        },
        "notes" => DeskAction::Note { words: words() },
        "corrects" => {
            let field = value.as_object().and_then(|it| it.iter().next());
            let (field, value) = field.context("corrects takes { field: value }")?;
            DeskAction::Correct { field: field.clone(), value: value.clone() }
        }
        "gives_back" => DeskAction::GiveBack(match value {
            Value::String(it) if it == "retry" => GiveBack::Retry,
            Value::String(it) if it == "continue" => GiveBack::Continue,
            Value::Object(map) if map.contains_key("value") => {
                GiveBack::Value(map["value"].clone())
            }
            Value::Object(map) if map.contains_key("outcome") => {
                GiveBack::Outcome(map["outcome"].as_str().unwrap_or_default().into())
            }
            other => bail!("'{other}' is not retry, continue, {{ value }} or {{ outcome }}"),
        }),
        other => bail!("'{other}' is nothing that a desk does"),
    })
}
