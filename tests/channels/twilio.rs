//! SMS and WhatsApp.

mod doors;
mod files;
mod logs;
mod peer;
mod sending;
mod signatures;
mod support;
mod translation;
