//! What must be true of messages: each that a turn decided is in the outbox, each that was sent
//! is before its reader once, nothing else is, and no phone shows anybody's health.

use std::collections::{BTreeMap, BTreeSet};

use mendline::store::{MessageRef, MessageRow};
use mendline_engine::message::MessageKind;

use crate::channel::SMS;
use crate::invariants::Whole;
use crate::people::STAFF;
use crate::run::Run;

/// More lines than any run shows one person.
const MANY: u32 = 5_000;

pub async fn check(run: &Run<'_>, all: &[Whole]) {
    let mut rows: Vec<MessageRow> = all.iter().flat_map(|it| it.messages.clone()).collect();
    for it in all {
        decided(run, it);
    }
    // What is said outside any conversation.
    let payers: BTreeSet<&str> = run.cast.workers.iter().map(|it| it.payer).collect();
    for payer in payers {
        rows.extend(run.store.messages(payer, "").await.unwrap());
    }
    within_the_payer(run, &rows);
    on_phones(run, &rows);
    in_order(run, &rows);
    on_pages(run, &rows).await;
    for it in &rows {
        let over = ["sent", "shown", "withheld", "dead", "maybe"].contains(&it.status.as_str());
        if !over {
            run.world.wrong(format!("{} is still {}", it.key.effect, it.status));
        }
        let tried = matches!(it.status.as_str(), "sent" | "shown" | "maybe");
        if tried && it.frozen.is_none() {
            run.world.wrong(format!("{} left, and its bytes were not kept", it.key.effect));
        }
    }
}

/// Nothing is in the outbox that no turn decided, and everything that one decided is.
fn decided(run: &Run<'_>, whole: &Whole) {
    let id = &whole.conversation.id;
    let mut decided = BTreeSet::new();
    let mut beside = BTreeMap::new();
    for row in &whole.record {
        let turn = row["turn"].as_u64().unwrap_or_default();
        let effects = row["effects"].as_array().map_or(&[][..], |it| it);
        beside.insert(turn, effects.len());
        for (index, effect) in effects.iter().enumerate() {
            if effect.get("send").is_some() {
                decided.insert(format!("{id}/{turn}.{index}"));
            }
        }
    }
    let rows: BTreeSet<String> =
        whole.messages.iter().map(|it| it.key.effect.to_string()).collect();
    for lost in decided.difference(&rows) {
        run.world.wrong(format!("{lost} was decided and is not in the outbox"));
    }
    for it in &whole.messages {
        let key = it.key.effect.key;
        let ours = beside.get(&u64::from(key.turn)).is_some_and(|it| key.index as usize >= *it);
        if !ours && !decided.contains(&it.key.effect.to_string()) {
            run.world.wrong(format!("{} is in the outbox and no turn decided it", it.key.effect));
        }
    }
}

/// A payer's messages go to that payer's people.
fn within_the_payer(run: &Run<'_>, rows: &[MessageRow]) {
    for it in rows {
        let theirs = STAFF.iter().filter(|(payer, _)| *payer != it.key.payer);
        let mut theirs = theirs.flat_map(|(_, all)| all.iter());
        if theirs.any(|other| *other == it.person) {
            let (key, payer) = (&it.key.effect, &it.key.payer);
            run.world.wrong(format!("{key} of {payer} goes to {}, of another payer", it.person));
        }
    }
}

fn on_phones(run: &Run<'_>, rows: &[MessageRow]) {
    let world = run.world.lock();
    let mut wrong = Vec::new();
    let mut shown: BTreeMap<&MessageRef, u32> = BTreeMap::new();
    let by_key: BTreeMap<&MessageRef, &MessageRow> = rows.iter().map(|it| (&it.key, it)).collect();
    for it in &world.delivered {
        *shown.entry(&it.key).or_default() += 1;
        let name = &it.key.effect;
        match by_key.get(&it.key).map(|row| row.frozen.as_ref()) {
            None => wrong.push(format!("{name} was seen, and is in no outbox")),
            Some(None) => wrong.push(format!("{name} was seen, and its bytes were not kept")),
            Some(Some(frozen)) if frozen.text != it.text || frozen.channel != it.channel => {
                wrong.push(format!("{name} was seen otherwise than it is kept"));
            }
            Some(Some(_)) => {}
        }
        let text = it.text.to_lowercase();
        if let Some(word) =
            run.backdrop.private.iter().find(|word| text.contains(&word.to_lowercase()))
        {
            wrong.push(format!("{name} shows “{word}” on {}", it.channel));
        }
    }
    for it in rows.iter().filter(|it| it.frozen.as_ref().is_some_and(|it| it.channel == SMS)) {
        let seen = shown.get(&it.key).copied().unwrap_or_default();
        let fine = match it.status.as_str() {
            "sent" | "shown" => seen == 1,
            _ => seen <= 1,
        };
        if !fine {
            wrong.push(format!("{} is {} and was seen {seen} times", it.key.effect, it.status));
        }
    }
    drop(world);
    wrong.into_iter().for_each(|it| run.world.wrong(it));
}

/// What we begin by ourselves reaches a person in the order in which a conversation said it. An
/// answer and help in danger may overtake what waits for the morning.
fn in_order(run: &Run<'_>, rows: &[MessageRow]) {
    let kinds: BTreeMap<&MessageRef, MessageKind> =
        rows.iter().map(|it| (&it.key, it.message.kind)).collect();
    let copies: BTreeSet<&MessageRef> = rows
        .iter()
        .filter(|it| it.message.notice.is_some_and(|first| first != it.key.effect.key))
        .map(|it| &it.key)
        .collect();
    let world = run.world.lock();
    let mut last: BTreeMap<(&str, &str, &str), &MessageRef> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for it in &world.delivered {
        let first = it.key.effect.key.turn > 0 && seen.insert(&it.key);
        let waits = kinds.get(&it.key).is_some_and(|it| *it == MessageKind::Proactive);
        // What must be read was said in its place before: a copy of it overtakes.
        let copies = copies.contains(&it.key);
        if !first || !waits || copies {
            continue;
        }
        let lane = (it.key.effect.conversation.as_str(), it.person.as_str(), it.channel);
        if let Some(before) = last.insert(lane, &it.key)
            && before.effect.key > it.key.effect.key
        {
            wrong.push(format!("{} came before {}", before.effect, it.key.effect));
        }
    }
    drop(world);
    wrong.into_iter().for_each(|it| run.world.wrong(it));
}

/// A person's page shows each message once, as it is kept, and what she wrote once.
async fn on_pages(run: &Run<'_>, rows: &[MessageRow]) {
    let people: BTreeSet<(String, String)> =
        rows.iter().map(|it| (it.key.payer.clone(), it.person.clone())).collect();
    for (payer, person) in people {
        for channel in ["web", "desk"] {
            let lines = run.store.lines_after(&payer, &person, channel, 0, MANY).await.unwrap();
            let numbers: Vec<i64> = lines.iter().map(|it| it.seq).collect();
            if numbers != (1..=lines.len() as i64).collect::<Vec<_>>() {
                run.world.wrong(format!("{person}'s lines on {channel} have gaps: {numbers:?}"));
            }
            let mut left: BTreeMap<String, i64> = BTreeMap::new();
            for it in lines.iter().filter(|it| it.body["from"] != "you") {
                let text = it.body["text"].as_str().unwrap_or_default();
                *left.entry(text.to_owned()).or_default() += 1;
            }
            let here = |it: &&MessageRow| {
                (&it.key.payer, &it.person) == (&payer, &person)
                    && it.frozen.as_ref().is_some_and(|it| it.channel == channel)
            };
            for it in rows.iter().filter(here) {
                if !matches!(it.status.as_str(), "sent" | "shown") {
                    continue;
                }
                let text = it.frozen.as_ref().map(|it| it.text.clone()).unwrap_or_default();
                *left.entry(text).or_default() -= 1;
            }
            for (text, left) in left.into_iter().filter(|(_, left)| *left != 0) {
                let much = if left > 0 { "too often" } else { "not" };
                run.world.wrong(format!("{person} sees “{text}” {much} on {channel} ({left})"));
            }
        }
    }
    wrote(run).await;
}

async fn wrote(run: &Run<'_>) {
    let mut wrote: BTreeMap<(String, String, String, String), i64> = BTreeMap::new();
    for act in &run.world.lock().acts {
        if let Some(line) = &act.line {
            let place = (act.payer.clone(), act.person.clone(), act.source.clone(), line.clone());
            *wrote.entry(place).or_default() += 1;
        }
    }
    for ((payer, person, source, line), times) in wrote {
        let lines = run.store.lines_after(&payer, &person, &source, 0, MANY).await.unwrap();
        let own = lines.iter().filter(|it| it.body["from"] == "you" && it.body["text"] == *line);
        let seen = own.count() as i64;
        if seen != times {
            run.world.wrong(format!("{person} wrote “{line}” {times} times and reads it {seen}"));
        }
    }
}
