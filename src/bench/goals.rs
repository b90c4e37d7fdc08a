//! What was aimed at, beside what was reached. A goal whose figures were not taken says so.

use super::report::{Report, Row, thousands};

/// Peers, measured separately on a machine of 2 cores with 7,500 syncs a second
/// (`docs/performance.md` says which). The fastest in one process or two, without deduplication,
/// outbox or timers; the fastest over PostgreSQL; the fastest that also delivers; and the least
/// processor time of one that is durable, in milliseconds a turn.
pub(super) const FASTEST: (&str, f64) = ("Bot Framework SDK 4.23, 2 processes, SQLite", 3_702.0);
pub(super) const FASTEST_POSTGRES: (&str, f64) = ("Bot Framework SDK 4.23, PostgreSQL", 1_448.0);
pub(super) const RESTATE: (&str, f64) = ("Restate 1.7, Rust SDK, over HTTP", 1_097.0);
pub(super) const LEANEST: (&str, f64) = ("XState 5.33", 0.31);
/// What was measured separately is named so.
const SEPARATELY: &str = "measured separately";

/// A goal.
struct Goal {
    aims: String,
    reached: Option<Reached>,
}

struct Reached {
    says: String,
    /// What is reached over what is aimed at, or the other way round where less is better: at
    /// least 1 is met.
    times: f64,
}

/// Every goal as a row.
pub(super) fn table(report: &Report) -> String {
    let mut text = String::from("| goal | reached | |\n|---|---|---|\n");
    for goal in all(report) {
        let (says, verdict) = match goal.reached {
            None => ("not measured".to_owned(), String::new()),
            Some(it) if it.times >= 1.0 => (it.says, "met".to_owned()),
            Some(it) => {
                (it.says, format!("**missed**: {:.0} % of the way", it.times.max(0.0) * 100.0))
            }
        };
        text.push_str(&format!("| {} | {says} | {verdict} |\n", goal.aims));
    }
    text
}

fn all(report: &Report) -> Vec<Goal> {
    let sqlite = busy(report, "SQLite", false);
    let postgres = busy(report, "PostgreSQL", false);
    let web: Vec<&Row> = report.rows.iter().filter(|it| it.web && it.users > 1).collect();
    let mut goals = throughput(&sqlite, &postgres, &web);
    goals.extend(latency(report));
    goals.extend(waiting(report));
    goals.push(single(report));
    goals
}

/// Rows with many users; the one user alone waits for the disk.
fn busy<'r>(report: &'r Report, database: &str, web: bool) -> Vec<&'r Row> {
    let rows = report.rows.iter();
    rows.filter(|it| it.database == database && it.web == web && it.users > 1).collect()
}

fn least(rows: &[&Row], of: impl Fn(&Row) -> f64) -> Option<f64> {
    rows.iter().map(|row| of(row)).min_by(f64::total_cmp)
}

fn throughput(sqlite: &[&Row], postgres: &[&Row], web: &[&Row]) -> Vec<Goal> {
    let of_limit = least(sqlite, |row| row.of_limit);
    let cpu = sqlite.iter().filter_map(|row| row.cpu_ms).min_by(f64::total_cmp);
    vec![
        Goal {
            aims: "in process, SQLite with `synchronous=FULL`: at least half of what the same rows allow".into(),
            reached: of_limit.map(|it| Reached { says: format!("{it:.2} of it, with the least favourable number of users"), times: it / 0.5 }),
        },
        times("in process, SQLite", 4.0, FASTEST, sqlite),
        Goal {
            aims: format!("processor time of a turn: at most a quarter of the leanest durable peer's ({}: {} ms, {SEPARATELY})", LEANEST.0, LEANEST.1),
            reached: cpu.map(|it| Reached { says: format!("{it:.3} ms"), times: LEANEST.1 / 4.0 / it }),
        },
        times("through the web chat's socket, the whole house", 5.0, RESTATE, web),
        times("in process, PostgreSQL", 10.0, FASTEST_POSTGRES, postgres),
    ]
}

/// So many times as fast as a peer that was measured separately. Whoever ran beside the house in
/// the same rounds is named too; the goal is held against the fastest that is known.
fn times(what: &str, aim: f64, peer: (&str, f64), rows: &[&Row]) -> Goal {
    let (name, its) = peer;
    let fastest =
        rows.iter().max_by(|one, other| one.turns_a_second.total_cmp(&other.turns_a_second));
    Goal {
        aims: format!(
            "{what}: at least {aim} times the fastest peer ({name}: {its:.0} turns/s, {SEPARATELY})"
        ),
        reached: fastest.map(|row| {
            let reached = row.turns_a_second;
            let mut says = format!("{reached:.0} turns/s, {:.1} times", reached / its);
            for it in &row.beside {
                says.push_str(&format!("; in the same rounds {:.1} times {}", it.times, it.name));
            }
            Reached { says, times: reached / its / aim }
        }),
    }
}

/// No later than this at half load, in milliseconds.
const P99_MS: f64 = 25.0;
/// Beyond two syncs, one user alone may wait so long, in milliseconds.
const ALONE_MS: f64 = 0.3;

fn latency(report: &Report) -> Vec<Goal> {
    let halves = report.rows.iter().filter_map(|row| Some((row.half.as_ref()?.p99_ms, &row.name)));
    let worst = halves.max_by(|one, other| one.0.total_cmp(&other.0));
    let alone = report.rows.iter().find(|it| it.users == 1 && it.database == "SQLite" && !it.web);
    vec![
        Goal {
            aims: format!("p99 at half load: below {P99_MS} ms"),
            reached: worst.map(|(it, name)| Reached {
                says: format!("{it:.1} ms ({name})"),
                times: P99_MS / it,
            }),
        },
        Goal {
            aims: format!(
                "one user alone, SQLite, p50: within twice the disk's own sync plus {ALONE_MS} ms"
            ),
            reached: alone.map(|row| {
                let says =
                    format!("{:.2} ms, with a sync of {:.2} ms", row.p50_ms, row.sync_p50_ms);
                let allowed = row.p50_ms - row.over_two_syncs_ms + ALONE_MS;
                Reached { says, times: allowed / row.p50_ms }
            }),
        },
    ]
}

/// From the start of the process to its first reply, in milliseconds.
const START_MS: f64 = 200.0;
/// Memory that a conversation that waits may seem to take, in bytes: pages come and go by
/// hundreds of kilobytes, which a million of them divide to less than one.
const NOISE_BYTES: f64 = 1.0;
/// By how much a turn's processor time may seem to grow.
const FLAT: f64 = 1.1;

fn waiting(report: &Report) -> Vec<Goal> {
    let most = report.parked.iter().max_by_key(|it| it.count);
    let few = report.parked.iter().min_by_key(|it| it.count);
    let grown = few.zip(most).filter(|(few, most)| few.count < most.count);
    vec![
        Goal {
            aims: "a conversation that waits takes 0 bytes of memory".into(),
            reached: report.bytes_each().map(|(_, most, each)| Reached {
                says: format!("{each:.2} bytes with {}", thousands(most)),
                times: if each < NOISE_BYTES { 1.0 } else { NOISE_BYTES / each },
            }),
        },
        Goal {
            aims: format!("start to first reply with a million waiting: below {START_MS} ms"),
            reached: most.filter(|it| it.count >= 1_000_000).map(|it| Reached {
                says: format!("{:.0} ms", it.first_reply_ms),
                times: START_MS / it.first_reply_ms,
            }),
        },
        Goal {
            aims: "a turn costs the same among a thousand as among a million".into(),
            reached: grown.map(|(few, most)| Reached {
                says: format!(
                    "{:.2} times the processor time among {} of that among {}",
                    most.cpu_ms / few.cpu_ms,
                    thousands(most.count),
                    thousands(few.count),
                ),
                times: FLAT / (most.cpu_ms / few.cpu_ms),
            }),
        },
    ]
}

/// A turn of the pure engine, in microseconds.
const PURE_US: f64 = 20.0;

fn single(report: &Report) -> Goal {
    let turns = report.singles.iter().filter(|it| it.name.starts_with("turn: "));
    let worst = turns.max_by(|one, other| one.takes_us.total_cmp(&other.takes_us));
    Goal {
        aims: format!("a pure turn: below {PURE_US} µs"),
        reached: worst.map(|it| Reached {
            says: format!("{:.1} µs at most ({})", it.takes_us, it.name),
            times: PURE_US / it.takes_us,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::Half;

    fn row(users: usize, of_limit: f64) -> Row {
        Row {
            name: format!("SQLite, {users} users"),
            database: "SQLite".into(),
            users,
            turns_a_second: 20_000.0,
            p50_ms: 0.6,
            of_limit,
            sync_p50_ms: 0.2,
            over_two_syncs_ms: 0.2,
            half: (users > 1).then(|| Half { p99_ms: 50.0, ..Half::default() }),
            ..Row::default()
        }
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        let table = table(&Report::default());
        assert!(!table.contains("met |") && !table.contains("missed"), "{table}");
        assert_eq!(table.matches("not measured").count(), all(&Report::default()).len());
    }

    #[test]
    fn the_least_favourable_row_counts_and_a_miss_says_by_how_much() {
        let rows = vec![row(1, 0.9), row(32, 0.6), row(512, 0.4)];
        let table = table(&Report { rows, ..Report::default() });
        assert!(table.contains("| 0.40 of it, with the least favourable number of users | **missed**: 80 % of the way |"), "{table}");
        assert!(
            table.contains("| 50.0 ms (SQLite, 512 users) | **missed**: 50 % of the way |"),
            "{table}"
        );
        assert!(table.contains("| 0.60 ms, with a sync of 0.20 ms | met |"), "{table}");
        assert!(table.contains("| 20000 turns/s, 5.4 times | met |"), "{table}");
    }
}
