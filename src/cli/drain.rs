//! `mendline drain`: the running server finishes what it has in hand and stops.

use std::process::ExitCode;

use clap::Args;

use super::place::Place;
use crate::admin::Ask;

#[derive(Args)]
pub(super) struct Drain {
    #[command(flatten)]
    place: Place,
}

impl Drain {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        self.place.tell(Ask::Drain).await
    }
}
