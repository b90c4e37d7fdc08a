//! Brings a database to the schema that this program knows, and refuses one that it cannot use.
//!
//! Servers of two releases may run side by side: the older ones go on over a database that a newer
//! one has migrated, and may even be started anew on it ([`Step::needs`]).

use sqlx::{Connection, PgConnection};

use super::sql::opening::{self, Step, refuse_newer, version};
use crate::store::StoreError;

/// Every step, in order; the number of a schema is how many of them were taken.
const STEPS: [Step; 12] = [
    Step { sql: include_str!("../migrations/postgres/0001_first.sql"), needs: 1 },
    Step { sql: include_str!("../migrations/postgres/0002_care.sql"), needs: 2 },
    Step { sql: include_str!("../migrations/postgres/0003_shared.sql"), needs: 3 },
    Step { sql: include_str!("../migrations/postgres/0004_watch.sql"), needs: 4 },
    // An older program is only slower without it.
    Step { sql: include_str!("../migrations/postgres/0005_held.sql"), needs: 4 },
    // An older program reaches people where it always did.
    Step { sql: include_str!("../migrations/postgres/0006_reach.sql"), needs: 4 },
    // An older program leaves what it sent open where it stands.
    Step { sql: include_str!("../migrations/postgres/0007_standing.sql"), needs: 4 },
    // What an older program sends is awaited as long as it takes.
    Step { sql: include_str!("../migrations/postgres/0008_awaited.sql"), needs: 4 },
    // An older program takes no files, and what lies there opens without its key for nobody.
    Step { sql: include_str!("../migrations/postgres/0009_media.sql"), needs: 4 },
    // An older program lets staff in by their passwords, as it always did.
    Step { sql: include_str!("../migrations/postgres/0010_sign_in.sql"), needs: 4 },
    // An older program reads and writes opt-outs as before, and keeps no evidence of them.
    Step { sql: include_str!("../migrations/postgres/0011_consent.sql"), needs: 4 },
    // An older program says what must be read once, and closes it everywhere in the same words.
    Step { sql: include_str!("../migrations/postgres/0012_notices.sql"), needs: 4 },
];

/// The number of the schema that this program knows.
pub const SCHEMA: i64 = STEPS.len() as i64;

/// The lock under which one server alone migrates. Any number does, as long as it stays the same.
const LOCK: i64 = 0x6d65_6e64_6c69;

/// Takes the steps that are missing, each in a transaction: whoever is interrupted leaves whole
/// steps. Of several servers that start together, one does it and the others wait. `further` are
/// steps of a later release.
pub(super) async fn migrate(
    connection: &mut PgConnection,
    further: &[Step],
) -> Result<(), StoreError> {
    let known = SCHEMA + i64::try_from(further.len()).unwrap_or(i64::MAX - SCHEMA);
    for (step, number) in STEPS.iter().chain(further).zip(1..) {
        let mut tx = connection.begin().await?;
        sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await?;
        sqlx::query("create table if not exists schema_version (version bigint not null)")
            .execute(&mut *tx)
            .await?;
        let found = version(&mut tx).await?;
        refuse_newer(&mut tx, found, known).await?;
        if found < number {
            opening::take(&mut tx, step, number).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Refuses a database that this program cannot read as it is.
pub(super) async fn expect_current(connection: &mut PgConnection) -> Result<(), StoreError> {
    opening::expect_current(connection, SCHEMA).await
}
