//! What operators watch, from outside: numbers, readiness, traces, the doctor, and that a clock that
//! jumps or an event that fells the process costs nobody anything.
#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "the tests of running a house use the rest")]
#[path = "../operate/binary.rs"]
mod binary;
#[path = "../rules/chat.rs"]
#[expect(dead_code, reason = "the rules' chat app, of which nothing is used here")]
mod chat;
mod clock;
mod doctor;
mod doors;
mod house;
mod metrics;
mod poison;
mod ready;
#[path = "../rules/support.rs"]
#[expect(dead_code, reason = "the rules' house, of which each test uses some")]
mod support;
mod trace;
