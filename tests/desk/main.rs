//! The desk, from outside: requests to its doors in a whole house with fictional claims.

#![expect(clippy::unwrap_used, reason = "tests")]

mod cards;
mod command_table;
mod doors;
mod handoffs;
mod house;
mod idp;
mod media;
mod peer;
mod sign_in;
mod step_up;
mod views;
