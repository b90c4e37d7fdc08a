//! A page that is open at one server hears what another one committed: at once where they call to
//! each other, and by looking where they cannot.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::page::{Page, Socket};
use crate::postgres::Base;
use crate::servers::Servers;
use crate::{PATIENCE, PAYER};

/// What she writes at one server, to be read at the other.
const SENTENCES: usize = 6;
/// Longest until the other page shows it where servers call to each other. Pages look every 5 s
/// even where nobody calls: six in a row below this are no accident.
const CALLED_WITHIN: Duration = Duration::from_secs(2);
/// And where they only look: every 2 s, on a busy machine.
const LOOKED_WITHIN: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread")]
async fn rule_13_a_page_hears_at_once_what_another_server_committed() {
    let Some(base) = Base::new().await else { return };
    let servers = Servers::serve(&format!("database = '{}'", base.url), 2);
    hears(&servers, CALLED_WITHIN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_13_a_page_hears_it_by_looking_where_servers_cannot_call() {
    let Some(base) = Base::new().await else { return };
    let pooled = format!("database = '{}'\ndatabase_pooled = true", base.url);
    let servers = Servers::serve(&pooled, 2);
    hears(&servers, LOOKED_WITHIN).await;
}

/// Ana has her chat open at two servers; what she writes at one, whose answer the server that took
/// it commits with it, comes up at the other.
async fn hears(servers: &Servers, within: Duration) {
    let (mut here, mut at_a) = opened(servers, 0).await;
    let (mut there, mut at_b) = opened(servers, 1).await;
    there.aside = true;
    for number in 1..=SENTENCES {
        let words = format!("I wonder about number {number}");
        here.act(&mut at_a, json!({ "type": "say", "words": words })).await;
        let patience = Instant::now() + PATIENCE;
        assert!(here.listen(&mut at_a, patience, |it| it.unanswered.is_empty()).await);
        let began = Instant::now();
        let heard = there.listen(&mut at_b, began + within, |it| it.says(&words)).await;
        assert!(heard, "the other page did not hear of it in {within:?}");
        println!("heard after {:?}", began.elapsed());
    }
}

async fn opened(servers: &Servers, nth: usize) -> (Page, Socket) {
    let invite = servers.invite((PAYER, "ana"));
    let page = Page::enter((PAYER, "ana"), servers.ports[nth], invite).await.unwrap();
    let socket = page.connect(servers.ports[nth]).await.unwrap();
    (page, socket)
}
