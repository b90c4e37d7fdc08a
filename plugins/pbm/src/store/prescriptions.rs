//! Prescriptions and their fills.

use sqlx::SqliteConnection;

use super::StoreError;

/// One prescription on a claim.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Prescription {
    pub rx_number: String,
    pub name: String,
    pub strength: String,
    pub form: String,
    pub days_supply: i64,
    pub quantity: i64,
    pub prescriber: String,
    /// In dollars: `182.40`.
    pub price: String,
    /// A JSON list of reject codes that the pharmacy got for it.
    pub rejects: String,
    /// Refills that the prescriber allowed.
    pub refills: i64,
}

/// One time that a medicine was handed out.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Fill {
    /// 1 is the first.
    pub fill: i64,
    pub filled_on: String,
    pub days_supply: i64,
    pub quantity: i64,
}

/// Everything prescribed on a claim.
pub(crate) async fn prescriptions(
    conn: &mut SqliteConnection,
    payer: &str,
    claim: &str,
) -> Result<Vec<Prescription>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT rx_number, name, strength, form, days_supply, quantity, prescriber, price,
                rejects, refills
         FROM prescriptions WHERE payer = ?1 AND claim = ?2 ORDER BY rx_number",
    )
    .bind(payer)
    .bind(claim)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// One prescription by its number.
pub(crate) async fn prescription(
    conn: &mut SqliteConnection,
    payer: &str,
    claim: &str,
    rx_number: &str,
) -> Result<Option<Prescription>, StoreError> {
    let row = sqlx::query_as(
        "SELECT rx_number, name, strength, form, days_supply, quantity, prescriber, price,
                rejects, refills
         FROM prescriptions WHERE payer = ?1 AND claim = ?2 AND rx_number = ?3",
    )
    .bind(payer)
    .bind(claim)
    .bind(rx_number)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Its fills, latest first.
pub(crate) async fn fills(
    conn: &mut SqliteConnection,
    payer: &str,
    claim: &str,
    rx_number: &str,
) -> Result<Vec<Fill>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT fill, filled_on, days_supply, quantity
         FROM fills WHERE payer = ?1 AND claim = ?2 AND rx_number = ?3 ORDER BY fill DESC",
    )
    .bind(payer)
    .bind(claim)
    .bind(rx_number)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Notes that a medicine was handed out; false if this fill was noted before.
pub(crate) async fn insert_fill(
    conn: &mut SqliteConnection,
    payer: &str,
    claim: &str,
    rx_number: &str,
    fill: &Fill,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO fills (payer, claim, rx_number, fill, filled_on, days_supply, quantity)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    )
    .bind(payer)
    .bind(claim)
    .bind(rx_number)
    .bind(fill.fill)
    .bind(&fill.filled_on)
    .bind(fill.days_supply)
    .bind(fill.quantity)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
