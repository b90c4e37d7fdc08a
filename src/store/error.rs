//! Sorts what a database says into what to do next.

use crate::store::StoreError;

/// Primary result codes of SQLite (<https://www.sqlite.org/rescode.html>).
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;

/// Of PostgreSQL (<https://www.postgresql.org/docs/current/errcodes-appendix.html>): classes and
/// codes that mean "not now": connections lost, servers that start, stop or are too busy, and
/// transactions that lost against another.
const PG_AWAY: [&str; 5] = ["08", "40", "53", "55", "57"];
/// The disk is full.
const PG_UNWRITABLE: [&str; 1] = ["53100"];
/// Only reading is allowed: a standby, or a primary that was made one.
const PG_READ_ONLY: &str = "25006";
/// Nobody more is let in.
const PG_CROWDED: &str = "53300";
/// Another server wrote the same row in the same moment.
const PG_SAME: &str = "23505";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        let text = error.to_string();
        match error {
            sqlx::Error::Database(it) => {
                let code = it.code().unwrap_or_default().into_owned();
                if it.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
                    return from_postgres(&code, it.message());
                }
                let extended: i32 = code.parse().unwrap_or_default();
                match extended & 0xff {
                    FULL | READONLY | IOERR | CANTOPEN => {
                        StoreError::Unwritable(it.message().into())
                    }
                    BUSY | LOCKED => StoreError::Away(it.message().into()),
                    _ => StoreError::Unreadable(text),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreError::Away(text),
            _ => StoreError::Unreadable(text),
        }
    }
}

fn from_postgres(code: &str, message: &str) -> StoreError {
    if code == PG_SAME {
        StoreError::Conflict
    } else if code == PG_READ_ONLY {
        StoreError::Unwritable(format!("{message}; is this address a standby's? Name the primary"))
    } else if code == PG_CROWDED {
        StoreError::Away(format!("{message}; raise its max_connections, or put a pooler before it"))
    } else if PG_UNWRITABLE.contains(&code) {
        StoreError::Unwritable(message.into())
    } else if PG_AWAY.iter().any(|class| code.starts_with(class)) {
        StoreError::Away(message.into())
    } else {
        StoreError::Unreadable(format!("{message} ({code})"))
    }
}

impl StoreError {
    /// The same again, for the others of a batch.
    pub(crate) fn again(&self) -> StoreError {
        match self {
            StoreError::Conflict => StoreError::Conflict,
            StoreError::Unwritable(why) => StoreError::Unwritable(why.clone()),
            StoreError::Taken(why) => StoreError::Taken(why.clone()),
            StoreError::Away(why) => StoreError::Away(why.clone()),
            StoreError::Unreadable(why) => StoreError::Unreadable(why.clone()),
            StoreError::Held => StoreError::Held,
            StoreError::Forgotten => StoreError::Forgotten,
        }
    }
}
