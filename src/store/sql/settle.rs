//! What became of a message: its row, its receipt, its question, in one transaction.

use mendline_engine::event::{Event, Receipt};
use mendline_engine::time::Timestamp;

use super::batch::Batch;
use super::found::Sending;
use super::seal::Sealer;
use super::writes::Writes;
use super::{focus, inbox};
use crate::store::{Became, MessageRef, StoreError};

/// Why a message is withheld that was dropped in a review.
const DROPPED: &str = "dropped";

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

/// How a row stands before a report of it.
#[derive(Clone, Copy)]
struct Was<'a> {
    status: &'a str,
    open: bool,
    /// It stands in its reader's chat.
    lined: bool,
}

/// The one place that decides what a report does to a row that stands so. A second report of
/// the same, or one that comes too late, does nothing.
fn step(Was { status, open, lined }: Was<'_>, became: Became, now: Timestamp) -> Step {
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
        // As if it could not say at once: silence begins.
        Became::Unreported if status == "sent" => {
            settle("maybe", Some("unreported".into()), Some(Receipt::Maybe))
        }
        _ if !open => Step::Nothing,
        Became::Sent { .. } => settle("sent", None, None),
        Became::Later(due) => Step::Open { status: "due", due, attempt: true, receipt: None },
        Became::NotTried(due) => Step::Open { status: "due", due, attempt: false, receipt: None },
        Became::Held(due) => held(due),
        Became::Reported(Receipt::HeldUntil(due)) => held(Timestamp(due)),
        Became::Withheld(why) => {
            settle("withheld", Some(why.clone()), Some(Receipt::Withheld(why)))
        }
        // It stands in a chat although nobody could say so yet: its channel is asked again.
        Became::Dropped if status == "paused" && lined => {
            Step::Open { status: "due", due: now, attempt: false, receipt: None }
        }
        Became::Dropped if status == "paused" => {
            settle("withheld", Some(DROPPED.into()), Some(Receipt::Withheld(DROPPED.into())))
        }
        Became::Dropped | Became::Unreported => Step::Nothing,
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

/// What a batch does to one message, all reports on it together.
#[derive(Default)]
pub(super) struct Fate {
    status: &'static str,
    why: Option<String>,
    due: Option<Timestamp>,
    attempts: u32,
    changed: i64,
    settled_at: Option<i64>,
}

/// Writes what became of a message. Several reports on one in a batch are taken in their order.
pub(super) fn message(
    batch: &mut Batch<'_>,
    key: &MessageRef,
    became: Became,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = (key.payer.clone(), key.effect.to_string());
    // A report on something that was never ours is no news.
    let Some(sending) = batch.found.messages.get_mut(&name) else { return Ok(()) };
    let sealer = match batch.keys.of(&key.payer, &sending.key_person) {
        // Forgotten while it was on its way: there is nobody to report to.
        Err(StoreError::Forgotten) => return Ok(()),
        other => other?,
    };
    let was = Was { status: &sending.status, open: sending.open, lined: sending.lined };
    let step = step(was, became, now);
    if step == Step::Nothing {
        return Ok(());
    }
    let fate = batch.found.fates.entry(name.clone()).or_default();
    fate.changed = now.0;
    let receipt = match step {
        Step::Nothing => None,
        Step::Open { status, due, attempt, receipt } => {
            (fate.status, fate.due) = (status, Some(due));
            fate.attempts += u32::from(attempt);
            sending.status = status.into();
            receipt
        }
        Step::Settle { status, why, receipt } => {
            (fate.status, fate.settled_at) = (status, Some(now.0));
            fate.why = why.or(fate.why.take());
            (sending.status, sending.open) = (status.into(), false);
            receipt
        }
    };
    if let Some(receipt) = receipt {
        report(&mut batch.writes, sending, &sealer, key, receipt, now);
    }
    Ok(())
}

/// Turns what became of each message into a row.
pub(super) fn finish(batch: &mut Batch<'_>) {
    for ((payer, effect), it) in std::mem::take(&mut batch.found.fates) {
        batch.writes.fates.push([
            payer.into(),
            effect.into(),
            it.status.into(),
            it.why.into(),
            it.due.map(|it| it.0).into(),
            it.attempts.into(),
            it.changed.into(),
            it.settled_at.into(),
        ]);
    }
}

/// What a message's being seen means: its line is reported, its question was shown, and takes
/// focus on `channel` if it may.
pub(super) fn seen(
    writes: &mut Writes,
    payer: &str,
    (message, person): (&str, &str),
    question: Option<&str>,
    channel: Option<&str>,
    now: Timestamp,
) {
    writes.reported.push([payer.into(), message.into()]);
    let Some(question) = question else { return };
    writes.shown.push([payer.into(), question.into(), person.into(), now.0.into()]);
    if let Some(channel) = channel {
        writes.focus(focus::Move {
            payer: payer.into(),
            person: person.into(),
            channel: channel.into(),
            question: question.into(),
        });
    }
}

/// The receipt for the conversation; and for `Shown`, what being seen means for the question.
fn report(
    writes: &mut Writes,
    sending: &Sending,
    sealer: &Sealer,
    key: &MessageRef,
    receipt: Receipt,
    now: Timestamp,
) {
    let (payer, name) = (key.payer.as_str(), key.effect.to_string());
    if receipt == Receipt::Shown {
        let channel = sending.channel.as_deref().filter(|_| sending.focuses);
        let to = (name.as_str(), sending.person.as_str());
        seen(writes, payer, to, sending.question.as_deref(), channel, now);
        // A question is over when it is answered, and not before.
        if let Some(notice) = sending.notice.as_deref().filter(|_| sending.question.is_none()) {
            writes.read.push([payer.into(), notice.into(), name.as_str().into(), now.0.into()]);
        }
    }
    // That something was shown changes nothing which asks nothing and need not be read: no turn is
    // spent on it.
    let waited_for = sending.question.is_some() || sending.notice.is_some();
    let tells = receipt != Receipt::Shown || waited_for;
    if sending.lane.is_empty() || !tells {
        return;
    }
    let what = match &receipt {
        Receipt::Shown => "shown".to_owned(),
        Receipt::HeldUntil(until) => format!("held/{until}"),
        Receipt::Withheld(_) => "withheld".into(),
        Receipt::Failed => "failed".into(),
        Receipt::Maybe => "maybe".into(),
    };
    let id = format!("{name}/{what}");
    let event = Event::Receipt { message: key.effect.key, receipt };
    let entry = inbox::own("dispatch", payer, &id, now);
    inbox::put_event(writes, sealer, entry, &sending.lane, &event, None);
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(5);

    fn became_of(open: bool, status: &str, became: Became) -> Step {
        step(Was { status, open, lined: false }, became, AT)
    }

    #[test]
    fn what_is_settled_is_not_settled_again() {
        for became in [
            Became::Sent { shown: false },
            Became::Later(AT),
            Became::Held(AT),
            Became::Withheld("opted_out".into()),
            Became::Dead("gone".into()),
            Became::Maybe,
            Became::Reported(Receipt::HeldUntil(5)),
        ] {
            assert_eq!(became_of(false, "sent", became.clone()), Step::Nothing, "{became:?}");
        }
    }

    #[test]
    fn it_is_shown_once_however_late() {
        for status in ["due", "sent", "maybe", "dead"] {
            let shown = became_of(status == "due", status, Became::Reported(Receipt::Shown));
            assert!(matches!(shown, Step::Settle { status: "shown", .. }), "{status}");
        }
        assert_eq!(became_of(false, "shown", Became::Reported(Receipt::Shown)), Step::Nothing);
        assert_eq!(became_of(false, "shown", Became::Sent { shown: true }), Step::Nothing);
        assert_eq!(became_of(false, "shown", Became::Reported(Receipt::Failed)), Step::Nothing);
    }
}
