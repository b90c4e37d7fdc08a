//! What the tests of the turn share.

#![expect(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    reason = "tests, of which each file uses its part"
)]

mod approval;
mod play;

pub use approval::*;
pub use play::*;
