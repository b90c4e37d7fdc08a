//! Taking what waits and nobody has: a look without a lock, then rows that are locked and named.

use mendline_engine::time::Timestamp;

use super::going::Going;
use super::rows::{Cell, Column, Rows};
use super::script::Script;
use super::{Connection, DbRow, UNLESS_LOCKED};
use crate::store::StoreError;

/// Whether a look finds anything, without the write lock: an idle house asks many times a second.
/// What comes in right after it is found by the next look.
pub(super) async fn finds(
    writer: &mut Connection,
    probe: &'static str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found = sqlx::query(probe).bind(now.0).fetch_optional(writer).await?;
    Ok(found.is_some())
}

/// The names of at most `limit` rows that a statement finds and nobody else is taking, as the table
/// `v` of what comes next. `$1` is now; the statement calls its table `mine` and orders it.
pub(super) async fn free<const WIDTH: usize>(
    going: &mut Going<'_>,
    statement: &str,
    now: Timestamp,
    limit: u32,
    (columns, name): (&'static [Column], impl Fn(&DbRow) -> Result<[Cell; WIDTH], sqlx::Error>),
) -> Result<Rows, StoreError> {
    let mut script = Script::default();
    let statement = format!("{statement} limit $2 {UNLESS_LOCKED}");
    let found = script.plain(&[now.0.into(), limit.into()], statement);
    let mut mine = Rows::new(columns);
    for row in &going.run(script).await?.take(found) {
        mine.push(name(row)?);
    }
    Ok(mine)
}

/// Cells of texts, by which most rows are named.
pub(super) fn texts<const WIDTH: usize>(
    columns: [&'static str; WIDTH],
) -> impl Fn(&DbRow) -> Result<[Cell; WIDTH], sqlx::Error> {
    move |row| {
        let mut cells = [const { Cell::Text(None) }; WIDTH];
        for (cell, column) in cells.iter_mut().zip(columns) {
            *cell = Cell::Text(Some(sqlx::Row::try_get(row, column)?));
        }
        Ok(cells)
    }
}
