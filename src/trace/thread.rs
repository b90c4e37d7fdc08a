//! Follows one matter through the rooms: which arrival an event came of, and what its turn sends.
//! Every function here does nothing while nobody looks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use mendline_engine::event::Event;
use mendline_engine::message::EffectKey;
use tracing::warn;

use super::{Context, Span};
use crate::house::House;
use crate::store::{CallRow, Conversation, EffectRef, MessageRef, OutboxRow, TurnCommit};

tokio::task_local! {
    /// Where an arrival is that is carried to the end of its turn before it is on disk.
    static CARRIED: Option<Context>;
}

/// Something came in; it is on disk now.
pub fn arrived(house: &House, payer: &str, source: &str, id: &str, began: SystemTime) {
    let trace = &house.watch.trace;
    if let Some(at) = trace.arrival(&house.vault, payer, source, id) {
        let span = Span { payer: payer.into(), channel: Some(source.into()), ..Span::default() };
        trace.took("arrival", at.root(), began, span);
    }
}

/// Works on an arrival that is not on disk yet.
pub async fn carrying<T>(
    house: &House,
    (payer, source, id): (&str, &str, &str),
    work: impl Future<Output = T>,
) -> T {
    let at = house.watch.trace.arrival(&house.vault, payer, source, id);
    CARRIED.scope(at, work).await
}

/// A person turn was worked out. `seq` is the arrival's number, if it has one.
pub async fn routed(house: &House, payer: &str, seq: i64, began: SystemTime) {
    if !house.watch.trace.is_on() {
        return;
    }
    if let Some(at) = origins(house, &[seq]).await.remove(&seq) {
        let span = Span { payer: payer.into(), ..Span::default() };
        house.watch.trace.took("person turn", at.under("person turn"), began, span);
    }
}

/// Where inbox rows came from, by number.
async fn origins(house: &House, seqs: &[i64]) -> BTreeMap<i64, Context> {
    if let Some(carried) = CARRIED.try_with(|it| *it).ok().flatten() {
        return seqs.iter().map(|seq| (*seq, carried)).collect();
    }
    let rows = house.store.health().origins(seqs).await.unwrap_or_else(|why| {
        warn!("a trace is cut here: {why}");
        Vec::new()
    });
    let place = |(seq, payer, source, id): (i64, String, String, String)| {
        Some((seq, house.watch.trace.arrival(&house.vault, &payer, &source, &id)?))
    };
    rows.into_iter().filter_map(place).collect()
}

/// Where what left is, by its effect's name.
async fn places(house: &House, payer: &str, effects: &[String]) -> BTreeMap<String, Context> {
    let rows = house.store.health().traces(payer, effects).await.unwrap_or_else(|why| {
        warn!("a trace is cut here: {why}");
        Vec::new()
    });
    rows.into_iter().filter_map(|(effect, it)| Some((effect, it.parse().ok()?))).collect()
}

/// The events of one conversation's commit, each in its trace.
pub struct Threads<'a> {
    house: &'a House,
    conversation: &'a Conversation,
    places: BTreeMap<i64, (Context, bool)>,
    /// Timers that are due, each of which begins a trace.
    timers: BTreeSet<i64>,
    sent: Vec<(String, String)>,
}

/// A turn under way: how much of the commit was there before it.
pub struct Mark {
    began: SystemTime,
    messages: usize,
    calls: usize,
}

impl<'a> Threads<'a> {
    /// Finds the places; `None` while nobody looks.
    pub async fn of(
        house: &'a House,
        conversation: &'a Conversation,
        events: impl Iterator<Item = (i64, &Event)>,
    ) -> Option<Threads<'a>> {
        if !house.watch.trace.is_on() {
            return None;
        }
        let (mut plain, mut answers) = (Vec::new(), BTreeMap::new());
        let mut timers = BTreeSet::new();
        // What is carried along with an arrival goes on in its trace.
        let carried = CARRIED.try_with(|it| it.is_some()).unwrap_or_default();
        for (seq, event) in events {
            if matches!(event, Event::Due { .. }) && !carried {
                timers.insert(seq);
            }
            match answered(event) {
                Some(key) => {
                    let effect = EffectRef { conversation: conversation.id.clone(), key };
                    answers.insert(seq, effect.to_string());
                }
                None => plain.push(seq),
            }
        }
        let origins = origins(house, &plain).await;
        let names: Vec<_> = answers.values().cloned().collect();
        let left = places(house, &conversation.payer, &names).await;
        let answers = answers.into_iter().filter_map(|(seq, it)| Some((seq, *left.get(&it)?)));
        let places = origins.into_iter().map(|(seq, it)| (seq, (it, false)));
        let places = places.chain(answers.map(|(seq, it)| (seq, (it, true)))).collect();
        Some(Threads { house, conversation, places, timers, sent: Vec::new() })
    }

    /// An event is about to be applied.
    pub fn mark(commit: &TurnCommit) -> Mark {
        let (messages, calls) = (commit.messages.len(), commit.calls.len());
        Mark { began: SystemTime::now(), messages, calls }
    }

    /// It was applied; what it sends from here on belongs to it.
    pub fn turned(&mut self, seq: i64, turn: u32, mark: &Mark, commit: &TurnCommit) {
        let Some((from, receipt)) = self.places.get(&seq).copied() else { return };
        let name = if receipt { "receipt" } else { "turn" };
        let at = from.under(&format!("{name} {}/{turn}", self.conversation.id));
        let span = Span {
            payer: self.conversation.payer.clone(),
            conversation: Some(self.conversation.id.clone()),
            flow: Some(self.conversation.flow.clone()),
            ..Span::default()
        };
        if self.timers.contains(&seq) {
            self.house.watch.trace.took("timer", from.root(), mark.began, span.clone());
        }
        self.house.watch.trace.took(name, at, mark.began, span);
        let messages = commit.messages[mark.messages..].iter().map(|it| it.key);
        for key in messages.chain(commit.calls[mark.calls..].iter().map(|it| it.key)) {
            let effect = EffectRef { conversation: self.conversation.id.clone(), key };
            self.sent.push((effect.to_string(), at.context().to_string()));
        }
    }

    /// Writes down where what is sent belongs, before the commit sends it: so that whoever sends
    /// it, after a restart too, goes on in the same trace.
    pub async fn keep(self) {
        if self.sent.is_empty() {
            return;
        }
        let (health, payer) = (self.house.store.health(), &self.conversation.payer);
        let kept = health.note_traces(payer, &self.sent, self.house.clock.now()).await;
        if let Err(why) = kept {
            warn!("a trace is cut here: {why}");
        }
    }
}

/// The effect that an event answers.
fn answered(event: &Event) -> Option<EffectKey> {
    match event {
        Event::Receipt { message, .. } => Some(*message),
        Event::Returned { call, .. } => Some(*call),
        _ => None,
    }
}

/// One attempt to send a message.
pub async fn sent(house: &House, row: &OutboxRow, result: &'static str, began: SystemTime) {
    let channel = row.frozen.as_ref().map(|it| it.channel.clone());
    let span = Span { channel, attempt: Some(row.attempts + 1), ..Span::default() };
    left(
        house,
        "send",
        &row.key.payer,
        &row.key.effect,
        Span { result: Some(result), ..span },
        began,
    )
    .await;
}

/// A message that left with the turn that says it.
pub async fn posted(house: &House, key: &MessageRef) {
    let span = Span { attempt: Some(1), result: Some("sent"), ..Span::default() };
    left(house, "send", &key.payer, &key.effect, span, SystemTime::now()).await;
}

/// One attempt at a call.
pub async fn called(house: &House, row: &CallRow, result: &'static str, began: SystemTime) {
    let action = Some(row.action.clone());
    let span = Span { action, attempt: Some(row.attempts + 1), ..Span::default() };
    left(house, "call", &row.payer, &row.key, Span { result: Some(result), ..span }, began).await;
}

async fn left(
    house: &House,
    name: &'static str,
    payer: &str,
    effect: &EffectRef,
    span: Span,
    began: SystemTime,
) {
    if !house.watch.trace.is_on() {
        return;
    }
    let effect_name = effect.to_string();
    let places = places(house, payer, std::slice::from_ref(&effect_name)).await;
    let Some(from) = places.get(&effect_name) else { return };
    let at = from.under(&format!("{name} {effect_name} {}", span.attempt.unwrap_or(1)));
    let conversation = Some(effect.conversation.clone());
    let span = Span { payer: payer.into(), conversation, ..span };
    house.watch.trace.took(name, at, began, span);
}
