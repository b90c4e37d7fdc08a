//! Email: letters over SMTP, and what people write back, from a folder that the operator's own mail
//! server delivers to.
//!
//! Pure: [`letter`] writes a mail, [`read`] reads one, [`reply`] finds in it what its writer wrote
//! herself, [`proof`] says whether its sender is who it says, [`bounce`] what became of ours,
//! [`answer`] sorts what a server replied, [`digest`] says when what can wait leaves. Thin: [`EmailChannel`] sends, [`EmailEar`] takes mails
//! out of the folder.
//!
//! It refuses to decide anything by mail. Whoever decides is led to the desk, behind a login;
//! links are opened by scanners before people see them, and a `From` is written by anybody.

pub mod address;
pub mod answer;
pub mod bounce;
mod channel;
pub mod digest;
mod ear;
mod folder;
pub mod ids;
pub mod letter;
pub mod proof;
pub mod read;
pub mod reply;
mod settings;
mod smtp;
mod words;

pub use channel::EmailChannel;
pub use ear::{EmailEar, LOOK_EVERY};
pub use folder::ASIDE;
pub use settings::{Settings, Tls};

/// The channel's name, in addresses and as the source of arrivals.
pub const EMAIL: &str = "email";
