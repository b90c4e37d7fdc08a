//! A whole matter behind a pooler that gives each transaction another connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mendline::store::postgres::PostgresStore;
use serde_json::json;
use tokio::time::Instant;

use crate::desk::Desk;
use crate::page::Page;
use crate::pooler::Pooler;
use crate::postgres::Base;
use crate::servers::Servers;
use crate::whole::{Kept, the_page_is_whole};
use crate::{PATIENCE, PAYER, count_lines, until_at_rest};

const PASSWORD: &str = "a password of the tests";
/// What she reads when it is over.
const OVER: &str = "is approved";
/// Fictional workers of this adjuster whose medicine needs an approval.
const WORKERS: [&str; 3] = ["ana", "mina", "ivy"];

#[tokio::test(flavor = "multi_thread")]
async fn rule_13_a_whole_matter_goes_through_a_pooler() {
    let Some(base) = Base::new().await else { return };
    let Some(pooler) = Pooler::before(&base) else { return };
    let pooled = format!("database = '{}'\ndatabase_pooled = true", pooler.url());
    let mut servers = Servers::serve(&pooled, 2);
    servers.let_in("dana", PASSWORD);
    let until = Instant::now() + PATIENCE;
    let over = Arc::new(AtomicBool::new(false));
    let desk = Desk::new("dana", PASSWORD, servers.ports[1]);
    let deciding = tokio::spawn(desk.approve_all(over.clone(), until));
    let talking = WORKERS.map(|worker| {
        let (invite, port) = (servers.invite((PAYER, worker)), servers.ports[0]);
        tokio::spawn(async move {
            let mut page = Page::enter((PAYER, worker), port, invite).await.unwrap();
            let mut socket = page.connect(port).await.unwrap();
            let words = "my prescription was rejected";
            page.act(&mut socket, json!({ "type": "say", "words": words })).await;
            let over = |it: &Page| it.says(OVER) && it.unanswered.is_empty();
            assert!(page.listen(&mut socket, until, over).await, "{:#?}", page.texts());
            page
        })
    });
    let mut pages = Vec::new();
    for it in talking {
        pages.push(it.await.unwrap());
    }
    over.store(true, Ordering::SeqCst);
    assert!(deciding.await.unwrap().decided >= WORKERS.len());
    let log = servers.log();
    assert!(!log.contains("prepared statement"), "{log}");
    let mut shell = base.shell().await;
    until_at_rest(&mut shell, until).await;
    for page in &mut pages {
        let lines = count_lines(&mut shell, &page.person).await;
        let mut socket = page.connect(servers.ports[0]).await.unwrap();
        assert!(page.listen(&mut socket, until, |it| it.seen() >= lines).await);
    }
    (0..2).for_each(|nth| servers.kill(nth));
    let vault = Arc::new(servers.vault());
    let store = PostgresStore::open_read_only(&base.url, vault).await.unwrap();
    for page in &pages {
        the_page_is_whole(page, &Kept::of(page, &store).await);
    }
}
