//! Addresses that people proved, and the codes that prove them: `addresses`, `codes`.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::Value;
use sqlx::{Connection as _, Row as _};

use super::script::Script;
use super::seal::Sealer;
use super::{BEGIN, DbRow, SqlStore, challenges, consents, disclosures, representatives, within};
use crate::store::consent::{Consent, Kept};
use crate::store::disclosure::{Held, Told};
use crate::store::reach::{NewChallenge, NewCode, Reach, Whose};
use crate::store::representative::{Representative, Standing};
use crate::store::{PersonFact, StoreError};
use crate::vault::Vault;

/// What addresses are sealed for.
const ADDRESS: &str = "addresses.address";
/// What menus are sealed for.
const MENUS: &str = "addresses.menus";
/// An address has no payer before it is known whose it is.
const NO_PAYER: &str = "";

pub(super) fn index(vault: &Vault, channel: &str, address: &str) -> String {
    vault.index(NO_PAYER, channel, address)
}

fn place(person: &str, channel: &str) -> String {
    format!("{person}/{channel}")
}

/// A change of where a person is reached.
pub(super) struct Change {
    payer: String,
    person: String,
    channel: String,
    /// Its index, its bytes, what proved it, and since when; nothing where it ends.
    linked: Option<(String, Vec<u8>, &'static str, Timestamp)>,
}

impl Change {
    /// What a fact about a person changes here, if anything.
    pub(super) fn of(
        vault: &Vault,
        sealer: &Arc<Sealer>,
        (payer, person): (&str, &str),
        fact: &PersonFact,
        now: Timestamp,
    ) -> Option<Change> {
        let (channel, linked) = match fact {
            PersonFact::Linked { channel, address, how } => {
                let sealed = sealer.seal(ADDRESS, &place(person, channel), address);
                (channel, Some((index(vault, channel, address), sealed, how.name(), now)))
            }
            PersonFact::Unlinked { channel } => (channel, None),
            _ => return None,
        };
        let (payer, person) = (payer.to_owned(), person.to_owned());
        Some(Change { payer, person, channel: channel.clone(), linked })
    }

    /// A person has one address a channel; an address stays one person's until she gives it back.
    pub(super) fn put(self, script: &mut Script) {
        let Change { payer, person, channel, linked } = self;
        let index = linked.as_ref().map_or("", |it| it.0.as_str());
        let others = [(&payer).into(), (&person).into(), (&channel).into(), index.into()];
        script.plain(
            &others,
            "delete from addresses where payer = $1 and person = $2 and channel = $3 and idx <> $4",
        );
        let Some((index, sealed, how, since)) = linked else { return };
        script.plain(
            &[
                channel.into(),
                index.into(),
                payer.into(),
                person.into(),
                sealed.into(),
                how.into(),
                since.0.into(),
            ],
            "insert into addresses (channel, idx, payer, person, address_ct, how, since)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (channel, idx) do update
             set payer = excluded.payer, person = excluded.person, address_ct = excluded.address_ct,
                 how = excluded.how, since = excluded.since
             where addresses.payer = excluded.payer and addresses.person = excluded.person",
        );
    }
}

/// The address in a row that was read beside its person.
pub(super) fn address(
    sealer: &Sealer,
    person: &str,
    row: &DbRow,
) -> Result<Option<(String, String)>, StoreError> {
    let channel: Option<String> = row.try_get("reached")?;
    let sealed: Option<Vec<u8>> = row.try_get("address_ct")?;
    let (Some(channel), Some(sealed)) = (channel, sealed) else { return Ok(None) };
    let address = sealer.open(ADDRESS, &place(person, &channel), &sealed)?;
    Ok(Some((channel, address)))
}

#[async_trait]
impl Reach for SqlStore {
    async fn whose(&self, channel: &str, address: &str) -> Result<Option<Whose>, StoreError> {
        within(async {
            let row =
                sqlx::query("select payer, person from addresses where channel = $1 and idx = $2")
                    .bind(channel)
                    .bind(index(&self.vault, channel, address))
                    .fetch_optional(&self.readers)
                    .await?;
            row.as_ref().map(whose).transpose()
        })
        .await
    }

    async fn put_code(&self, code: &NewCode, now: Timestamp) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query("delete from codes where expires <= $1").bind(now.0).execute(&mut *tx).await?;
            sqlx::query(
                "insert into codes (digest, payer, person, channel, expires) values ($1, $2, $3, $4, $5)",
            )
            .bind(&code.digest)
            .bind(&code.whose.payer)
            .bind(&code.whose.person)
            .bind(&code.channel)
            .bind(code.expires.0)
            .execute(&mut *tx)
            .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn use_code(
        &self,
        digest: &str,
        channel: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Option<Whose>, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let row = sqlx::query(
                "update codes set used_by = $4
                 where digest = $1 and channel = $2 and expires > $3
                   and (used_by is null or used_by = $4)
                 returning payer, person",
            )
            .bind(digest)
            .bind(channel)
            .bind(now.0)
            .bind(index(&self.vault, channel, address))
            .fetch_optional(&mut *tx)
            .await?;
            let whose = row.as_ref().map(whose).transpose()?;
            tx.commit().await?;
            Ok(whose)
        })
        .await
    }

    async fn menus(
        &self,
        whose: &Whose,
        channel: &str,
    ) -> Result<Option<(Option<Value>, i64)>, StoreError> {
        within(async {
            let row = sqlx::query(
                "select a.menus_ct, a.menus_rev, k.wrapped from addresses a
                 left join person_keys k on k.payer = a.payer and k.person = a.person
                 where a.payer = $1 and a.person = $2 and a.channel = $3",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(channel)
            .fetch_optional(&self.readers)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
            let sealer =
                Sealer::unwrap(&self.vault, &whose.payer, &whose.person, wrapped.as_deref())?;
            let sealed: Option<Vec<u8>> = row.try_get("menus_ct")?;
            let place = place(&whose.person, channel);
            let menus = sealed.map(|it| sealer.open(MENUS, &place, &it)).transpose()?;
            Ok(Some((menus, row.try_get("menus_rev")?)))
        })
        .await
    }

    async fn keep_menus(
        &self,
        whose: &Whose,
        channel: &str,
        rev: i64,
        menus: &Value,
    ) -> Result<bool, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let sealer = Sealer::of(&self.vault, &mut tx, &whose.payer, &whose.person).await?;
            let sealed = sealer.seal(MENUS, &place(&whose.person, channel), menus);
            let kept = sqlx::query(
                "update addresses set menus_ct = $4, menus_rev = menus_rev + 1
                 where payer = $1 and person = $2 and channel = $3 and menus_rev = $5",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(channel)
            .bind(sealed)
            .bind(rev)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(kept.rows_affected() == 1)
        })
        .await
    }

    async fn agree(&self, whose: &Whose, it: &Consent, now: Timestamp) -> Result<(), StoreError> {
        within(consents::agree(self, whose, it, now)).await
    }

    async fn consents(&self, whose: &Whose) -> Result<Vec<Kept>, StoreError> {
        within(consents::all(self, whose)).await
    }

    async fn introduced(
        &self,
        whose: &Whose,
        channel: &str,
        address: &str,
    ) -> Result<bool, StoreError> {
        within(async {
            let row = sqlx::query(
                "select 1 from introduced
                 where payer = $1 and person = $2 and channel = $3 and idx = $4",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(channel)
            .bind(index(&self.vault, channel, address))
            .fetch_optional(&self.readers)
            .await?;
            Ok(row.is_some())
        })
        .await
    }

    async fn introduce(
        &self,
        whose: &Whose,
        channel: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query(
                "insert into introduced (payer, person, channel, idx, at)
                 values ($1, $2, $3, $4, $5) on conflict do nothing",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(channel)
            .bind(index(&self.vault, channel, address))
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn told(&self, whose: &Whose) -> Result<Vec<Told>, StoreError> {
        within(disclosures::told(self, whose)).await
    }

    async fn held(&self, channel: &str, address: &str) -> Result<Vec<Held>, StoreError> {
        within(disclosures::held(self, channel, address)).await
    }

    async fn represent(&self, it: &Representative, now: Timestamp) -> Result<(), StoreError> {
        within(representatives::put(self, it, now)).await
    }

    async fn end_representation(
        &self,
        whose: &Whose,
        representative: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        within(representatives::end(self, whose, representative, now)).await
    }

    async fn representatives(
        &self,
        payer: &str,
        person: Option<&str>,
    ) -> Result<Vec<Representative>, StoreError> {
        within(representatives::all(self, payer, person)).await
    }

    async fn acts_for(
        &self,
        representative: &Whose,
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError> {
        within(representatives::standing(self, representative, now)).await
    }

    async fn put_challenge(&self, it: &NewChallenge, now: Timestamp) -> Result<(), StoreError> {
        within(challenges::put(self, it, now)).await
    }

    async fn challenged(&self, digest: &str) -> Result<Option<Whose>, StoreError> {
        within(challenges::of(self, digest)).await
    }

    async fn use_challenge(
        &self,
        digest: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<Whose>, StoreError> {
        within(challenges::spend(self, digest, code, now)).await
    }

    async fn try_once(
        &self,
        idx: &str,
        now: Timestamp,
        most: (i64, i64),
    ) -> Result<Option<i64>, StoreError> {
        within(challenges::once(self, idx, now, most)).await
    }

    async fn tried_well(&self, idx: &str) -> Result<(), StoreError> {
        within(challenges::well(self, idx)).await
    }

    async fn links_from(&self, whose: &Whose) -> Result<Option<Timestamp>, StoreError> {
        within(async {
            let row = sqlx::query("select links_from from people where payer = $1 and person = $2")
                .bind(&whose.payer)
                .bind(&whose.person)
                .fetch_optional(&self.readers)
                .await?;
            let from: Option<Option<i64>> = row.map(|it| it.try_get("links_from")).transpose()?;
            Ok(from.flatten().map(Timestamp))
        })
        .await
    }

    async fn is_session(&self, digest: &str) -> Result<bool, StoreError> {
        within(async {
            let row = sqlx::query("select 1 from sessions where digest = $1")
                .bind(digest)
                .fetch_optional(&self.readers)
                .await?;
            Ok(row.is_some())
        })
        .await
    }

    async fn hear(&self, channel: &str, address: &str, now: Timestamp) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query(
                "insert into heard (channel, idx, at) values ($1, $2, $3)
                 on conflict (channel, idx) do update set at = excluded.at where heard.at < excluded.at",
            )
            .bind(channel)
            .bind(index(&self.vault, channel, address))
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn heard(&self, channel: &str, address: &str) -> Result<Option<Timestamp>, StoreError> {
        within(async {
            let row = sqlx::query("select at from heard where channel = $1 and idx = $2")
                .bind(channel)
                .bind(index(&self.vault, channel, address))
                .fetch_optional(&self.readers)
                .await?;
            Ok(row.map(|it| it.try_get("at")).transpose()?.map(Timestamp))
        })
        .await
    }
}

pub(super) fn whose(row: &DbRow) -> Result<Whose, StoreError> {
    Ok(Whose { payer: row.try_get("payer")?, person: row.try_get("person")? })
}
