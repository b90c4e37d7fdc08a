//! Keys: the operator's key, the per-person keys it wraps, keyed indexes, signed tokens.
//!
//! One operator key of 32 bytes; every purpose gets its own subkey through HKDF-SHA256.

/// The operator's key and what is derived from it.
pub struct Vault {}
