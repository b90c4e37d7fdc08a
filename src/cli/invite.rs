//! `mendline invite`: a worker's link to her chat, as it is, as a square to photograph, or as a slip of
//! paper.
//!
//! It asks nobody for a claim number, and what it writes gives no hint of health: others see a slip
//! lie on a table.

mod slip;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use mendline_engine::time::Timestamp;

use super::people::Whom;
use super::place::{Place, refused};
use crate::admin::{Answer, Ask};
use crate::clock::{Clock, System};
use crate::links::{self, INVITE_MS};
use crate::web::words::LANGUAGES;

#[derive(Args)]
pub(super) struct Invite {
    #[command(flatten)]
    whom: Whom,
    /// Also draws the link as a QR code, for a card
    #[arg(long, value_name = "FILE.svg")]
    qr: Option<PathBuf>,
    /// Also writes a page to print and hand over
    #[arg(long, value_name = "FILE.html")]
    slip: Option<PathBuf>,
    /// The language of the slip, if not the one that she is known to read
    #[arg(long, value_parser = LANGUAGES)]
    language: Option<String>,
    /// Has the server send it to the contact on file, instead of printing it here
    #[arg(long, value_name = "CHANNEL", value_parser = ["sms", "email"], conflicts_with_all = ["qr", "slip", "language", "url"])]
    send: Option<String>,
    /// The public address, where there is no configuration: in the demo, http://localhost:8080
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    place: Place,
}

impl Invite {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(channel) = self.send {
            let Whom { payer, person } = self.whom;
            return self.place.tell(Ask::Invite { payer, person, channel }).await;
        }
        let found = self.place.find()?;
        let config = found.config.as_ref();
        let base = config.map(|it| it.public_url.clone()).or(self.url).context(
            "a link needs the public address: name the server's configuration with --config, or the \
             address with --url",
        )?;
        for file in self.qr.iter().chain(&self.slip) {
            ensure!(!file.exists(), "{} is there already; nothing was made", file.display());
        }
        let is_svg = |it: &PathBuf| it.extension().is_some_and(|it| it.eq_ignore_ascii_case("svg"));
        ensure!(self.qr.as_ref().is_none_or(is_svg), "--qr draws SVG: give the file that ending");
        let Whom { payer, person } = self.whom;
        let vault = found.vault()?;
        let note = Ask::Invited { payer: payer.clone(), person: person.clone() };
        let known = match found.ask(note).await? {
            Answer::Invited { language } => language,
            // A server of an earlier release.
            Answer::Done(_) => None,
            other => return refused(&other),
        };
        let now = System.now();
        let link = links::link(&vault, now, &payer, &person, &base);
        println!("{link}");
        if let Some(file) = &self.qr {
            write(file, &slip::square(&link)?)?;
        }
        if let Some(file) = &self.slip {
            let language = self.language.or(known);
            let until = Timestamp(now.0 + INVITE_MS);
            // A server has a configuration; only the demo does without.
            write(file, &slip::page(&link, language.as_deref(), until, config.is_none())?)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// For our own eyes: whoever reads it may enter in her place.
fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options.open(file).and_then(|mut it| it.write_all(text.as_bytes()));
    written.with_context(|| format!("writing {}", file.display()))
}
