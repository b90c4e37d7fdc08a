//! What people agreed to and took back: `consents`, and what follows for a channel: `opt_outs`.
//!
//! Both are written here alone and together, so that nobody is written to who took it back.

use std::sync::Arc;

use mendline_engine::consent::EVERYTHING;
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::reach::index;
use super::rows::Cell;
use super::script::Script;
use super::seal::Sealer;
use super::{BEGIN, DbRow, SqlStore};
use crate::store::StoreError;
use crate::store::consent::{Act, Consent, Kept, Method};
use crate::store::reach::Whose;
use crate::vault::Vault;

/// What evidence is sealed for.
const EVIDENCE: &str = "consents.evidence";

/// The same act twice in a millisecond is one.
const PUT: &str = "
    insert into consents (payer, person, channel, purpose, at, act, wording, method, language, idx, evidence_ct)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict do nothing";
/// Whoever takes back everything takes back each thing.
const END: &str = "
    update consents set ended = $5
    where payer = $1 and person = $2 and channel = $3 and act = 'given' and ended is null
      and (purpose = $4 or $4 = '*')";
const CLOSE: &str = "
    insert into opt_outs (payer, person, channel) values ($1, $2, $3) on conflict do nothing";
const OPEN: &str = "delete from opt_outs where payer = $1 and person = $2 and channel = $3";

/// An act on its way to its row.
pub(super) struct Change {
    payer: String,
    person: String,
    channel: String,
    purpose: String,
    act: Act,
    at: Timestamp,
    more: [Cell; 5],
}

impl Change {
    pub(super) fn of(
        vault: &Vault,
        sealer: &Arc<Sealer>,
        (payer, person): (&str, &str),
        it: &Consent,
        at: Timestamp,
    ) -> Change {
        let idx = it.evidence.address.as_deref().map(|to| index(vault, &it.channel, to));
        let place = place(person, &it.channel, at);
        Change {
            payer: payer.into(),
            person: person.into(),
            channel: it.channel.clone(),
            purpose: it.purpose.clone(),
            act: it.act,
            at,
            more: [
                it.wording.as_str().into(),
                it.method.name().into(),
                it.language.as_str().into(),
                idx.into(),
                sealer.seal(EVIDENCE, &place, &it.evidence).into(),
            ],
        }
    }

    pub(super) fn put(self, script: &mut Script) {
        let Change { payer, person, channel, purpose, act, at, more } = self;
        let is_everything = purpose == EVERYTHING;
        let whose: [Cell; 3] = [(&payer).into(), (&person).into(), (&channel).into()];
        if act == Act::Revoked {
            let ended = whose.iter().cloned().chain([(&purpose).into(), at.0.into()]);
            script.plain(&ended.collect::<Vec<_>>(), END);
        }
        let row = whose.iter().cloned();
        let row = row.chain([purpose.into(), at.0.into(), act.name().into()]).chain(more);
        script.plain(&row.collect::<Vec<_>>(), PUT);
        // Taking back everything closes the channel; only everything opens it again.
        if is_everything {
            script.plain(&whose, if act == Act::Revoked { CLOSE } else { OPEN });
        }
    }
}

fn place(person: &str, channel: &str, at: Timestamp) -> String {
    format!("{person}/{channel}/{}", at.0)
}

/// Writes an act by itself.
pub(super) async fn agree(
    store: &SqlStore,
    whose: &Whose,
    it: &Consent,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let (payer, person) = (whose.payer.as_str(), whose.person.as_str());
    let sealer = Arc::new(Sealer::of(&store.vault, &mut tx, payer, person).await?);
    let mut script = Script::default();
    Change::of(&store.vault, &sealer, (payer, person), it, at).put(&mut script);
    script.run(&mut tx).await?;
    Ok(tx.commit().await?)
}

/// Everything that somebody agreed to and took back, oldest first. The rows stay when she is
/// forgotten; what is sealed in them does not.
pub(super) async fn all(store: &SqlStore, whose: &Whose) -> Result<Vec<Kept>, StoreError> {
    let rows = sqlx::query(
        "select c.*, k.wrapped from consents c
         left join person_keys k on k.payer = c.payer and k.person = c.person
         where c.payer = $1 and c.person = $2 order by c.at, c.channel, c.ended, c.act desc",
    )
    .bind(&whose.payer)
    .bind(&whose.person)
    .fetch_all(&store.readers)
    .await?;
    rows.iter().map(|row| kept(store, row)).collect()
}

pub(super) fn kept(store: &SqlStore, row: &DbRow) -> Result<Kept, StoreError> {
    let (payer, person): (String, String) = (row.try_get("payer")?, row.try_get("person")?);
    let (channel, at): (String, i64) = (row.try_get("channel")?, row.try_get("at")?);
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    let sealed: Option<Vec<u8>> = row.try_get("evidence_ct")?;
    let place = place(&person, &channel, Timestamp(at));
    let evidence = match Sealer::unwrap(&store.vault, &payer, &person, wrapped.as_deref()) {
        Err(StoreError::Forgotten) => None,
        sealer => {
            let sealer = sealer?;
            sealed.map(|it| sealer.open(EVIDENCE, &place, &it)).transpose()?
        }
    };
    let unknown = |what: &str| StoreError::Unreadable(format!("a consent's {what}"));
    let (act, method): (String, String) = (row.try_get("act")?, row.try_get("method")?);
    Ok(Kept {
        person,
        channel,
        purpose: row.try_get("purpose")?,
        act: Act::of(&act).ok_or_else(|| unknown("act"))?,
        wording: row.try_get("wording")?,
        method: Method::of(&method).ok_or_else(|| unknown("method"))?,
        language: row.try_get("language")?,
        at: Timestamp(at),
        ended: row.try_get::<Option<i64>, _>("ended")?.map(Timestamp),
        evidence,
    })
}
