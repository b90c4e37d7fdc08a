//! `mendline check`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use mendline_engine::check::{Severity, explain};
use owo_colors::{OwoColorize, Stream};

use crate::library;

#[derive(Args)]
pub(super) struct Check {
    /// Folders or files; default `./flows`, or the flows inside the binary.
    paths: Vec<PathBuf>,
    /// A folder with the flows as they are published now. Says also what the others would mean
    /// for people who are in the middle of one of these.
    #[arg(long, value_name = "FOLDER")]
    since: Option<PathBuf>,
    /// How findings are written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Check {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let catalog = super::demo::shipped_catalog()?;
        let named = super::flow_folders(&self.paths)?;
        let mut shelf = library::shelve_among(named, library::beside(&self.paths)?, &catalog);
        if let Some(since) = self.since {
            let published = library::shelve(library::find(&[since])?, &catalog);
            if published.has_errors() {
                eprintln!("note: what does not load in the folder of `--since` is not compared");
            }
            let published = published.flows;
            let old = |name: &str| {
                let found = published.iter().find(|it| it.program.flow == name);
                found.map(|it| Arc::new(it.program.clone()))
            };
            let moves = library::migrations(&shelf, old);
            shelf.findings.extend(moves);
        }
        if self.format == Format::Json {
            println!("{}", serde_json::to_string_pretty(&shelf.findings)?);
        } else {
            for finding in &shelf.findings {
                let text = shelf.text_of(&finding.file).unwrap_or_default();
                let said = explain(finding, text);
                match finding.severity {
                    Severity::Error => {
                        eprintln!("{}", said.if_supports_color(Stream::Stderr, |it| it.red()));
                    }
                    Severity::Warning => {
                        eprintln!("{}", said.if_supports_color(Stream::Stderr, |it| it.yellow()));
                    }
                }
            }
            let errors = shelf.findings.iter().filter(|it| it.severity == Severity::Error).count();
            let warnings = shelf.findings.len() - errors;
            eprintln!(
                "{} flows checked: {errors} errors, {warnings} warnings",
                shelf.folders.len()
            );
        }
        Ok(if shelf.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
