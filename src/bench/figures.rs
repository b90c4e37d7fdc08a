//! What is measured, and of what machine: times, processor time, memory, the disk's own pace.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The ticks in which Linux counts processor time (`getconf CLK_TCK`; 100 wherever it runs today).
const TICKS_A_SECOND: u64 = 100;
/// Bytes that are written before each sync of the disk's own figure: a page.
const PAGE: usize = 4096;
/// Pages of the file that is written round and round, as a write-ahead log is.
const PAGES: u64 = 1024;

/// The figures of one run of one load.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Messages whose turn was durable, a second.
    pub turns_a_second: f64,
    /// Half of the messages took less, in milliseconds.
    pub p50_ms: f64,
    /// All but one in a hundred took less, in milliseconds.
    pub p99_ms: f64,
    /// Processor time of the measured process, in milliseconds a turn; `None` where it is not known.
    pub cpu_ms: Option<f64>,
    /// The same of the database's processes, where it has its own.
    #[serde(default)]
    pub database_cpu_ms: Option<f64>,
    /// The most memory that was held meanwhile, in megabytes.
    #[serde(default)]
    pub memory_mb: Option<f64>,
}

impl Figures {
    pub(super) fn of(
        turns: u64,
        lasted: Duration,
        mut took: Vec<Duration>,
        spent: Option<Duration>,
    ) -> Figures {
        took.sort();
        Figures {
            turns_a_second: turns as f64 / lasted.as_secs_f64(),
            p50_ms: at(&took, 0.50),
            p99_ms: at(&took, 0.99),
            cpu_ms: spent.map(|it| ms(&it) / (turns.max(1) as f64)),
            database_cpu_ms: None,
            memory_mb: None,
        }
    }
}

/// What this share of the sorted times is below, in milliseconds.
fn at(sorted: &[Duration], share: f64) -> f64 {
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).map_or(0.0, ms)
}

pub(super) fn ms(it: &Duration) -> f64 {
    it.as_secs_f64() * 1000.0
}

/// The figure in the middle; of an even number the mean of the two.
pub(super) fn median(all: impl IntoIterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = all.into_iter().collect();
    all.sort_by(f64::total_cmp);
    match all.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => all[n / 2],
        n => f64::midpoint(all[n / 2 - 1], all[n / 2]),
    }
}

/// The same of what may not be known; unknown if any is.
pub(super) fn median_known(all: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    all.into_iter().collect::<Option<Vec<f64>>>().map(median).filter(|it| it.is_finite())
}

/// Whose processor time and memory are measured.
#[derive(Clone, Copy, Debug)]
pub(super) enum Process {
    /// This one.
    Ours,
    /// Another one.
    Its(u32),
}

impl Process {
    fn path(self, file: &str) -> String {
        match self {
            Process::Ours => format!("/proc/self/{file}"),
            Process::Its(id) => format!("/proc/{id}/{file}"),
        }
    }

    /// User and system time until now.
    pub(super) fn spent(self) -> Option<Duration> {
        stat(&self.path("stat")).map(|it| it.spent)
    }

    /// Forgets the most memory that was held until now (proc(5): `clear_refs`).
    pub(super) fn forget_peak(self) {
        // Where it cannot be forgotten the peak is that of the whole run: larger, never smaller.
        let _ = std::fs::write(self.path("clear_refs"), "5");
    }

    /// The most memory that was held, and what is held, in megabytes.
    pub(super) fn memory_mb(self) -> Option<(f64, f64)> {
        let status = std::fs::read_to_string(self.path("status")).ok()?;
        let of = |name: &str| {
            let line = status.lines().find_map(|it| it.strip_prefix(name))?;
            let kilobytes = line.trim_start_matches(':').split_whitespace().next()?;
            Some(kilobytes.parse::<f64>().ok()? / 1024.0)
        };
        Some((of("VmHWM")?, of("VmRSS")?))
    }
}

struct Stat {
    parent: u32,
    spent: Duration,
    /// Of those who were waited for.
    children: Duration,
}

/// `/proc/…/stat` (proc(5): fields 4 and 14 to 17).
fn stat(path: &str) -> Option<Stat> {
    let stat = std::fs::read_to_string(path).ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |at: usize| -> Option<u64> { fields.get(at)?.parse().ok() };
    let of = |from: usize| {
        let ticks = ticks(from)? + ticks(from + 1)?;
        Some(Duration::from_millis(ticks * 1000 / TICKS_A_SECOND))
    };
    Some(Stat { parent: fields.get(1)?.parse().ok()?, spent: of(11)?, children: of(13)? })
}

/// Processor time of a process and of all whom it started, those that ended included.
pub(super) fn spent_with_children(id: u32) -> Option<Duration> {
    let own = stat(&format!("/proc/{id}/stat"))?;
    let all = std::fs::read_dir("/proc").ok()?.flatten();
    let children = all.filter_map(|it| stat(it.path().join("stat").to_str()?));
    let living: Duration = children.filter(|it| it.parent == id).map(|it| it.spent).sum();
    Some(own.spent + own.children + living)
}

/// How fast this disk can be told to keep what was written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Syncs {
    pub(super) a_second: f64,
    pub(super) p50_ms: f64,
}

/// Writes a page and syncs it, again and again, over the same file.
pub(super) fn syncs(folder: &Path, lasts: Duration) -> anyhow::Result<Syncs> {
    let mut file = tempfile::tempfile_in(folder)?;
    let page = [7; PAGE];
    for _ in 0..PAGES {
        file.write_all(&page)?;
    }
    file.sync_all()?;
    let (began, mut took, mut nth) = (Instant::now(), Vec::new(), 0);
    while began.elapsed() < lasts {
        let one = Instant::now();
        file.seek(SeekFrom::Start(nth % PAGES * PAGE as u64))?;
        file.write_all(&page)?;
        file.sync_data()?;
        took.push(one.elapsed());
        nth += 1;
    }
    let a_second = took.len() as f64 / began.elapsed().as_secs_f64();
    took.sort();
    Ok(Syncs { a_second, p50_ms: at(&took, 0.50) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert_eq!(median([4.0, 1.0, 3.0]), 3.0);
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median_known([Some(1.0), None]), None);
    }

    #[test]
    fn one_in_a_hundred_may_take_longer() {
        let took = (1..=200).map(Duration::from_millis).collect();
        let figures = Figures::of(200, Duration::from_secs(2), took, None);
        assert_eq!((figures.p50_ms, figures.p99_ms), (101.0, 199.0));
        assert_eq!(figures.turns_a_second, 100.0);
    }
}
