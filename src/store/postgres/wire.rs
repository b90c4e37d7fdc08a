//! What servers call to each other through PostgreSQL: `LISTEN` and `NOTIFY`.
//!
//! Only a hint: whoever hears nothing finds the work by looking, a little later. So it needs a
//! direct connection, and a house without one is slower to see what another server did and no
//! less right. A call is made after the commit and on a connection of its own: a notification
//! inside a transaction would make all commits of the database stand in one line.

use async_trait::async_trait;
use sqlx::postgres::{PgListener, PgPool};

use crate::store::StoreError;
use crate::store::shared::{Ear, Wire};

/// The channel, in the database's own words.
const CHANNEL: &str = "mendline";

/// A direct line to the database.
pub(super) struct PgWire(pub(super) PgPool);

struct PgEar(PgListener);

#[async_trait]
impl Wire for PgWire {
    async fn call(&self, words: &str) -> Result<(), StoreError> {
        sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(words).execute(&self.0).await?;
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Ear>, StoreError> {
        let mut listener = PgListener::connect_with(&self.0).await?;
        listener.listen(CHANNEL).await?;
        Ok(Box::new(PgEar(listener)))
    }
}

#[async_trait]
impl Ear for PgEar {
    async fn hear(&mut self) -> Result<String, StoreError> {
        match self.0.try_recv().await? {
            Some(heard) => Ok(heard.payload().to_owned()),
            None => Err(StoreError::Away("the line was cut".into())),
        }
    }
}
