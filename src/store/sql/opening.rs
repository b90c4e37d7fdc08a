//! What a database must be before it is opened: of a schema that this program can use, and sealed
//! under its operator's key.
//!
//! A step of the schema only adds what the release before can leave alone, and says which release that
//! is ([`Step::needs`]). So an older program may go on over a database that a newer one migrated.

use sqlx::Row as _;

use super::Connection;
use crate::store::StoreError;
use crate::vault::Vault;

/// One change of the schema.
pub struct Step {
    /// What it does.
    pub sql: &'static str,
    /// The oldest program that can use a database after this step, by the number of its schema.
    /// The step's own number where older ones cannot: then they must be stopped first.
    pub needs: i64,
}

/// The row of `house` that says which program is the oldest that can use the database.
const NEEDS: &str = "needs_schema";
/// The row of `house` that says under which operator key things are sealed.
const SEALED_UNDER: &str = "sealed_under";

/// How many steps were taken.
pub(in super::super) async fn version(connection: &mut Connection) -> Result<i64, StoreError> {
    let row = sqlx::query("select coalesce(max(version), 0) as version from schema_version")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get("version")?)
}

/// Takes a step, in the transaction of whoever calls.
pub(in super::super) async fn take(
    connection: &mut Connection,
    step: &Step,
    number: i64,
) -> Result<(), StoreError> {
    sqlx::raw_sql(step.sql).execute(&mut *connection).await?;
    sqlx::query("insert into schema_version (version) values ($1)")
        .bind(number)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "insert into house (name, value) values ($1, $2)
         on conflict (name) do update set value = excluded.value",
    )
    .bind(NEEDS)
    .bind(step.needs.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Refuses a database that a program which knows `known` steps cannot read as it is: too new, or not
/// migrated yet.
pub(in super::super) async fn expect_current(
    connection: &mut Connection,
    known: i64,
) -> Result<(), StoreError> {
    let found = version(connection).await?;
    refuse_newer(connection, found, known).await?;
    if found < known {
        let why =
            format!("its schema is {found} and this program needs {known}; run: mendline migrate");
        return Err(StoreError::Unreadable(why));
    }
    Ok(())
}

/// Refuses a database whose steps went further than such a program can follow.
pub(in super::super) async fn refuse_newer(
    connection: &mut Connection,
    found: i64,
    known: i64,
) -> Result<(), StoreError> {
    if found <= known {
        return Ok(());
    }
    let needs: Option<String> = house(connection, NEEDS).await?;
    let needs = needs.and_then(|it| it.parse().ok()).unwrap_or(found);
    if needs > known {
        let why = format!(
            "its schema is {found} and needs a program that knows {needs}, and this one knows {known}; use the newer mendline that wrote it"
        );
        return Err(StoreError::Unreadable(why));
    }
    Ok(())
}

/// The first to open a database writes under which key it seals; every other must have the same.
pub(in super::super) async fn check_key(
    writer: &mut Connection,
    vault: &Vault,
) -> Result<(), StoreError> {
    sqlx::query("insert into house (name, value) values ($1, $2) on conflict do nothing")
        .bind(SEALED_UNDER)
        .bind(vault.fingerprint())
        .execute(&mut *writer)
        .await?;
    expect_key(writer, vault).await
}

/// Refuses a database that another key sealed.
pub(in super::super) async fn expect_key(
    reader: &mut Connection,
    vault: &Vault,
) -> Result<(), StoreError> {
    let found = house(reader, SEALED_UNDER).await?;
    if found.is_some_and(|it| it != vault.fingerprint()) {
        let why =
            "it is sealed under another operator key; restore the key file that belongs to it";
        return Err(StoreError::Unreadable(why.into()));
    }
    Ok(())
}

async fn house(connection: &mut Connection, name: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("select value from house where name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get("value")).transpose()?)
}
