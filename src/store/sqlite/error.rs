//! Sorts what SQLite says into what to do next.

use crate::store::StoreError;

/// Primary result codes of SQLite (<https://www.sqlite.org/rescode.html>).
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        let text = error.to_string();
        match error {
            sqlx::Error::Database(it) => {
                let extended: i32 = it.code().and_then(|it| it.parse().ok()).unwrap_or_default();
                match extended & 0xff {
                    FULL | READONLY | IOERR | CANTOPEN => {
                        StoreError::Unwritable(it.message().into())
                    }
                    BUSY | LOCKED => StoreError::Away(it.message().into()),
                    _ => StoreError::Unreadable(text),
                }
            }
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => {
                StoreError::Away(text)
            }
            _ => StoreError::Unreadable(text),
        }
    }
}

impl StoreError {
    /// The same again, for the others of a batch.
    pub(super) fn again(&self) -> StoreError {
        match self {
            StoreError::Conflict => StoreError::Conflict,
            StoreError::Unwritable(why) => StoreError::Unwritable(why.clone()),
            StoreError::Away(why) => StoreError::Away(why.clone()),
            StoreError::Unreadable(why) => StoreError::Unreadable(why.clone()),
            StoreError::Forgotten => StoreError::Forgotten,
        }
    }
}
