//! What is PostgreSQL's own in the shared statements.

use std::fmt::Write as _;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Connection as _;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgPool, PgRow};
use sqlx::{PgConnection, Postgres, Row as _};

use super::sql::rows::{Cell, Column};
use super::sql::script::Part;
use crate::store::StoreError;

pub(super) type Database = Postgres;
pub(super) type Connection = PgConnection;
pub(super) type DbRow = PgRow;
pub(super) type Pool = PgPool;
pub(super) type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// Any number of servers may work on it.
pub(super) const SHARED: bool = true;
/// How a write begins: `READ COMMITTED`; what it read and must not change, it locks.
pub(super) const BEGIN: &str = "begin";
/// What time it has.
pub(super) const CLOCK: &str =
    "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now";
/// Writing transactions at once, in one server: while one syncs, the next is computed.
pub(super) const WRITERS: usize = 2;
/// A connection may be lost between two writes.
pub(super) const MAY_BREAK: bool = true;
/// Waits for rows that somebody else is changing.
pub(super) const LOCKED: &str = "for no key update of mine";
/// Takes only rows that nobody else is taking.
pub(super) const UNLESS_LOCKED: &str = "for no key update of mine skip locked";
/// Whether a script goes as one text: the protocol takes values for one statement at a time.
pub(super) const ONE_TEXT: bool = false;
/// Rows of one statement: each column is one parameter, so this only bounds memory.
pub(super) const ROWS_MAX: usize = 1024;

/// How long the database may take over one thing before it counts as away. A machine that
/// vanished sends no word of it, and TCP believes in it for a quarter of an hour; the slowest thing
/// that is asked of one that is there, a full batch that waits for a busy disk, takes a tenth of this.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// The same for what reads whole tables, which only operators and a daily round ask for.
const SEARCHES_WITHIN: Duration = Duration::from_secs(120);
/// How long a connection may take to say that it still is one.
const PINGS_WITHIN: Duration = Duration::from_secs(1);
/// How long after something was cut off every connection is asked whether it still is one: by
/// then each has been used.
const DOUBTED_FOR: Duration = Duration::from_secs(60);

/// When something was cut off last.
static CUT_OFF: Mutex<Option<Instant>> = Mutex::new(None);

/// Cuts off what takes too long. Whether it was done nobody knows, as with every [`StoreError::Away`].
pub(super) async fn within<T>(
    doing: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    at_most(ANSWERS_WITHIN, doing).await
}

/// The same for what reads much.
pub(super) async fn searching<T>(
    doing: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    at_most(SEARCHES_WITHIN, doing).await
}

async fn at_most<T>(
    limit: Duration,
    doing: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let mut doing = pin!(doing);
    if let Ok(done) = tokio::time::timeout(limit, &mut doing).await {
        return done;
    }
    // Said before what was cut off is dropped, so that its connection is doubted as it comes back.
    *CUT_OFF.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    Err(StoreError::Away(format!("no answer within {} seconds", limit.as_secs())))
}

/// Whether the time is up in which a batch may be tried once more: whoever waits for it has waited
/// long enough.
pub(super) fn took_long(began: tokio::time::Instant) -> bool {
    began.elapsed() >= ANSWERS_WITHIN
}

/// Whether a connection still is one. Its answer to what was cut off may still be to come, or never
/// come.
pub(super) async fn ping(connection: &mut Connection) -> Result<(), sqlx::Error> {
    match tokio::time::timeout(PINGS_WITHIN, connection.ping()).await {
        Ok(answered) => answered,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// A connection that is of no use any more. Its end is not waited for: it may never hear of it.
pub(super) async fn give_up(broken: PoolConnection<Postgres>) {
    drop(broken.detach());
}

/// Whether a connection that comes back to its pool is sound. The pool asks it itself, and would wait
/// for one that is not as long as TCP does.
pub(super) async fn is_sound(connection: &mut Connection) -> Result<bool, sqlx::Error> {
    if is_doubted() {
        ping(connection).await?;
    }
    Ok(true)
}

/// Whether something was cut off lately: then others may be as dead.
pub(super) fn is_doubted() -> bool {
    let cut_off = *CUT_OFF.lock().unwrap_or_else(PoisonError::into_inner);
    cut_off.is_some_and(|it| it.elapsed() < DOUBTED_FOR)
}

/// A statement that reads rows as the table `v`: each column is a parameter after the `args` of
/// the statement, an array.
pub(super) fn with_rows(columns: &[Column], _rows: usize, args: usize, statement: &str) -> String {
    if columns.is_empty() {
        return statement.to_owned();
    }
    let names: Vec<_> = columns.iter().map(|it| it.name()).collect();
    let mut text = format!("with v ({}) as (select * from unnest(", names.join(", "));
    for (index, column) in columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let of = match column {
            Column::Text(_) => "text",
            Column::Int(_) => "int8",
            Column::Bytes(_) => "bytea",
        };
        write!(text, "{comma}${}::{of}[]", args + index + 1).expect("a string takes any text");
    }
    text.push_str(")) ");
    text.push_str(statement);
    text
}

/// Binds the arguments and then the cells of whole rows, a column at a time, as [`with_rows`]
/// numbers them.
pub(super) fn bind_all<'q>(
    query: Query<'q>,
    args: &[Cell],
    columns: &[Column],
    mut cells: Vec<Cell>,
) -> Query<'q> {
    let mut query = args.iter().cloned().fold(query, bind);
    for (at, column) in columns.iter().enumerate() {
        let of = cells.iter_mut().skip(at).step_by(columns.len());
        query = match column {
            Column::Text(_) => query.bind(of.map(text).collect::<Vec<_>>()),
            Column::Int(_) => query.bind(of.map(int).collect::<Vec<_>>()),
            Column::Bytes(_) => query.bind(of.map(bytes).collect::<Vec<_>>()),
        };
    }
    query
}

fn text(cell: &mut Cell) -> Option<String> {
    match cell {
        Cell::Text(it) => it.take(),
        _ => None,
    }
}

fn int(cell: &mut Cell) -> Option<i64> {
    match cell {
        Cell::Int(it) => it.take(),
        _ => None,
    }
}

fn bytes(cell: &mut Cell) -> Option<Vec<u8>> {
    match cell {
        Cell::Bytes(it) => it.take(),
        _ => None,
    }
}

/// Runs the statements of a script; answers what each found.
pub(super) async fn run(
    connection: &mut Connection,
    parts: Vec<Part>,
) -> Result<Vec<Vec<PgRow>>, StoreError> {
    let mut answers = Vec::with_capacity(parts.len());
    for part in parts {
        answers.push(part.alone(connection).await?);
    }
    Ok(answers)
}

/// What a condition came to.
pub(super) fn is_true(row: &DbRow, column: &str) -> sqlx::Result<bool> {
    row.try_get(column)
}

pub(super) fn bind(query: Query<'_>, cell: Cell) -> Query<'_> {
    match cell {
        Cell::Text(it) => query.bind(it),
        Cell::Int(it) => query.bind(it),
        Cell::Bytes(it) => query.bind(it),
    }
}

/// Nothing to do: the old row goes with the next vacuum. `docs/operate.md` says what else keeps
/// a copy (the archive of the log, replicas, backups).
pub(super) async fn forgotten(_connection: &mut Connection) {}
