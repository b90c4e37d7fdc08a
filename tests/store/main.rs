//! What every store keeps, as functions over `&dyn Store`: each backend runs the same suite.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../support/store.rs"]
mod support;

#[path = "../support/postgres.rs"]
mod postgres;

/// Runs each claim against a fresh SQLite file and a fresh PostgreSQL database.
#[macro_export]
macro_rules! on_every_store {
    ($($(#[$doc:meta])* $claim:ident)*) => {
        mod sqlite {
            $($(#[$doc])* #[tokio::test] async fn $claim() {
                let place = $crate::support::Place::new().await;
                super::$claim(&place.store).await;
            })*
        }

        mod postgres {
            $($(#[$doc])* #[tokio::test] async fn $claim() {
                let Some(place) = $crate::postgres::PgPlace::new().await else { return };
                super::$claim(&place.store).await;
            })*
        }
    };
}

mod away;
mod care;
mod carry;
mod chats;
mod consents;
mod crash;
mod cut_off;
mod desk;
mod disk;
mod dispatch;
mod entry;
mod inbox;
mod known;
mod media;
mod people;
mod reach;
mod record;
mod releases;
mod replicas;
mod shared;
mod standing;
mod time;
mod turns;
mod vanished;
mod watch;
