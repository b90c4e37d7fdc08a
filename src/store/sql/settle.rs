//! What became of a message: its row, its receipt, its question, in one transaction.

use mendline_engine::event::{Event, Receipt};
use mendline_engine::time::Timestamp;
use sqlx::{Connection as _, Row as _};

use super::seal::Sealer;
use super::{BEGIN, SqlStore, Tx, commit, flag, focus, inbox, lines, questions};
use crate::store::{Became, MessageRef, StoreError};

/// What is done to a row.
#[derive(Debug, PartialEq)]
enum Step {
    /// It says nothing new.
    Nothing,
    /// It stays open, until then.
    Open { status: &'static str, due: Timestamp, attempt: bool, receipt: Option<Receipt> },
    /// It is settled, and its successors are released.
    Settle { status: &'static str, why: Option<String>, receipt: Option<Receipt> },
}

/// The one place that decides what a report does to a row of this status. A second report of
/// the same, or one that comes too late, does nothing.
fn step(open: bool, status: &str, became: Became) -> Step {
    let settle = |status, why, receipt| Step::Settle { status, why, receipt };
    match became {
        Became::Sent { shown: true } | Became::Reported(Receipt::Shown) if status != "shown" => {
            settle("shown", None, Some(Receipt::Shown))
        }
        // A provider may take a message and say later that it failed.
        Became::Reported(Receipt::Failed) if open || matches!(status, "sent" | "maybe") => {
            settle("dead", Some("reported".into()), Some(Receipt::Failed))
        }
        Became::Reported(Receipt::Withheld(why)) if open || matches!(status, "sent" | "maybe") => {
            settle("withheld", Some(why.clone()), Some(Receipt::Withheld(why)))
        }
        _ if !open => Step::Nothing,
        Became::Sent { .. } => settle("sent", None, None),
        Became::Later(due) => Step::Open { status: "due", due, attempt: true, receipt: None },
        Became::Held(due) => held(due),
        Became::Reported(Receipt::HeldUntil(due)) => held(Timestamp(due)),
        Became::Withheld(why) => {
            settle("withheld", Some(why.clone()), Some(Receipt::Withheld(why)))
        }
        Became::Dead(why) => settle("dead", Some(why), Some(Receipt::Failed)),
        Became::Maybe | Became::Reported(Receipt::Maybe) => {
            settle("maybe", None, Some(Receipt::Maybe))
        }
        Became::Reported(_) => Step::Nothing,
    }
}

fn held(due: Timestamp) -> Step {
    let receipt = Some(Receipt::HeldUntil(due.0));
    Step::Open { status: "held", due, attempt: false, receipt }
}

/// A row as far as settling it needs.
struct Settling<'a> {
    key: &'a MessageRef,
    name: String,
    /// The conversation; empty outside any.
    lane: String,
    person: String,
    channel: Option<String>,
    question: Option<String>,
    focuses: bool,
    sealer: Sealer,
}

pub(super) async fn message(
    store: &SqlStore,
    key: &MessageRef,
    became: Became,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = key.effect.to_string();
    let mut writer = store.writer().await?;
    let mut tx = writer.begin_with(BEGIN).await?;
    let row = sqlx::query(
        "select o.lane, o.person, o.key_person, o.channel, o.question, o.focuses, o.status, o.settled_at, k.wrapped
         from outbox o
         left join person_keys k on k.payer = o.payer and k.person = o.key_person
         where o.payer = $1 and o.effect = $2",
    )
    .bind(&key.payer)
    .bind(&name)
    .fetch_optional(&mut *tx)
    .await?;
    // A report on something that was never ours is no news.
    let Some(row) = row else { return Ok(()) };
    let key_person: String = row.try_get("key_person")?;
    let wrapped: Option<Vec<u8>> = row.try_get("wrapped")?;
    let sealer = match Sealer::unwrap(&store.vault, &key.payer, &key_person, wrapped.as_deref()) {
        // Forgotten while it was on its way: there is nobody to report to.
        Err(StoreError::Forgotten) => return Ok(()),
        other => other?,
    };
    let it = Settling {
        key,
        name,
        lane: row.try_get("lane")?,
        person: row.try_get("person")?,
        channel: row.try_get("channel")?,
        question: row.try_get("question")?,
        focuses: flag(&row, "focuses")?,
        sealer,
    };
    let open = row.try_get::<Option<i64>, _>("settled_at")?.is_none();
    let status: String = row.try_get("status")?;
    let receipt = match step(open, &status, became) {
        Step::Nothing => return Ok(()),
        Step::Open { status, due, attempt, receipt } => {
            postpone(&mut tx, &it, status, due, attempt, now).await?;
            receipt
        }
        Step::Settle { status, why, receipt } => {
            settle(&mut tx, &it, status, why.as_deref(), now).await?;
            receipt
        }
    };
    if let Some(receipt) = receipt {
        report(&mut tx, &it, receipt, now).await?;
    }
    Ok(tx.commit().await?)
}

async fn postpone(
    tx: &mut Tx<'_>,
    it: &Settling<'_>,
    status: &str,
    due: Timestamp,
    attempt: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "update outbox set status = $3, due = $4, attempts = attempts + $5, leased_until = null, changed = $6
         where payer = $1 and effect = $2",
    )
    .bind(&it.key.payer)
    .bind(&it.name)
    .bind(status)
    .bind(due.0)
    .bind(i64::from(attempt))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn settle(
    tx: &mut Tx<'_>,
    it: &Settling<'_>,
    status: &str,
    why: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "update outbox set status = $3, why = $4, leased_until = null, changed = $5, settled_at = coalesce(settled_at, $5)
         where payer = $1 and effect = $2",
    )
    .bind(&it.key.payer)
    .bind(&it.name)
    .bind(status)
    .bind(why)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The receipt for the conversation; and for `Shown`, what being seen means for the question.
async fn report(
    tx: &mut Tx<'_>,
    it: &Settling<'_>,
    receipt: Receipt,
    now: Timestamp,
) -> Result<(), StoreError> {
    let payer = it.key.payer.as_str();
    if receipt == Receipt::Shown {
        lines::reported(tx, payer, &it.name).await?;
        if let Some(question) = &it.question {
            questions::shown(tx, payer, question, &it.person, now).await?;
            if let Some(channel) = it.channel.as_deref().filter(|_| it.focuses) {
                focus::move_to(tx, payer, &it.person, channel, question).await?;
            }
        }
    }
    if it.lane.is_empty() {
        return Ok(());
    }
    let what = match &receipt {
        Receipt::Shown => "shown".to_owned(),
        Receipt::HeldUntil(until) => format!("held/{until}"),
        Receipt::Withheld(_) => "withheld".into(),
        Receipt::Failed => "failed".into(),
        Receipt::Maybe => "maybe".into(),
    };
    let id = format!("{}/{what}", it.name);
    let entry = commit::own("dispatch", payer, &id, 0, now);
    let event = Event::Receipt { message: it.key.effect.key, receipt };
    inbox::put_event(tx, &it.sealer, entry, &it.lane, &event).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_is_not_settled_again() {
        let at = Timestamp(5);
        for became in [
            Became::Sent { shown: false },
            Became::Later(at),
            Became::Held(at),
            Became::Withheld("opted_out".into()),
            Became::Dead("gone".into()),
            Became::Maybe,
            Became::Reported(Receipt::HeldUntil(5)),
        ] {
            assert_eq!(step(false, "sent", became.clone()), Step::Nothing, "{became:?}");
        }
    }

    #[test]
    fn it_is_shown_once_however_late() {
        for status in ["due", "sent", "maybe", "dead"] {
            let shown = step(status == "due", status, Became::Reported(Receipt::Shown));
            assert!(matches!(shown, Step::Settle { status: "shown", .. }), "{status}");
        }
        assert_eq!(step(false, "shown", Became::Reported(Receipt::Shown)), Step::Nothing);
        assert_eq!(step(false, "shown", Became::Sent { shown: true }), Step::Nothing);
        assert_eq!(step(false, "shown", Became::Reported(Receipt::Failed)), Step::Nothing);
    }
}
