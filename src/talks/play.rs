//! Plays one talk and says where it went wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;

use super::coverage::Visited;
use super::script::Talk;
use super::stage::{Backdrop, CrashPlan, World};
use super::theatre::Theatre;
use super::verify;

/// How a talk went.
#[derive(Clone, Debug)]
pub struct Played {
    /// The talk's claim.
    pub name: String,
    /// Its file.
    pub file: String,
    /// What went wrong, with its line; `None` if it holds.
    pub failed: Option<String>,
    /// The steps and branches it went through.
    pub visited: Visited,
    /// What everyone had seen at the end, for comparing with an undisturbed run: person and
    /// channel to texts.
    pub seen: BTreeMap<String, Vec<String>>,
    /// The outcome of the conversation.
    pub outcome: Option<String>,
    /// Writes of the store, for planning crashes.
    pub writes: u64,
}

/// Plays a talk. With a plan the house is killed at that write and opened again.
pub async fn play(backdrop: &Backdrop, talk: &Talk, crash: Option<CrashPlan>) -> Played {
    let mut played = Played {
        name: talk.name.clone(),
        file: talk.file.clone(),
        failed: None,
        visited: Visited::default(),
        seen: BTreeMap::new(),
        outcome: None,
        writes: 0,
    };
    if let Err(error) = act_out(backdrop, talk, crash, &mut played).await {
        played.failed = Some(format!("{error:#}"));
    }
    played
}

async fn act_out(
    backdrop: &Backdrop,
    talk: &Talk,
    crash: Option<CrashPlan>,
    played: &mut Played,
) -> anyhow::Result<()> {
    let world = Arc::new(World::of(talk).await?);
    let mut theatre = Theatre::open(backdrop, talk, world, crash).await?;
    let mut result = Ok(());
    for step in &talk.steps {
        result = theatre.step(step).await.with_context(|| format!("{}:{}", talk.file, step.line));
        if result.is_err() {
            break;
        }
    }
    played.visited = theatre.visited().await.unwrap_or_default();
    played.seen = theatre.everything_seen().await?;
    played.outcome = theatre.conversation().await.ok().and_then(|it| it.state.outcome);
    played.writes = theatre.writes();
    result?;
    let ended = theatre.conversation().await?;
    verify::expectations(theatre.house(), &theatre.world, talk, &ended)
        .await
        .with_context(|| format!("{}: expect", talk.file))
}
