//! One trace from arrival to receipt, across a restart, as a collector on this machine gets it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use mendline::channels::Incoming;
use mendline::clock::Virtual;
use mendline::house::House;
use mendline::pump;
use mendline::store::Became;
use mendline_engine::event::Receipt;
use mendline_engine::time::Timestamp;

use crate::house::{open, publish};
use crate::support::{PAYER, START};

type Bodies = Arc<Mutex<Vec<Vec<u8>>>>;

/// Takes whatever is sent to it.
async fn collector() -> (SocketAddr, Bodies) {
    let bodies = Bodies::default();
    let keep = |State(bodies): State<Bodies>, body: Bytes| async move {
        bodies.lock().unwrap().push(body.to_vec());
    };
    let router = Router::new().route("/v1/traces", post(keep)).with_state(bodies.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, bodies)
}

/// A length-delimited field of a protobuf message: its number and bytes. Others are skipped.
fn fields(mut message: &[u8]) -> Vec<(u64, &[u8])> {
    fn varint(message: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let (byte, rest) = message.split_first().unwrap();
            *message = rest;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    }
    let mut found = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let length = match tag & 7 {
            0 => {
                varint(&mut message);
                continue;
            }
            1 => 8,
            5 => 4,
            _ => usize::try_from(varint(&mut message)).unwrap(),
        };
        let (bytes, rest) = message.split_at(length);
        message = rest;
        found.push((tag >> 3, bytes));
    }
    found
}

/// A span: its name, its trace, its own id and its parent's.
type Span = (String, Vec<u8>, Vec<u8>, Vec<u8>);

/// Name, trace and parent of every span (opentelemetry/proto/trace/v1/trace.proto: resource_spans 1,
/// scope_spans 2, spans 2; in a span trace_id 1, span_id 2, parent_span_id 4, name 5).
fn spans(bodies: &[Vec<u8>]) -> Vec<Span> {
    let inside = |all: Vec<Vec<u8>>, number: u64| -> Vec<Vec<u8>> {
        let of = |it: &Vec<u8>| {
            let own = fields(it).into_iter().filter(|(field, _)| *field == number);
            own.map(|(_, bytes)| bytes.to_vec()).collect::<Vec<_>>()
        };
        all.iter().flat_map(of).collect()
    };
    let resource = inside(bodies.to_vec(), 1);
    let spans = inside(inside(resource, 2), 2);
    let get = |span: &[u8], number: u64| {
        let found = fields(span).into_iter().find(|(field, _)| *field == number);
        found.map(|(_, bytes)| bytes.to_vec()).unwrap_or_default()
    };
    let read = |span: &Vec<u8>| {
        let name = String::from_utf8(get(span, 5)).unwrap();
        (name, get(span, 1), get(span, 2), get(span, 4))
    };
    spans.iter().map(read).collect()
}

async fn start(folder: &std::path::Path, collector: SocketAddr) -> Arc<House> {
    let clock = Arc::new(Virtual::at(Timestamp::parse(START).unwrap()));
    let (house, _store) = open(folder, clock).await;
    publish(&house).await;
    house.watch.trace.begin(&format!("http://{collector}")).unwrap();
    house
}

/// Sends what is left, off this thread: the collector answers on it.
async fn stop(house: Arc<House>) {
    let last = house.clone();
    tokio::task::spawn_blocking(move || last.watch.trace.end()).await.unwrap();
    drop(house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_arrival_to_receipt_across_a_restart() {
    let files = tempfile::tempdir().unwrap();
    let (address, bodies) = collector().await;
    let house = start(files.path(), address).await;
    let said = Incoming::Words("my prescription was rejected".into());
    house.arrive(PAYER, "web", "1", "ana", said, None).await.unwrap();
    mendline::people::route(&house).await.unwrap();
    mendline::turns::take(&house).await.unwrap();
    stop(house).await;

    // Another process sends what the first one decided, and hears that it was seen.
    let house = start(files.path(), address).await;
    pump::until_idle(&house).await.unwrap();
    let lines = house.store.lines_after(PAYER, "ana", "web", 0, 99).await.unwrap();
    let last = lines.last().unwrap().seq;
    for message in house.store.acknowledge(PAYER, "ana", "web", last).await.unwrap() {
        let shown = Became::Reported(Receipt::Shown);
        house.store.settle_message(&message, shown, house.clock.now()).await.unwrap();
    }
    pump::until_idle(&house).await.unwrap();
    stop(house).await;

    let bodies = bodies.lock().unwrap().clone();
    let spans = spans(&bodies);
    let mut by_trace: BTreeMap<Vec<u8>, Vec<&str>> = BTreeMap::new();
    for (name, trace, ..) in &spans {
        by_trace.entry(trace.clone()).or_default().push(name);
    }
    assert_eq!(by_trace.len(), 1, "one arrival, one trace: {by_trace:?}");
    let names = by_trace.into_values().next().unwrap();
    for name in ["arrival", "person turn", "turn", "send", "receipt"] {
        assert!(names.contains(&name), "no {name} in {names:?}");
    }
    // Every span but the first hangs from another of the same trace.
    for (name, _, _, parent) in &spans {
        let known = spans.iter().any(|(_, _, own, _)| own == parent);
        assert!(known || name == "arrival", "{name} hangs from nothing");
    }
    let all = bodies.iter().map(|it| String::from_utf8_lossy(it)).collect::<String>();
    for private in ["Ana", "Whitfield", "rejected", "gabapentin", "DEMO-CA"] {
        assert!(!all.contains(private), "'{private}' was sent to the collector");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_begins_a_trace_of_its_own() {
    let files = tempfile::tempdir().unwrap();
    let (address, bodies) = collector().await;
    let clock = Arc::new(Virtual::at(Timestamp::parse(START).unwrap()));
    let (house, _store) = open(files.path(), clock.clone()).await;
    publish(&house).await;
    house.watch.trace.begin(&format!("http://{address}")).unwrap();
    let said = Incoming::Words("my prescription was rejected".into());
    house.arrive(PAYER, "web", "1", "ana", said, None).await.unwrap();
    pump::until_idle(&house).await.unwrap();
    for message in house.store.acknowledge(PAYER, "ana", "web", 99).await.unwrap() {
        let shown = Became::Reported(Receipt::Shown);
        house.store.settle_message(&message, shown, house.clock.now()).await.unwrap();
    }
    pump::until_idle(&house).await.unwrap();
    // Nobody answers, and she is reminded.
    let due = house.store.next_due().await.unwrap().unwrap();
    clock.set(due);
    pump::until_idle(&house).await.unwrap();
    stop(house).await;

    let spans = spans(&bodies.lock().unwrap());
    let (_, trace, own, parent) = spans.iter().find(|it| it.0 == "timer").expect("a timer fired");
    assert!(parent.is_empty(), "it begins a trace");
    let turn = spans.iter().find(|it| it.0 == "turn" && it.3 == *own).expect("its turn");
    let send = spans.iter().find(|it| it.0 == "send" && it.3 == turn.2).expect("what it sent");
    assert!(turn.1 == *trace && send.1 == *trace);
}
