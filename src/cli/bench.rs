//! `mendline bench`: how fast the house is, against what the same disk allows.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use crate::bench::{self, Over, Peer, Plan, Report, parked, turns, wake};

/// Conversations that wait, in a whole run.
const PARKED: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Users with a web socket each, in a whole run: one alone says what the disk takes, again.
const WEB_USERS: [usize; 2] = [32, 512];

#[derive(Args)]
pub(super) struct Bench {
    /// Workers at once; repeat for several loads.
    #[arg(long, value_name = "N", default_values_t = [1, 32, 512])]
    users: Vec<usize>,
    /// How long each load lasts, in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Rounds of load, limit and disk, taken in turns; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Where the measured databases lie: on the disk that counts.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// `postgres://…`: measure over this one, and leave everything in it.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Measure over a throw-away PostgreSQL, started from the installed programs.
    #[arg(long, conflicts_with = "database")]
    postgres: bool,
    /// Everybody has a web socket to a house in a process of its own.
    #[arg(long)]
    web: bool,
    /// Another program in the same rounds; repeat for several. See `benches/peers`.
    #[arg(long, value_name = "NAME=COMMAND")]
    beside: Vec<Peer>,
    /// Measure conversations that wait: so many; repeat for several counts.
    #[arg(long, value_name = "N")]
    parked: Vec<usize>,
    /// Everything: SQLite, PostgreSQL, web sockets, conversations that wait up to a million.
    #[arg(long)]
    all: bool,
    /// Where `cargo bench` left what single things take.
    #[arg(long, value_name = "DIR", default_value = "target/criterion")]
    singles: PathBuf,
    /// Put the tables between the marks of this page, and a picture beside it.
    #[arg(long, value_name = "PAGE")]
    write: Option<PathBuf>,
    /// What the measured process does with those that wait.
    #[arg(long, hide = true)]
    wake: Option<PathBuf>,
    /// What the process with the doors does.
    #[arg(long, hide = true)]
    house: Option<String>,
}

impl Bench {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let began = Instant::now();
        crate::server::log_to_stderr();
        if let Some(file) = &self.wake {
            wake(file, self.parked.first().copied().unwrap_or_default(), began).await?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(database) = &self.house {
            bench::serve(database).await?;
            return Ok(ExitCode::SUCCESS);
        }
        let report = if self.all { self.everything().await? } else { self.some().await? };
        println!("{}", if self.all { report.page() } else { report.markdown() });
        if let Some(page) = &self.write {
            bench::write(page, &report)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn plan(&self) -> Plan {
        Plan {
            folder: self.folder.clone(),
            lasts: Duration::from_secs_f64(self.seconds.max(0.5)),
            users: self.users.clone(),
            rounds: self.rounds.max(1),
            beside: self.beside.clone(),
        }
    }

    async fn some(&self) -> anyhow::Result<Report> {
        let plan = self.plan();
        let mut report = Report { machine: bench::machine(&plan), ..Report::default() };
        if self.parked.is_empty() {
            let over = match (&self.database, self.postgres) {
                (Some(url), _) => Over::Url(url.clone()),
                (None, true) => Over::Postgres,
                (None, false) => Over::Sqlite,
            };
            report.rows = turns(&plan, &over, self.web).await?;
        }
        for &count in &self.parked {
            report.parked.push(parked(&self.folder, count).await?);
        }
        Ok(report)
    }

    async fn everything(&self) -> anyhow::Result<Report> {
        let mut plan = self.plan();
        let mut report = Report {
            machine: bench::machine(&plan),
            singles: bench::singles(&self.singles),
            ..Report::default()
        };
        report.rows = turns(&plan, &Over::Sqlite, false).await?;
        let beside = std::mem::take(&mut plan.beside);
        let postgres = self.database.clone().map_or(Over::Postgres, Over::Url);
        match turns(&plan, &postgres, false).await {
            Ok(rows) => report.rows.extend(rows),
            Err(why) => report.left_out.push(format!("PostgreSQL. {why:#}")),
        }
        plan.users = WEB_USERS.into();
        plan.beside = beside;
        report.rows.extend(turns(&plan, &Over::Sqlite, true).await?);
        let counts = if self.parked.is_empty() { &PARKED[..] } else { &self.parked };
        for &count in counts {
            report.parked.push(parked(&self.folder, count).await?);
        }
        if report.singles.is_empty() {
            report.left_out.push("single things: run `cargo bench` first.".into());
        }
        Ok(report)
    }
}
