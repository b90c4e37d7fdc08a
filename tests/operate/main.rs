//! Running a house: pauses, forgetting, backups and their return, and the commands beside a server.
#![expect(clippy::unwrap_used, reason = "tests")]

mod backups;
mod binary;
mod commands;
mod forgetting;
mod house;
mod pauses;
#[expect(dead_code, reason = "the store's own tests use the rest")]
#[path = "../support/postgres.rs"]
mod postgres;
mod rehearsal;
