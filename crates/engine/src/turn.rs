//! One turn of one conversation.
//!
//! [`turn`] is the only way a conversation moves. It alone decides when to stop; what each
//! step does and what each event means stands in the modules below. It refuses to read a
//! clock, to send, to call or to wait: it says what should be done, and the shell commits that
//! together with the new state.

mod admit;
mod ask;
mod call;
mod card;
mod correct;
mod cx;
mod decide;
mod desk;
mod end;
mod hold;
mod ladder;
mod needs;
mod notice;
mod parties;
mod preview;
mod repair;
mod rest;
mod say;
mod seam;
mod step;
mod tap;
mod typed;

use serde::{Deserialize, Serialize};

use crate::core::{Pc, Program};
use crate::effect::Effect;
use crate::env::Env;
use crate::event::Event;
use crate::state::{Position, State};
use crate::turn::cx::Cx;

/// The most steps one turn passes through. A flow that needs more is a loop.
pub const STEPS_PER_TURN_MAX: usize = 256;

/// The most words and taps that wait for a call. Who writes more needs a person, not a queue.
pub const WAITING_MAX: usize = 20;

/// How often in a row we say that we did not understand; the next time a person comes.
pub const MISSES_MAX: u32 = 2;

/// How often one decision is asked again before a person looks at why (rule 5).
pub const ROUNDS_MAX: u32 = 5;

/// How long words fill the needs of a choice that was tapped (rule 4): 15 minutes.
pub const PENDING_MS: i64 = 15 * 60 * 1000;

/// How long what a call brings still answers the words that led to it: 10 minutes. Later the
/// person has gone, and we speak first.
pub const REPLY_MS: i64 = 10 * 60 * 1000;

/// What must be read and was not, of one conversation at a time; the oldest is a person's then. Who
/// has so much unread is not reached by more of it.
pub const NOTICES_MAX: usize = 8;

/// Channels that one such thing is said on, before a person tells it: more than anybody has.
pub const CHANNELS_MAX: usize = 8;

/// The answer of one turn: the new state, and the effects in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The state after it.
    pub state: State,
    /// What to do, in order. The key of each is (`state.turn` before this turn, its index).
    pub effects: Vec<Effect>,
    /// The steps it went through, from where the conversation rested to where it rests. For
    /// coverage and for drawing the way that was taken.
    pub path: Vec<Pc>,
}

/// Advances a conversation by one event. Total: an event that nothing waits for is recorded as
/// [`crate::effect::Note::Ignored`], a fault ends with a person, never with silence.
pub fn turn(program: &Program, state: &State, event: &Event, env: &Env<'_>) -> Turn {
    let mut cx = Cx::new(program, state, env);
    cx.path.extend(resting_at(program, state));
    let mut next = cx.admit(event);
    for _ in 0..STEPS_PER_TURN_MAX {
        next = match next {
            Ok(Next::Step(pc)) => {
                cx.path.push(pc);
                cx.step(pc)
            }
            Ok(Next::End(outcome)) => cx.end(&outcome),
            Ok(Next::Rest) => match cx.next_waiting() {
                Some(event) => cx.admit(&event),
                None => return cx.close(),
            },
            Err(fault) => cx.fall(&fault),
        }
    }
    let _ = cx.fall(&Fault::TooManySteps);
    cx.close()
}

/// The step that a conversation rests at.
fn resting_at(program: &Program, state: &State) -> Option<Pc> {
    match &state.position {
        Position::At { anchor, .. } => program.anchors.get(anchor).copied(),
        Position::Start | Position::Ended => None,
    }
}

/// Where a step or an event leads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// To a step.
    Step(Pc),
    /// Nowhere: the conversation rests (where it did, or where the step said).
    Rest,
    /// To this outcome.
    End(String),
}

/// What a step or an event came to.
pub(crate) type Went = Result<Next, Fault>;

/// What no flow should do, and the checker should have found. A person comes.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Fault {
    /// A condition or value could not be computed.
    #[error("'{expr}' cannot be computed: {why}")]
    Eval { expr: String, why: String },
    /// A text or a list names what is not known.
    #[error("'{0}' is not known here")]
    Unknown(String),
    /// A choice has a value that no case is for.
    #[error("no case for the value of '{0}'")]
    NoCase(String),
    /// There is no such anchor.
    #[error("there is no anchor '{0}'")]
    NoAnchor(String),
    /// There is no such step.
    #[error("there is no step {0}")]
    NoStep(Pc),
    /// There is no such action.
    #[error("there is no action '{0}'")]
    NoAction(String),
    /// A question offers nothing to choose from.
    #[error("'{0}' offers nothing to choose from")]
    NothingToChoose(String),
    /// A party that the flow needs cannot be resolved.
    #[error("nobody is known to be '{0}'")]
    NoParty(String),
    /// The turn passed [`STEPS_PER_TURN_MAX`].
    #[error("the turn took more than {STEPS_PER_TURN_MAX} steps")]
    TooManySteps,
}
