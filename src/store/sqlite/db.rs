//! What is SQLite's own in the shared statements.

use sqlx::Connection as _;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{Row as _, Sqlite, SqliteConnection};
use tracing::warn;

use super::sql::rows::{Cell, Column};
use crate::store::StoreError;

pub(super) type Database = Sqlite;
pub(super) type Connection = SqliteConnection;
pub(super) type DbRow = SqliteRow;
pub(super) type Pool = SqlitePool;
pub(super) type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// One server holds the file.
pub(super) const SHARED: bool = false;
/// How a write begins: it takes the write lock at once, so that it never has to be repeated
/// because somebody wrote between its first read and its first write.
pub(super) const BEGIN: &str = "begin immediate";
/// What time it has: this machine's.
pub(super) const CLOCK: &str =
    "select cast(round((julianday('now') - 2440587.5) * 86400000) as integer) as now";
/// Writing transactions at once: SQLite has one writer.
pub(super) const WRITERS: usize = 1;
/// A connection is an open file.
pub(super) const MAY_BREAK: bool = false;
/// The whole file is ours while we write.
pub(super) const LOCKED: &str = "";
/// No row locks: the whole file is ours while we write.
pub(super) const UNLESS_LOCKED: &str = "";
/// Rows of one statement: their cells must stay below SQLite's 32,766 parameters
/// (<https://www.sqlite.org/limits.html>), with two dozen columns a row.
pub(super) const ROWS_MAX: usize = 1024;

/// A file answers, or says why not.
pub(super) async fn within<T>(
    doing: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    doing.await
}

/// The same for what reads much.
pub(super) async fn searching<T>(
    doing: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    doing.await
}

/// Whether the time is up in which a batch may be tried once more.
pub(super) fn took_long(_began: tokio::time::Instant) -> bool {
    false
}

/// Whether a connection still is one.
pub(super) async fn ping(connection: &mut Connection) -> Result<(), sqlx::Error> {
    connection.ping().await
}

/// A connection that is of no use any more; it is given up whatever it says to that.
pub(super) async fn give_up(broken: PoolConnection<Sqlite>) {
    let _ = broken.close().await;
}

/// A statement that reads rows as the table `v`. Their number is rounded up to a power of two, the
/// rest null, so that few different statements are ever prepared.
///
/// The cells have no names: SQLite looks a name up along all that were used before it, and the
/// driver asks for each. `$1`, `$2` of the statement come after the cells.
pub(super) fn with_rows(columns: &[Column], rows: usize, args: usize, statement: &str) -> String {
    let rows = rows.next_power_of_two();
    let mut text = String::with_capacity(rows * (columns.len() * 2 + 2) + statement.len() + 200);
    text.push_str("with v (");
    for (at, column) in columns.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { "," });
        text.push_str(column.name());
    }
    text.push_str(") as (select * from (values ");
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns.len() {
            text.push_str(if column == 0 { "?" } else { ",?" });
        }
        text.push(')');
    }
    text.push_str(") where column1 is not null) ");
    // The later ones first: what was put in is not taken for another.
    let named = (1..=args).rev().fold(statement.to_owned(), |it, nth| {
        it.replace(&format!("${nth}"), &format!("?{}", rows * columns.len() + nth))
    });
    text.push_str(&named);
    text
}

/// Binds the cells of whole rows and then the arguments, as [`with_rows`] numbers them.
pub(super) fn bind_all<'q>(
    query: Query<'q>,
    args: &[Cell],
    columns: &[Column],
    cells: Vec<Cell>,
) -> Query<'q> {
    let width = columns.len().max(1);
    let rows = cells.len() / width;
    let missing = (rows.next_power_of_two() - rows) * width;
    let query = cells.into_iter().fold(query, bind);
    let query = (0..missing).fold(query, |query, _| query.bind(None::<i64>));
    args.iter().cloned().fold(query, bind)
}

/// What a condition came to.
pub(super) fn is_true(row: &DbRow, column: &str) -> sqlx::Result<bool> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

pub(super) fn bind(query: Query<'_>, cell: Cell) -> Query<'_> {
    match cell {
        Cell::Text(it) => query.bind(it),
        Cell::Int(it) => query.bind(it),
        Cell::Bytes(it) => query.bind(it),
    }
}

/// `secure_delete` overwrote a destroyed key in the file; this drops the log that still has it.
/// A reader may be in the way; then the next checkpoint does it.
pub(super) async fn forgotten(connection: &mut Connection) {
    let emptied = sqlx::query("pragma wal_checkpoint(truncate)").execute(connection).await;
    if let Err(error) = emptied {
        warn!("the write-ahead log could not be emptied: {error}");
    }
}
