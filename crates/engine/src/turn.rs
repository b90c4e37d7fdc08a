//! One turn of one conversation.

use serde::{Deserialize, Serialize};

use crate::core::Program;
use crate::effect::Effect;
use crate::env::Env;
use crate::event::Event;
use crate::state::State;

/// The answer of one turn: the new state, and the effects in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The state after it.
    pub state: State,
    /// What to do, in order. The key of each is (`state.turn` before this turn, its index).
    pub effects: Vec<Effect>,
}

/// Advances a conversation by one event. Total: an event that nothing waits for is recorded as
/// [`crate::effect::Note::Ignored`], a fault ends with a person, never with silence.
pub fn turn(program: &Program, state: &State, event: &Event, env: &Env<'_>) -> Turn {
    let _ = (program, event, env);
    Turn { state: state.clone(), effects: Vec::new() }
}
