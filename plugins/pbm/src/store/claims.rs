//! Claims, each with the worker's name and day of birth.

use sqlx::SqliteConnection;

use super::StoreError;

/// One claim, without its prescriptions.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ClaimRow {
    pub number: String,
    pub jurisdiction: String,
    pub status: String,
    pub since: String,
    pub employer: String,
    pub injured_on: String,
    /// A JSON list of words.
    pub body_parts: String,
    pub worker: String,
    pub adjuster: String,
    pub owner: String,
    pub supervisor: String,
    pub pharmacy: Option<String>,
    pub prescriber: Option<String>,
    pub letter_date: Option<String>,
    pub letter_reason: Option<String>,
    pub worker_name: String,
    pub worker_born: String,
    /// The IANA zone whose day is today for this claim.
    pub worker_zone: String,
}

/// The claim of that number, if it is this payer's.
pub(crate) async fn claim(
    conn: &mut SqliteConnection,
    payer: &str,
    number: &str,
) -> Result<Option<ClaimRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT c.*, w.name AS worker_name, w.born AS worker_born, w.zone AS worker_zone
         FROM claims c JOIN people w ON w.payer = c.payer AND w.id = c.worker
         WHERE c.payer = ?1 AND c.number = ?2",
    )
    .bind(payer)
    .bind(number)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// The worker's claims that still pay or may come to pay, oldest injury first.
pub(crate) async fn open_claims(
    conn: &mut SqliteConnection,
    payer: &str,
    worker: &str,
) -> Result<Vec<ClaimRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT c.*, w.name AS worker_name, w.born AS worker_born, w.zone AS worker_zone
         FROM claims c JOIN people w ON w.payer = c.payer AND w.id = c.worker
         WHERE c.payer = ?1 AND c.worker = ?2 AND c.status NOT IN ('closed', 'settled')
         ORDER BY c.injured_on, c.number",
    )
    .bind(payer)
    .bind(worker)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// The claim of that number, only if that prescription is on it: one question, one answer.
pub(crate) async fn claim_by_number_and_rx(
    conn: &mut SqliteConnection,
    payer: &str,
    number: &str,
    rx_number: &str,
) -> Result<Option<ClaimRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT c.*, w.name AS worker_name, w.born AS worker_born, w.zone AS worker_zone
         FROM claims c
         JOIN people w ON w.payer = c.payer AND w.id = c.worker
         JOIN prescriptions p ON p.payer = c.payer AND p.claim = c.number
         WHERE c.payer = ?1 AND c.number = ?2 AND p.rx_number = ?3",
    )
    .bind(payer)
    .bind(number)
    .bind(rx_number)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Gives the claim to `to`, if `from` still has it.
pub(crate) async fn set_adjuster(
    conn: &mut SqliteConnection,
    payer: &str,
    number: &str,
    from: &str,
    to: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE claims SET adjuster = ?4 WHERE payer = ?1 AND number = ?2 AND adjuster = ?3",
    )
    .bind(payer)
    .bind(number)
    .bind(from)
    .bind(to)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that this person said "not my claim".
pub(crate) async fn decline(
    conn: &mut SqliteConnection,
    payer: &str,
    number: &str,
    person: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO declined (payer, claim, person) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )
    .bind(payer)
    .bind(number)
    .bind(person)
    .execute(conn)
    .await?;
    Ok(())
}

/// Everyone who has said so.
pub(crate) async fn declined(
    conn: &mut SqliteConnection,
    payer: &str,
    number: &str,
) -> Result<Vec<String>, StoreError> {
    let people = sqlx::query_scalar("SELECT person FROM declined WHERE payer = ?1 AND claim = ?2")
        .bind(payer)
        .bind(number)
        .fetch_all(conn)
        .await?;
    Ok(people)
}
