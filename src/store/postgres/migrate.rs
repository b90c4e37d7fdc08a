//! Brings a database to the schema that this program knows, and refuses one that it cannot use.
//!
//! Servers of two releases may run side by side: a step only adds what the release before can
//! leave alone, and says which release that is ([`Step::needs`]). So the older servers go on over
//! a database that a newer one has migrated, and may even be started anew on it.

use sqlx::{Connection, PgConnection, Row};

use crate::store::StoreError;

/// One change of the schema.
pub struct Step {
    /// What it does.
    pub sql: &'static str,
    /// The oldest program that can use a database after this step, by the number of its schema.
    /// The step's own number where older ones cannot: then they must be stopped first.
    pub needs: i64,
}

/// Every step, in order; the number of a schema is how many of them were taken.
const STEPS: [Step; 4] = [
    Step { sql: include_str!("../migrations/postgres/0001_first.sql"), needs: 1 },
    Step { sql: include_str!("../migrations/postgres/0002_care.sql"), needs: 2 },
    Step { sql: include_str!("../migrations/postgres/0003_shared.sql"), needs: 3 },
    Step { sql: include_str!("../migrations/postgres/0004_watch.sql"), needs: 4 },
];

/// The number of the schema that this program knows.
pub const SCHEMA: i64 = STEPS.len() as i64;

/// The lock under which one server alone migrates. Any number does, as long as it stays the same.
const LOCK: i64 = 0x6d65_6e64_6c69;
/// The row of `house` that says which program is the oldest that can use the database.
const NEEDS: &str = "needs_schema";

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
            sqlx::raw_sql(step.sql).execute(&mut *tx).await?;
            sqlx::query("insert into schema_version (version) values ($1)")
                .bind::<i64>(number)
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "insert into house (name, value) values ($1, $2)
                 on conflict (name) do update set value = excluded.value",
            )
            .bind(NEEDS)
            .bind(step.needs.to_string())
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Refuses a database that this program cannot read as it is: too new, or not migrated yet.
pub(super) async fn expect_current(connection: &mut PgConnection) -> Result<(), StoreError> {
    let found = version(connection).await?;
    refuse_newer(connection, found, SCHEMA).await?;
    if found < SCHEMA {
        let why =
            format!("its schema is {found} and this program needs {SCHEMA}; run: mendline migrate");
        return Err(StoreError::Unreadable(why));
    }
    Ok(())
}

async fn refuse_newer(
    connection: &mut PgConnection,
    found: i64,
    known: i64,
) -> Result<(), StoreError> {
    if found <= known {
        return Ok(());
    }
    let row = sqlx::query("select value from house where name = $1")
        .bind(NEEDS)
        .fetch_optional(connection)
        .await?;
    let needs: Option<String> = row.map(|row| row.try_get("value")).transpose()?;
    let needs = needs.and_then(|it| it.parse().ok()).unwrap_or(found);
    if needs > known {
        let why = format!(
            "its schema is {found} and needs a program that knows {needs}, and this one knows {known}; use the newer mendline that wrote it"
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
