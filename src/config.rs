//! `mendline.toml`, with `MENDLINE_…` overrides from the environment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;

/// What a server is told.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the doors listen; default this machine only, port 8080.
    #[serde(default = "here")]
    pub listen: SocketAddr,
    /// Where the database, the plugins' files and the operator's key lie.
    #[serde(default = "data")]
    pub data: PathBuf,
    /// `sqlite://FILE`; default a file in `data`.
    #[serde(default)]
    pub database: Option<String>,
    /// Payers whose prescriptions the pharmacist's door may look up.
    #[serde(default)]
    pub payers: Vec<String>,
    /// The address under which people reach the doors, for links: `https://care.example.com`.
    pub public_url: String,
}

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

fn data() -> PathBuf {
    "data".into()
}

impl Config {
    /// Reads the file, then the environment.
    pub fn read(file: &Path) -> anyhow::Result<Config> {
        anyhow::ensure!(file.is_file(), "{} is not there; README.md shows one", file.display());
        Figment::new()
            .merge(Toml::file(file))
            .merge(Env::prefixed("MENDLINE_"))
            .extract()
            .with_context(|| format!("reading {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mendline.toml");
        std::fs::write(&file, "public_url = 'http://localhost'\nlistne = '0.0.0.0:80'\n").unwrap();
        let error = format!("{:#}", Config::read(&file).unwrap_err());
        assert!(error.contains("listne"), "{error}");
    }
}
