//! Telegram: a bot that writes to people in their private chats and hears what they write there.
//!
//! [`translate`] is the pure half: updates to [`Came`](super::inward::Came), messages to requests,
//! tested from files. The rest is thin: [`Api`] asks, [`TelegramChannel`] sends, [`TelegramEar`]
//! polls, [`webhook`] is called. What is private never goes this way: nobody has signed for it
//! (domain facts 4.2), so the channel's level is 0.
//!
//! It refuses to guess. Telegram takes no idempotency key, so a message whose answer was lost is
//! [`SendError::Maybe`](super::SendError), and never sent again.

mod answer;
mod api;
mod channel;
pub mod commands;
mod ear;
mod pace;
mod settings;
pub mod translate;
mod webhook;

pub use answer::{Fault, Why};
pub use api::Api;
pub use channel::TelegramChannel;
pub use commands::{BadCommand, Command};
pub use ear::{TelegramEar, Waits};
pub use pace::Pace;
pub use settings::Settings;
pub use webhook::webhook;

/// The channel's name, in addresses and as the source of arrivals.
pub const TELEGRAM: &str = "telegram";
