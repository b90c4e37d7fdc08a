//! What is PostgreSQL's own in the shared statements.

use std::fmt::Write as _;

use sqlx::postgres::{PgArguments, PgPool, PgRow};
use sqlx::{PgConnection, Postgres};

use super::sql::rows::{Cell, Column};

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
/// Rows of one statement: each column is one parameter, so this only bounds memory.
pub(super) const ROWS_MAX: usize = 1024;

/// `select` of rows whose columns are the parameters after `before`, an array each.
pub(super) fn source(columns: &[Column], _rows: usize, before: usize) -> String {
    let mut text = String::from("select * from unnest(");
    for (index, column) in columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let of = match column {
            Column::Text(_) => "text",
            Column::Int(_) => "int8",
            Column::Bytes(_) => "bytea",
        };
        write!(text, "{comma}${}::{of}[]", before + index + 1).expect("a string takes any text");
    }
    text.push(')');
    text
}

/// Binds the cells of whole rows, a column at a time, as [`source`] numbers them.
pub(super) fn bind_rows<'q>(
    mut query: Query<'q>,
    columns: &[Column],
    mut cells: Vec<Cell>,
) -> Query<'q> {
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
