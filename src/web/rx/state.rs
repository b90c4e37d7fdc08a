//! Where a prescription stands, for whoever stands at the counter: read from a conversation's
//! state, and said in one line, whose move it is, and what to do. Never a reason, never a
//! diagnosis.

use mendline_engine::state::{Deciding, Position, Rest, State};
use mendline_engine::time::Timestamp;
use serde_json::Value;

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has asked for an approval yet.
    NoRequest,
    /// The worker is being asked something first.
    WithWorker,
    /// Something is being looked up.
    LookingUp,
    /// A decision is open.
    Waiting {
        /// Who was asked last.
        by: Decider,
        /// When it was asked.
        since: Timestamp,
        /// When the next reminder or step up is due.
        next: Option<Timestamp>,
    },
    /// The decider asked for something first.
    MoreNeeded,
    /// A person at our desk has it.
    AtDesk,
    /// Decided; the authorization is being written.
    Approving,
    /// Approved.
    Approved {
        /// The authorization's number, once there is one.
        number: Option<String>,
    },
    /// It was approved, and the approval covers no fill any more: filled, or too old.
    UsedUp,
    /// No approval is needed.
    Covered,
    /// Too early since the last fill.
    TooSoon {
        /// The first day.
        from: Option<String>,
    },
    /// Not approved.
    NotApproved,
    /// It was withdrawn, or nobody went on with it.
    Closed,
}

/// Who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider {
    /// The claims adjuster.
    Adjuster,
    /// The supervisor, beside the adjuster.
    Supervisor,
}

/// Where a conversation about a prescription stands.
pub fn stage(state: &State) -> Stage {
    if let Some(outcome) = &state.outcome {
        return ended(outcome, state);
    }
    match &state.position {
        Position::Start => Stage::LookingUp,
        Position::Ended => Stage::Closed,
        Position::At { anchor, rest } => match rest {
            // A decision goes on while a person helps with something else, so it comes first.
            Rest::Deciding(deciding) if deciding.suspended => Stage::MoreNeeded,
            Rest::Deciding(deciding) => waiting(anchor, deciding, state),
            _ if !state.suspended.is_empty() => Stage::MoreNeeded,
            _ if !state.holds.is_empty() => Stage::AtDesk,
            Rest::HandedOff { .. } => Stage::AtDesk,
            Rest::Calling { write: true, .. } if !state.decided.is_empty() => Stage::Approving,
            Rest::Calling { .. } => Stage::LookingUp,
            Rest::Asking(_) => Stage::WithWorker,
            Rest::Waiting | Rest::Running { .. } => Stage::MoreNeeded,
        },
    }
}

fn waiting(anchor: &str, deciding: &Deciding, state: &State) -> Stage {
    let by = match deciding.holders.last() {
        Some(party) if party.contains("supervisor") => Decider::Supervisor,
        _ => Decider::Adjuster,
    };
    // The ladder's timers carry their decision's name; notes to the worker are no nudge.
    let rung = format!("{anchor}.rung.");
    let rungs = state.timers.iter().filter(|(name, it)| it.set && name.starts_with(&rung));
    let next = rungs.map(|(_, it)| it.due).min();
    Stage::Waiting { by, since: deciding.opened, next }
}

fn ended(outcome: &str, state: &State) -> Stage {
    match outcome {
        "approved" => Stage::Approved { number: text(state, "auth", "number") },
        "covered" => Stage::Covered,
        "too_soon" => Stage::TooSoon { from: text(state, "check", "next_fill_date") },
        "denied" => Stage::NotApproved,
        _ => Stage::Closed,
    }
}

fn text(state: &State, field: &str, member: &str) -> Option<String> {
    state.fields.get(field).and_then(|it| it[member].as_str()).map(str::to_owned)
}

/// Whether a conversation is about this prescription of this claim.
pub fn is_about(state: &State, claim: &str, rx: &str) -> bool {
    let is = |field: &str, member: &str, wanted: &str| {
        let value = state.fields.get(field).map_or(&Value::Null, |it| &it[member]);
        value.as_str().is_some_and(|it| it.eq_ignore_ascii_case(wanted))
    };
    is("claim", "number", claim) && is("drug", "rx_number", rx)
}

/// A stage in words, for a pharmacist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The state in one line.
    pub headline: String,
    /// Whose move it is.
    pub whose: &'static str,
    /// What to do at the counter.
    pub todo: String,
    /// `good`, `note` or nothing: the colour beside the words.
    pub tone: &'static str,
}

const CALL_PAYER: &str = "Call the payer: the number is on the worker's pharmacy card.";

/// Says a stage. `clock` writes a moment in the reader's zone.
pub fn say(stage: &Stage, now: Timestamp, clock: impl Fn(Timestamp) -> String) -> Said {
    let said = |headline: &str, whose, todo: &str, tone| Said {
        headline: headline.into(),
        whose,
        todo: todo.into(),
        tone,
    };
    match stage {
        Stage::NoRequest => said(
            "No request for approval has been made yet.",
            "The worker's. The request starts in the worker's chat.",
            "Ask the worker to open the chat and say that the pharmacy could not fill it.",
            "",
        ),
        Stage::WithWorker => said(
            "A request has begun. The worker is answering questions.",
            "The worker's.",
            "Ask the worker to answer the open question in the chat.",
            "",
        ),
        Stage::LookingUp => said(
            "A request has begun. We are looking the prescription up.",
            "Ours. This takes a moment.",
            "Wait a minute; this page looks again by itself.",
            "",
        ),
        Stage::Waiting { by, since, next } => waits(*by, *since, *next, now, clock),
        Stage::MoreNeeded => said(
            "The adjuster asked for more information before deciding.",
            "Ours: we are collecting it.",
            "This can take longer than a visit. The worker is told when it is decided; look here again for the answer.",
            "note",
        ),
        Stage::AtDesk => said(
            "A person at our pharmacy desk is looking at this.",
            "Ours.",
            "Use \"Call me\" if you want to speak with the desk.",
            "note",
        ),
        Stage::Approving => said(
            "It was decided. The authorization is being written.",
            "Ours. This takes a moment.",
            "Wait for the number; this page looks again by itself.",
            "good",
        ),
        Stage::Approved { .. } => said(
            "Approved. Run it again now.",
            "Yours.",
            "Run the claim again with the authorization number.",
            "good",
        ),
        Stage::UsedUp => said(
            "It was approved, and that approval was used or is too old.",
            "Nobody's. A further fill needs a new request.",
            "If it was not filled yet, ask the worker to open the chat, or call the payer.",
            "",
        ),
        Stage::Covered => said(
            "Covered without an approval. Run it again now.",
            "Yours.",
            "Run the claim again. No number is needed.",
            "good",
        ),
        Stage::TooSoon { from } => Said {
            headline: "It is too early for this fill.".into(),
            whose: "Nobody's until then.",
            todo: match from {
                Some(day) => format!("It can be filled from {day}."),
                None => CALL_PAYER.into(),
            },
            tone: "note",
        },
        Stage::NotApproved => said("Not approved.", "The payer's.", CALL_PAYER, "note"),
        Stage::Closed => said(
            "The last request was closed without a decision.",
            "The worker's, who can ask again in the chat.",
            "Ask the worker to open the chat, or call the payer.",
            "",
        ),
    }
}

fn waits(
    by: Decider,
    since: Timestamp,
    next: Option<Timestamp>,
    now: Timestamp,
    clock: impl Fn(Timestamp) -> String,
) -> Said {
    let (who, whose) = match by {
        Decider::Adjuster => ("the claims adjuster", "The claims adjuster's."),
        Decider::Supervisor => {
            ("the claims adjuster and the supervisor", "The claims adjuster's or the supervisor's.")
        }
    };
    let todo = match next {
        Some(at) => format!("Nothing to do for you yet. We remind them, or ask the next person, at {}.", clock(at)),
        None => "Nothing to do for you yet. They have been reminded; this page shows when it is decided.".into(),
    };
    let headline = format!("Waiting for {who}, for {}.", ago(now.0 - since.0));
    Said { headline, whose, todo, tone: "note" }
}

/// `12 minutes`, `3 hours 5 minutes`, `2 days`.
fn ago(ms: i64) -> String {
    let many = |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    let minutes = ms.max(0) / 60_000;
    match minutes {
        0 => "less than a minute".into(),
        1..60 => many(minutes, "minute"),
        60..1_440 if minutes % 60 == 0 => many(minutes / 60, "hour"),
        60..1_440 => format!("{} {}", many(minutes / 60, "hour"), many(minutes % 60, "minute")),
        _ => many(minutes / 1_440, "day"),
    }
}

#[cfg(test)]
mod tests {
    use mendline_engine::state::SetTimer;
    use serde_json::json;

    use super::*;

    fn deciding(holders: &[&str]) -> State {
        // A decision as stored, so that this test also notices when its shape changes.
        let card = json!({ "party": "adjuster", "kind": "proactive",
            "wording": { "key": "decision.say", "words": {} }, "values": {} });
        let rest = json!({ "deciding": {
            "question": "1.0", "holders": holders, "card": card, "opened": 0, "due": null,
            "rule": null, "clock": [], "climbed": [], "round": 0, "pending": null,
            "suspended": false } });
        let rest = serde_json::from_value::<Rest>(rest).unwrap();
        let position = Position::At { anchor: "decision".into(), rest };
        State { position, ..State::default() }
    }

    #[test]
    fn an_open_decision_names_who_was_asked_and_the_next_nudge() {
        let mut state = deciding(&["adjuster"]);
        let set = |due, set| SetTimer { generation: 1, due: Timestamp(due), set };
        state.timers.insert("decision.rung.1".into(), set(90_000, true));
        state.timers.insert("decision.rung.0".into(), set(30_000, false));
        state.timers.insert("decision.inform.0".into(), set(40_000, true));
        let expected = Stage::Waiting {
            by: Decider::Adjuster,
            since: Timestamp(0),
            next: Some(Timestamp(90_000)),
        };
        assert_eq!(stage(&state), expected);
        let said = say(&stage(&state), Timestamp(12 * 60_000), |_| "2:05 PM".into());
        assert_eq!(said.headline, "Waiting for the claims adjuster, for 12 minutes.");
        assert!(said.todo.contains("2:05 PM"));
    }

    #[test]
    fn a_supervisor_who_was_also_asked_is_named() {
        let state = deciding(&["adjuster", "supervisor"]);
        assert!(matches!(stage(&state), Stage::Waiting { by: Decider::Supervisor, .. }));
    }

    #[test]
    fn an_end_is_said_without_its_reason() {
        let mut state = State { outcome: Some("denied".into()), ..State::default() };
        state.fields.insert("decision".into(), json!({ "reason": "SECRET" }));
        let said = say(&stage(&state), Timestamp(0), |_| String::new());
        assert_eq!(stage(&state), Stage::NotApproved);
        assert!(!format!("{said:?}").contains("SECRET"));
    }

    #[test]
    fn an_approval_carries_its_number() {
        let mut state = State { outcome: Some("approved".into()), ..State::default() };
        state.fields.insert("auth".into(), json!({ "number": "PA-1" }));
        assert_eq!(stage(&state), Stage::Approved { number: Some("PA-1".into()) });
    }

    #[test]
    fn both_numbers_must_match() {
        let mut state = State::default();
        state.fields.insert("claim".into(), json!({ "number": "DEMO-CA-000123" }));
        state.fields.insert("drug".into(), json!({ "rx_number": "7700001" }));
        assert!(is_about(&state, "demo-ca-000123", "7700001"));
        assert!(!is_about(&state, "DEMO-CA-000123", "7700002"));
        assert!(!is_about(&state, "DEMO-CA-000124", "7700001"));
    }

    #[test]
    fn spans_are_said_in_whole_units() {
        for (minutes, said) in [
            (0, "less than a minute"),
            (1, "1 minute"),
            (59, "59 minutes"),
            (60, "1 hour"),
            (185, "3 hours 5 minutes"),
            (2_900, "2 days"),
        ] {
            assert_eq!(ago(minutes * 60_000), said);
        }
    }
}
