//! Whole SQLite files: copied while others write them, checked, and looked through. For backups
//! and their return; nothing here opens anything sealed.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Row, SqliteConnection};

use super::StoreError;

/// How long a copy waits for a lock. Writers hold one for milliseconds.
const BUSY: Duration = Duration::from_secs(30);
/// Faults of a broken file that are named; one is enough to know.
const FAULTS_MAX: u32 = 3;

/// What a house's file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The number of its schema.
    pub schema: i64,
    /// The fingerprint of the operator key that it is sealed under.
    pub sealed_under: String,
    /// Conversations in it.
    pub conversations: i64,
    /// Whose they are.
    pub payers: Vec<String>,
}

/// Copies a database as it is at one moment, while others read and write it. What was deleted is
/// not in the copy.
pub async fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut reader = open(from).await?;
    // A path is data, and bound as such.
    sqlx::query("vacuum into ?1").bind(to.to_string_lossy()).execute(&mut reader).await?;
    Ok(reader.close().await?)
}

/// Whether a file is a database and whole; what is wrong if it is not.
pub async fn check(file: &Path) -> Result<(), StoreError> {
    let mut reader = open(file).await?;
    let check = sqlx::AssertSqlSafe(format!("pragma integrity_check({FAULTS_MAX})"));
    let rows = sqlx::query(check).fetch_all(&mut reader).await?;
    let found: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    reader.close().await?;
    if found == ["ok"] { Ok(()) } else { Err(StoreError::Unreadable(found.join("; "))) }
}

/// What a house's file says of itself.
pub async fn facts(file: &Path) -> Result<Facts, StoreError> {
    let mut reader = open(file).await?;
    let row = sqlx::query(
        "select (select coalesce(max(version), 0) from schema_version) as schema,
                (select value from house where name = 'sealed_under') as sealed_under,
                (select count(*) from conversations) as conversations",
    )
    .fetch_one(&mut reader)
    .await?;
    let payers = sqlx::query("select distinct payer from person_keys order by payer")
        .fetch_all(&mut reader)
        .await?;
    let facts = Facts {
        schema: row.try_get("schema")?,
        sealed_under: row.try_get::<Option<String>, _>("sealed_under")?.unwrap_or_default(),
        conversations: row.try_get("conversations")?,
        payers: payers.iter().map(|row| row.try_get("payer")).collect::<Result<_, _>>()?,
    };
    reader.close().await?;
    Ok(facts)
}

/// Conversations in a file, payer and id, in their order after one of them.
pub async fn conversations(
    file: &Path,
    after: &(String, String),
    limit: u32,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut reader = open(file).await?;
    let rows = sqlx::query(
        "select payer, id from conversations where (payer, id) > (?1, ?2)
         order by payer, id limit ?3",
    )
    .bind(&after.0)
    .bind(&after.1)
    .bind(i64::from(limit))
    .fetch_all(&mut reader)
    .await?;
    let found = rows
        .iter()
        .map(|row| Ok((row.try_get("payer")?, row.try_get("id")?)))
        .collect::<Result<_, StoreError>>()?;
    reader.close().await?;
    Ok(found)
}

async fn open(file: &Path) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(BUSY);
    Ok(SqliteConnection::connect_with(&options).await?)
}
