//! Talks: conversation tests with every party, a virtual business clock, and faults.
//!
//! A talk plays the whole house (inbox, turns, store, dispatch), only with a clock moved by
//! hand and stubs in place of plugins. It stands beside the flow it tests.

pub mod coverage;
pub mod play;
mod reading;
pub mod script;
pub mod stage;
pub(crate) mod theatre;
pub mod verify;
