//! Telegram: both halves.

mod any;
mod brings;
pub mod fake;
mod files;
mod hears;
mod hook;
mod log;
mod peer;
mod sends;
mod staff;
