//! How staff get in: `identities`, `second_factors`, `recovery_codes`, `kept_forms`, and what the
//! desk's door keeps in `sessions`.

use async_trait::async_trait;
use mendline_engine::time::Timestamp;
use serde_json::Value;
use sqlx::{Connection as _, Row as _};

use super::seal::Sealer;
use super::{BEGIN, DbRow, SqlStore, within};
use crate::store::StoreError;
use crate::store::entry::{Entry, Footing, How, Known, Lockout};
use crate::store::reach::Whose;
use crate::vault::Vault;

/// The kind of keyed index that subjects are found by, under no payer.
const SUBJECT: &str = "token";
/// What the second factors' secrets are sealed for.
const SECRET: &str = "second_factors.secret";
/// What the provider's word for logging out is sealed for.
const HINT: &str = "sessions.hint";
/// What kept forms are sealed for.
const FORM: &str = "kept_forms.body";
/// Before the index of a subject in the login of her account.
const LOGIN: &str = "oidc/";

fn index(vault: &Vault, subject: &str) -> String {
    vault.index("", SUBJECT, subject)
}

fn known(index: &str, row: &DbRow) -> Result<Known, StoreError> {
    let whose = Whose { payer: row.try_get("payer")?, person: row.try_get("person")? };
    Ok(Known { whose, login: format!("{LOGIN}{}", index.to_lowercase()) })
}

impl SqlStore {
    /// The key of somebody, read.
    async fn sealer_of(&self, whose: &Whose) -> Result<Sealer, StoreError> {
        let row = sqlx::query("select wrapped from person_keys where payer = $1 and person = $2")
            .bind(&whose.payer)
            .bind(&whose.person)
            .fetch_optional(&self.readers)
            .await?;
        let wrapped = row.map(|it| it.try_get::<Option<Vec<u8>>, _>("wrapped")).transpose()?;
        Sealer::unwrap(&self.vault, &whose.payer, &whose.person, wrapped.flatten().as_deref())
    }
}

#[async_trait]
impl Entry for SqlStore {
    async fn known(&self, subject: &str) -> Result<Option<Known>, StoreError> {
        within(async {
            let index = index(&self.vault, subject);
            let row = sqlx::query("select payer, person from identities where idx = $1")
                .bind(&index)
                .fetch_optional(&self.readers)
                .await?;
            row.as_ref().map(|it| known(&index, it)).transpose()
        })
        .await
    }

    async fn bind(
        &self,
        subject: &str,
        whose: &Whose,
        now: Timestamp,
    ) -> Result<Known, StoreError> {
        within(async {
            let index = index(&self.vault, subject);
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query(
                "insert into identities (idx, payer, person, since) values ($1, $2, $3, $4)
                 on conflict do nothing",
            )
            .bind(&index)
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
            let row = sqlx::query("select payer, person from identities where idx = $1")
                .bind(&index)
                .fetch_optional(&mut *tx)
                .await?;
            tx.commit().await?;
            let bound = row.as_ref().map(|it| known(&index, it)).transpose()?;
            bound.filter(|it| it.whose == *whose).ok_or(StoreError::Conflict)
        })
        .await
    }

    async fn unbind(&self, whose: &Whose) -> Result<Option<String>, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let row = sqlx::query(
                "delete from identities where payer = $1 and person = $2
                 returning idx, payer, person",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .fetch_optional(&mut *tx)
            .await?;
            tx.commit().await?;
            let Some(row) = row else { return Ok(None) };
            let index: String = row.try_get("idx")?;
            Ok(Some(known(&index, &row)?.login))
        })
        .await
    }

    async fn footing(&self, session: &str) -> Result<Option<Footing>, StoreError> {
        within(async {
            let row = sqlx::query(
                "select s.payer, s.person, s.how, s.vouched, s.stepped, s.hint_ct, k.wrapped
                 from sessions s
                 left join person_keys k on k.payer = s.payer and k.person = s.person
                 where s.digest = $1",
            )
            .bind(session)
            .fetch_optional(&self.readers)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let hint = match row.try_get::<Option<Vec<u8>>, _>("hint_ct")? {
                None => None,
                Some(sealed) => {
                    let (payer, person): (String, String) =
                        (row.try_get("payer")?, row.try_get("person")?);
                    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
                    let sealer = Sealer::unwrap(&self.vault, &payer, &person, wrapped.as_deref())?;
                    Some(sealer.open(HINT, session, &sealed)?)
                }
            };
            Ok(Some(Footing {
                how: How::of(row.try_get::<Option<String>, _>("how")?.as_deref()),
                vouched: row.try_get::<Option<i64>, _>("vouched")?.map(Timestamp),
                stepped: row.try_get::<Option<i64>, _>("stepped")?.map(Timestamp),
                hint,
            }))
        })
        .await
    }

    async fn put_footing(
        &self,
        session: &str,
        whose: &Whose,
        footing: &Footing,
    ) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let sealer = Sealer::of(&self.vault, &mut tx, &whose.payer, &whose.person).await?;
            let hint = footing.hint.as_ref().map(|it| sealer.seal(HINT, session, it));
            sqlx::query(
                "update sessions set how = $4, vouched = $5, stepped = $6, hint_ct = $7
                 where digest = $1 and payer = $2 and person = $3",
            )
            .bind(session)
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(footing.how.name())
            .bind(footing.vouched.map(|it| it.0))
            .bind(footing.stepped.map(|it| it.0))
            .bind(hint)
            .execute(&mut *tx)
            .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn end_sessions(&self, whose: &Whose, but: Option<&str>) -> Result<u32, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let ended = sqlx::query(
                "delete from sessions where payer = $1 and person = $2 and digest <> $3",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(but.unwrap_or_default())
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(u32::try_from(ended.rows_affected()).unwrap_or(u32::MAX))
        })
        .await
    }

    async fn factor(&self, whose: &Whose) -> Result<Option<Vec<u8>>, StoreError> {
        within(async {
            let row = sqlx::query(
                "select secret_ct from second_factors where payer = $1 and person = $2",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .fetch_optional(&self.readers)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let sealed: Vec<u8> = row.try_get("secret_ct")?;
            self.sealer_of(whose).await?.open(SECRET, &whose.person, &sealed).map(Some)
        })
        .await
    }

    async fn put_factor(
        &self,
        whose: &Whose,
        secret: &[u8],
        recovery: &[String],
        step: i64,
    ) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let sealer = Sealer::of(&self.vault, &mut tx, &whose.payer, &whose.person).await?;
            sqlx::query(
                "insert into second_factors (payer, person, secret_ct, last_step, failed, locked)
                 values ($1, $2, $3, $4, 0, 0)
                 on conflict (payer, person) do update
                 set secret_ct = excluded.secret_ct, last_step = excluded.last_step, failed = 0,
                     locked = 0",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(sealer.seal(SECRET, &whose.person, secret))
            .bind(step)
            .execute(&mut *tx)
            .await?;
            sqlx::query("delete from recovery_codes where payer = $1 and person = $2")
                .bind(&whose.payer)
                .bind(&whose.person)
                .execute(&mut *tx)
                .await?;
            for digest in recovery {
                sqlx::query(
                    "insert into recovery_codes (payer, person, digest) values ($1, $2, $3)",
                )
                .bind(&whose.payer)
                .bind(&whose.person)
                .bind(digest)
                .execute(&mut *tx)
                .await?;
            }
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn drop_factor(&self, whose: &Whose) -> Result<bool, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            sqlx::query("delete from recovery_codes where payer = $1 and person = $2")
                .bind(&whose.payer)
                .bind(&whose.person)
                .execute(&mut *tx)
                .await?;
            let gone = sqlx::query("delete from second_factors where payer = $1 and person = $2")
                .bind(&whose.payer)
                .bind(&whose.person)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(gone.rows_affected() > 0)
        })
        .await
    }

    async fn try_factor(
        &self,
        whose: &Whose,
        now: Timestamp,
        lockout: Lockout,
    ) -> Result<bool, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let tried = sqlx::query(
                "update second_factors
                 set locked = case when failed + 1 >= $4 then $5 else 0 end,
                     failed = case when failed + 1 >= $4 then 0 else failed + 1 end
                 where payer = $1 and person = $2 and locked <= $3",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(now.0)
            .bind(i64::from(lockout.tries_max))
            .bind(now.plus_ms(lockout.lock_ms).0)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(tried.rows_affected() > 0)
        })
        .await
    }

    async fn pass_factor(&self, whose: &Whose, step: i64) -> Result<bool, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let passed = sqlx::query(
                "update second_factors set last_step = $3, failed = 0, locked = 0
                 where payer = $1 and person = $2 and last_step < $3",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(step)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(passed.rows_affected() > 0)
        })
        .await
    }

    async fn use_recovery(&self, whose: &Whose, digest: &str) -> Result<bool, StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let used = sqlx::query(
                "delete from recovery_codes where payer = $1 and person = $2 and digest = $3",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(digest)
            .execute(&mut *tx)
            .await?;
            if used.rows_affected() > 0 {
                sqlx::query(
                    "update second_factors set failed = 0, locked = 0
                     where payer = $1 and person = $2",
                )
                .bind(&whose.payer)
                .bind(&whose.person)
                .execute(&mut *tx)
                .await?;
            }
            tx.commit().await?;
            Ok(used.rows_affected() > 0)
        })
        .await
    }

    async fn keep_form(
        &self,
        digest: &str,
        whose: &Whose,
        body: &Value,
        now: Timestamp,
        keep_ms: i64,
    ) -> Result<(), StoreError> {
        within(async {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin_with(BEGIN).await?;
            let sealer = Sealer::of(&self.vault, &mut tx, &whose.payer, &whose.person).await?;
            sqlx::query("delete from kept_forms where expires <= $1")
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "insert into kept_forms (digest, payer, person, body_ct, expires)
                 values ($1, $2, $3, $4, $5)",
            )
            .bind(digest)
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(sealer.seal(FORM, digest, body))
            .bind(now.plus_ms(keep_ms).0)
            .execute(&mut *tx)
            .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn kept_form(
        &self,
        digest: &str,
        whose: &Whose,
        now: Timestamp,
    ) -> Result<Option<Value>, StoreError> {
        within(async {
            let row = sqlx::query(
                "select body_ct from kept_forms
                 where digest = $1 and payer = $2 and person = $3 and expires > $4",
            )
            .bind(digest)
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(now.0)
            .fetch_optional(&self.readers)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let sealed: Vec<u8> = row.try_get("body_ct")?;
            self.sealer_of(whose).await?.open(FORM, digest, &sealed).map(Some)
        })
        .await
    }

    async fn roles(&self, whose: &Whose, demo: bool) -> Result<Vec<String>, StoreError> {
        within(async {
            let rows = sqlx::query(
                "select roles from accounts where payer = $1 and person = $2 and (demo = 0 or $3 = 1)",
            )
            .bind(&whose.payer)
            .bind(&whose.person)
            .bind(i64::from(demo))
            .fetch_all(&self.readers)
            .await?;
            let mut all = Vec::new();
            for row in &rows {
                let roles: String = row.try_get("roles")?;
                let read: Result<Vec<String>, _> = serde_json::from_str(&roles);
                let unreadable = |_| StoreError::Unreadable("the roles of an account".into());
                all.extend(read.map_err(unreadable)?);
            }
            all.sort();
            all.dedup();
            Ok(all)
        })
        .await
    }

    async fn lately(
        &self,
        payer: &str,
        what: &str,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        within(async {
            let rows = sqlx::query(
                "select who, at from audit where payer = $1 and what = $2 and at >= $3
                 order by at desc, seq desc limit $4",
            )
            .bind(payer)
            .bind(what)
            .bind(since.0)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
            let rows = rows.iter();
            rows.map(|it| Ok((it.try_get("who")?, Timestamp(it.try_get("at")?)))).collect()
        })
        .await
    }
}
