//! Three servers on one PostgreSQL, workers who talk through all of them, and servers that are
//! killed at moments that nobody chose. In the end what people saw is what was committed: nothing
//! is lost and nothing is there twice (rules 3 and 13).
//!
//! The moments come from a seed, which is printed; `MENDLINE_SEED` plays another one.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../support/desk.rs"]
mod desk;
mod hearing;
#[path = "../support/page.rs"]
mod page;
mod pooled;
#[path = "../support/pooler.rs"]
mod pooler;
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "the store's suite uses the rest")]
mod postgres;
#[path = "../support/servers.rs"]
mod servers;
#[path = "../support/whole.rs"]
mod whole;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mendline::store::postgres::PostgresStore;
use page::Page;
use postgres::Base;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use servers::Servers;
use sqlx::{PgConnection, Row};
use tokio::time::{Instant, sleep};
use whole::{Kept, the_page_is_whole};

const SERVERS: usize = 3;
const PAYER: &str = "northwind-mutual-demo";
/// Fictional workers of the demo who read English.
const WORKERS: [&str; 6] = ["ana", "theo", "mina", "walt", "kit", "bea"];
/// How often a server dies.
const DEATHS: usize = 6;
/// What each worker says, one after the other.
const SAYS: [&str; 3] = [
    "my prescription was rejected",
    "what is happening with my claim",
    "I want to talk to a person",
];
/// How long everything may take to come to rest: longer than every lease of a dead server.
const PATIENCE: Duration = Duration::from_secs(100);

fn seed() -> u64 {
    let seed = std::env::var("MENDLINE_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(7);
    println!("seed {seed}");
    seed
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_13_whichever_server_is_killed_people_see_what_was_committed_once() {
    let Some(base) = Base::new().await else { return };
    let seed = seed();
    let servers = Servers::start(Some(&base.url), SERVERS);
    let ports = servers.ports.clone();
    let invites: Vec<String> = WORKERS.iter().map(|it| servers.invite((PAYER, it))).collect();
    let vault = Arc::new(servers.vault());
    let servers = Mutex::new(servers);
    let until = Instant::now() + PATIENCE;
    let talking: Vec<_> = WORKERS
        .iter()
        .zip(invites)
        .zip(1..)
        .map(|((person, invite), nth)| {
            tokio::spawn(talk(person, invite, ports.clone(), seed + nth, until))
        })
        .collect();
    tokio::task::block_in_place(|| kill_at_random(&mut servers.lock().unwrap(), seed));
    let mut pages = Vec::new();
    for it in talking {
        pages.push(it.await.unwrap());
    }
    let mut shell = base.shell().await;
    until_at_rest(&mut shell, until).await;
    let store = PostgresStore::open_read_only(&base.url, vault).await.unwrap();
    for page in &mut pages {
        page.aside = true;
        // What came last, on any server.
        let lines = count_lines(&mut shell, &page.person).await;
        for port in &ports {
            let Some(mut socket) = page.connect(*port).await else { panic!("no server at {port}") };
            assert!(page.listen(&mut socket, until, |it| it.seen() >= lines).await);
        }
        let kept = Kept::of(page, &store).await;
        the_page_is_whole(page, &kept);
        assert!(!kept.conversations.is_empty() && kept.messages.len() >= SAYS.len());
        acts_are_on_disk_once(page, &mut shell).await;
    }
}

/// One worker's evening: says her sentences through whichever server is there.
async fn talk(
    person: &'static str,
    invite: String,
    ports: Vec<u16>,
    seed: u64,
    until: Instant,
) -> Page {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut pick = || ports[chance.random_range(0..ports.len())];
    let mut page = loop {
        match Page::enter((PAYER, person), pick(), invite.clone()).await {
            Some(page) => break page,
            None => sleep(Duration::from_millis(50)).await,
        }
    };
    let mut said = 0;
    while said < SAYS.len() || !page.unanswered.is_empty() {
        assert!(Instant::now() < until, "{person} was not heard: {:#?}", page.unanswered);
        let Some(mut socket) = page.connect(pick()).await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        if page.unanswered.is_empty() {
            page.act(&mut socket, json!({ "type": "say", "words": SAYS[said] })).await;
            said += 1;
        }
        // A while on this server, then perhaps on another.
        let while_ = Instant::now() + Duration::from_millis(1500);
        page.listen(&mut socket, while_.min(until), |_| false).await;
    }
    page
}

/// Kills one server after the other at random moments, and starts each again.
fn kill_at_random(servers: &mut Servers, seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    for death in 1..=DEATHS {
        std::thread::sleep(Duration::from_millis(chance.random_range(50..900)));
        let nth = chance.random_range(0..SERVERS);
        println!("death {death}: server {nth}");
        servers.kill(nth);
        std::thread::sleep(Duration::from_millis(chance.random_range(0..300)));
        servers.start_again(nth);
    }
}

/// Until nothing waits for a turn, a call or a sending that could happen now.
async fn until_at_rest(shell: &mut PgConnection, until: Instant) {
    let now = "(extract(epoch from clock_timestamp()) * 1000)::bigint";
    let open = format!(
        "select (select count(*) from inbox where done_at is null)
              + (select count(*) from calls where settled_at is null and due <= {now})
              + (select count(*) from outbox where settled_at is null and due <= {now}) as open"
    );
    let mut quiet = 0;
    while quiet < 3 {
        assert!(Instant::now() < until, "it does not come to rest");
        let row =
            sqlx::query(sqlx::AssertSqlSafe(open.clone())).fetch_one(&mut *shell).await.unwrap();
        quiet = if row.get::<i64, _>("open") == 0 { quiet + 1 } else { 0 };
        sleep(Duration::from_millis(100)).await;
    }
}

async fn count_lines(shell: &mut PgConnection, person: &str) -> i64 {
    sqlx::query_scalar(
        "select count(*) from lines where payer = $1 and person = $2 and channel = 'web'",
    )
    .bind(PAYER)
    .bind(person)
    .fetch_one(shell)
    .await
    .unwrap()
}

/// Each sentence of hers stands before her once; each of her acts is on disk once.
async fn acts_are_on_disk_once(page: &Page, shell: &mut PgConnection) {
    let who = page.person.as_str();
    let texts = page.texts();
    for words in SAYS {
        let stands = texts.iter().filter(|it| **it == format!("\"you\" \"{words}\"")).count();
        assert_eq!(stands, 1, "{who}: {words} in {texts:#?}");
    }
    let arrivals: i64 = sqlx::query_scalar(
        "select count(*) from inbox where payer = $1 and person = $2 and source = 'web' and part = 0 and conversation is null",
    )
    .bind(PAYER)
    .bind(who)
    .fetch_one(&mut *shell)
    .await
    .unwrap();
    assert_eq!(arrivals, page.done.len() as i64, "{who}");
}
