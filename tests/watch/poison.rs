//! An event that fells the whole process each time is tried a few times and then goes to a person.
//! The process that falls is this test's own program, started again as a child.

use std::process::Command;
use std::sync::Arc;

use mendline::channels::Incoming;
use mendline::clock::Virtual;
use mendline::house::House;
use mendline::pump;
use mendline::store::Store;
use mendline::store::health::Wait;
use mendline::store::sqlite::SqliteStore;
use mendline::watch::careful::TRIES_MAX;
use mendline_engine::event::Event;
use mendline_engine::time::Timestamp;
use serde_json::json;

use crate::house::{open, publish};
use crate::support::{PAYER, START};

/// Names the folder of the house that falls, to the child.
const FOLDER: &str = "POISONED_HOUSE";
/// Set where the routing falls and not the engine.
const ROUTING: &str = "POISONED_ROUTING";
/// What fells it.
const POISON: &str = "gabapentin";

/// Starts over a folder as a server does, hands in what Ana wrote as a client does that never heard
/// that it was taken, and works until nothing moves.
async fn run(folder: &std::path::Path) {
    let clock = Arc::new(Virtual::at(Timestamp::parse(START).unwrap()));
    let (house, _store) = open(folder, clock).await;
    publish(&house).await;
    house.watch.careful.begin(folder);
    if std::env::var_os(ROUTING).is_some() {
        house.seams.poison_routing.lay(|incoming| {
            if matches!(incoming, Incoming::Words(words) if words.contains(POISON)) {
                std::process::abort();
            }
        });
    } else {
        house.seams.poison.lay(|event| {
            if matches!(event, Event::Said { words, .. } if words.contains(POISON)) {
                std::process::abort();
            }
        });
    }
    for (id, words) in [("1", "my prescription was rejected"), ("2", POISON), ("3", "hello?")] {
        let said = Incoming::Words(words.into());
        house.arrive(PAYER, "web", id, "ana", said, Some(words.into())).await.unwrap();
        pump::until_idle(&house).await.unwrap();
    }
    house.watch.careful.end();
}

#[tokio::test]
async fn the_house_that_falls() {
    // Alone, this test does nothing; the next one starts it with a folder.
    if let Some(folder) = std::env::var_os(FOLDER) {
        run(folder.as_ref()).await;
    }
}

/// Starts the house over and over until it stands; answers how often it fell.
fn until_it_stands(folder: &std::path::Path, of_child: &[(&str, &str)]) -> u32 {
    let mut falls = 0;
    loop {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "poison::the_house_that_falls"]).env(FOLDER, folder);
        child.envs(of_child.iter().copied());
        if child.output().unwrap().status.success() {
            return falls;
        }
        falls += 1;
        assert!(falls < 10, "it falls for ever");
    }
}

/// What is left when it stands: her words are there once, and nothing waits.
async fn stands(folder: &std::path::Path) -> (Arc<House>, Arc<SqliteStore>) {
    let clock = Arc::new(Virtual::at(Timestamp::parse(START).unwrap()));
    let (house, store) = open(folder, clock).await;
    let lines = store.lines_after(PAYER, "ana", "web", 0, 99).await.unwrap();
    let said = |words: &str| lines.iter().filter(|it| it.body["text"] == json!(words)).count();
    assert_eq!((said(POISON), said("hello?")), (1, 1), "her words are there, once");
    let standing = store.health().standing(house.clock.now()).await.unwrap();
    assert!(standing.iter().all(|it| it.what != Wait::Inbox), "nothing waits: {standing:?}");
    (house, store)
}

#[tokio::test]
async fn rule_01_an_event_that_fells_the_process_each_time_goes_to_a_person() {
    let files = tempfile::tempdir().unwrap();
    let falls = until_it_stands(files.path(), &[]);
    assert!((1..=TRIES_MAX + 1).contains(&falls), "it fell {falls} times");
    let (house, store) = stands(files.path()).await;
    let desks: Vec<String> = house.catalog.desks.keys().cloned().collect();
    let handoffs = store.handoffs(PAYER, &desks).await.unwrap();
    assert_eq!(handoffs.iter().map(|it| it.open.why.as_str()).collect::<Vec<_>>(), ["fault"]);
    let talk = store.conversations_of(PAYER, "ana", 9).await.unwrap();
    assert_eq!(talk.len(), 1);
    assert_eq!(store.verify_chain(PAYER, &talk[0].id).await.unwrap(), None);
}

#[tokio::test]
async fn rule_01_an_arrival_that_fells_the_process_each_time_goes_to_a_person() {
    let files = tempfile::tempdir().unwrap();
    let falls = until_it_stands(files.path(), &[(ROUTING, "1")]);
    // Once as it came, and then as often as an event may.
    assert!((1..=TRIES_MAX + 1).contains(&falls), "it fell {falls} times");
    let (house, store) = stands(files.path()).await;
    let desks: Vec<String> = house.catalog.desks.keys().cloned().collect();
    let handoffs = store.handoffs(PAYER, &desks).await.unwrap();
    assert_eq!(handoffs.len(), 1, "a person is told: {handoffs:?}");
    assert_eq!(handoffs[0].person.as_deref(), Some("ana"));
}
