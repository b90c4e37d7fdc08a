//! The shell: everything that waits, remembers or reaches people, around the pure engine.

pub mod channels;
pub mod clock;
pub mod flows;
pub mod host;
pub mod house;
pub mod store;
pub mod vault;
pub mod wake;
