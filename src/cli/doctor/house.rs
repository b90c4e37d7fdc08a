//! What waits, what was given up, what stands still, and what time it is.

use mendline_engine::time::Timestamp;

use super::Look;
use crate::clock::steady::FOLLOWED_BEHIND_MS;
use crate::clock::{Clock, System};
use crate::store::health::{Wait, Waits};
use crate::store::{Store, StoreError};
use crate::watch::ready::{SKEW_MAX_MS, apart_ms};

/// Findings of one kind that are named one by one; the rest is a number.
const NAMED_MAX: u32 = 20;

/// How long each may wait before it is a finding, in minutes, and what to do then.
const PATIENCE_MIN: &[(Wait, &str, &str, i64, &str)] = &[
    (Wait::Inbox, "inbox", "arrivals or events wait for their turn", 2, RUNNING),
    (
        Wait::Outbox,
        "outbox",
        "messages wait to be sent",
        10,
        "look in the log for their channel; it tries again by itself",
    ),
    (
        Wait::Calls,
        "calls",
        "calls wait for their result",
        10,
        "look in the log for their plugin; it tries again by itself",
    ),
    (Wait::Overdue, "timers", "timers are due and have not fired", 2, RUNNING),
];
const RUNNING: &str = "is a server running? Then look at its log, and at /readyz";

pub(super) async fn looks(store: &dyn Store) -> Vec<Look> {
    match all(store).await {
        Ok(looks) => looks,
        Err(why) => {
            let advice = "is the database away, or is it being restored? Try again";
            vec![Look::bad("database", format!("the database cannot be read: {why}"), advice)]
        }
    }
}

async fn all(store: &dyn Store) -> Result<Vec<Look>, StoreError> {
    let now = System.now();
    let standing = store.health().standing(now).await?;
    let mut looks = stuck(store, now).await?;
    looks.extend(PATIENCE_MIN.iter().map(|(what, about, says, min, advice)| {
        waiting(&standing, *what, about, says, now, *min, advice)
    }));
    looks.extend(dead(store, &standing).await?);
    looks.push(maybe(&standing));
    looks.extend(clocks(store, now).await?);
    looks.extend(paused(store, now).await?);
    Ok(looks)
}

async fn stuck(store: &dyn Store, now: Timestamp) -> Result<Vec<Look>, StoreError> {
    let stuck = store.health().stuck(NAMED_MAX).await?;
    if stuck.is_empty() {
        return Ok(vec![Look::well("stuck", "no conversation stands still")]);
    }
    let look = |it: &crate::store::health::Stuck| {
        let (id, flow, age) = (&it.conversation, &it.flow, ago(it.turned, now));
        Look::bad(
            "stuck",
            format!("conversation {id} of {} ({flow}) stands still since {age}", it.payer),
            "nothing will move it: open it at the desk, talk to the person, and report this fault",
        )
    };
    Ok(stuck.iter().map(look).collect())
}

/// One kind of waiting, over all payers.
fn waiting(
    standing: &[Waits],
    what: Wait,
    about: &'static str,
    says: &str,
    now: Timestamp,
    patience_min: i64,
    advice: &'static str,
) -> Look {
    let (count, oldest) = sum(standing, what);
    let Some(oldest) = oldest else { return Look::well(about, format!("no {says}")) };
    let says = format!("{count} {says}, the oldest since {}", ago(oldest, now));
    if now.0.saturating_sub(oldest.0) > patience_min * 60_000 {
        Look::bad(about, says, advice)
    } else {
        Look::well(about, says)
    }
}

fn sum(standing: &[Waits], what: Wait) -> (u64, Option<Timestamp>) {
    let of = || standing.iter().filter(|it| it.what == what);
    (of().map(|it| it.count).sum(), of().map(|it| it.since).min())
}

/// Each letter that was given up, up to a number.
async fn dead(store: &dyn Store, standing: &[Waits]) -> Result<Vec<Look>, StoreError> {
    let mut looks = Vec::new();
    for of in standing.iter().filter(|it| it.what == Wait::Dead) {
        let payer = &of.payer;
        looks.push(Look::bad(
            "dead_letters",
            format!("{} messages of {payer} were given up", of.count),
            "their conversations were told and went another way; mend what the reasons below say",
        ));
        for it in store.dead_letters(payer, NAMED_MAX).await? {
            let says = format!("message {} of {payer} was given up: {}", it.key.effect, it.why);
            looks.push(Look { about: "dead_letter", ok: false, says, advice: None });
        }
    }
    if looks.is_empty() {
        looks.push(Look::well("dead_letters", "no message was given up"));
    }
    Ok(looks)
}

fn maybe(standing: &[Waits]) -> Look {
    match sum(standing, Wait::Maybe).0 {
        0 => Look::well("maybe_letters", "of every message it is known what became of it"),
        count => Look::bad(
            "maybe_letters",
            format!("{count} messages may have arrived or not"),
            "their conversations were told; ask the provider about them before anybody repeats one",
        ),
    }
}

/// The machine's clock against what was written, and against the database's.
async fn clocks(store: &dyn Store, now: Timestamp) -> Result<Vec<Look>, StoreError> {
    let health = store.health();
    let mut looks = Vec::new();
    if let Some(newest) = health.newest().await?
        && newest.0.saturating_sub(now.0) > FOLLOWED_BEHIND_MS
    {
        looks.push(Look::bad(
            "clock",
            format!("the newest row was written {} from now", span(newest.0 - now.0)),
            "the machine's clock went back, or was ahead when that was written: put its time service \
             right; the house goes on from its newest row and fires nothing early",
        ));
    }
    let before = System.now();
    let theirs = health.clock().await?;
    let apart_ms = apart_ms(theirs, before, System.now());
    if apart_ms > SKEW_MAX_MS {
        looks.push(Look::bad(
            "clock",
            format!("this machine and the database are {} apart", span(apart_ms.cast_signed())),
            "put their time service right",
        ));
    }
    if looks.is_empty() {
        looks.push(Look::well("clock", "the clocks agree with what was written"));
    }
    Ok(looks)
}

/// What operators keep back. What the house stopped by itself waits for somebody's look.
async fn paused(store: &dyn Store, now: Timestamp) -> Result<Vec<Look>, StoreError> {
    let waiting = store.care().waiting().await?;
    let looks = store.care().pauses().await?.into_iter().map(|it| {
        let held: u32 = waiting.iter().filter(|w| w.of == it.of).map(|w| w.messages).sum();
        let says = format!(
            "{} is paused since {} ({}); {held} messages wait",
            it.of,
            ago(it.since, now),
            it.why
        );
        if it.who == "mendline" {
            Look::bad(
                "paused",
                says,
                "look at what waits (`mendline paused`), then `mendline resume`",
            )
        } else {
            Look::well("paused", says)
        }
    });
    Ok(looks.collect())
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    span(now.0.saturating_sub(at.0).max(0))
}

/// A span in its largest unit, so that one sees at once how bad it is.
fn span(ms: i64) -> String {
    let s = ms / 1_000;
    match s {
        0..120 => format!("{s} seconds"),
        120..7_200 => format!("{} minutes", s / 60),
        7_200..172_800 => format!("{} hours", s / 3_600),
        _ => format!("{} days", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(what: Wait, payer: &str, count: u64, since: i64) -> Waits {
        Waits { payer: payer.into(), what, count, since: Timestamp(since) }
    }

    #[test]
    fn payers_are_counted_together_and_the_oldest_counts() {
        let standing = [
            waits(Wait::Outbox, "a", 2, 500),
            waits(Wait::Outbox, "b", 1, 100),
            waits(Wait::Dead, "a", 9, 1),
        ];
        assert_eq!(sum(&standing, Wait::Outbox), (3, Some(Timestamp(100))));
        assert_eq!(sum(&standing, Wait::Inbox), (0, None));
    }

    #[test]
    fn what_waits_a_moment_is_no_finding_and_what_waits_long_is() {
        let standing = [waits(Wait::Inbox, "a", 1, 0)];
        let at = |ms| waiting(&standing, Wait::Inbox, "inbox", "wait", Timestamp(ms), 2, "look");
        assert!(at(119_000).ok);
        let late = at(121_000);
        assert!(!late.ok && late.says.contains("2 minutes") && late.advice == Some("look"));
    }

    #[test]
    fn a_span_is_said_in_its_largest_unit() {
        let said = [5_000, 180_000, 3 * 3_600_000, 3 * 86_400_000].map(span);
        assert_eq!(said, ["5 seconds", "3 minutes", "3 hours", "3 days"]);
    }
}
