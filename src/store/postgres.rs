//! The way out of one machine: PostgreSQL 15 or later, shared by any number of servers.
//!
//! Nothing here depends on a connection's own state (no session variables, no `LISTEN` that must
//! not be missed, no session locks), so it runs behind a pooler in transaction mode. It refuses a
//! newer schema, an older one that nobody migrated, and another operator key.

mod db;
mod migrate;
mod open;
#[path = "sql/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "one source, compiled once for each database")]
mod sql;
mod wire;

pub use migrate::SCHEMA;
pub use open::Address;
pub use sql::SqlStore as PostgresStore;
pub use sql::opening::Step;
