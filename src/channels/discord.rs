//! Discord: a bot that writes to people in direct messages and hears what they write and tap there.
//!
//! The pure half reads events ([`hear`]) and makes requests ([`say`], [`commands`]), tested from
//! files. The rest is thin: [`Api`] asks, [`DiscordChannel`] sends, [`DiscordEar`] keeps the
//! gateway's line. Nobody at Discord signs for health details (domain facts 4.2), so the channel's
//! level is 0, and in a server, where others read along, nothing is said but the way to a direct
//! message.
//!
//! The words of Discord's API are serenity's; its clients are not used. Its gateway logs what it
//! cannot read, words and all, and puts every event into a span (rule 12 forbids both); its HTTP
//! client forgets the configured address as soon as it keeps limits, and how long a refusal lasts.

mod answer;
mod api;
mod calls;
mod channel;
pub mod commands;
mod ear;
mod far;
pub mod hear;
pub mod interactions;
mod line;
mod pace;
pub mod say;
mod settings;
mod words;

pub use answer::Fault;
pub use api::Api;
pub use calls::{Call, Method};
pub use channel::DiscordChannel;
pub use commands::{BadCommand, Command};
pub use ear::{DiscordEar, Waits};
pub use settings::Settings;

/// The channel's name, in addresses and as the source of arrivals.
pub const DISCORD: &str = "discord";
