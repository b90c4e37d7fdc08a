//! The keys of everyone whom a batch concerns: those whom its jobs name with all else that is looked
//! up, the rest once it is known who they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::Row as _;

use super::rows::{Column, Rows};
use super::script::{Place, Script};
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
#[derive(Default)]
pub(super) struct Keys(BTreeMap<Whose, Result<Arc<Sealer>, StoreError>>);

const WHOSE: &[Column] = &[Column::Text("payer"), Column::Text("person")];
const WRAPPED: &[Column] =
    &[Column::Text("payer"), Column::Text("person"), Column::Bytes("wrapped")];

const KNOWN: &str = "
    select v.payer as payer, v.person as person, k.wrapped as wrapped
    from v join person_keys k on k.payer = v.payer and k.person = v.person";
const MAKE: &str = "
    insert into person_keys (payer, person, wrapped)
    select payer, person, wrapped from v where true on conflict do nothing";

fn ask<'a>(whose: impl Iterator<Item = &'a Whose>, script: &mut Script) -> Place {
    let mut rows = Rows::new(WHOSE);
    whose.for_each(|(payer, person)| rows.push([payer.into(), person.into()]));
    script.add(rows, &[], KNOWN)
}

impl Keys {
    /// Asks for those of them that there are.
    pub(super) fn ask(&self, wanted: &Wanted, script: &mut Script) -> Place {
        ask(wanted.0.keys(), script)
    }

    pub(super) fn read_all(&mut self, vault: &Vault, rows: &[DbRow]) -> Result<(), StoreError> {
        rows.iter().try_for_each(|row| self.read(vault, row))
    }

    /// Looks up those that are still missing, and makes those that there are not.
    pub(super) async fn complete(
        &mut self,
        connection: &mut Connection,
        vault: &Vault,
        wanted: Wanted,
    ) -> Result<(), StoreError> {
        let mut missing = wanted.0;
        missing.retain(|whose, _| !self.0.contains_key(whose));
        if missing.is_empty() {
            return Ok(());
        }
        let mut script = Script::default();
        let known = ask(missing.keys(), &mut script);
        self.read_all(vault, &script.run(connection).await?.take(known))?;
        missing.retain(|whose, make| *make && !self.0.contains_key(whose));
        if missing.is_empty() {
            return Ok(());
        }
        let mut fresh = Rows::new(WRAPPED);
        for (payer, person) in missing.keys() {
            let (_, wrapped) = vault.new_person_key(payer, person);
            fresh.push([payer.into(), person.into(), wrapped.into()]);
        }
        // Whoever else makes one at the same moment wins; so what is there is read back.
        let mut script = Script::default();
        script.add(fresh, &[], MAKE);
        let made = ask(missing.keys(), &mut script);
        self.read_all(vault, &script.run(connection).await?.take(made))
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
