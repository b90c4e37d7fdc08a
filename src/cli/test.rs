//! `mendline test`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::library;
use crate::talks::coverage::Visited;
use crate::talks::play::{Played, play};
use crate::talks::script;
use crate::talks::stage::Backdrop;

#[derive(Args)]
pub(super) struct Test {
    /// Folders or files; default `./flows`, or the flows inside the binary.
    paths: Vec<PathBuf>,
    /// Shows which steps and branches the talks went through.
    #[arg(long)]
    coverage: bool,
    /// Writes a JUnit file.
    #[arg(long)]
    junit: Option<PathBuf>,
}

impl Test {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut backdrop = Backdrop::open().await?;
        let (named, beside) = (super::flow_folders(&self.paths)?, library::beside(&self.paths)?);
        let shelf = library::shelve_among(named, beside, &backdrop.catalog);
        anyhow::ensure!(!shelf.has_errors(), "the flows have errors; see `mendline check`");
        backdrop.flows = shelf.flows.iter().chain(&shelf.beside).cloned().collect();
        let talks = shelf.folders.iter().flat_map(|it| &it.talks);
        let talks: Vec<_> = talks.map(script::read).collect();
        let bar = ProgressBar::new(talks.len() as u64)
            .with_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
        let mut played = Vec::new();
        let mut visited = Visited::default();
        for talk in talks {
            match talk {
                Ok(talk) => {
                    bar.set_message(talk.name.clone());
                    let result = play(&backdrop, &talk, None).await;
                    visited.add(&result.visited);
                    played.push(result);
                }
                Err(why) => played.push(unreadable(why)),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        for it in &played {
            match &it.failed {
                Some(why) => println!("FAILED  {}\n        {why}", it.name),
                None => println!("ok      {}", it.name),
            }
        }
        if let Some(file) = &self.junit {
            std::fs::write(file, junit(&played)).context("writing the JUnit file")?;
        }
        let failed = played.iter().filter(|it| it.failed.is_some()).count();
        println!("{} talks passed, {failed} failed", played.len() - failed);
        if self.coverage {
            for flow in &shelf.flows {
                let covered = visited.covered(&flow.program);
                let (steps, branches) = (covered.steps, covered.branches);
                println!(
                    "{}: steps {}/{} ({} %), branches {}/{} ({} %)",
                    covered.flow,
                    steps.0,
                    steps.1,
                    percent(steps),
                    branches.0,
                    branches.1,
                    percent(branches),
                );
                covered.missing.iter().for_each(|it| println!("    {it}"));
            }
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn percent((some, all): (usize, usize)) -> usize {
    (some * 100).checked_div(all).unwrap_or(100)
}

fn unreadable(why: String) -> Played {
    Played {
        name: "a talk that cannot be read".into(),
        file: String::new(),
        failed: Some(why),
        visited: Visited::default(),
        seen: Default::default(),
        outcome: None,
        writes: 0,
    }
}

fn junit(played: &[Played]) -> String {
    let failed = played.iter().filter(|it| it.failed.is_some()).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"talks\" tests=\"{}\" \
         failures=\"{failed}\">\n",
        played.len()
    );
    for it in played {
        let (file, name) = (escape(&it.file), escape(&it.name));
        out += &match &it.failed {
            Some(why) => format!(
                "  <testcase classname=\"{file}\" name=\"{name}\"><failure>{}</failure></testcase>\n",
                escape(why)
            ),
            None => format!("  <testcase classname=\"{file}\" name=\"{name}\"/>\n"),
        };
    }
    out + "</testsuite>\n"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
