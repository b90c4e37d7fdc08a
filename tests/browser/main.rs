//! The product as people meet it: the built binary, two browsers side by side, and hands that
//! see what is on the page and nothing else.
//!
//! Needs `chromium` and `chromedriver`. All traffic stays on this machine.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "here a server is started and asked, and no more")]
#[path = "../operate/binary.rs"]
mod binary;
#[path = "../support/demo.rs"]
mod demo;
mod driver;
mod looks;
mod reach;
mod sign_in;
mod slow;
mod widget;

use demo::Demo;
use driver::{Browser, Driver};
use looks::{Part, look};
use serde_json::Value;

/// Whether the page of the chat is connected.
const LIVE: &str = "document.querySelector('#state')?.textContent.trim() === document.querySelector('#state')?.dataset.connected";
/// WebDriver's Tab and Enter.
const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";

/// The worker opens her link and goes on.
fn come_in(worker: &Browser, demo: &Demo) {
    worker.open(&demo.invite);
    worker.tap("Continue");
    worker.until("the chat is live", LIVE);
    // A page that is loaded again forgets this.
    worker.script("window.stayed = true").unwrap();
}

fn log_in(desk: &Browser, demo: &Demo, what: &str) {
    let (login, password) = demo.login(what);
    desk.open(&demo.url("/desk"));
    desk.write("login", &login);
    desk.write("password", &format!("{password}{ENTER}"));
    desk.sees("What waits for you");
}

/// Every line of the chat, by number.
fn lines(worker: &Browser) -> Vec<(i64, String)> {
    let script = "return [...document.querySelectorAll('#letter article')].map(
        (it) => [Number(it.dataset.seq ?? -1), it.querySelector('.said').textContent])";
    let lines = worker.script(script).unwrap();
    let lines = lines.as_array().unwrap().iter();
    lines.map(|it| (it[0].as_i64().unwrap(), it[1].as_str().unwrap().to_owned())).collect()
}

/// Numbers from 1 without a gap, and nothing that was sent hangs.
fn nothing_lost_or_doubled(worker: &Browser) {
    let numbers: Vec<i64> = lines(worker).into_iter().map(|it| it.0).collect();
    let wanted: Vec<i64> = (1..=numbers.len() as i64).collect();
    assert_eq!(numbers, wanted, "{:#?}", lines(worker));
}

fn was_not_reloaded(worker: &Browser) {
    assert_eq!(worker.script("return window.stayed === true"), Ok(Value::Bool(true)));
}

#[test]
fn a_worker_is_helped_from_her_first_words_to_the_counter() {
    let Some(driver) = Driver::start() else { return };
    let demo = Demo::start();
    let (worker, desk) = (driver.browser(), driver.browser());
    worker.open(&demo.url("/"));
    look(&worker, "home", Part::Screen);
    worker.open(&demo.url("/chat"));
    look(&worker, "chat-without-a-link", Part::Screen);
    worker.open(&demo.invite);
    look(&worker, "chat-door", Part::Screen);
    come_in(&worker, &demo);
    look(&worker, "chat-empty", Part::Screen);
    desk.open(&demo.url("/desk"));
    look(&desk, "desk-login", Part::Screen);
    log_in(&desk, &demo, "adjuster");
    look(&desk, "desk-empty", Part::Screen);

    worker.write("words", &format!("my prescription was rejected{ENTER}"));
    worker.sees("Which medicine");
    look(&worker, "chat-first-question", Part::End);
    worker.tap("gabapentin");
    worker.tap("Yes, I am waiting");
    worker.tap("Ask now");

    // The adjuster did not load her page again; the card is there.
    desk.sees("gabapentin");
    look(&desk, "desk-queue", Part::Screen);
    worker.sees("You do not need to do anything");
    look(&worker, "chat-waiting", Part::End);
    decide(&desk, &worker);

    worker.sees("is approved");
    was_not_reloaded(&worker);
    nothing_lost_or_doubled(&worker);
    look(&worker, "chat-approved", Part::End);
    worker.tap("Show the pharmacist");
    worker.sees("Authorization number");
    look(&worker, "pharmacist-card", Part::Whole);
    the_pharmacist_sees_it(&desk, &demo);
}

/// Two clicks: the card, the decision.
fn decide(desk: &Browser, worker: &Browser) {
    desk.click("//ol[@class='queue']//a");
    desk.sees("Your decision");
    look(desk, "desk-card", Part::Whole);
    desk.tap("Not for this claim");
    desk.sees("will read");
    look(desk, "desk-card-no", Part::Whole);
    desk.tap("Not for this claim");
    desk.tap("Approve");
    desk.sees("Done");
    worker.sees("is approved");
    look(desk, "desk-done", Part::Screen);
    desk.tap("What happened");
    desk.sees("So far");
    look(desk, "desk-timeline", Part::Whole);
}

fn the_pharmacist_sees_it(pharmacist: &Browser, demo: &Demo) {
    pharmacist.open(&demo.url("/rx"));
    look(pharmacist, "rx-door", Part::Screen);
    pharmacist.write("claim", "DEMO-CA-000123");
    pharmacist.write("rx", &format!("7700001{ENTER}"));
    pharmacist.sees("Authorization number");
    look(pharmacist, "rx", Part::Whole);
}

#[test]
fn rule_03_a_server_that_is_killed_loses_and_doubles_nothing_before_her_eyes() {
    let Some(driver) = Driver::start() else { return };
    let mut demo = Demo::start();
    let worker = driver.browser();
    come_in(&worker, &demo);
    worker.write("words", &format!("my prescription was rejected{ENTER}"));
    worker.sees("Which medicine");

    demo.kill();
    worker.sees("Not connected");
    worker.write("words", &format!("gabapentin{ENTER}"));
    worker.sees("Not sent yet");
    look(&worker, "chat-not-connected", Part::End);
    demo.start_again();

    worker.sees("Are you at the pharmacy");
    was_not_reloaded(&worker);
    nothing_lost_or_doubled(&worker);
    worker.tap("No");
    worker.sees("Shall I ask now");
    // Killed again, with the answer on its way.
    worker.tap("Ask now");
    demo.kill();
    demo.start_again();
    worker.until("her answer is on the page", "[...document.querySelectorAll('.line.you .said')].filter((it) => it.textContent === 'Ask now').length === 1");
    worker.until(
        "nothing hangs",
        "document.querySelectorAll('.pending, .choices[aria-busy]').length === 0",
    );
    nothing_lost_or_doubled(&worker);
    was_not_reloaded(&worker);
}

#[test]
fn the_page_speaks_spanish_as_soon_as_she_asks() {
    let Some(driver) = Driver::start() else { return };
    let demo = Demo::start();
    let worker = driver.browser();
    come_in(&worker, &demo);
    worker.tap("Español");
    worker.until("the page is Spanish", "document.documentElement.lang === 'es'");
    worker.sees("Escriba");
    look(&worker, "chat-empty-es", Part::Screen);
    worker.write("words", &format!("la farmacia no me dio mi medicina{ENTER}"));
    worker.until("an answer", "document.querySelector('.line.bot:not(.first) .said')");
    let tag = worker.script("return document.querySelector('.line.bot:not(.first) .said').lang");
    assert_eq!(tag, Ok(Value::String("es".into())));
    look(&worker, "chat-es", Part::End);
}

#[test]
fn who_asks_for_a_person_meets_one() {
    let Some(driver) = Driver::start() else { return };
    let demo = Demo::start();
    let (worker, desk) = (driver.browser(), driver.browser());
    come_in(&worker, &demo);
    log_in(&desk, &demo, "pharmacy and claims desk");
    worker.write("words", &format!("my prescription was rejected{ENTER}"));
    worker.sees("Which medicine");
    worker.tap("More");
    look(&worker, "chat-more", Part::End);
    worker.tap("More");
    worker.tap("A person, please");
    desk.sees("Asked for a person");
    look(&desk, "desk-queue-handoff", Part::Screen);
    look(&worker, "chat-person-asked", Part::End);
    desk.click("//ol[@class='queue']//a");
    desk.tap("Take it");
    desk.sees("Write to them");
    desk.write("reply", "I am looking at it with you.");
    look(&desk, "desk-handoff", Part::Whole);
    desk.tap("Send");
    worker.sees("I am looking at it with you.");
    worker.sees("at the desk");
    was_not_reloaded(&worker);
    nothing_lost_or_doubled(&worker);
    look(&worker, "chat-person", Part::End);
}

#[test]
fn a_keyboard_is_enough() {
    let Some(driver) = Driver::start() else { return };
    let demo = Demo::start();
    let worker = driver.browser();
    come_in(&worker, &demo);
    tab_to(&worker, "document.activeElement.id === 'words'");
    worker.keys("my prescription was rejected");
    worker.keys(ENTER);
    worker.sees("Which medicine");
    tab_to(&worker, "document.activeElement.textContent.startsWith('gabapentin')");
    look(&worker, "chat-keyboard", Part::Screen);
    let ring = worker.script("return getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(ring, Ok(Value::String("solid".into())), "the focus cannot be seen");
    worker.keys(ENTER);
    worker.sees("Are you at the pharmacy");
    nothing_lost_or_doubled(&worker);
}

/// Presses Tab until the focus is there. A page whose end is reached begins again.
fn tab_to(browser: &Browser, there: &str) {
    const STOPS_MAX: usize = 40;
    for _ in 0..STOPS_MAX {
        if browser.script(&format!("return Boolean({there})")) == Ok(Value::Bool(true)) {
            return;
        }
        browser.keys(TAB);
    }
    panic!("the keyboard does not get to {there}");
}
