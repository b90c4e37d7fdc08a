//! What the process itself uses, under the names that every Prometheus dashboard knows. Read from
//! `/proc`, so on Linux only; elsewhere the page is shorter.

use super::page::{Family, Kind};

/// Everything that can be read about this process.
pub(super) fn families() -> Vec<Family> {
    let Some(stat) = read("/proc/self/stat") else { return Vec::new() };
    let mut families = Vec::new();
    let mut one = |name, kind, help, value: Option<f64>| {
        families.extend(value.map(|it| Family::one(name, kind, help, it)));
    };
    let stat = Stat::of(&stat);
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let page_bytes = rustix::param::page_size() as f64;
    let cpu = stat.number(UTIME).zip(stat.number(STIME)).map(|(user, system)| user + system);
    one(
        "process_cpu_seconds_total",
        Kind::Counter,
        "Total user and system CPU time spent in seconds.",
        cpu.map(|it| it / ticks),
    );
    one(
        "process_resident_memory_bytes",
        Kind::Gauge,
        "Resident memory size in bytes.",
        stat.number(RSS).map(|it| it * page_bytes),
    );
    one(
        "process_virtual_memory_bytes",
        Kind::Gauge,
        "Virtual memory size in bytes.",
        stat.number(VSIZE),
    );
    one(
        "process_threads",
        Kind::Gauge,
        "Number of OS threads in the process.",
        stat.number(THREADS),
    );
    one(
        "process_open_fds",
        Kind::Gauge,
        "Number of open file descriptors.",
        std::fs::read_dir("/proc/self/fd").ok().map(|it| it.count() as f64),
    );
    one(
        "process_max_fds",
        Kind::Gauge,
        "Maximum number of open file descriptors.",
        read("/proc/self/limits").as_deref().and_then(open_files_max),
    );
    let booted = read("/proc/stat").as_deref().and_then(booted_s);
    let started = booted.zip(stat.number(STARTED)).map(|(boot, it)| boot + it / ticks);
    one(
        "process_start_time_seconds",
        Kind::Gauge,
        "Start time of the process since unix epoch in seconds.",
        started,
    );
    families
}

fn read(file: &str) -> Option<String> {
    std::fs::read_to_string(file).ok()
}

/// Places of numbers in `/proc/self/stat`, counted from 1 as `man proc_pid_stat` does.
const UTIME: usize = 14;
const STIME: usize = 15;
const THREADS: usize = 20;
const STARTED: usize = 22;
const VSIZE: usize = 23;
const RSS: usize = 24;

/// The numbers of `/proc/self/stat` behind the name, which may itself hold spaces.
struct Stat<'a>(Vec<&'a str>);

impl Stat<'_> {
    fn of(text: &str) -> Stat<'_> {
        let (_, after_name) = text.rsplit_once(')').unwrap_or_default();
        Stat(after_name.split_whitespace().collect())
    }

    fn number(&self, place: usize) -> Option<f64> {
        // The number and the name come first and were cut off.
        self.0.get(place.checked_sub(3)?)?.parse().ok()
    }
}

fn open_files_max(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|it| it.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn booted_s(stat: &str) -> Option<f64> {
    stat.lines().find_map(|it| it.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_moves_no_number() {
        let stat = Stat::of("7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 140 60 0 0 20 0 9 0 300 1000 25 0");
        assert_eq!((stat.number(UTIME), stat.number(STIME)), (Some(140.0), Some(60.0)));
        assert_eq!((stat.number(THREADS), stat.number(STARTED)), (Some(9.0), Some(300.0)));
        assert_eq!((stat.number(VSIZE), stat.number(RSS)), (Some(1000.0), Some(25.0)));
    }

    #[test]
    fn limits_and_boot_are_found_by_their_words() {
        let limits = "Limit   Soft   Hard\nMax open files   1024   524288   files\n";
        assert_eq!(open_files_max(limits), Some(1024.0));
        assert_eq!(booted_s("cpu 1\nbtime 1795000000\n"), Some(1_795_000_000.0));
    }
}
