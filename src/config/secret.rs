//! A text that prints as `…` and leaves memory clean.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;
use zeroize::Zeroizing;

/// A secret from the environment or a file of its own.
#[derive(Clone, Deserialize, PartialEq)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// What a file holds, without the line's end.
    pub fn of_file(file: &Path) -> anyhow::Result<Secret> {
        let text = Zeroizing::new(
            std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?,
        );
        let text = text.trim();
        ensure!(!text.is_empty(), "{} is empty", file.display());
        Ok(Secret::from(text.to_owned()))
    }

    /// The text itself, for whoever opens the door with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
