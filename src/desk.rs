//! The desk: where staff see what waits for them, decide, take conversations over, and read
//! what happened.
//!
//! Pages are pure functions of what the store holds ([`queue`], [`card`], [`handoff`],
//! [`timeline`]); [`routes`] fetches, shows and hands what staff did to the house. The desk
//! decides nothing: whether a person may decide, and what a tap leads to, is the turn's. It
//! never trusts a page, and shows nobody what is not theirs.

pub mod accounts;
pub mod card;
pub mod commands;
pub mod completion;
pub mod discreet;
pub mod guarded;
pub mod handoff;
pub mod look;
pub mod numbers;
pub mod queue;
pub mod routes;
pub mod session;
pub mod timeline;
pub mod words;
