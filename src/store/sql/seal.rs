//! Seals on the way in and opens on the way out, under the key of the person concerned.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;

use super::{Connection, DbRow};
use crate::store::StoreError;
use crate::vault::{self, PersonKey, Place, Vault};

/// A person's key, with whose it is.
pub(super) struct Sealer {
    payer: String,
    person: String,
    key: PersonKey,
}

impl Sealer {
    /// The key that was read beside a row (`person_keys.wrapped`).
    pub(super) fn unwrap(
        vault: &Vault,
        payer: &str,
        person: &str,
        wrapped: Option<&[u8]>,
    ) -> Result<Sealer, StoreError> {
        let wrapped = wrapped.ok_or(StoreError::Forgotten)?;
        let key = vault
            .unwrap(payer, person, wrapped)
            .map_err(|error| StoreError::Unreadable(format!("a person's key: {error}")))?;
        Ok(Sealer { payer: payer.into(), person: person.into(), key })
    }

    /// The key that was read beside a row which names whose it is (`key_person`).
    pub(super) fn beside(vault: &Vault, payer: &str, row: &DbRow) -> Result<Sealer, StoreError> {
        let person: String = row.try_get("key_person")?;
        let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
        Sealer::unwrap(vault, payer, &person, wrapped.as_deref())
    }

    /// The key of a person, made if there is none. A person who was forgotten gets no new one.
    pub(super) async fn of(
        vault: &Vault,
        connection: &mut Connection,
        payer: &str,
        person: &str,
    ) -> Result<Sealer, StoreError> {
        let row = sqlx::query("select wrapped from person_keys where payer = $1 and person = $2")
            .bind(payer)
            .bind(person)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = row {
            let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
            return Sealer::unwrap(vault, payer, person, wrapped.as_deref());
        }
        let (key, wrapped) = vault.new_person_key(payer, person);
        sqlx::query("insert into person_keys (payer, person, wrapped) values ($1, $2, $3)")
            .bind(payer)
            .bind(person)
            .bind(wrapped)
            .execute(connection)
            .await?;
        Ok(Sealer { payer: payer.into(), person: person.into(), key })
    }

    /// Whose key it is; what stands in `key_person`.
    pub(super) fn person(&self) -> &str {
        &self.person
    }

    /// Seals for a place: the table and column, and the row's name.
    pub(super) fn seal<T: Serialize + ?Sized>(&self, table: &str, row: &str, plain: &T) -> Vec<u8> {
        let plain = serde_json::to_vec(plain).expect("our own shapes have text keys only");
        vault::seal(&self.key, &self.place(table, row), &plain)
    }

    /// The same of bytes as they are.
    pub(super) fn seal_bytes(&self, table: &str, row: &str, plain: &[u8]) -> Vec<u8> {
        vault::seal(&self.key, &self.place(table, row), plain)
    }

    /// Opens bytes that were sealed there.
    pub(super) fn open_bytes(
        &self,
        table: &str,
        row: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        vault::open(&self.key, &self.place(table, row), sealed)
            .map_err(|why| StoreError::Unreadable(format!("{table} of {row}: {why}")))
    }

    /// Opens what was sealed there.
    pub(super) fn open<T: DeserializeOwned>(
        &self,
        table: &str,
        row: &str,
        sealed: &[u8],
    ) -> Result<T, StoreError> {
        let broken = |why: &dyn std::fmt::Display| {
            StoreError::Unreadable(format!("{table} of {row}: {why}"))
        };
        let plain =
            vault::open(&self.key, &self.place(table, row), sealed).map_err(|it| broken(&it))?;
        serde_json::from_slice(&plain).map_err(|it| broken(&format!("{:?}", it.classify())))
    }

    fn place<'a>(&'a self, table: &'a str, row: &'a str) -> Place<'a> {
        Place { payer: &self.payer, person: &self.person, table, row }
    }
}

/// Rows of a list without those that were forgotten meanwhile.
pub(super) fn unless_forgotten<T>(row: Result<T, StoreError>) -> Option<Result<T, StoreError>> {
    match row {
        Err(StoreError::Forgotten) => None,
        other => Some(other),
    }
}
