//! Whoever waits for the store may be gone before it is done: a page was closed, a door timed out.

use std::pin::pin;
use std::task::Poll;

use mendline::store::Store;

use crate::support::*;

crate::on_every_store! {
    whoever_leaves_in_the_middle_leaves_nothing_open_and_undoes_nothing
}

/// Waits for so many of its wakes and no longer.
async fn within_wakes<T>(wakes: usize, doing: impl Future<Output = T>) -> Option<T> {
    let (mut doing, mut polled) = (pin!(doing), 0);
    std::future::poll_fn(|context| {
        if polled > wakes {
            return Poll::Ready(None);
        }
        polled += 1;
        match doing.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if polled > wakes => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn whoever_leaves_in_the_middle_leaves_nothing_open_and_undoes_nothing(store: &dyn Store) {
    begin(store, ACME, ANA, "c1", "hello").await;
    let (mut now, mut cut_off) = (NOW, 0);
    loop {
        // The lease of the last round has lapsed, if it came so far.
        now = now.plus_ms(LEASE_MS);
        let claimed = within_wakes(cut_off, store.claim(now, LEASE_MS, 100, 1000)).await;
        happen(store, ACME, "c1", &format!("n{cut_off}")).await;
        if let Some(claimed) = claimed {
            let claimed = claimed.unwrap();
            assert_eq!(claimed.len(), 1);
            assert_eq!(claimed[0].events.len(), 1 + cut_off, "each that was accepted stayed");
            break;
        }
        cut_off += 1;
        assert!(cut_off < 1000, "it never ends");
    }
    assert!(cut_off > 0, "it was never cut off in the middle");
    let claimed = store.claim(now.plus_ms(LEASE_MS), LEASE_MS, 100, 1000).await.unwrap();
    assert_eq!(claimed[0].events.len(), 2 + cut_off);
}
