//! `mendline consent`: what somebody agreed to be told, where, and what proves it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use mendline_engine::consent::EVERYTHING;

use super::people::Whom;
use super::place::{Place, moment, refused};
use crate::admin::{Answer, Ask, NewConsent};
use crate::store::consent::{Act, Kept};

#[derive(Args)]
pub(super) struct Consent {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Notes that somebody agreed elsewhere: on paper, on the phone
    Add(About),
    /// Notes that somebody took it back elsewhere
    Revoke(About),
    /// What somebody agreed to and took back, and what proves it
    List {
        #[command(flatten)]
        whom: Whom,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
struct About {
    #[command(flatten)]
    whom: Whom,
    /// The channel: `sms`, `email`, `telegram`
    #[arg(long)]
    channel: String,
    /// For what, as flows name it; `details` lets more than "there is an update" go where the
    /// channel is cleared for it. Default everything that is said there
    #[arg(long, default_value = EVERYTHING)]
    purpose: String,
    /// The language of what was read or said
    #[arg(long, default_value = "en")]
    language: String,
    /// Why you know: a form's date, a call's number. Kept sealed
    #[arg(long)]
    why: String,
    #[command(flatten)]
    place: Place,
}

impl Consent {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Add(about) => about.tell(true).await,
            What::Revoke(about) => about.tell(false).await,
            What::List { whom: Whom { payer, person }, place } => {
                let answer = place.find()?.ask(Ask::Consents { payer, person }).await?;
                let Answer::Consents(all) = answer else { return refused(&answer) };
                if all.is_empty() {
                    println!("Nothing was agreed to or taken back.");
                }
                all.iter().for_each(|it| println!("{}", line(it)));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl About {
    async fn tell(self, given: bool) -> anyhow::Result<ExitCode> {
        let About { whom: Whom { payer, person }, channel, purpose, language, why, place } = self;
        let it = NewConsent { payer, person, channel, purpose, given, language, why };
        place.tell(Ask::Consent(it)).await
    }
}

fn line(it: &Kept) -> String {
    let what = match (it.act, it.ended) {
        (Act::Given, None) => "agreed".to_owned(),
        (Act::Given, Some(at)) => format!("agreed, until {}", moment(at)),
        (Act::Revoked, _) => "took back".to_owned(),
    };
    let purpose = if it.purpose == EVERYTHING { "everything" } else { it.purpose.as_str() };
    let proof = match &it.evidence {
        None => "; what proved it is forgotten".to_owned(),
        Some(it) => {
            let address = it.address.iter().map(|it| format!("; at {it}"));
            let words = it.words.iter().map(|it| format!("; \"{it}\""));
            address.chain(words).collect()
        }
    };
    format!(
        "{}  {what}: {purpose} on {}, by {}, having read {} in {}{proof}",
        moment(it.at),
        it.channel,
        it.method.name(),
        if it.wording.is_empty() { "nothing of ours" } else { &it.wording },
        it.language,
    )
}
