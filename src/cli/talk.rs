//! `mendline talk`: every party of a flow, played by hand.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

use crate::channels::terminal::{TERMINAL, Terminal};
use crate::clock::{Clock, System};
use crate::library;
use crate::talks::script::{Act, ClockYaml, Expect, Step, Talk as Script};
use crate::talks::stage::{Backdrop, World};
use crate::talks::theatre::Theatre;

const HOW: &str = "\
You play everyone. What you type is said by the one before the prompt.
  @adjuster             be somebody else (worker, adjuster, supervisor, …)
  1                     tap the first choice of the last question; or its key
  deny reason=DENY_BODY_PART   a choice with what it needs
  +30 business minutes  let time pass
  ?help  ?repeat  ?a person  ?cancel
  !crash                kill the house and open it again
  .                     the end";

#[derive(Args)]
pub(super) struct Talk {
    /// The flow's name: `medication_approval`.
    flow: String,
    /// Writes what you played as a talk.
    #[arg(long)]
    record: Option<PathBuf>,
}

impl Talk {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut backdrop = Backdrop::open().await?;
        let shelf = library::shelve(super::flow_folders(&[])?, &backdrop.catalog);
        let flow = self.flow.replace('-', "_");
        let loads = shelf.flows.iter().any(|it| it.program.flow == flow);
        anyhow::ensure!(loads, "no flow '{flow}' loads; see `mendline check`");
        backdrop.flows = shelf.flows.clone();
        let script = script(&flow);
        let terminal = Terminal::new(Box::new(std::io::stdout()));
        let world = Arc::new(World::with(terminal));
        let mut theatre = Theatre::open(&backdrop, &script, world, None).await?;
        println!("{HOW}\n");
        let mut played = Vec::new();
        let mut me = "worker".to_owned();
        let mut lines = BufReader::new(stdin()).lines();
        loop {
            print!("{me}> ");
            std::io::stdout().flush().context("writing to the terminal")?;
            let Some(line) = lines.next_line().await.context("reading the terminal")? else {
                break;
            };
            let line = line.trim().to_owned();
            match line.as_str() {
                "" => continue,
                "." => break,
                _ => {}
            }
            if let Some(party) = line.strip_prefix('@') {
                party.clone_into(&mut me);
                continue;
            }
            let choices = choices(&mut theatre, &me).await;
            match read(&line, &me, &choices) {
                Ok((act, written)) => {
                    let step = Step { line: 0, act };
                    match theatre.step(&step).await {
                        Ok(()) => played.push(written),
                        Err(error) => println!("  {error:#}"),
                    }
                }
                Err(why) => println!("  {why}"),
            }
        }
        if let Some(file) = self.record {
            std::fs::write(&file, talk_yaml(&script, &played))
                .with_context(|| format!("writing {}", file.display()))?;
            println!("written to {}; say in `expect:` what must hold", file.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A talk with nothing in it yet; everyone is at this terminal.
fn script(flow: &str) -> Script {
    let now = chrono::DateTime::from_timestamp_millis(System.now().0).unwrap_or_default();
    let parties = ["worker", "adjuster", "supervisor", "pharmacy"];
    let cast = [("worker", "ana"), ("adjuster", "dana"), ("supervisor", "sam")];
    Script {
        file: "the terminal".into(),
        name: "what was played by hand".into(),
        flow: flow.into(),
        clock: ClockYaml {
            start: now.format("%Y-%m-%d %H:%M").to_string(),
            zone: "UTC".into(),
            office: None,
        },
        people: cast.map(|(party, person)| (party.to_owned(), person.to_owned())).into(),
        payer: "northwind-mutual-demo".into(),
        languages: Default::default(),
        channels: parties.map(|it| (it.to_owned(), vec![TERMINAL.to_owned()])).into(),
        stubs: Default::default(),
        steps: Vec::new(),
        expect: Expect::default(),
    }
}

/// The keys of the last question that a party was asked.
async fn choices(theatre: &mut Theatre<'_>, party: &str) -> Vec<String> {
    let lines = theatre.received(party).await.unwrap_or_default();
    let asked = lines.iter().rev().find(|it| !it["question"].is_null());
    asked.map(crate::talks::verify::button_keys).unwrap_or_default()
}

/// What a typed line does, and how a talk writes it.
fn read(line: &str, me: &str, choices: &[String]) -> Result<(Act, String), String> {
    if let Some(time) = line.strip_prefix('+') {
        let duration = time.trim().parse().map_err(|error| format!("{error}"))?;
        return Ok((Act::Advance(duration), format!("{{ advance: {} }}", time.trim())));
    }
    if let Some(what) = line.strip_prefix('?') {
        let (party, what) = (me.to_owned(), what.trim().to_owned());
        let written = format!("{{ {me}_asks_for: {what} }}");
        return Ok((Act::Repairs { party, what }, written));
    }
    if line == "!crash" {
        return Ok((Act::Crash, "{ crash_and_restart: all }".into()));
    }
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    let numbered = first.parse::<usize>().ok().and_then(|it| choices.get(it.checked_sub(1)?));
    let choice = numbered.cloned().or_else(|| choices.iter().find(|it| *it == first).cloned());
    let needs: Option<Vec<_>> = words.map(|it| it.split_once('=')).collect();
    if let (Some(choice), Some(needs)) = (choice, needs) {
        let with = needs.iter().map(|(name, value)| {
            let value = value.parse::<i64>().map_or_else(|_| json!(value), |it| json!(it));
            ((*name).to_owned(), value)
        });
        let with: std::collections::BTreeMap<_, _> = with.collect();
        let given: Vec<_> = with.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let given = if given.is_empty() {
            String::new()
        } else {
            format!(", with: {{ {} }}", given.join(", "))
        };
        let written = format!("{{ {me}_taps: {choice}{given} }}");
        let party = me.to_owned();
        let act = Act::Taps { party, choice, with, twice: false, card: 0, on: None, answer: None };
        return Ok((act, written));
    }
    let written = format!("{{ {me}: {} }}", json!(line));
    Ok((Act::Writes { party: me.to_owned(), words: line.to_owned() }, written))
}

fn talk_yaml(script: &Script, played: &[String]) -> String {
    let steps: Vec<_> = played.iter().map(|it| format!("  - {it}")).collect();
    format!(
        "talk: {}\nflow: {}\nclock: {{ start: \"{}\", zone: {} }}\nstubs: {{}}\nsteps:\n{}\nexpect: {{}}\n",
        script.name,
        script.flow,
        script.clock.start,
        script.clock.zone,
        steps.join("\n")
    )
}
