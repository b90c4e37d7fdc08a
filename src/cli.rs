//! The commands, one file each. They read arguments and print; the work is done elsewhere.

mod backup;
mod bench;
mod check;
mod config;
mod consent;
pub(crate) mod demo;
mod disclosures;
mod doctor;
mod drain;
mod graph;
mod invite;
mod migrate;
mod new;
mod pause;
mod people;
mod place;
mod representative;
mod serve;
mod talk;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Carries a medication approval, and other matters of care, from start to end.
#[derive(Parser)]
#[command(name = "mendline", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Fictional claims, web chat at /chat, desk at /desk. What `mendline` alone does.
    Demo(demo::Demo),
    /// Serves with a configuration file.
    Serve(serve::Serve),
    /// Prints a configuration file with every setting explained, or checks one.
    Config(config::Config),
    /// Stops what would leave: a flow's, a channel's or a payer's messages.
    Pause(pause::Pause),
    /// Ends a pause.
    Resume(pause::Resume),
    /// What is paused, and what waits.
    Paused(pause::Paused),
    /// Writes the running house into one file, without the operator's key.
    Backup(backup::Backup),
    /// Verifies a backup and puts it into a folder.
    Restore(backup::Restore),
    /// Destroys a person's key: what is sealed under it is forgotten.
    Forget(people::Forget),
    /// Legal holds: who must not be forgotten.
    Hold(people::Hold),
    /// Who may log in at the desk.
    Account(people::Account),
    /// What somebody agreed to be told, where, and what proves it.
    Consent(consent::Consent),
    /// Who was told what, when and where.
    Disclosures(disclosures::Disclosures),
    /// Who may act for a worker, how far and until when.
    Representative(representative::Representative),
    /// A worker's link to her chat.
    Invite(invite::Invite),
    /// Lets the running server finish what it has in hand, and stop.
    Drain(drain::Drain),
    /// Checks flows and says what is wrong, where, and what to do.
    Check(check::Check),
    /// Plays the talks beside the flows.
    Test(test::Test),
    /// Plays every party of a flow in the terminal.
    Talk(talk::Talk),
    /// Draws a flow.
    Graph(graph::Graph),
    /// Brings a database to this version.
    Migrate(migrate::Migrate),
    /// Says what is missing, and what is stuck.
    Doctor(doctor::Doctor),
    /// Begins a flow or a plugin.
    New(new::New),
    /// Measures turns a second against the disk's own limit.
    Bench(bench::Bench),
}

/// Where flows are read from when no path is given: `./flows` if it is there, else those inside
/// the binary.
pub(crate) fn flow_folders(paths: &[PathBuf]) -> anyhow::Result<Vec<crate::library::Folder>> {
    if !paths.is_empty() {
        return crate::library::find(paths);
    }
    let here = PathBuf::from("flows");
    if here.is_dir() { crate::library::find(&[here]) } else { Ok(crate::library::shipped()) }
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or_else(|| Command::Demo(demo::Demo::default()));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(run(command));
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(it) => it.run().await,
        Command::Serve(it) => it.run().await,
        Command::Config(it) => it.run(),
        Command::Pause(it) => it.run().await,
        Command::Resume(it) => it.run().await,
        Command::Paused(it) => it.run().await,
        Command::Backup(it) => it.run().await,
        Command::Restore(it) => it.run().await,
        Command::Forget(it) => it.run().await,
        Command::Hold(it) => it.run().await,
        Command::Account(it) => it.run().await,
        Command::Consent(it) => it.run().await,
        Command::Disclosures(it) => it.run().await,
        Command::Representative(it) => it.run().await,
        Command::Invite(it) => it.run().await,
        Command::Drain(it) => it.run().await,
        Command::Check(it) => it.run().await,
        Command::Test(it) => it.run().await,
        Command::Talk(it) => it.run().await,
        Command::Graph(it) => it.run().await,
        Command::Migrate(it) => it.run().await,
        Command::Doctor(it) => it.run().await,
        Command::New(it) => it.run(),
        Command::Bench(it) => it.run().await,
    }
}
