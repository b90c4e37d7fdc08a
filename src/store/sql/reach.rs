//! Addresses that people proved, and the codes that prove them: `addresses`, `codes`.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::seal::Sealer;
use super::{BEGIN, Connection, DbRow, SqlStore, within};
use crate::store::reach::{NewCode, Reach, Whose};
use crate::store::{PersonFact, StoreError};
use crate::vault::Vault;

/// What addresses are sealed for.
const ADDRESS: &str = "addresses.address";
/// An address has no payer before it is known whose it is.
const NO_PAYER: &str = "";

fn index(vault: &Vault, channel: &str, address: &str) -> String {
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
    pub(super) async fn apply(self, connection: &mut Connection) -> Result<(), StoreError> {
        let Change { payer, person, channel, linked } = self;
        let index = linked.as_ref().map_or("", |it| it.0.as_str());
        sqlx::query(
            "delete from addresses where payer = $1 and person = $2 and channel = $3 and idx <> $4",
        )
        .bind(&payer)
        .bind(&person)
        .bind(&channel)
        .bind(index)
        .execute(&mut *connection)
        .await?;
        let Some((index, sealed, how, since)) = &linked else { return Ok(()) };
        sqlx::query(
            "insert into addresses (channel, idx, payer, person, address_ct, how, since)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (channel, idx) do update
             set payer = excluded.payer, person = excluded.person, address_ct = excluded.address_ct,
                 how = excluded.how, since = excluded.since
             where addresses.payer = excluded.payer and addresses.person = excluded.person",
        )
        .bind(&channel)
        .bind(index)
        .bind(&payer)
        .bind(&person)
        .bind(sealed)
        .bind(*how)
        .bind(since.0)
        .execute(connection)
        .await?;
        Ok(())
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
}

fn whose(row: &DbRow) -> Result<Whose, StoreError> {
    Ok(Whose { payer: row.try_get("payer")?, person: row.try_get("person")? })
}
