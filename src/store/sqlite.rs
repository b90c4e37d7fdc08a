//! The embedded default: one SQLite file, written by one connection, read by a few.
//!
//! Every write is one `BEGIN IMMEDIATE` transaction on the one writing connection, so writers
//! queue here and never inside SQLite. It refuses to open twice ([`SqliteStore::open`]), to open
//! a newer schema, and to open under another operator key.

mod db;
mod migrate;
mod open;
#[path = "sql/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "one source, compiled once for each database")]
mod sql;

pub use migrate::SCHEMA;
pub use sql::SqlStore as SqliteStore;
