//! The channels that others run: their translation from files, their doors and their sending
//! against servers of our own on this machine.

#![expect(clippy::unwrap_used, reason = "tests")]

mod discord;
mod email;
mod staffed;
mod telegram;
mod twilio;
