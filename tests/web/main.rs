//! The web doors, from outside: requests to the router, and a real socket on loopback.

#![expect(clippy::unwrap_used, reason = "tests")]

mod attach;
mod chat;
mod elsewhere;
mod house;
mod known;
mod rx;
mod server;
mod socket;
mod weight;
