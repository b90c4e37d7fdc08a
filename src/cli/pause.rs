//! `mendline pause`, `resume`, `paused`: what does not leave until somebody has looked.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::place::{Place, moment, refused};
use crate::admin::{Answer, Ask, Waits};
use crate::store::{Pause as Kept, PauseKind, PauseRef, Waiting};

/// What is paused.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Flow,
    Channel,
    Payer,
}

#[derive(Args)]
struct Of {
    /// What to stop
    kind: Kind,
    /// Its name
    name: String,
    /// Only this payer's messages
    #[arg(long)]
    payer: Option<String>,
}

impl Of {
    fn read(self) -> anyhow::Result<PauseRef> {
        Ok(match self.kind {
            Kind::Flow => PauseRef { payer: self.payer, kind: PauseKind::Flow, name: self.name },
            Kind::Channel => {
                PauseRef { payer: self.payer, kind: PauseKind::Channel, name: self.name }
            }
            Kind::Payer => {
                anyhow::ensure!(self.payer.is_none(), "a payer is paused whole; leave out --payer");
                PauseRef { payer: Some(self.name), kind: PauseKind::Payer, name: String::new() }
            }
        })
    }
}

#[derive(Args)]
pub(super) struct Pause {
    #[command(flatten)]
    of: Of,
    /// Let answers go on and keep back only what a flow begins by itself
    #[arg(long)]
    proactive: bool,
    /// Why, for whoever looks at it next; no names
    #[arg(long, default_value = "")]
    why: String,
    #[command(flatten)]
    place: Place,
}

impl Pause {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let of = self.of.read()?;
        self.place.tell(Ask::Pause { of, proactive: self.proactive, why: self.why }).await
    }
}

#[derive(Args)]
pub(super) struct Resume {
    #[command(flatten)]
    of: Of,
    /// Send what waits, in its order
    #[arg(long, conflicts_with = "drop")]
    release: bool,
    /// Withhold what waits; every conversation hears so and goes on from there
    #[arg(long)]
    drop: bool,
    #[command(flatten)]
    place: Place,
}

impl Resume {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let waits = match (self.release, self.drop) {
            (true, _) => Some(Waits::Release),
            (_, true) => Some(Waits::Drop),
            _ => None,
        };
        self.place.tell(Ask::Resume { of: self.of.read()?, waits }).await
    }
}

#[derive(Args)]
pub(super) struct Paused {
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

impl Paused {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let answer = self.place.find()?.ask(Ask::Paused).await?;
        let Answer::Paused { pauses, waiting } = answer else { return refused(&answer) };
        if self.json {
            println!("{}", serde_json::json!({ "pauses": pauses, "waiting": waiting }));
        } else {
            print!("{}", shown(&pauses, &waiting));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Pauses, each with what waits under it.
fn shown(pauses: &[Kept], waiting: &[Waiting]) -> String {
    if pauses.is_empty() && waiting.is_empty() {
        return "Nothing is paused.\n".into();
    }
    let mut text = String::new();
    for it in pauses {
        let what = if it.proactive { " (what it begins by itself)" } else { "" };
        let why = if it.why.is_empty() { String::new() } else { format!(": {}", it.why) };
        text += &format!("{}{what}, since {} by {}{why}\n", it.of, moment(it.since), it.who);
        let under: Vec<&Waiting> = waiting.iter().filter(|waits| waits.of == it.of).collect();
        if under.is_empty() {
            text += "    nothing waits\n";
        }
        for waits in under {
            let flow = if waits.flow.is_empty() { "outside any flow" } else { &waits.flow };
            text += &format!(
                "    {} waiting, {flow}, for {}; the oldest since {}\n",
                waits.messages,
                waits.payer,
                moment(waits.oldest)
            );
        }
    }
    text
}
