//! The shell: everything that waits, remembers or reaches people, around the pure engine.

pub mod catalog;
pub mod channels;
pub mod clock;
pub mod desk;
pub mod directory;
pub mod dispatch;
pub mod flows;
pub mod host;
pub mod house;
pub mod people;
pub mod phrases;
pub mod pump;
pub mod store;
pub mod turns;
pub mod understand;
pub mod vault;
pub mod wake;
pub mod web;
