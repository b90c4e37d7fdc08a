//! Email: both halves.

mod any;
mod hears;
mod letters;
mod log;
mod mails;
mod peer;
mod sends;
mod server;
mod support;
mod whole;
