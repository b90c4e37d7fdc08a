//! `mendline bench`: how fast the house is, against what the same disk allows.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use crate::bench::{Plan, parked, parked_table, turns, wake};

#[derive(Args)]
pub(super) struct Bench {
    /// Workers at once; repeat for several loads.
    #[arg(long, value_name = "N", default_values_t = [1, 32, 512])]
    users: Vec<usize>,
    /// How long each load lasts, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds of load and limit, taken in turns; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Where the measured databases lie: on the disk that counts.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// Measure parked conversations instead: so many; repeat for several counts.
    #[arg(long, value_name = "N")]
    parked: Vec<usize>,
    /// What the measured process does with the parked ones.
    #[arg(long, hide = true)]
    wake: Option<PathBuf>,
}

impl Bench {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        crate::server::log_to_stderr();
        if let Some(file) = &self.wake {
            wake(file, Instant::now()).await?;
            return Ok(ExitCode::SUCCESS);
        }
        if !self.parked.is_empty() {
            let mut all = Vec::new();
            for count in self.parked {
                all.push(parked(&self.folder, count).await?);
            }
            println!("{}", parked_table(&all));
            return Ok(ExitCode::SUCCESS);
        }
        let plan = Plan {
            lasts: Duration::from_secs(self.seconds.max(1)),
            users: self.users,
            rounds: self.rounds.max(1),
        };
        println!("{}", turns(&self.folder, &plan).await?.markdown());
        Ok(ExitCode::SUCCESS)
    }
}
