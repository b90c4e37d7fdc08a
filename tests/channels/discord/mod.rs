//! Discord: both halves.

mod acts;
mod any;
mod fake;
mod files;
mod hears;
mod log;
mod peer;
mod sends;
mod staff;
