//! A payer that has everything that another has, under the same numbers, but none of it the same.
//! Whoever forgets to name the payer in a statement meets it.

use super::{Store, StoreError};

/// Before every other in any order, so that a careless look finds it first.
pub(crate) const TWIN: &str = "a-twin-demo";

/// Copies every row of `of`, with other words and other amounts.
const COPY: &str = "
    INSERT INTO payers SELECT 'a-twin-demo', name, 10, 20, '', '', 5, 1
        FROM payers WHERE id = ?1;
    INSERT INTO people SELECT 'a-twin-demo', id, role, 'Twin ' || name, 'Twin', 'es',
        'America/New_York', NULL, NULL, '+12025550199', '1900-01-01', '00000', 1
        FROM people WHERE payer = ?1;
    INSERT INTO claims SELECT 'a-twin-demo', number, 'TWIN', 'accepted', '2001-01-01', 'Twin',
        '2001-01-01', '[]', worker, supervisor, adjuster, supervisor, NULL, NULL, NULL, NULL, 1
        FROM claims WHERE payer = ?1;
    INSERT INTO prescriptions SELECT 'a-twin-demo', claim, rx_number, name, strength, form, 90, 900,
        prescriber, '9.99', '[\"70\"]', 5, 1
        FROM prescriptions WHERE payer = ?1;
    INSERT INTO fills SELECT 'a-twin-demo', claim, rx_number, 4, '2026-11-10', 90, 900
        FROM prescriptions WHERE payer = ?1;
";

impl Store {
    /// Adds the twin of a payer.
    pub(crate) async fn add_twin(&self, of: &'static str, now_ms: i64) -> Result<(), StoreError> {
        self.seed(now_ms).await?;
        for statement in COPY.split(';').filter(|it| !it.trim().is_empty()) {
            sqlx::query(statement).bind(of).execute(&self.write).await?;
        }
        Ok(())
    }
}
