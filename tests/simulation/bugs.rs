//! Deliberate bugs, to prove that the simulation sees them. Each sits in a wrapper at a seam (the
//! store's watch, a channel, a plugin), so that none of it is in the house.

use mendline::store::{Accepted, Became, CallBecame, Claimed, NewArrival, TurnCommit};
use mendline_engine::event::CallResult;
use serde_json::json;

use crate::backdrop::CHANGED;
use crate::world::Inner;

/// A bug that somebody might make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    DedupeDropped,
    ArrivalForgotten,
    RevisionIgnored,
    TimerForgotten,
    RecordHole,
    RecordDoubled,
    HoldForgotten,
    OptOutForgotten,
    ScreenSkipped,
    KeyForgotten,
    SentTwice,
    BytesNotFrozen,
    ReceiptLost,
    ResultLost,
    CallKeyChanges,
    QuestionForgotten,
    PayerLeaks,
    EventDropped,
    PauseForgotten,
    ParkedLost,
    LimitForgotten,
    VersionForgotten,
}

/// Each bug, what it is, and within how many seeds it must be caught.
pub const ALL: &[(Bug, &str, u64)] = &[
    (Bug::DedupeDropped, "an arrival that comes twice is taken twice", 40),
    (Bug::ArrivalForgotten, "an arrival is acknowledged and not written", 40),
    (Bug::RevisionIgnored, "a turn is committed over another one", 120),
    (Bug::TimerForgotten, "a timer is not set", 40),
    (Bug::RecordHole, "a turn leaves no row in the record", 40),
    (Bug::RecordDoubled, "a turn leaves its row twice", 40),
    (Bug::HoldForgotten, "a turn does not know that a person holds", 80),
    (Bug::OptOutForgotten, "an opt-out is not read", 200),
    (Bug::ScreenSkipped, "a phone passes for a private channel", 40),
    (Bug::KeyForgotten, "a repeated send has a new key", 200),
    (Bug::SentTwice, "a provider is handed everything twice", 40),
    (Bug::BytesNotFrozen, "bytes leave without being kept", 40),
    (Bug::ReceiptLost, "what was withheld or failed is not reported", 120),
    (Bug::ResultLost, "a call's result is not written", 40),
    (Bug::CallKeyChanges, "a repeated call has a new key", 80),
    (Bug::QuestionForgotten, "a question is not closed", 40),
    (Bug::PayerLeaks, "a claim names somebody of another payer", 80),
    (Bug::EventDropped, "an event is marked as done without its turn", 40),
    (Bug::PauseForgotten, "a pause is not read", 80),
    (Bug::ParkedLost, "what waits under a pause counts as sent", 80),
    (Bug::LimitForgotten, "nobody asks for a piece of the hour", 40),
    (Bug::VersionForgotten, "a conversation goes on with the newest version", 120),
];

pub fn arrival(world: &mut Inner, arrival: &mut NewArrival) -> Option<Accepted> {
    if world.has(Bug::DedupeDropped) {
        world.names += 1;
        arrival.id = format!("{}~{}", arrival.id, world.names);
        arrival.line = None;
    }
    if world.has(Bug::ArrivalForgotten) && world.names.is_multiple_of(5) {
        world.names += 1;
        return Some(Accepted { seq: 1_000_000, duplicate: false });
    }
    None
}

pub fn claimed(world: &mut Inner, claimed: &mut [Claimed]) {
    for it in claimed.iter_mut() {
        if world.has(Bug::HoldForgotten) {
            it.conversation.state.holds.retain(|hold| hold.party.is_none());
        }
        if world.has(Bug::VersionForgotten) && world.deployed && it.conversation.flow == CHANGED {
            it.conversation.flow_hash = world.newest.clone();
        }
        if world.has(Bug::EventDropped) && it.events.len() > 1 {
            // The second row is done with by the first one's event.
            let (_, event, source, at) = it.events[0].clone();
            it.events[1] = (it.events[1].0, event, source, at);
        }
    }
}

pub fn turns(world: &mut Inner, commits: &mut [TurnCommit]) {
    for it in commits.iter_mut() {
        match world.bug {
            Some(Bug::TimerForgotten) => {
                it.timers.pop();
            }
            Some(Bug::RecordHole) if it.expected_turn > 0 => it.record.clear(),
            Some(Bug::RecordDoubled) => it.record.extend(it.record.clone()),
            Some(Bug::QuestionForgotten) => it.closed.clear(),
            Some(Bug::RevisionIgnored) => {
                let there = world.turn_of.get(&it.conversation).copied().unwrap_or_default();
                if there > it.expected_turn {
                    over(it, there);
                }
            }
            _ => {}
        }
    }
}

/// Writes a turn over the one that was first: its state and its messages, under the revision that
/// is there now. Its record would not fit the end of the chain, and the store would refuse it.
fn over(commit: &mut TurnCommit, there: u32) {
    let by = there - commit.expected_turn;
    commit.expected_turn = there;
    commit.state.turn += by;
    commit.record.clear();
    commit.done.clear();
    commit.events.clear();
    commit.begins.clear();
    commit.calls.clear();
    commit.closed.clear();
    commit.handoffs.clear();
    commit.messages.retain(|it| it.message.question.is_none());
    commit.messages.iter_mut().for_each(|it| it.key.turn += by);
}

pub fn settles(world: &Inner, became: &Became) -> bool {
    let lost = matches!(became, Became::Withheld(_) | Became::Dead(_));
    !(world.has(Bug::ReceiptLost) && lost)
}

pub fn returns(world: &mut Inner, became: &CallBecame) -> bool {
    !(world.has(Bug::ResultLost) && matches!(became, CallBecame::Returned(_)))
}

/// What became of a call, without what it brought.
pub fn outline(became: &CallBecame) -> String {
    match became {
        CallBecame::Later(at) => format!("later {at}"),
        CallBecame::Returned(CallResult::Done(_)) => "done".into(),
        CallBecame::Refused { attempt, result } => {
            format!("{} (at attempt {attempt})", json!(result))
        }
        CallBecame::Returned(other) => json!(other).to_string(),
    }
}
