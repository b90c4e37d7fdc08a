//! Whether work may be sent to this house, check by check. Each says what an operator can do, in
//! words of ours: nothing of a path, a number or an error text, because anyone may ask.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use mendline_engine::time::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::error;

use crate::house::House;
use crate::store::StoreError;

/// How long the last look at the database counts. Orchestrators ask every few seconds, strangers as
/// often as they like, and each look is a write.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a loop may be away. The longest single thing it does is a call and its inquiry, ten
/// seconds each.
const QUIET_MAX: Duration = Duration::from_secs(30);
/// Room that a disk must have, in bytes. SQLite needs it for a checkpoint of a busy day's log.
pub const ROOM_MIN_BYTES: u64 = 64 * 1024 * 1024;
/// How far this machine's clock may be from the database's, in milliseconds. Two servers are then at
/// most four seconds apart, and what the longest attempt leaves of its lease is five: neither takes
/// over what the other still has in hand.
pub const SKEW_MAX_MS: u64 = 2_000;
/// Patience with the database. Whoever waits longer has no use for the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `database`, `schema`, `disk`, `loops`, `flows`, `clock`, `draining`.
    pub name: &'static str,
    /// Whether it is well.
    pub well: bool,
    /// What is, or what to do.
    pub says: &'static str,
}

fn check(name: &'static str, well: bool, good: &'static str, bad: &'static str) -> Check {
    Check { name, well, says: if well { good } else { bad } }
}

/// What is kept between two looks.
#[derive(Default)]
pub struct Looked {
    database: Mutex<Option<(Instant, Check)>>,
    folder: OnceLock<PathBuf>,
}

impl Looked {
    /// The folder whose disk must have room: where the database and the plugins' files lie.
    pub fn at(&self, folder: PathBuf) {
        // A second house over the same parts keeps the first one's.
        let _ = self.folder.set(folder);
    }
}

impl Looked {
    /// The folder, if there is one.
    pub(crate) fn folder(&self) -> Option<&std::path::Path> {
        self.folder.get().map(PathBuf::as_path)
    }
}

/// Every check, now.
pub async fn look(house: &House) -> Vec<Check> {
    vec![
        database(house).await,
        schema(house).await,
        disk(house),
        loops(house),
        clock(house).await,
        check(
            "flows",
            !house.flows.all().is_empty(),
            "flows are published",
            "no flow is published; see the log of the start",
        ),
        check(
            "draining",
            !house.stopping.is_cancelled(),
            "nobody said stop",
            "somebody said stop: what is in hand is being finished",
        ),
    ]
}

/// Whether the database takes writes. Asked one at a time, and not again for a moment.
async fn database(house: &House) -> Check {
    let mut last = house.watch.looked.database.lock().await;
    if let Some((at, check)) = last.as_ref()
        && at.elapsed() < LOOK_EVERY
    {
        return check.clone();
    }
    let asked = tokio::time::timeout(PATIENCE, house.store.health().takes_writes()).await;
    let says = match asked {
        Ok(Ok(_)) => None,
        Ok(Err(failed)) => {
            error!("the database is not ready: {failed}");
            Some(why(&failed))
        }
        Err(_) => Some("it does not answer in time"),
    };
    let check = check("database", says.is_none(), "it takes writes", says.unwrap_or_default());
    *last = Some((Instant::now(), check.clone()));
    check
}

/// Whether this program may still write what is there: another one may have migrated it.
async fn schema(house: &House) -> Check {
    let asked = tokio::time::timeout(PATIENCE, house.store.health().knows_schema()).await;
    let says = match asked {
        Ok(Ok(())) => None,
        Ok(Err(StoreError::Unreadable(_))) => Some("it is another version's: use that program"),
        Ok(Err(_)) | Err(_) => Some("it could not be read"),
    };
    check("schema", says.is_none(), "it is known", says.unwrap_or_default())
}

fn why(failed: &StoreError) -> &'static str {
    match failed {
        StoreError::Unwritable(_) => "it cannot be written: look for a full disk or lost rights",
        StoreError::Taken(_) => "another server has it open",
        StoreError::Away(_) => "it is away or busy",
        StoreError::Unreadable(_) => "it cannot be read: a wrong key or a newer version's schema",
        StoreError::Conflict | StoreError::Held | StoreError::Forgotten => {
            "it answers something unexpected"
        }
    }
}

fn disk(house: &House) -> Check {
    let room = house.watch.looked.folder().and_then(room_bytes);
    let well = room.is_none_or(|it| it >= ROOM_MIN_BYTES);
    let good = if room.is_some() { "there is room" } else { "no folder to watch" };
    check("disk", well, good, "less than 64 MiB are free: make room")
}

/// Bytes that may still be written to the disk of a folder.
pub fn room_bytes(folder: &std::path::Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Whether the machine's clock can be gone by, and is the database's.
async fn clock(house: &House) -> Check {
    let jumped = house.clock.distrusted_ms() != 0;
    let bad = if jumped {
        "the machine's clock jumped and is not followed: put it right, then restart this process"
    } else {
        "this machine and the database do not agree what time it is: look at their time service"
    };
    check("clock", !jumped && agrees(house).await, "it can be gone by", bad)
}

/// A database that is away has another check.
async fn agrees(house: &House) -> bool {
    let before = wall();
    let asked = tokio::time::timeout(PATIENCE, house.store.health().clock()).await;
    let Ok(Ok(theirs)) = asked else { return true };
    apart_ms(theirs, before, wall()) <= SKEW_MAX_MS
}

fn wall() -> Timestamp {
    Timestamp(chrono::Utc::now().timestamp_millis())
}

/// How far apart two clocks are at least, in milliseconds, where one showed `theirs` at some moment
/// between these two of the other's. A slow answer is no wrong clock.
pub fn apart_ms(theirs: Timestamp, before: Timestamp, after: Timestamp) -> u64 {
    let (early, late) = (before.0.saturating_sub(theirs.0), theirs.0.saturating_sub(after.0));
    u64::try_from(early.max(late)).unwrap_or(0)
}

fn loops(house: &House) -> Check {
    let ages = house.watch.loops.ages();
    let well = !ages.is_empty() && ages.values().all(|it| *it <= QUIET_MAX);
    let bad = if ages.is_empty() {
        "the loops have not begun"
    } else {
        "a loop has stopped: restart this process and send its log to whoever maintains it"
    };
    check("loops", well, "every loop comes round", bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_answer_is_no_wrong_clock_and_a_wrong_clock_is_one_either_way() {
        let apart = |theirs| apart_ms(Timestamp(theirs), Timestamp(1_000), Timestamp(9_000));
        assert_eq!([1_000, 5_000, 9_000].map(apart), [0, 0, 0]);
        assert_eq!((apart(-1_001), apart(11_001)), (2_001, 2_001));
    }
}
