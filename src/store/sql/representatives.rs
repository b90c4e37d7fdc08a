//! Who may act for somebody: `representatives`. Why, and as whom, lies under the key of the person for
//! whom they act.

use mendline_engine::label::{Label, Labels};
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::seal::Sealer;
use super::{BEGIN, DbRow, SqlStore};
use crate::store::StoreError;
use crate::store::reach::Whose;
use crate::store::representative::{Representative, Standing};

/// What the reason is sealed for.
const WHY: &str = "representatives.why";

/// A second one for the same two takes the first one's place from that moment on.
pub(super) async fn put(
    store: &SqlStore,
    it: &Representative,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let sealer = Sealer::of(&store.vault, &mut tx, &it.payer, &it.person).await?;
    close(&mut tx, (&it.payer, &it.person, &it.representative), now).await?;
    let scope: Vec<_> = it.scope.iter().map(Label::word).collect();
    sqlx::query(
        "insert into representatives (payer, person, representative, scope, since, until, who, why_ct)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (payer, person, representative, since) do update
         set scope = excluded.scope, until = excluded.until, who = excluded.who,
             why_ct = excluded.why_ct, ended = null",
    )
    .bind(&it.payer)
    .bind(&it.person)
    .bind(&it.representative)
    .bind(scope.join(" "))
    .bind(now.0)
    .bind(it.until.0)
    .bind(&it.who)
    .bind(sealer.seal(WHY, &it.representative, &it.why))
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

async fn close(
    tx: &mut super::Connection,
    (payer, person, representative): (&str, &str, &str),
    now: Timestamp,
) -> Result<u64, StoreError> {
    let closed = sqlx::query(
        "update representatives set ended = $4
         where payer = $1 and person = $2 and representative = $3 and ended is null",
    )
    .bind(payer)
    .bind(person)
    .bind(representative)
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(closed.rows_affected())
}

/// Ends it; `false` where there was none.
pub(super) async fn end(
    store: &SqlStore,
    whose: &Whose,
    representative: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let closed = close(&mut tx, (&whose.payer, &whose.person, representative), now).await?;
    tx.commit().await?;
    Ok(closed > 0)
}

/// Everyone who acted or acts for a payer's people, or for one of them, oldest first.
pub(super) async fn all(
    store: &SqlStore,
    payer: &str,
    person: Option<&str>,
) -> Result<Vec<Representative>, StoreError> {
    let rows = sqlx::query(
        "select r.*, k.wrapped from representatives r
         left join person_keys k on k.payer = r.payer and k.person = r.person
         where r.payer = $1 and ($2 = '' or r.person = $2) order by r.since, r.person",
    )
    .bind(payer)
    .bind(person.unwrap_or_default())
    .fetch_all(&store.readers)
    .await?;
    rows.iter().map(|row| read(store, row)).collect()
}

fn read(store: &SqlStore, row: &DbRow) -> Result<Representative, StoreError> {
    let (payer, person): (String, String) = (row.try_get("payer")?, row.try_get("person")?);
    let representative: String = row.try_get("representative")?;
    let (wrapped, sealed): (Option<Vec<u8>>, Vec<u8>) =
        (row.try_get("wrapped")?, row.try_get("why_ct")?);
    let why = match Sealer::unwrap(&store.vault, &payer, &person, wrapped.as_deref()) {
        Err(StoreError::Forgotten) => String::new(),
        sealer => sealer?.open(WHY, &representative, &sealed)?,
    };
    Ok(Representative {
        scope: scope(row)?,
        since: Timestamp(row.try_get("since")?),
        until: Timestamp(row.try_get("until")?),
        ended: row.try_get::<Option<i64>, _>("ended")?.map(Timestamp),
        who: row.try_get("who")?,
        payer,
        person,
        representative,
        why,
    })
}

fn scope(row: &DbRow) -> Result<Labels, StoreError> {
    let words: String = row.try_get("scope")?;
    let labels = words.split_whitespace().map(Label::from_word);
    let labels: Option<Labels> = labels.collect();
    labels.ok_or_else(|| StoreError::Unreadable("the scope of a representative".into()))
}

/// For whom somebody acts now, if for anybody: the newest that stands.
pub(super) async fn standing(
    store: &SqlStore,
    representative: &Whose,
    now: Timestamp,
) -> Result<Option<Standing>, StoreError> {
    let row = sqlx::query(
        "select person, scope from representatives
         where payer = $1 and representative = $2 and ended is null and since <= $3 and until > $3
         order by since desc limit 1",
    )
    .bind(&representative.payer)
    .bind(&representative.person)
    .bind(now.0)
    .fetch_optional(&store.readers)
    .await?;
    row.map(|row| Ok(Standing { person: row.try_get("person")?, scope: scope(&row)? })).transpose()
}
