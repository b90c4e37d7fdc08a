//! A machine's clock that leaps back and far ahead loses and doubles nothing: no timer fires early, no
//! lease ends early, nothing is said twice.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use mendline::clock::Clock;
use mendline::clock::steady::Steady;
use mendline::pump;
use mendline::store::health::Wait;
use mendline::store::{Became, Store};
use mendline_engine::event::Receipt;
use mendline_engine::time::Timestamp;

use crate::house::{Own, own_with};
use crate::support::{HOUR_MS, MINUTE_MS, PAYER, START};

const DAY_MS: i64 = 24 * HOUR_MS;

/// A machine whose wall can be set; its own count goes on.
struct Machine {
    wall: AtomicI64,
    count: AtomicI64,
    steady: Mutex<Steady>,
}

impl Machine {
    fn start() -> Arc<Machine> {
        let start = Timestamp::parse(START).unwrap().0;
        let steady = Mutex::new(Steady::at(start, 0));
        Arc::new(Machine { wall: AtomicI64::new(start), count: AtomicI64::new(0), steady })
    }

    fn lives(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
        self.count.fetch_add(ms, Ordering::SeqCst);
    }

    fn leaps(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let (wall, count) = (self.wall.load(Ordering::SeqCst), self.count.load(Ordering::SeqCst));
        Timestamp(self.steady.lock().unwrap().step(wall, count))
    }

    fn distrusted_ms(&self) -> i64 {
        self.now();
        self.steady.lock().unwrap().distrusted_ms()
    }
}

/// What she has heard, all of it shown on her page now.
async fn heard(own: &Own) -> Vec<String> {
    let lines = own.store.lines_after(PAYER, "ana", "web", 0, 99).await.unwrap();
    let last = lines.last().map_or(0, |it| it.seq);
    for message in own.store.acknowledge(PAYER, "ana", "web", last).await.unwrap() {
        let became = Became::Reported(Receipt::Shown);
        own.store.settle_message(&message, became, own.house.clock.now()).await.unwrap();
    }
    pump::until_idle(&own.house).await.unwrap();
    let said = lines.iter().filter(|it| it.body["from"] != "you");
    said.map(|it| it.body["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The wall leaps, a minute passes, and the house does what is due.
async fn after_a_leap(own: &Own, machine: &Machine, ms: i64) -> Vec<String> {
    machine.leaps(ms);
    machine.lives(MINUTE_MS);
    pump::until_idle(&own.house).await.unwrap();
    heard(own).await
}

#[tokio::test]
async fn leaps_of_the_clock_lose_and_double_nothing() {
    let machine = Machine::start();
    let own = own_with(machine.clone()).await;
    own.writes("ana", "my prescription was rejected").await.unwrap();
    pump::until_idle(&own.house).await.unwrap();
    let asked = heard(&own).await;
    assert_eq!(asked.len(), 1, "{asked:?}");

    // Nearly a day ahead is believed: a machine was paused. What fell due is done, once.
    let reminded = after_a_leap(&own, &machine, 23 * HOUR_MS).await;
    assert_eq!(reminded.len(), 2, "of her two reminders the first is due: {reminded:?}");
    assert_eq!(machine.distrusted_ms(), 0);

    // Ten years ahead is not: no reminder, no end for silence.
    assert_eq!(after_a_leap(&own, &machine, 3_650 * DAY_MS).await, reminded);
    assert!(machine.distrusted_ms() > DAY_MS, "and it is said");

    // A day before the start, with her words on their way: the house's time stands, nothing is said
    // a second time, and her words are taken up.
    own.writes("ana", "gabapentin 300 mg").await.unwrap();
    let answered = after_a_leap(&own, &machine, -3_651 * DAY_MS - 23 * HOUR_MS).await;
    assert!(machine.distrusted_ms() < -DAY_MS);
    assert_eq!(answered.len(), 3, "{answered:?}");
    let waits = own.store.health().standing(machine.now()).await.unwrap();
    assert!(waits.iter().all(|it| it.what != Wait::Inbox && it.what != Wait::Outbox), "{waits:?}");

    // The wall is right again. Time passes, and what is due next comes once.
    assert_eq!(after_a_leap(&own, &machine, DAY_MS + 23 * HOUR_MS).await, answered);
    assert_eq!(machine.distrusted_ms(), 0);
    machine.lives(10 * MINUTE_MS);
    pump::until_idle(&own.house).await.unwrap();
    let went_on = heard(&own).await;
    assert_eq!(went_on.len(), 4, "nobody is at the counter, as she did not answer: {went_on:?}");
    assert_eq!(heard(&own).await, went_on);
}
