//! When a medicine may be filled again.
