//! What must be true after every run, read from the store as it lies there.

use std::collections::{BTreeMap, BTreeSet};

use mendline::channels::Incoming;
use mendline::store::{Conversation, MessageRow};
use mendline_engine::state::{Position, Rest};
use serde_json::{Value, json};

use crate::messages;
use crate::people::{CEDAR, NORTH};
use crate::record;
use crate::run::Run;
use crate::staff;

/// More conversations of one person than any run begins.
const MANY: u32 = 1_000;

/// A conversation with everything that is kept of it.
pub struct Whole {
    pub conversation: Conversation,
    pub record: Vec<Value>,
    pub messages: Vec<MessageRow>,
}

/// Looks at everything; what is wrong is said to the world.
pub async fn check(run: &Run<'_>) {
    let mut all = Vec::new();
    for worker in &run.cast.workers {
        let found = run.store.conversations_of(worker.payer, worker.id, MANY).await.unwrap();
        for conversation in found {
            let (payer, id) = (&conversation.payer, &conversation.id);
            let record = run.store.record(payer, id).await.unwrap();
            let record = record.into_iter().map(|it| it.body).collect();
            let messages = run.store.messages(payer, id).await.unwrap();
            if let Some(row) = run.store.verify_chain(payer, id).await.unwrap() {
                run.world.wrong(format!("{id}: the record's chain is broken at row {row}"));
            }
            all.push(Whole { conversation, record, messages });
        }
    }
    for it in &all {
        record::check(run, it);
        what_is_closed_is_closed(run, it).await;
        reached(run, it);
    }
    nothing_is_lost(run).await;
    applied_once(run, &all);
    nobody_is_stranded(run, &all).await;
    messages::check(run, &all).await;
    calls(run, &all);
    nothing_is_left(run).await;
}

/// Counts what happened, so that one sees that the runs go deep.
fn reached(run: &Run<'_>, whole: &Whole) {
    let mut world = run.world.lock();
    let state = &whole.conversation.state;
    let outcome = state.outcome.as_deref().unwrap_or("open");
    world.reach(&format!("{} {outcome}", whole.conversation.flow));
    if whole.record.first().is_some_and(|it| it["flow"]["version"] != 1) {
        world.reach("begun on a newer version");
    } else if world.deployed {
        world.reach("begun on the older version of two");
    }
    for row in &whole.record {
        let kind = row["event"].as_object().and_then(|it| it.keys().next().cloned());
        world.reach(&format!("event {}", kind.unwrap_or_default()));
        for effect in row["effects"].as_array().into_iter().flatten() {
            if effect["noted"].get("decided").is_some() {
                world.reach("decisions");
            }
            if let Some(what) = effect["noted"]["fault"]["what"].as_str() {
                world.reach(&format!("fault: {what}"));
            }
            if let Some(why) = effect["open_handoff"]["why"].as_str() {
                world.reach(&format!("handoff {why}"));
            }
        }
    }
}

/// A question that a turn closed cannot be answered any more.
async fn what_is_closed_is_closed(run: &Run<'_>, whole: &Whole) {
    let payer = &whole.conversation.payer;
    for row in &whole.record {
        for effect in row["effects"].as_array().into_iter().flatten() {
            let Some(key) = effect["close"]["question"].as_str() else { continue };
            let question = format!("{}/{key}", whole.conversation.id).parse().unwrap();
            let put = run.store.question(payer, &question, None).await.unwrap();
            if put.is_some_and(|it| it.closed.is_none()) {
                run.world.wrong(format!("{question} was closed by its turn and is still open"));
            }
        }
    }
}

/// Everything that was acknowledged was dealt with.
async fn nothing_is_lost(run: &Run<'_>) {
    let acts = run.world.lock().acts.clone();
    for act in &acts {
        let Some(seq) = act.seq else {
            run.world.wrong(format!("{} was never taken, though all is calm", act.id));
            continue;
        };
        if run.store.settled(&act.payer, seq).await.unwrap().is_none() {
            run.world.wrong(format!("{} was taken as {seq} and never dealt with", act.id));
        }
    }
}

/// Whoever is no worker, where the record does not say who.
const STAFF: &str = "somebody of the staff";

fn is_worker(party: &str) -> bool {
    party == "worker"
}

/// What each act did stands in the records once: a tap as often as somebody tapped.
fn applied_once(run: &Run<'_>, all: &[Whole]) {
    let mut did: BTreeMap<String, i64> = BTreeMap::new();
    let mut said: BTreeMap<(String, String), i64> = BTreeMap::new();
    let workers: BTreeSet<&str> = run.cast.workers.iter().map(|it| it.id).collect();
    let speaker = |who: &str, is_worker: bool| if is_worker { who } else { STAFF }.to_owned();
    for act in &run.world.lock().acts {
        match &act.incoming {
            Incoming::Tap { question, choice, with } => {
                let what = json!([question, "tap", act.person, choice, with]);
                *did.entry(what.to_string()).or_default() += 1;
            }
            Incoming::Desk { handoff, action } => {
                let what = json!([handoff, "desk", act.person, action]);
                *did.entry(what.to_string()).or_default() += 1;
            }
            Incoming::Words(words) => {
                let who = speaker(&act.person, workers.contains(act.person.as_str()));
                *said.entry((who, words.clone())).or_default() += 1;
            }
            _ => {}
        }
    }
    for it in all {
        let id = &it.conversation.id;
        let principal = &it.conversation.principal;
        for row in &it.record {
            let event = &row["event"];
            if let Some(tap) = event.get("tapped") {
                let question = format!("{id}/{}", tap["question"].as_str().unwrap_or_default());
                let (who, choice) = (&tap["actor"]["person"], &tap["choice"]);
                let what = json!([question, "tap", who, choice, tap["with"]]);
                *did.entry(what.to_string()).or_default() -= 1;
            } else if let Some(desk) = event.get("desk") {
                let handoff = format!("{id}/{}", desk["handoff"].as_str().unwrap_or_default());
                let what = json!([handoff, "desk", desk["actor"]["person"], desk["action"]]);
                *did.entry(what.to_string()).or_default() -= 1;
            } else if let Some(words) = words_of(event) {
                // The record knows a party, and whose matter it is.
                let who = speaker(principal, event["said"]["party"].as_str().is_none_or(is_worker));
                *said.entry((who, words)).or_default() -= 1;
            }
        }
    }
    for (what, left) in did.into_iter().filter(|(_, left)| *left != 0) {
        let often = if left > 0 { "was never applied" } else { "was applied too often" };
        run.world.wrong(format!("{what} {often} ({left})"));
    }
    for ((who, words), left) in said.into_iter().filter(|(_, left)| *left < 0) {
        run.world.wrong(format!("{who} said “{words}” and was heard {} times more", -left));
    }
}

fn words_of(event: &Value) -> Option<String> {
    let said = event.get("said").or(event.get("started"))?;
    said["words"].as_str().map(str::to_owned)
}

/// Every conversation is over, or a person has it: silence has had its say everywhere.
async fn nobody_is_stranded(run: &Run<'_>, all: &[Whole]) {
    let mut open: BTreeSet<String> = BTreeSet::new();
    for payer in [NORTH, CEDAR] {
        let rows = staff::handoffs(run, payer).await;
        open.extend(rows.iter().map(|it| it.handoff.to_string()));
    }
    let later = run.store.next_due().await.unwrap().is_some();
    let alive: BTreeSet<&str> = all
        .iter()
        .filter(|it| it.conversation.state.position != Position::Ended)
        .filter_map(|it| it.conversation.parent.as_ref().map(|it| it.conversation.as_str()))
        .collect();
    for it in all {
        let (id, state) = (&it.conversation.id, &it.conversation.state);
        let known: Vec<String> =
            state.holds.iter().map(|hold| format!("{id}/{}", hold.handoff)).collect();
        for hold in known.iter().filter(|hold| !open.contains(*hold)) {
            run.world.wrong(format!("{hold} holds, and no desk has it"));
        }
        for row in open.iter().filter(|row| row.starts_with(&format!("{id}/"))) {
            if !known.contains(row) {
                run.world.wrong(format!("{row} stands at a desk, and the conversation is free"));
            }
        }
        let runs_child = matches!(&state.position, Position::At { rest: Rest::Running { .. }, .. });
        let fine = match &state.position {
            Position::Ended => true,
            Position::Start => later,
            Position::At { .. } if runs_child => alive.contains(id.as_str()),
            Position::At { .. } => !known.is_empty(),
        };
        if !fine {
            let position = serde_json::to_value(&state.position).unwrap();
            let at = crate::eye::shape(&position);
            run.world.wrong(format!("{id} of {} is stranded at {at}", it.conversation.flow));
        }
    }
}

/// What plugins were asked under is what was committed; a write of which the house says that
/// nothing was changed changed nothing.
fn calls(run: &Run<'_>, all: &[Whole]) {
    let mut committed = BTreeSet::new();
    let world = run.world.lock();
    let mut wrong = Vec::new();
    for it in all {
        for row in &it.record {
            let turn = row["turn"].as_u64().unwrap_or_default();
            for (index, effect) in row["effects"].as_array().into_iter().flatten().enumerate() {
                if effect.get("call").is_some() {
                    committed.insert(format!("{}/{turn}.{index}", it.conversation.id));
                }
            }
            let Some(returned) = row["event"].get("returned") else { continue };
            let call = returned["call"].as_str().unwrap_or_default();
            let key = format!("{}/{call}", it.conversation.id);
            let refused = returned["result"].get("refused").is_some();
            if refused && world.ledger.done.contains_key(&key) {
                let code = &returned["result"]["refused"]["code"];
                wrong.push(format!("{key} was written, and the house says it was not ({code})"));
            }
        }
    }
    for key in world.ledger.keys.iter().filter(|it| !committed.contains(*it)) {
        wrong.push(format!("a plugin was called under {key}, which no turn committed"));
    }
    drop(world);
    wrong.into_iter().for_each(|it| run.world.wrong(it));
}

/// No row waits that nobody will look at.
async fn nothing_is_left(run: &Run<'_>) {
    let now = mendline_engine::time::Timestamp(run.world.now());
    let counts = run.store.counts(now).await.unwrap();
    for name in ["unrouted", "events_waiting", "messages_due", "calls_open", "timers_due"] {
        if counts[name].as_i64().unwrap_or_default() != 0 {
            run.world.wrong(format!("{name} is {} after everything settled", counts[name]));
        }
    }
}
