//! Brings a database to the schema that this program knows, and refuses one that it cannot use.

use sqlx::{Connection, SqliteConnection};

use super::sql::opening::{self, Step, refuse_newer, version};
use crate::store::StoreError;

/// Every step, in order; the number of a schema is how many of them were taken.
const STEPS: [Step; 12] = [
    Step { sql: include_str!("../migrations/sqlite/0001_first.sql"), needs: 1 },
    Step { sql: include_str!("../migrations/sqlite/0002_care.sql"), needs: 2 },
    Step { sql: include_str!("../migrations/sqlite/0003_shared.sql"), needs: 3 },
    Step { sql: include_str!("../migrations/sqlite/0004_watch.sql"), needs: 4 },
    // An older program is only slower without it.
    Step { sql: include_str!("../migrations/sqlite/0005_held.sql"), needs: 4 },
    // An older program reaches people where it always did.
    Step { sql: include_str!("../migrations/sqlite/0006_reach.sql"), needs: 4 },
    // An older program leaves what it sent open where it stands.
    Step { sql: include_str!("../migrations/sqlite/0007_standing.sql"), needs: 4 },
    // What an older program sends is awaited as long as it takes.
    Step { sql: include_str!("../migrations/sqlite/0008_awaited.sql"), needs: 4 },
    // An older program takes no files, and what lies there opens without its key for nobody.
    Step { sql: include_str!("../migrations/sqlite/0009_media.sql"), needs: 4 },
    // An older program lets staff in by their passwords, as it always did.
    Step { sql: include_str!("../migrations/sqlite/0010_sign_in.sql"), needs: 4 },
    // An older program reads and writes opt-outs as before, and keeps no evidence of them.
    Step { sql: include_str!("../migrations/sqlite/0011_consent.sql"), needs: 4 },
    // An older program says what must be read once, and closes it everywhere in the same words.
    Step { sql: include_str!("../migrations/sqlite/0012_notices.sql"), needs: 4 },
];

/// The number of the schema that this program knows.
pub const SCHEMA: i64 = STEPS.len() as i64;

/// Takes the steps that are missing. Each is a transaction: a crash leaves whole steps.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("create table if not exists schema_version (version integer not null) strict")
        .execute(&mut *connection)
        .await?;
    let found = version(connection).await?;
    refuse_newer(connection, found, SCHEMA).await?;
    for (step, number) in STEPS.iter().zip(1..).skip(usize::try_from(found).unwrap_or(0)) {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        opening::take(&mut tx, step, number).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Refuses a database that this program cannot read as it is.
pub(super) async fn expect_current(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    opening::expect_current(connection, SCHEMA).await
}
