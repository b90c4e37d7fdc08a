//! Every talk again, with the house killed at every turn: just before it is committed, and just
//! after, before anybody heard so. Same outcome, and everyone has seen the same. A few talks are
//! killed at every write of any kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mendline::library;
use mendline::store::crashing::Crash;
use mendline::talks::play::{Played, play};
use mendline::talks::script::{self, Talk};
use mendline::talks::stage::{Backdrop, CrashPlan};

/// Talks played at once. A play mostly waits for the store's thread, so more than the cores.
const AT_ONCE: usize = 8;

/// Every so-manieth kill is played, so that the tests end in minutes. `MENDLINE_KILLS=all` plays
/// them all, in about a quarter of an hour.
const STRIDE: u64 = 9;

/// Talks that are killed at every write: arrivals, frozen bytes, receipts, results.
const AT_EVERY_WRITE: &[&str] = &["approved-at-once.yaml", "a-person.yaml", "counter.yaml"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_write_the_same_people_see_the_same_words_once() {
    let mut backdrop = Backdrop::open().await.unwrap();
    let folders = library::find(&["flows".into()]).unwrap();
    let shelf = library::shelve(folders, &backdrop.catalog);
    backdrop.flows = shelf.flows.clone();
    let talks = shelf.folders.iter().flat_map(|it| &it.talks);
    let talks: Arc<Vec<Talk>> = Arc::new(talks.map(|it| script::read(it).unwrap()).collect());
    let started = std::time::Instant::now();
    let (backdrop, next) = (Arc::new(backdrop), Arc::new(AtomicUsize::new(0)));
    let mut workers = Vec::new();
    for _ in 0..AT_ONCE {
        let (backdrop, talks, next) = (backdrop.clone(), talks.clone(), next.clone());
        workers.push(tokio::spawn(async move {
            let mut failed = Vec::new();
            let mut kills = 0;
            while let Some(talk) = talks.get(next.fetch_add(1, Ordering::SeqCst)) {
                let (more, problems) = kill_everywhere(&backdrop, talk).await;
                kills += more;
                failed.extend(problems);
            }
            (kills, failed)
        }));
    }
    let (mut kills, mut failed) = (0, Vec::new());
    for worker in workers {
        let (more, problems) = worker.await.unwrap();
        kills += more;
        failed.extend(problems);
    }
    if stride() > 1 {
        println!("every {STRIDE}th kill only; MENDLINE_KILLS=all plays them all");
    }
    println!("{kills} kills in {} talks, {:.0?}", talks.len(), started.elapsed());
    assert!(kills > talks.len() as u64, "the house was hardly ever killed");
    let shown = failed.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(failed.is_empty(), "{} of {kills} kills changed something:\n{shown}", failed.len());
}

/// Every kill when that is asked for, else every ninth.
fn stride() -> u64 {
    if std::env::var("MENDLINE_KILLS").is_ok_and(|it| it == "all") { 1 } else { STRIDE }
}

async fn kill_everywhere(backdrop: &Backdrop, talk: &Talk) -> (u64, Vec<String>) {
    let at_turns = !AT_EVERY_WRITE.iter().any(|it| talk.file.ends_with(it));
    // A plan that never comes counts the writes.
    let never = CrashPlan { at: u64::MAX, side: Crash::Before, at_turns };
    let undisturbed = play(backdrop, talk, Some(never)).await;
    if let Some(why) = &undisturbed.failed {
        return (0, vec![format!("{}: {why}", talk.name)]);
    }
    let mut failed = Vec::new();
    let mut kills = 0;
    for at in 1..=undisturbed.writes {
        for side in [Crash::Before, Crash::After] {
            let nth = 2 * at + u64::from(side == Crash::After);
            if !nth.is_multiple_of(stride()) {
                continue;
            }
            let killed = play(backdrop, talk, Some(CrashPlan { at, side, at_turns })).await;
            kills += 1;
            if let Some(why) = differs(&undisturbed, &killed) {
                let said = format!("{}: killed {side:?} write {at}: {why}", talk.name);
                eprintln!("CHANGED  {said}");
                failed.push(said);
            }
        }
    }
    eprintln!("{:4} kills  {}", kills, talk.name);
    (kills, failed)
}

fn differs(one: &Played, other: &Played) -> Option<String> {
    if let Some(why) = &other.failed {
        return Some(why.clone());
    }
    if one.outcome != other.outcome {
        return Some(format!("the outcome is {:?}, not {:?}", other.outcome, one.outcome));
    }
    for (who, texts) in &one.seen {
        let (mut before, mut after) =
            (texts.clone(), other.seen.get(who).cloned().unwrap_or_default());
        before.sort();
        after.sort();
        if before != after {
            return Some(format!("{who} saw {after:?} instead of {before:?}"));
        }
    }
    None
}
