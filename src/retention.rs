//! Forgets people whose last matter ended longer ago than their payer keeps it, by destroying
//! their keys. Whoever has an open matter, an account or a legal hold is kept, and every one that
//! is forgotten is audited.

use std::sync::Arc;
use std::time::Duration;

use mendline_engine::time::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Span;
use crate::house::House;
use crate::store::{AuditEntry, Store, StoreError};

/// The first look after a start: when everybody who waited has been served.
const FIRST: Duration = Duration::from_secs(10 * 60);
/// How often it is looked who may be forgotten. A day more or less decides nothing.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// People looked at in one go.
const PAGE: u32 = 256;
/// Who is named in the audit.
const WHO: &str = "retention";

/// Payers, each with how long it keeps people.
pub type Kept = Vec<(String, Span)>;

/// Looks every day until `shutdown`.
pub async fn run(house: Arc<House>, kept: Kept, shutdown: CancellationToken) {
    let mut wait = FIRST;
    while !kept.is_empty() {
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = EVERY,
            () = shutdown.cancelled() => return,
        }
        for (payer, span) in &kept {
            let now = house.clock.now();
            match forget_quiet(house.store.as_ref(), payer, span.before(now), now).await {
                Ok(0) => {}
                Ok(forgotten) => info!(forgotten, "people were forgotten, as their payer asks"),
                Err(error) => warn!("nobody more is forgotten for now: {error}"),
            }
        }
    }
}

/// Forgets the people of a payer whose matters have all ended, the last of them before `before`;
/// answers how many.
pub async fn forget_quiet(
    store: &dyn Store,
    payer: &str,
    before: Timestamp,
    now: Timestamp,
) -> Result<u32, StoreError> {
    let (mut forgotten, mut after) = (0, String::new());
    loop {
        let page = store.care().quiet_since(payer, before, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(forgotten) };
        after = last.clone();
        for person in page {
            let matters = store.conversations_of(payer, &person, u32::MAX).await?;
            if matters.iter().any(|it| it.state.outcome.is_none()) {
                continue;
            }
            match store.forget(payer, &person).await {
                // Somebody held or forgot her a moment ago.
                Err(StoreError::Held | StoreError::Forgotten) => continue,
                done => done?,
            }
            let entry = AuditEntry {
                payer: payer.into(),
                who: WHO.into(),
                what: format!("forget {person}"),
                conversation: None,
                at: now,
            };
            store.audit(&entry).await?;
            forgotten += 1;
        }
    }
}
