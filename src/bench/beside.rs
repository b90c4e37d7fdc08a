//! Another program that does the same work, run in turns with the house on the same machine. It is
//! a command that is given `--users N --seconds S --folder DIR` and prints its figures as one line
//! of JSON, named as in [`Figures`]. `benches/peers` has some.

use std::path::Path;
use std::process::Stdio;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::figures::Figures;

/// A program to run beside the house.
#[derive(Clone, Debug)]
pub struct Peer {
    /// What it is called in tables.
    pub name: String,
    /// The command and its first arguments.
    command: Vec<String>,
}

impl FromStr for Peer {
    type Err = String;

    /// `NAME=COMMAND`, the command's words separated by blanks.
    fn from_str(text: &str) -> Result<Peer, String> {
        let (name, command) = text.split_once('=').ok_or("a peer is NAME=COMMAND")?;
        let command: Vec<_> = command.split_whitespace().map(str::to_owned).collect();
        if name.is_empty() || command.is_empty() {
            return Err("a peer is NAME=COMMAND".into());
        }
        Ok(Peer { name: name.into(), command })
    }
}

impl Peer {
    pub(super) async fn run(
        &self,
        folder: &Path,
        users: usize,
        lasts: Duration,
    ) -> anyhow::Result<Figures> {
        let place = tempfile::tempdir_in(folder).context("a folder for the peer")?;
        let mut command = std::process::Command::new(&self.command[0]);
        command.args(&self.command[1..]).args(["--users", &users.to_string()]);
        command.args(["--seconds", &lasts.as_secs_f64().to_string(), "--folder"]);
        command.arg(place.path()).stderr(Stdio::inherit());
        let run = tokio::task::spawn_blocking(move || command.output()).await?;
        let run = run.with_context(|| format!("starting {}", self.name))?;
        ensure!(run.status.success(), "{} ended with {}", self.name, run.status);
        let said = String::from_utf8_lossy(&run.stdout);
        let line = said.lines().rev().find(|it| it.starts_with('{'));
        let line = line.with_context(|| format!("{} told no figures", self.name))?;
        serde_json::from_str(line).with_context(|| format!("what {} told", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_a_name_and_a_command() {
        let peer: Peer = "XState=node benches/peers/xstate.mjs".parse().unwrap();
        assert_eq!(peer.command, ["node", "benches/peers/xstate.mjs"]);
        assert!("node x.mjs".parse::<Peer>().is_err());
        assert!("X=".parse::<Peer>().is_err());
    }
}
