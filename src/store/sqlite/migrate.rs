//! Brings a database to the schema that this program knows, and refuses a newer one.

use sqlx::{Connection, Row, SqliteConnection};

use crate::store::StoreError;

/// Every step, in order; the number of a schema is how many of them were taken.
const STEPS: [&str; 4] = [
    include_str!("../migrations/sqlite/0001_first.sql"),
    include_str!("../migrations/sqlite/0002_care.sql"),
    include_str!("../migrations/sqlite/0003_shared.sql"),
    include_str!("../migrations/sqlite/0004_watch.sql"),
];

/// The number of the schema that this program knows.
pub const SCHEMA: i64 = STEPS.len() as i64;

/// Takes the steps that are missing. Each is a transaction: a crash leaves whole steps.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("create table if not exists schema_version (version integer not null) strict")
        .execute(&mut *connection)
        .await?;
    let found = version(connection).await?;
    refuse_newer(found)?;
    for (step, version) in STEPS.into_iter().zip(1..).skip(usize::try_from(found).unwrap_or(0)) {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(step).execute(&mut *tx).await?;
        sqlx::query("insert into schema_version (version) values (?1)")
            .bind::<i64>(version)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Refuses a database that this program cannot read as it is: newer, or not migrated yet.
pub(super) async fn expect_current(connection: &mut SqliteConnection) -> Result<(), StoreError> {
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

async fn version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("select coalesce(max(version), 0) as version from schema_version")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get("version")?)
}
