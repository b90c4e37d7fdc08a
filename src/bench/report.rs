//! The figures as tables, for the terminal and for a page.

use std::fmt::Write as _;

use super::Parked;
use super::criterion::Single;
use super::goals;

/// One load over one database.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// How many, over what.
    pub name: String,
    /// `SQLite` or `PostgreSQL`.
    pub database: String,
    /// Users at once.
    pub users: usize,
    /// Whether everybody had a web socket.
    pub web: bool,
    /// Messages whose turn was durable, a second.
    pub turns_a_second: f64,
    /// Half took less, in milliseconds.
    pub p50_ms: f64,
    /// All but one in a hundred took less, in milliseconds.
    pub p99_ms: f64,
    /// Processor time of the whole process, in milliseconds a turn.
    pub cpu_ms: Option<f64>,
    /// The same of the database's own processes.
    pub database_cpu_ms: Option<f64>,
    /// The most memory that was held.
    pub memory_mb: Option<f64>,
    /// Turns a second that the same rows allow on the same disk, in groups as large as the users
    /// could make them, up to 64.
    pub limit: f64,
    /// Which part of the limit was reached.
    pub of_limit: f64,
    /// Syncs of this disk, a second.
    pub syncs: f64,
    /// Half of the syncs took less, in milliseconds.
    pub sync_p50_ms: f64,
    /// By how much the median message took longer than two syncs, in milliseconds.
    pub over_two_syncs_ms: f64,
    /// The same at half the load.
    pub half: Option<Half>,
    /// Programs that did the same beside it.
    pub beside: Vec<Beside>,
}

/// Messages that come at fixed moments, half as many as could.
#[derive(Clone, Debug, Default)]
pub struct Half {
    /// How many came, a second.
    pub turns_a_second: f64,
    /// From the moment at which it was due, half took less, in milliseconds.
    pub p50_ms: f64,
    /// All but one in a hundred took less.
    pub p99_ms: f64,
}

/// Another program, in the same rounds.
#[derive(Clone, Debug)]
pub struct Beside {
    /// What it is called.
    pub name: String,
    /// Turns a second.
    pub turns_a_second: f64,
    /// Half took less, in milliseconds.
    pub p50_ms: f64,
    /// All but one in a hundred took less.
    pub p99_ms: f64,
    /// Processor time a turn, in milliseconds.
    pub cpu_ms: Option<f64>,
    /// How many times as fast the house was.
    pub times: f64,
}

/// All of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// A load each.
    pub rows: Vec<Row>,
    /// A count of parked conversations each.
    pub parked: Vec<Parked>,
    /// What single things take.
    pub singles: Vec<Single>,
    /// On what, and when.
    pub machine: String,
    /// What could not be measured, and why.
    pub left_out: Vec<String>,
}

impl Report {
    /// Every table in Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        if !self.machine.is_empty() {
            line(&mut text, &format!("{}\n", self.machine));
        }
        for why in &self.left_out {
            line(&mut text, &format!("Not measured: {why}\n"));
        }
        self.loads(&mut text);
        self.half(&mut text);
        self.beside(&mut text);
        self.waiting(&mut text);
        self.growth(&mut text);
        self.single(&mut text);
        text
    }

    /// The goals first, then every table: what stands in a page.
    pub fn page(&self) -> String {
        format!("{}\n{}", goals::table(self), self.markdown())
    }

    fn loads(&self, text: &mut String) {
        if self.rows.is_empty() {
            return;
        }
        line(text, "**In a closed loop**\n");
        line(
            text,
            "| load | turns/s | limit of the same rows | part of the limit | p50 ms | p99 ms | CPU ms a turn | CPU ms in PostgreSQL | most memory, MB | syncs/s of the disk | one sync, ms |",
        );
        line(text, "|---|---|---|---|---|---|---|---|---|---|---|");
        for row in &self.rows {
            line(
                text,
                &format!(
                    "| {} | {:.0} | {:.0} | {:.2} | {:.2} | {:.2} | {} | {} | {} | {:.0} | {:.3} |",
                    row.name,
                    row.turns_a_second,
                    row.limit,
                    row.of_limit,
                    row.p50_ms,
                    row.p99_ms,
                    known(row.cpu_ms, 3),
                    known(row.database_cpu_ms, 3),
                    known(row.memory_mb, 0),
                    row.syncs,
                    row.sync_p50_ms,
                ),
            );
        }
        line(text, "");
    }

    fn half(&self, text: &mut String) {
        let halves = self.rows.iter().filter_map(|row| Some((row, row.half.as_ref()?)));
        let halves: Vec<_> = halves.collect();
        if halves.is_empty() {
            return;
        }
        line(text, "**At half of that, from the moment at which each message was due**\n");
        line(text, "| load | turns/s | p50 ms | p99 ms |\n|---|---|---|---|");
        for (row, half) in halves {
            let Half { turns_a_second, p50_ms, p99_ms } = half;
            let name = &row.name;
            line(text, &format!("| {name} | {turns_a_second:.0} | {p50_ms:.2} | {p99_ms:.2} |"));
        }
        line(text, "");
    }

    fn beside(&self, text: &mut String) {
        if self.rows.iter().all(|row| row.beside.is_empty()) {
            return;
        }
        line(text, "**Programs that did the same in the same rounds**\n");
        line(
            text,
            "| load | program | turns/s | p50 ms | p99 ms | CPU ms a turn | Mendline is so many times as fast |",
        );
        line(text, "|---|---|---|---|---|---|---|");
        for row in &self.rows {
            for it in &row.beside {
                line(
                    text,
                    &format!(
                        "| {} | {} | {:.0} | {:.2} | {:.2} | {} | {:.2} |",
                        row.name,
                        it.name,
                        it.turns_a_second,
                        it.p50_ms,
                        it.p99_ms,
                        known(it.cpu_ms, 3),
                        it.times,
                    ),
                );
            }
        }
        line(text, "");
    }

    fn waiting(&self, text: &mut String) {
        if self.parked.is_empty() {
            return;
        }
        line(text, "**Conversations that wait, each with a timer**\n");
        line(
            text,
            "| waiting | bytes on disk each | memory after the first reply, MB | start to first reply, ms | timers due together | half of them late by, ms | the last late by, ms |",
        );
        line(text, "|---|---|---|---|---|---|---|");
        for it in &self.parked {
            line(
                text,
                &format!(
                    "| {} | {:.0} | {:.1} | {:.0} | {} | {:.0} | {:.0} |",
                    thousands(it.count),
                    it.disk_bytes_each,
                    it.memory_mb,
                    it.first_reply_ms,
                    thousands(it.due),
                    it.half_late_ms,
                    it.last_late_ms,
                ),
            );
        }
        if let Some((fewer, more, each)) = self.bytes_each() {
            let (fewer, more) = (thousands(fewer), thousands(more));
            line(
                text,
                &format!("\nMemory of one that waits, from {fewer} to {more}: {each:.2} bytes."),
            );
        }
        line(text, "");
    }

    fn growth(&self, text: &mut String) {
        if self.parked.is_empty() {
            return;
        }
        line(text, "**What a turn costs among so many, with 32 users**\n");
        line(
            text,
            "| stored conversations | turns/s | CPU ms a turn | memory, MB |\n|---|---|---|---|",
        );
        for it in &self.parked {
            let count = thousands(it.count);
            let (turns, cpu, memory) = (it.turns_a_second, it.cpu_ms, it.memory_after_mb);
            line(text, &format!("| {count} | {turns:.0} | {cpu:.3} | {memory:.0} |"));
        }
        line(text, "");
    }

    fn single(&self, text: &mut String) {
        if self.singles.is_empty() {
            return;
        }
        line(text, "**Single things**\n");
        line(text, "| what | µs |\n|---|---|");
        for it in &self.singles {
            line(text, &format!("| {} | {:.2} |", it.name, it.takes_us));
        }
        line(text, "");
    }

    /// From how many to how many, and what one more takes of memory.
    pub(super) fn bytes_each(&self) -> Option<(usize, usize, f64)> {
        let fewer = self.parked.iter().find(|it| it.count >= 10_000)?;
        let more = self.parked.iter().max_by_key(|it| it.count)?;
        let further = more.count.checked_sub(fewer.count).filter(|it| *it > 0)?;
        let bytes = (more.memory_mb - fewer.memory_mb) * 1024.0 * 1024.0;
        Some((fewer.count, more.count, bytes / further as f64))
    }
}

fn line(text: &mut String, of: &str) {
    writeln!(text, "{of}").expect("a string takes any text");
}

fn known(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(String::new, |it| format!("{it:.digits$}"))
}

/// `1,000,000`.
pub(super) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
