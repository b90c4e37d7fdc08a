//! How long does it take to read, lower and check a thousand flows? Each has the size of the
//! medicine approval, with its Spanish, with names and numbers of its own. One thread, the median
//! of several rounds, in the time that the thread had a core (on Linux; elsewhere the clock's).
//!
//! ```text
//! cargo run --release -p mendline-engine --example check_speed
//! ```

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use mendline_engine::catalog::Catalog;
use mendline_engine::check::check;
use mendline_engine::load::{Source, load};
use mendline_engine::report::Report;
use mendline_engine::rules::RulePacks;
use mendline_engine::{lower, parse};

const FLOW: &str = include_str!("../tests/check/base.yaml");
const SPANISH: &str = include_str!("../tests/check/base.es.yaml");
const CATALOG: &str = include_str!("../tests/check/catalog.json");
const FLOWS: usize = 1000;
/// Odd, so that one of them is the median.
const ROUNDS: usize = 9;

fn main() {
    let catalog: Catalog = serde_json::from_str(CATALOG).expect("the fixture is a catalog");
    let others = ["refill", "gather_information"].map(str::to_owned);
    let texts: Vec<(String, String)> = (0..FLOWS).map(distinct).collect();

    let whole = median(|| {
        let load = |(flow, spanish): &(String, String)| {
            let flow = Source { file: "flow.yaml".into(), text: flow.clone() };
            let spanish = Source { file: "flow.es.yaml".into(), text: spanish.clone() };
            load(&flow, &[spanish], &catalog, &others).findings.len()
        };
        assert_eq!(texts.iter().map(load).sum::<usize>(), 0, "the fixture has no findings");
    });
    say("read, lowered and checked", whole);

    let rules = RulePacks::embedded();
    let read: Vec<_> =
        texts.iter().map(|(flow, spanish)| lowered(flow, spanish, &catalog)).collect();
    let checked = median(|| {
        for (flow, program, words) in &read {
            let words = std::slice::from_ref(words);
            assert!(check(flow, program, words, &catalog, &others, &rules).is_empty());
        }
    });
    say("checked alone", checked);
}

/// The median of some rounds.
fn median(mut round: impl FnMut()) -> Duration {
    let timed = |_| {
        let started = on_core();
        round();
        on_core().saturating_sub(started)
    };
    let mut took: Vec<Duration> = (0..ROUNDS).map(timed).collect();
    took.sort();
    took[ROUNDS / 2]
}

/// How long this thread has had a core.
fn on_core() -> Duration {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|it| it.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| STARTED.elapsed(), Duration::from_nanos)
}

/// The approval flow with a name, a field and lengths of its own.
fn distinct(nth: usize) -> (String, String) {
    let own = |text: &str| {
        text.replace("flow: approval", &format!("flow: approval_{nth}"))
            .replace("drug", &format!("drug_{nth}"))
            .replace(&format!("drug_{nth}: drug_{nth}"), &format!("drug: drug_{nth}"))
            .replace("30 business minutes", &format!("{} business minutes", 21 + nth % 30))
    };
    (own(FLOW), own(SPANISH))
}

type Read = (
    mendline_engine::surface::Flow,
    mendline_engine::core::Program,
    mendline_engine::surface::Translation,
);

fn lowered(flow: &str, spanish: &str, catalog: &Catalog) -> Read {
    let (mut ours, mut theirs) = (Report::new("flow.yaml"), Report::new("flow.es.yaml"));
    let flow = parse::flow(flow, &mut ours).expect("the fixture is a flow");
    let words = parse::translation(spanish, &mut theirs).expect("the fixture is a translation");
    let hash = String::new();
    let translated = lower::Translated { translation: &words, report: &mut theirs };
    let program = lower::lower(&flow, &mut [translated], catalog, hash, &mut ours);
    (flow, program, words)
}

fn say(what: &str, took: Duration) {
    let (ms, per_second) = (took.as_millis(), FLOWS as f64 / took.as_secs_f64());
    println!("{FLOWS} flows {what}: {ms} ms, {per_second:.0} a second");
}
