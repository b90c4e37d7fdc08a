//! The keys of everyone whom a batch concerns, read in one look.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::Row as _;

use super::rows::{Column, Rows};
use super::seal::Sealer;
use super::{Connection, DbRow};
use crate::store::StoreError;
use crate::vault::Vault;

/// Payer and person.
type Whose = (String, String);

/// Whose keys are wanted, and for whom one is made where there is none.
#[derive(Default)]
pub(super) struct Wanted(BTreeMap<Whose, bool>);

impl Wanted {
    /// The key of somebody who has one, unless forgotten.
    pub(super) fn known(&mut self, payer: &str, person: &str) {
        self.0.entry((payer.into(), person.into())).or_default();
    }

    /// The key of somebody who may be new.
    pub(super) fn made(&mut self, payer: &str, person: &str) {
        self.0.insert((payer.into(), person.into()), true);
    }
}

/// Keys, by whose they are.
pub(super) struct Keys(BTreeMap<Whose, Result<Arc<Sealer>, StoreError>>);

const WHOSE: &[Column] = &[Column::Text("payer"), Column::Text("person")];
const WRAPPED: &[Column] =
    &[Column::Text("payer"), Column::Text("person"), Column::Bytes("wrapped")];

impl Keys {
    pub(super) async fn gather(
        connection: &mut Connection,
        vault: &Vault,
        wanted: Wanted,
    ) -> Result<Keys, StoreError> {
        let mut keys = Keys(BTreeMap::new());
        let mut missing: Vec<_> = wanted.0.into_iter().collect();
        // Whoever else makes one at the same moment wins; so there may be a second round.
        for _ in 0..2 {
            let mut rows = Rows::new(WHOSE);
            missing
                .iter()
                .for_each(|((payer, person), _)| rows.push([payer.into(), person.into()]));
            let found = rows
                .fetch(
                    connection,
                    &[],
                    "select v.payer as payer, v.person as person, k.wrapped as wrapped
                     from v join person_keys k on k.payer = v.payer and k.person = v.person",
                )
                .await?;
            found.iter().try_for_each(|row| keys.read(vault, row))?;
            missing.retain(|(whose, _)| !keys.0.contains_key(whose));
            if !missing.iter().any(|(_, make)| *make) {
                break;
            }
            let mut fresh = Rows::new(WRAPPED);
            for ((payer, person), _) in missing.iter().filter(|(_, make)| *make) {
                let (_, wrapped) = vault.new_person_key(payer, person);
                fresh.push([payer.into(), person.into(), wrapped.into()]);
            }
            fresh
                .execute(
                    connection,
                    &[],
                    "insert into person_keys (payer, person, wrapped)
                     select payer, person, wrapped from v where true on conflict do nothing",
                )
                .await?;
        }
        Ok(keys)
    }

    fn read(&mut self, vault: &Vault, row: &DbRow) -> Result<(), StoreError> {
        let whose: Whose = (row.try_get("payer")?, row.try_get("person")?);
        let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
        let sealer = Sealer::unwrap(vault, &whose.0, &whose.1, wrapped.as_deref());
        self.0.insert(whose, sealer.map(Arc::new));
        Ok(())
    }

    /// Somebody's key. Whoever has none is as good as forgotten.
    pub(super) fn of(&self, payer: &str, person: &str) -> Result<Arc<Sealer>, StoreError> {
        match self.0.get(&(payer.to_owned(), person.to_owned())) {
            Some(Ok(sealer)) => Ok(sealer.clone()),
            Some(Err(why)) => Err(why.again()),
            None => Err(StoreError::Forgotten),
        }
    }
}
