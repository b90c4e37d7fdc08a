//! The shell: everything that waits, remembers or reaches people, around the pure engine.

pub mod catalog;
pub mod channels;
pub mod cli;
pub mod clock;
pub mod config;
pub mod desk;
pub mod directory;
pub mod dispatch;
pub mod flows;
pub mod graph;
pub mod host;
pub mod house;
pub mod library;
pub mod open;
pub mod people;
pub mod phrases;
pub mod pump;
pub mod seams;
pub mod server;
pub mod store;
pub mod talks;
pub mod turns;
pub mod understand;
pub mod vault;
pub mod wake;
pub mod web;
