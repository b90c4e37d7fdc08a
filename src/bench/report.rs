//! The figures as a table for the terminal and for a page.

use std::fmt::Write as _;

/// One load.
#[derive(Clone, Debug)]
pub struct Row {
    /// How many, over what.
    pub name: String,
    /// Messages whose turn was durable, a second.
    pub turns_a_second: f64,
    /// Half took less, in milliseconds.
    pub p50_ms: f64,
    /// All but one in a hundred took less, in milliseconds.
    pub p99_ms: f64,
    /// Processor time of the whole process, in milliseconds a turn.
    pub cpu_ms: Option<f64>,
    /// Turns a second that the same rows allow on the same disk, in groups as large as the users
    /// could make them, up to 64.
    pub limit: f64,
    /// Syncs of this disk, a second.
    pub syncs: f64,
}

/// All of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// A load each.
    pub rows: Vec<Row>,
    /// The most memory that was held, in megabytes.
    pub memory_mb: Option<f64>,
}

impl Report {
    /// A table in Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| load | turns/s | of the limit | limit, turns/s | p50 ms | p99 ms | CPU ms a turn | syncs/s of the disk |\n|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let cpu = row.cpu_ms.map_or_else(|| "?".to_owned(), |it| format!("{it:.3}"));
            writeln!(
                text,
                "| {} | {:.0} | {:.2} | {:.0} | {:.2} | {:.2} | {cpu} | {:.0} |",
                row.name,
                row.turns_a_second,
                row.turns_a_second / row.limit,
                row.limit,
                row.p50_ms,
                row.p99_ms,
                row.syncs,
            )
            .expect("a string takes any text");
        }
        if let Some(memory) = self.memory_mb {
            writeln!(text, "\nMost memory held: {memory:.0} MB.").expect("a string takes any text");
        }
        text
    }
}

/// What was parked, as a table in Markdown.
pub fn parked_table(all: &[super::Parked]) -> String {
    let mut text = String::from(
        "| parked | bytes on disk each | memory after the first reply, MB | start to first reply, ms | turns/s with 32 users | CPU ms a turn | timers due together | half late, ms | last late, ms |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for it in all {
        writeln!(
            text,
            "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.3} | {} | {:.0} | {:.0} |",
            it.count,
            it.disk_bytes_each,
            it.memory_mb,
            it.first_reply_ms,
            it.turns_a_second,
            it.cpu_ms,
            it.due,
            it.half_late_ms,
            it.last_late_ms,
        )
        .expect("a string takes any text");
    }
    text
}
