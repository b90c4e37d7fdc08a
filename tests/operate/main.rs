//! Running a house: pauses, forgetting, backups and their return, and the commands beside a server.
#![expect(clippy::unwrap_used, reason = "tests")]

mod backups;
mod binary;
mod commands;
mod forgetting;
mod house;
mod pauses;
