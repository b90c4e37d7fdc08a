//! `mendline graph`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::{graph, library};

#[derive(Args)]
pub(super) struct Graph {
    /// The flow's name: `medication_approval`.
    flow: String,
    /// Writes the picture here; default to standard output.
    #[arg(long, conflicts_with = "mermaid")]
    svg: Option<PathBuf>,
    /// Writes Mermaid instead.
    #[arg(long)]
    mermaid: bool,
}

impl Graph {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let catalog = super::demo::shipped_catalog()?;
        let shelf = library::shelve(super::flow_folders(&[])?, &catalog);
        let wanted = self.flow.replace('-', "_");
        let flow = shelf.flows.iter().find(|it| it.program.flow == wanted);
        let names: Vec<_> = shelf.flows.iter().map(|it| it.program.flow.as_str()).collect();
        let flow = flow
            .with_context(|| format!("no flow '{wanted}' loads; there is {}", names.join(", ")))?;
        let drawn =
            if self.mermaid { graph::mermaid(&flow.program) } else { graph::svg(&flow.program) };
        match self.svg {
            Some(file) => std::fs::write(&file, drawn)
                .with_context(|| format!("writing {}", file.display()))?,
            None => print!("{drawn}"),
        }
        Ok(ExitCode::SUCCESS)
    }
}
