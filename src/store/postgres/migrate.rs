//! Brings a database to the schema that this program knows, and refuses a newer one.

use sqlx::{Connection, PgConnection, Row};

use crate::store::StoreError;

/// Every step, in order; the number of a schema is how many of them were taken.
const STEPS: [&str; 4] = [
    include_str!("../migrations/postgres/0001_first.sql"),
    include_str!("../migrations/postgres/0002_care.sql"),
    include_str!("../migrations/postgres/0003_shared.sql"),
    include_str!("../migrations/postgres/0004_watch.sql"),
];

/// The number of the schema that this program knows.
pub const SCHEMA: i64 = STEPS.len() as i64;

/// The lock under which one server alone migrates. Any number does, as long as it stays the same.
const LOCK: i64 = 0x6d65_6e64_6c69;

/// Takes the steps that are missing, each in a transaction: whoever is interrupted leaves whole
/// steps. Of several servers that start together, one does it and the others wait.
pub(super) async fn migrate(connection: &mut PgConnection) -> Result<(), StoreError> {
    for (step, number) in STEPS.into_iter().zip(1..) {
        let mut tx = connection.begin().await?;
        sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await?;
        sqlx::query("create table if not exists schema_version (version bigint not null)")
            .execute(&mut *tx)
            .await?;
        let found = version(&mut tx).await?;
        refuse_newer(found)?;
        if found < number {
            sqlx::raw_sql(step).execute(&mut *tx).await?;
            sqlx::query("insert into schema_version (version) values ($1)")
                .bind::<i64>(number)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Refuses a database that this program cannot read as it is: newer, or not migrated yet.
pub(super) async fn expect_current(connection: &mut PgConnection) -> Result<(), StoreError> {
    let found = version(connection).await?;
    refuse_newer(found)?;
    if found < SCHEMA {
        let why =
            format!("its schema is {found} and this program needs {SCHEMA}; run: mendline migrate");
        return Err(StoreError::Unreadable(why));
    }
    Ok(())
}

fn refuse_newer(found: i64) -> Result<(), StoreError> {
    if found > SCHEMA {
        let why = format!(
            "its schema is {found} and this program knows {SCHEMA}; use the newer mendline that wrote it"
        );
        return Err(StoreError::Unreadable(why));
    }
    Ok(())
}

async fn version(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("select coalesce(max(version), 0) as version from schema_version")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get("version")?)
}
