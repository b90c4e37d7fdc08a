//! Rule 3 on the built binary over a file: workers talk through the web chat, adjusters decide at
//! their desks, and the server is killed without notice at moments that nobody chose, again and
//! again. In the end what people saw is what was committed: nothing is lost, nothing is there
//! twice, everybody's matter is settled.
//!
//! The moments come from a seed, which is printed; `MENDLINE_SEED` plays another one.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/page.rs"]
mod page;
#[path = "support/servers.rs"]
#[expect(dead_code, reason = "the tests of several servers use the rest")]
mod servers;
#[path = "support/whole.rs"]
mod whole;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use desk::Desk;
use mendline::clock::{Clock as _, System};
use mendline::desk::accounts::DEMO_PASSWORD;
use mendline::store::Store;
use mendline::store::sqlite::SqliteStore;
use page::Page;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use servers::Servers;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use whole::{Kept, the_page_is_whole};

/// How often the server dies.
const DEATHS: usize = 15;
/// Latest moment of a death after the server's start, in milliseconds. A turn with its calls takes
/// a few tens in an unoptimised build, and a worker may be anywhere in her matter.
const DEATH_WITHIN_MS: u64 = 1_200;
/// How long a worker thinks before she taps: so long that a matter lasts for several deaths.
const THINKS: Duration = Duration::from_millis(250);
/// How long everything may take to come to its end: every lease of a dead server is over by then.
const PATIENCE: Duration = Duration::from_secs(120);
/// Fictional workers who read English and whose medicine needs an approval, by payer, with the
/// death at which each begins: so there is somebody in every part of a matter all the time.
const WORKERS: [((&str, &str), usize); 5] = [
    ((NORTH, "ana"), 0),
    ((CEDAR, "abel"), 2),
    ((NORTH, "mina"), 5),
    ((CEDAR, "dev"), 8),
    ((NORTH, "ivy"), 11),
];
/// Who decides.
const ADJUSTERS: [&str; 2] = ["dana", "morgan"];
/// What must be none of before it is over, and how often in a row nothing may be left to do.
const OPEN: [&str; 4] = ["unrouted", "events_waiting", "messages_due", "calls_open"];
const RESTED: usize = 2;
const NORTH: &str = "northwind-mutual-demo";
const CEDAR: &str = "cedar-casualty-demo";
/// What each worker says, and when: first, and after she has read this.
const SAYS: [(Option<&str>, &str); 2] = [
    (None, "my prescription was rejected"),
    (Some("I am asking"), "what is the status of my claim"),
];
/// What she reads when it is over.
const OVER: &str = "is approved";

#[tokio::test(flavor = "multi_thread")]
async fn rule_03_whenever_the_server_is_killed_every_line_is_there_once() {
    let seed = std::env::var("MENDLINE_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(3);
    println!("seed {seed}");
    let mut servers = Servers::start(None, 1);
    let port = servers.ports[0];
    let until = Instant::now() + PATIENCE;
    let (deaths, died) = watch::channel(0);
    let talking = (1..).zip(WORKERS).map(|(nth, (who, begins))| {
        let (invite, mut died) = (servers.invite(who), died.clone());
        tokio::spawn(async move {
            died.wait_for(|it| *it >= begins).await.unwrap();
            talk(who, invite, port, seed + nth, until).await
        })
    });
    let talking: Vec<_> = talking.collect();
    let over = Arc::new(AtomicBool::new(false));
    let deciding = ADJUSTERS.map(|login| {
        let desk = Desk::new(login, DEMO_PASSWORD, port);
        tokio::spawn(desk.approve_all(over.clone(), until))
    });
    tokio::task::block_in_place(|| kill_at_random(&mut servers, seed, &deaths));
    let mut pages = Vec::new();
    for it in talking {
        pages.push(it.await.unwrap());
    }
    over.store(true, Ordering::SeqCst);
    for it in deciding {
        let desk = it.await.unwrap();
        assert!(desk.decided > 0, "somebody's forms were answered");
    }
    let file = servers.data().join("mendline.db");
    let vault = Arc::new(servers.vault());
    let beside = SqliteStore::open_read_only(&file, vault.clone()).await.unwrap();
    until_at_rest(&mut pages, port, &beside, until).await;
    drop(beside);
    servers.kill(0);
    let store = SqliteStore::open(&file, vault).await.unwrap();
    for page in &pages {
        let kept = Kept::of(page, &store).await;
        println!(
            "{}: {} lines, {} messages, {} acts, {} rows of record",
            page.person,
            page.lines.len(),
            kept.messages.len(),
            page.done.len(),
            kept.record.len()
        );
        the_page_is_whole(page, &kept);
        it_was_approved_once(page, &kept);
    }
}

/// One worker's matter, over as many connections as it takes.
async fn talk(who: (&str, &str), invite: String, port: u16, seed: u64, until: Instant) -> Page {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut page = loop {
        match Page::enter(who, port, invite.clone()).await {
            Some(page) => break page,
            None => sleep(Duration::from_millis(20)).await,
        }
    };
    page.thinks = THINKS;
    let mut said = 0;
    while said < SAYS.len() || !page.says(OVER) || !page.unanswered.is_empty() {
        assert!(Instant::now() < until, "{who:?} does not come to an end: {:#?}", page.texts());
        let Some(mut socket) = page.connect(port).await else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let next = SAYS.get(said).filter(|it| it.0.is_none_or(|heard| page.says(heard)));
        if let Some((_, words)) = next {
            page.act(&mut socket, json!({ "type": "say", "words": words })).await;
            said += 1;
        }
        // She reads for a while, and now and then her connection breaks for reasons of its own.
        let while_ = Instant::now() + Duration::from_millis(chance.random_range(200..2_000));
        let heard = SAYS.get(said).map(|it| it.0.expect("only the first waits for nothing"));
        let ready = |it: &Page| {
            heard.map_or_else(|| it.says(OVER) && it.unanswered.is_empty(), |heard| it.says(heard))
        };
        page.listen(&mut socket, while_.min(until), ready).await;
    }
    page
}

/// Their pages stay open, and answered, until nothing waits any more and each shows all there is.
async fn until_at_rest(pages: &mut [Page], port: u16, store: &dyn Store, until: Instant) {
    let mut rested = 0;
    while rested < RESTED {
        assert!(Instant::now() < until, "it does not come to rest");
        let counts = store.counts(System.now()).await.unwrap();
        let mut rests = OPEN.iter().all(|it| counts[*it] == 0);
        for page in pages.iter_mut() {
            let mut socket = page.connect(port).await.expect("nobody kills the server any more");
            let while_ = Instant::now() + Duration::from_millis(200);
            page.listen(&mut socket, while_, |_| false).await;
            let more = store.lines_after(&page.payer, &page.person, "web", page.seen(), 1).await;
            rests &= page.unanswered.is_empty() && more.unwrap().is_empty();
        }
        rested = if rests { rested + 1 } else { 0 };
    }
}

/// Kills the server at random moments, and starts it again.
fn kill_at_random(servers: &mut Servers, seed: u64, deaths: &watch::Sender<usize>) {
    let mut chance = StdRng::seed_from_u64(seed);
    let began = Instant::now();
    for death in 1..=DEATHS {
        std::thread::sleep(Duration::from_millis(chance.random_range(0..DEATH_WITHIN_MS)));
        println!("death {death} after {:.1} s", began.elapsed().as_secs_f64());
        servers.kill(0);
        servers.start_again(0);
        deaths.send(death).unwrap();
    }
}

/// The adjuster's tap was applied once, and so was what it led to.
fn it_was_approved_once(page: &Page, kept: &Kept) {
    let who = &page.person;
    let approved = |it: &&mendline::store::Conversation| {
        it.flow == "medication_approval" && it.state.outcome.as_deref() == Some("approved")
    };
    assert_eq!(kept.conversations.iter().filter(approved).count(), 1, "{who}");
    let effects =
        || kept.record.iter().flat_map(|it| it["effects"].as_array().into_iter().flatten());
    let decided = effects().filter(|it| it["noted"].get("decided").is_some()).count();
    assert_eq!(decided, 1, "{who}: one decision");
    let authorizes = effects().filter(|it| it["call"]["action"] == "pbm.authorize").count();
    assert_eq!(authorizes, 1, "{who}: one write");
}
