//! `mendline disclosures`: who was told what, when and where.

use std::process::ExitCode;

use anyhow::ensure;
use clap::Args;

use super::place::{Place, moment, refused};
use crate::admin::{Answer, Ask, Disclosure, Look};

#[derive(Args)]
pub(super) struct Disclosures {
    /// The payer
    #[arg(long)]
    payer: String,
    /// What this person was told, by its id in the claim system
    #[arg(long, required_unless_present = "address", conflicts_with = "address")]
    person: Option<String>,
    /// What went to this address, as a channel knows it: +15555550123, a chat's number
    #[arg(long)]
    address: Option<String>,
    /// Show the words themselves, which is audited with --why
    #[arg(long, requires = "why")]
    words: bool,
    /// Why the words are looked at: a request's number, a date
    #[arg(long, requires = "words")]
    why: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

impl Disclosures {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let Disclosures { payer, person, address, why, json, place, words: _ } = self;
        ensure!(why.as_deref() != Some(""), "the words are shown for a reason only; give one");
        let look = Look { payer, person, address, words: why };
        let answer = place.find()?.ask(Ask::Disclosures(look)).await?;
        let Answer::Disclosures(all) = answer else { return refused(&answer) };
        if json {
            println!("{}", serde_json::to_string_pretty(&all)?);
            return Ok(ExitCode::SUCCESS);
        }
        if all.is_empty() {
            println!("Nothing reached anybody there.");
        }
        all.iter().for_each(|it| println!("{}", line(it)));
        Ok(ExitCode::SUCCESS)
    }
}

fn line(it: &Disclosure) -> String {
    let Disclosure { at, person, channel, status, conversation, message, what } = it;
    let head = format!("{}  {person} on {channel}, {status}", moment(*at));
    let place = format!("{conversation}/{message}");
    let Some(what) = what else { return format!("{head}: forgotten  {place}") };
    let form = format!("{:?}", what.form).to_lowercase();
    let by = if what.by_a_person { ", a person's words" } else { "" };
    let words = what.words.iter().map(|it| format!("\n    {}", it.replace('\n', "\n    ")));
    format!(
        "{head}: {form}, level {}, {}{by}  {}  sha256:{}  {place}{}",
        what.level,
        what.labels,
        what.template,
        &what.digest[..16],
        words.collect::<String>(),
    )
}
