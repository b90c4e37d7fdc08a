//! What is measured, and of what machine: times, processor time, memory.

use std::time::Duration;

/// The ticks in which Linux counts processor time (`getconf CLK_TCK`; 100 wherever it runs today).
const TICKS_A_SECOND: u64 = 100;

/// The figures of one run.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    /// Messages whose turn was durable, a second.
    pub(super) turns_a_second: f64,
    /// Half of the messages took less, in milliseconds.
    pub(super) p50_ms: f64,
    /// All but one in a hundred took less, in milliseconds.
    pub(super) p99_ms: f64,
    /// Processor time of the whole process, in milliseconds a turn; `None` where it is not known.
    pub(super) cpu_ms: Option<f64>,
}

impl Figures {
    pub(super) fn of(
        turns: u64,
        lasted: Duration,
        mut took: Vec<Duration>,
        spent: Option<Duration>,
    ) -> Figures {
        took.sort();
        let at = |share: f64| {
            let index = (took.len() as f64 * share) as usize;
            took.get(index.min(took.len().saturating_sub(1))).map_or(0.0, ms)
        };
        Figures {
            turns_a_second: turns as f64 / lasted.as_secs_f64(),
            p50_ms: at(0.50),
            p99_ms: at(0.99),
            cpu_ms: spent.map(|it| ms(&it) / (turns.max(1) as f64)),
        }
    }
}

pub(super) fn ms(it: &Duration) -> f64 {
    it.as_secs_f64() * 1000.0
}

/// Processor time of this process.
pub(super) struct Spent(Option<Duration>);

impl Spent {
    pub(super) fn now() -> Spent {
        Spent(read())
    }

    pub(super) fn since(&self) -> Option<Duration> {
        Some(read()?.saturating_sub(self.0?))
    }
}

/// User and system time, from `/proc/self/stat` (proc(5): fields 14 and 15).
fn read() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1000 / TICKS_A_SECOND))
}

/// The most memory that this process ever held, and what it holds, in megabytes.
pub(super) fn memory_mb() -> Option<(f64, f64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let of = |name: &str| {
        let line = status.lines().find_map(|it| it.strip_prefix(name))?;
        let kilobytes: f64 =
            line.trim_start_matches(':').split_whitespace().next()?.parse().ok()?;
        Some(kilobytes / 1024.0)
    };
    Some((of("VmHWM")?, of("VmRSS")?))
}
