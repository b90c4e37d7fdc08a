//! Authorizations: at most one that holds for a fill.

use sqlx::SqliteConnection;

use super::StoreError;

/// One authorization.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Authorization {
    pub number: String,
    pub claim: String,
    pub rx_number: String,
    /// The first fill that it covers; it covers `refills` more.
    pub fill: i64,
    pub from_day: String,
    pub until_day: String,
    pub refills: i64,
    pub days: i64,
}

/// The authorization for this fill whose last day has not passed. Its first day may still come:
/// nobody needs to be asked again, but it covers nothing yet.
pub(crate) async fn covering_authorization(
    conn: &mut SqliteConnection,
    payer: &str,
    (claim, rx_number, fill): (&str, &str, i64),
    today: &str,
) -> Result<Option<Authorization>, StoreError> {
    let row = sqlx::query_as(
        "SELECT number, claim, rx_number, fill, from_day, until_day, refills, days
         FROM authorizations
         WHERE payer = ?1 AND claim = ?2 AND rx_number = ?3 AND lapsed = 0
           AND fill <= ?4 AND fill + refills >= ?4 AND until_day >= ?5
         ORDER BY fill DESC LIMIT 1",
    )
    .bind(payer)
    .bind(claim)
    .bind(rx_number)
    .bind(fill)
    .bind(today)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// The last authorization made for this prescription, for that fill where one is named.
pub(crate) async fn latest_authorization(
    conn: &mut SqliteConnection,
    payer: &str,
    claim: &str,
    rx_number: &str,
    fill: Option<i64>,
) -> Result<Option<Authorization>, StoreError> {
    let row = sqlx::query_as(
        "SELECT number, claim, rx_number, fill, from_day, until_day, refills, days
         FROM authorizations
         WHERE payer = ?1 AND claim = ?2 AND rx_number = ?3
           AND (?4 IS NULL OR (fill <= ?4 AND fill + refills >= ?4))
         ORDER BY fill DESC, made_at_ms DESC LIMIT 1",
    )
    .bind(payer)
    .bind(claim)
    .bind(rx_number)
    .bind(fill)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Authorizations that nobody used in time stand no longer in the way of a new one.
pub(crate) async fn lapse_authorizations(
    conn: &mut SqliteConnection,
    payer: &str,
    claim: &str,
    rx_number: &str,
    today: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE authorizations SET lapsed = 1
         WHERE payer = ?1 AND claim = ?2 AND rx_number = ?3 AND until_day < ?4",
    )
    .bind(payer)
    .bind(claim)
    .bind(rx_number)
    .bind(today)
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes one and gives it its number; nothing if another holds for this fill.
pub(crate) async fn insert_authorization(
    conn: &mut SqliteConnection,
    payer: &str,
    new: &Authorization,
    by: &str,
    now_ms: i64,
) -> Result<Option<String>, StoreError> {
    let number = sqlx::query_scalar(
        "INSERT INTO authorizations (payer, number, claim, rx_number, fill, from_day, until_day,
                                     refills, days, decided_by, made_at_ms)
         SELECT ?1, 'PA-' || (100001 + COUNT(*)), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
         FROM authorizations WHERE payer = ?1
         ON CONFLICT (payer, claim, rx_number, fill) WHERE lapsed = 0 DO NOTHING
         RETURNING number",
    )
    .bind(payer)
    .bind(&new.claim)
    .bind(&new.rx_number)
    .bind(new.fill)
    .bind(&new.from_day)
    .bind(&new.until_day)
    .bind(new.refills)
    .bind(new.days)
    .bind(by)
    .bind(now_ms)
    .fetch_optional(conn)
    .await?;
    Ok(number)
}
