//! `mendline representative`: who may act for a worker, how far and until when.

use std::process::ExitCode;

use anyhow::{Context, ensure};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use mendline_engine::label::{Label, Labels};
use mendline_engine::time::Timestamp;

use super::people::Whom;
use super::place::{Place, moment, refused};
use crate::admin::{Answer, Ask, NewRepresentative};
use crate::clock::{Clock, System};
use crate::store::representative::Representative as Kept;

#[derive(Args)]
pub(super) struct Representative {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lets somebody act for a worker: a spouse, an attorney
    Add(Box<Add>),
    /// Lets somebody act no more, at once
    End {
        #[command(flatten)]
        whom: Whom,
        /// The representative's id
        representative: String,
        #[command(flatten)]
        place: Place,
    },
    /// Who acts for whom, how far, since when and until when
    List {
        /// The payer
        #[arg(long)]
        payer: String,
        /// For one worker only
        #[arg(long)]
        person: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
struct Add {
    #[command(flatten)]
    whom: Whom,
    /// An id for the representative, which nobody else of this payer has
    representative: String,
    /// The representative's name
    #[arg(long)]
    name: String,
    /// What may be told: `claim`, `health`; may be given again
    #[arg(long, required = true, value_parser = ["claim", "health"])]
    scope: Vec<String>,
    /// The last day, such as 2027-03-01
    #[arg(long)]
    until: NaiveDate,
    /// As whom and why: the relation, a form's date. Kept sealed
    #[arg(long)]
    why: String,
    /// The language that the representative reads
    #[arg(long, default_value = "en", value_parser = ["en", "es"])]
    language: String,
    /// The representative's time zone; the last day ends there
    #[arg(long, default_value = "America/New_York")]
    zone: String,
    #[command(flatten)]
    place: Place,
}

impl Representative {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Add(it) => it.run().await,
            What::End { whom: Whom { payer, person }, representative, place } => {
                place.tell(Ask::EndRepresentation { payer, person, representative }).await
            }
            What::List { payer, person, place } => {
                let answer = place.find()?.ask(Ask::Representatives { payer, person }).await?;
                let Answer::Representatives(all) = answer else { return refused(&answer) };
                if all.is_empty() {
                    println!("Nobody acts for anybody.");
                }
                let now = System.now();
                all.iter().for_each(|it| println!("{}", line(it, now)));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let zone: chrono_tz::Tz = self
            .zone
            .parse()
            .ok()
            .with_context(|| format!("'{}' is no time zone like America/Chicago", self.zone))?;
        let Whom { payer, person } = self.whom;
        ensure!(self.representative != person, "nobody represents herself");
        let labels = self.scope.iter().map(|it| Label::from_word(it));
        let scope: Labels = labels.collect::<Option<_>>().context("`--scope` is no label")?;
        let after = self.until.succ_opt().context("`--until` is no day")?;
        let it = NewRepresentative {
            payer,
            person,
            representative: self.representative,
            name: self.name,
            language: self.language,
            zone: self.zone,
            scope,
            until: Timestamp::at_wall(
                after.and_hms_opt(0, 0, 0).expect("a day has a midnight"),
                zone,
            ),
            why: self.why,
        };
        self.place.tell(Ask::Represent(it)).await
    }
}

fn line(it: &Kept, now: Timestamp) -> String {
    let stands = match it.ended {
        Some(at) => format!("ended {}", moment(at)),
        None if it.until <= now => format!("over since {}", moment(it.until)),
        None => format!("until {}", moment(it.until)),
    };
    format!(
        "{} for {} of {}: {}, since {} by {}, {stands}: {}",
        it.representative,
        it.person,
        it.payer,
        it.scope,
        moment(it.since),
        it.who,
        it.why
    )
}
