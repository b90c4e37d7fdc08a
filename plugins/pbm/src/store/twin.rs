//! A payer that has everything that another has, under the same numbers, but none of it the same.
//! Whoever forgets to name the payer in a statement meets it.

use super::{Store, StoreError};

/// Before every other in any order, so that a careless look finds it first.
pub(crate) const TWIN: &str = "a-twin-demo";

/// Copies every row of `?1`, with other words and other amounts, and adds a prescription to each
/// claim that the other does not have. Negative row ids come first in a scan.
const COPY: &str = "
    INSERT INTO payers SELECT 'a-twin-demo', name, 10, 20, '', '', 5, 1
        FROM payers WHERE id = ?1;
    INSERT INTO people (rowid, payer, id, role, name, first_name, language, zone, office, email,
                        phone, born, zip, is_demo)
        SELECT -rowid, 'a-twin-demo', id, role, 'Twin ' || name, 'Twin', 'es', 'America/New_York',
               NULL, NULL, '+12025550199', '1900-01-01', '00000', 1
        FROM people WHERE payer = ?1;
    INSERT INTO claims (rowid, payer, number, jurisdiction, status, since, employer, injured_on,
                        body_parts, worker, adjuster, owner, supervisor, is_demo)
        SELECT -rowid, 'a-twin-demo', number, 'TWIN', 'accepted', '2001-01-01', 'Twin',
               '2001-01-01', '[]', worker, supervisor, adjuster, supervisor, 1
        FROM claims WHERE payer = ?1;
    INSERT INTO prescriptions (rowid, payer, claim, rx_number, name, strength, form, days_supply,
                               quantity, prescriber, price, rejects, refills, is_demo)
        SELECT -rowid, 'a-twin-demo', claim, rx_number, name, strength, form, 90, 900, prescriber,
               '9.99', '[\"70\"]', 5, 1
        FROM prescriptions WHERE payer = ?1;
    INSERT INTO prescriptions SELECT payer, number, 'TWIN-RX', 'gabapentin', '300 mg', 'capsule',
        30, 90, worker, '9.99', '[]', 5, 1
        FROM claims WHERE payer = 'a-twin-demo' AND ?1 IS NOT NULL;
    INSERT INTO fills (rowid, payer, claim, rx_number, fill, filled_on, days_supply, quantity)
        SELECT -rowid, 'a-twin-demo', claim, rx_number, fill, '2026-11-10', 90, 900
        FROM fills WHERE payer = ?1;
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
