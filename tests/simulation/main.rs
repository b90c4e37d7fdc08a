//! The whole house under everything that may go wrong, decided by one seed a run: clocks that
//! jump, messages doubled, late and out of order, providers that cannot say, plugins that fail or
//! hang, replicas that are killed or sleep and wake with what they knew, a database that is away.
//! After every run it is checked that nothing was lost, doubled or leaked, and nobody stranded.
//!
//! `MENDLINE_SEED=7 cargo test --test simulation` replays one run and prints all of it;
//! `MENDLINE_SEEDS=100000` plays many. docs/simulation.md says more.

#![expect(clippy::unwrap_used, reason = "tests")]

mod backdrop;
mod bugs;
mod channel;
mod eye;
mod fence;
mod invariants;
mod messages;
mod operator;
mod people;
mod plugin;
mod record;
mod run;
mod staff;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use backdrop::Backdrop;
use bugs::Bug;
use run::Run;

/// Seeds played by default at home.
const SEEDS_AT_HOME: u64 = 150;
/// Seeds played where `CI` is set.
const SEEDS_IN_CI: u64 = 1_000;
/// Threads that play. The machines that this runs on have two cores.
const THREADS: usize = 2;
/// How often a long run says where it is.
const SAY_EVERY: u64 = 1_000;

/// What one run came to.
struct Played {
    wrong: Vec<String>,
    trace: Vec<String>,
    faults: BTreeMap<&'static str, u64>,
    reached: BTreeMap<String, u64>,
}

/// Plays one seed.
async fn play(backdrop: &Backdrop, seed: u64, bug: Option<Bug>) -> Played {
    let mut run = Run::open(backdrop, seed, bug).await;
    run.live().await;
    if run.world.lock().wrong.is_empty() {
        run.settle().await;
        run.desks_clear().await;
    }
    if run.world.lock().wrong.is_empty() {
        invariants::check(&run).await;
    }
    let mut world = run.world.lock();
    Played {
        wrong: std::mem::take(&mut world.wrong),
        trace: world.trace.drain(..).collect(),
        faults: std::mem::take(&mut world.faults),
        reached: std::mem::take(&mut world.reached),
    }
}

/// A thread's own runtime: everything of a run happens on one thread.
fn on_one_thread<T>(doing: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(doing)
}

/// Plays one seed, and takes a panic for what it is.
fn caught(backdrop: &Backdrop, seed: u64, bug: Option<Bug>) -> Played {
    let playing = || on_one_thread(play(backdrop, seed, bug));
    catch_unwind(AssertUnwindSafe(playing)).unwrap_or_else(|why| {
        let said = why.downcast_ref::<String>().cloned();
        let said = said.or(why.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        Played {
            wrong: vec![format!("it panicked: {}", said.unwrap_or_default())],
            trace: Vec::new(),
            faults: BTreeMap::new(),
            reached: BTreeMap::new(),
        }
    })
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.replace('_', "").parse().ok()
}

#[test]
fn whatever_happens_nothing_is_lost_doubled_or_leaked_and_nobody_is_stranded() {
    let backdrop = Arc::new(on_one_thread(Backdrop::open()));
    if let Some(seed) = number("MENDLINE_SEED") {
        let played = caught(&backdrop, seed, None);
        println!("{}\n{:?}", played.trace.join("\n"), played.reached);
        assert!(played.wrong.is_empty(), "seed {seed}:\n{}", played.wrong.join("\n"));
        return;
    }
    let in_ci = std::env::var("CI").is_ok_and(|it| it == "true");
    let usual = if in_ci { SEEDS_IN_CI } else { SEEDS_AT_HOME };
    let seeds = number("MENDLINE_SEEDS").unwrap_or(usual);
    let first = number("MENDLINE_FIRST").unwrap_or(1);
    if seeds < SEEDS_IN_CI {
        println!("ONLY {seeds} SEEDS HERE; CI=true plays {SEEDS_IN_CI}, MENDLINE_SEEDS=n plays n");
    }
    let failed = play_all(&backdrop, first, seeds);
    assert!(failed.is_empty(), "{} of {seeds} seeds failed: {failed:?}", failed.len());
}

/// Plays so many seeds on all threads; answers with those that failed.
fn play_all(backdrop: &Arc<Backdrop>, first: u64, seeds: u64) -> Vec<u64> {
    let started = Instant::now();
    let (next, played) = (AtomicU64::new(first), AtomicU64::new(0));
    let failed = Mutex::new(Vec::new());
    let faults = Mutex::new(BTreeMap::<&str, u64>::new());
    let reached = Mutex::new(BTreeMap::<String, u64>::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + seeds {
                        return;
                    }
                    let it = caught(backdrop, seed, None);
                    for (what, times) in it.reached {
                        *reached.lock().unwrap().entry(what).or_default() += times;
                    }
                    for (what, times) in it.faults {
                        *faults.lock().unwrap().entry(what).or_default() += times;
                    }
                    if !it.wrong.is_empty() {
                        failed.lock().unwrap().push(seed);
                        tell(seed, &it.wrong, &it.trace);
                    }
                    let done = played.fetch_add(1, Ordering::SeqCst) + 1;
                    if done.is_multiple_of(SAY_EVERY) {
                        let rate = done as f64 / started.elapsed().as_secs_f64();
                        println!("{done} of {seeds} seeds, {rate:.1} a second");
                    }
                }
            });
        }
    });
    let rate = seeds as f64 / started.elapsed().as_secs_f64();
    println!("{seeds} seeds from {first}, {rate:.1} seeds a second");
    println!("what was reached: {:?}", reached.into_inner().unwrap());
    println!("what went wrong on purpose: {:?}", faults.into_inner().unwrap());
    let mut failed = failed.into_inner().unwrap();
    failed.sort_unstable();
    failed
}

/// Says which seed failed, why, and how to see it again.
fn tell(seed: u64, wrong: &[String], trace: &[String]) {
    /// The end of the trace is what one reads first; the replay prints all of it.
    const SHOWN: usize = 40;
    let from = trace.len().saturating_sub(SHOWN);
    println!(
        "seed {seed}\n  {}\n  replay: MENDLINE_SEED={seed} cargo test --test simulation -- whatever --nocapture\n    {}",
        wrong.join("\n  "),
        trace[from..].join("\n    "),
    );
}

#[test]
fn a_seed_plays_the_same_run_twice() {
    let backdrop = on_one_thread(Backdrop::open());
    for seed in 1..=8 {
        let once = caught(&backdrop, seed, None);
        let again = caught(&backdrop, seed, None);
        for (line, other) in once.trace.iter().zip(&again.trace) {
            assert_eq!(line, other, "seed {seed}");
        }
        assert_eq!(once.trace.len(), again.trace.len(), "seed {seed}");
    }
}

#[test]
fn every_seeded_bug_is_caught() {
    let backdrop = on_one_thread(Backdrop::open());
    let next = AtomicU64::new(0);
    let found = Mutex::new(BTreeMap::new());
    let missed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let at = usize::try_from(next.fetch_add(1, Ordering::SeqCst)).unwrap();
                    let Some((bug, what, within)) = bugs::ALL.get(at) else { return };
                    let wrong = |seed| caught(&backdrop, seed, Some(*bug)).wrong.into_iter().next();
                    let caught = (1..=*within).find_map(|seed| wrong(seed).map(|it| (seed, it)));
                    let row = match caught {
                        Some((seed, how)) => format!("| {what} | {seed} of {within} | {how} |"),
                        None => {
                            missed.store(true, Ordering::SeqCst);
                            format!("| {what} | NOT CAUGHT in {within} | |")
                        }
                    };
                    found.lock().unwrap().insert(at, row);
                }
            });
        }
    });
    let table: Vec<String> = found.into_inner().unwrap().into_values().collect();
    println!("| bug | caught by seed | how it showed |\n|---|---|---|\n{}", table.join("\n"));
    assert!(!missed.into_inner(), "a seeded bug was not caught");
}
