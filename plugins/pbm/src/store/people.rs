//! People: who holds a role on a claim, and what they may be known by.

use sqlx::SqliteConnection;

use super::StoreError;

/// One person, in a role.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct PersonRow {
    pub id: String,
    pub role: String,
    pub name: String,
    pub first_name: String,
    pub language: String,
    pub zone: String,
    pub office: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

/// Everyone who holds a role on the claim. Who is adjuster is the claim's word, not the person's:
/// a supervisor who took a claim over holds both roles.
pub(crate) async fn parties(
    conn: &mut SqliteConnection,
    payer: &str,
    number: &str,
) -> Result<Vec<PersonRow>, StoreError> {
    let rows = sqlx::query_as(
        "WITH it AS (SELECT * FROM claims WHERE payer = ?1 AND number = ?2),
         held (place, role, id) AS (
             SELECT 1, 'injured_worker', worker FROM it
             UNION ALL SELECT 2, 'adjuster', adjuster FROM it
             UNION ALL SELECT 3, 'supervisor', supervisor FROM it
             UNION ALL SELECT 4, 'pharmacy', pharmacy FROM it
             UNION ALL SELECT 5, 'prescriber', prescriber FROM it
         )
         SELECT p.id, held.role AS role, p.name, p.first_name, p.language, p.zone, p.office,
                p.email, p.phone
         FROM held JOIN people p ON p.payer = ?1 AND p.id = held.id
         ORDER BY held.place",
    )
    .bind(payer)
    .bind(number)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// One person by id.
pub(crate) async fn person(
    conn: &mut SqliteConnection,
    payer: &str,
    id: &str,
) -> Result<Option<PersonRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT id, role, name, first_name, language, zone, office, email, phone
         FROM people WHERE payer = ?1 AND id = ?2",
    )
    .bind(payer)
    .bind(id)
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// What a worker is known by, on one claim.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct IdentityRow {
    pub person: String,
    pub number: String,
    pub born: String,
    pub zip: String,
}

/// The claims that an identity may be compared with: those of `person` where one is known, else
/// those whose number is or ends with what was given.
pub(crate) async fn identities(
    conn: &mut SqliteConnection,
    payer: &str,
    person: Option<&str>,
    number: &str,
) -> Result<Vec<IdentityRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT w.id AS person, c.number AS number, w.born AS born, w.zip AS zip
         FROM claims c JOIN people w ON w.payer = c.payer AND w.id = c.worker
         WHERE c.payer = ?1 AND (w.id = ?2 OR (?2 IS NULL AND (c.number = ?3 OR substr(c.number, -4) = ?3)))
         ORDER BY c.number",
    )
    .bind(payer)
    .bind(person)
    .bind(number)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
