//! `/readyz` tells the truth, `/healthz` only that somebody is there.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use mendline::clock::Virtual;
use mendline::house::House;
use mendline::store::StoreError;
use mendline_engine::time::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::doors::{ask, readiness};
use crate::house::{open, own};
use crate::support::START;

/// Longer than the last look at the database counts.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// Lets its loops run.
async fn run(house: &Arc<House>) -> CancellationToken {
    let stop = CancellationToken::new();
    tokio::spawn(mendline::pump::run(house.clone(), stop.clone()));
    while house.watch.loops.ages().len() < 3 {
        tokio::task::yield_now().await;
    }
    stop
}

/// Time goes by for the runtime, and for nobody else.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

async fn is_unready_by(house: &Arc<House>, check: &str) -> Value {
    let (status, said) = readiness(house).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{said}");
    assert_eq!((&said["ready"], &said["checks"][check]["ok"]), (&json!(false), &json!(false)));
    assert_eq!(ask(house, "/healthz").await.0, StatusCode::OK, "the process still answers");
    said["checks"][check]["says"].clone()
}

#[tokio::test]
async fn a_house_that_runs_is_ready_and_says_what_was_looked_at() {
    let own = own().await;
    let _stop = run(&own.house).await;
    let (status, said) = readiness(&own.house).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!(said["ready"], json!(true));
    for check in ["database", "schema", "disk", "loops", "clock", "flows", "draining"] {
        assert_eq!(said["checks"][check]["ok"], json!(true), "{check}: {said}");
    }
}

#[tokio::test]
async fn loops_that_have_not_begun_or_have_stopped_are_said() {
    let own = own().await;
    assert_eq!(is_unready_by(&own.house, "loops").await, json!("the loops have not begun"));
    let stop = run(&own.house).await;
    stop.cancel();
    pass(Duration::from_secs(31)).await;
    let says = is_unready_by(&own.house, "loops").await;
    assert!(says.as_str().unwrap().contains("restart"), "{says}");
}

#[tokio::test]
async fn whoever_drains_is_sent_nothing_new() {
    let own = own().await;
    let _stop = run(&own.house).await;
    own.house.stopping.cancel();
    is_unready_by(&own.house, "draining").await;
}

#[tokio::test]
async fn a_full_disk_is_not_ready_and_is_again_when_there_is_room() {
    let own = own().await;
    // Signs of life alone: loops that work would make and use room while we look.
    let alive = || own.house.watch.loops.beat("turns");
    alive();
    assert_eq!(readiness(&own.house).await.0, StatusCode::OK);
    own.store.limit_pages(1).await.unwrap();
    // What is free inside the file is used up first; until then it does take writes.
    let full = loop {
        if let Err(full) = own.writes("ana", &"my prescription was rejected ".repeat(50)).await {
            break full;
        }
    };
    assert!(matches!(full, StoreError::Unwritable(_)), "{full}");
    pass(LOOK_AGAIN).await;
    let says = is_unready_by(&own.house, "database").await;
    assert!(says.as_str().unwrap().contains("full disk"), "{says}");
    own.store.limit_pages(u32::MAX - 1).await.unwrap();
    pass(LOOK_AGAIN).await;
    assert_eq!(readiness(&own.house).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_house_without_flows_is_not_ready() {
    let files = tempfile::tempdir().unwrap();
    let clock = Arc::new(Virtual::at(Timestamp::parse(START).unwrap()));
    let (house, _store) = open(files.path(), clock).await;
    let _stop = run(&house).await;
    is_unready_by(&house, "flows").await;
}
