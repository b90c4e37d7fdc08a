//! What servers call to each other through PostgreSQL: `LISTEN` and `NOTIFY`.
//!
//! Only a hint: whoever hears nothing finds the work by looking, a little later. So it needs a
//! direct connection, and a house without one is slower to see what another server did and no
//! less right. A call is made after the commit and on a connection of its own: a notification
//! inside a transaction would make all commits of the database stand in one line.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool};

use super::db::within;
use super::open::line;
use crate::store::StoreError;
use crate::store::shared::{Ear, Wire};

/// The channel, in the database's own words.
const CHANNEL: &str = "mendline";

/// How long nothing is heard before the line is asked whether it still is one. A machine that
/// vanished would never be heard of again.
const QUIET: Duration = Duration::from_secs(30);

/// A direct line to the database.
pub(super) struct PgWire {
    options: PgConnectOptions,
    /// The connection that calls. Each that listens is apart: one that broke is left to itself.
    calls: PgPool,
}

struct PgEar(PgListener);

impl PgWire {
    pub(super) fn over(options: PgConnectOptions) -> PgWire {
        PgWire { calls: line(options.clone()), options }
    }
}

#[async_trait]
impl Wire for PgWire {
    async fn call(&self, words: &str) -> Result<(), StoreError> {
        within(async {
            let call = sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(words);
            call.execute(&self.calls).await?;
            Ok(())
        })
        .await
    }

    async fn listen(&self) -> Result<Box<dyn Ear>, StoreError> {
        within(async {
            let mut listener = PgListener::connect_with(&line(self.options.clone())).await?;
            listener.listen(CHANNEL).await?;
            Ok(Box::new(PgEar(listener)) as Box<dyn Ear>)
        })
        .await
    }
}

#[async_trait]
impl Ear for PgEar {
    async fn hear(&mut self) -> Result<String, StoreError> {
        loop {
            match tokio::time::timeout(QUIET, self.0.try_recv()).await {
                Ok(heard) => {
                    let cut = || StoreError::Away("the line was cut".into());
                    return heard?.map(|it| it.payload().to_owned()).ok_or_else(cut);
                }
                Err(_) => {
                    within(async { Ok(sqlx::query("select 1").execute(&mut self.0).await?) })
                        .await?;
                }
            }
        }
    }
}
