//! Rows that go into a statement together: a whole batch costs one statement a table.
//!
//! A statement reads them as the table `v`. How they get there is each database's own: many
//! parameters for SQLite, an array a column for PostgreSQL.

use sqlx::AssertSqlSafe;

use super::{Connection, DbRow};
use crate::store::StoreError;

use super::super::db;

/// A column of `v`.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(Debug))]
pub(in super::super) enum Column {
    Text(&'static str),
    Int(&'static str),
    Bytes(&'static str),
}

impl Column {
    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Column::Text(name) | Column::Int(name) | Column::Bytes(name) => name,
        }
    }
}

/// A value in a column. The first of a row is never null.
#[derive(Clone)]
pub(in super::super) enum Cell {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

/// Rows for one statement.
#[derive(Clone)]
pub(super) struct Rows {
    columns: &'static [Column],
    cells: Vec<Cell>,
}

impl Rows {
    pub(super) fn new(columns: &'static [Column]) -> Rows {
        Rows { columns, cells: Vec::new() }
    }

    /// Rows whose cells are there already.
    pub(super) fn of(columns: &'static [Column], cells: Vec<Cell>) -> Rows {
        Rows { columns, cells }
    }

    pub(super) fn into_parts(self) -> (&'static [Column], Vec<Cell>) {
        (self.columns, self.cells)
    }

    pub(super) fn push<const WIDTH: usize>(&mut self, row: [Cell; WIDTH]) {
        debug_assert_eq!(WIDTH, self.columns.len(), "a row has a cell for each column");
        self.cells.extend(row);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Runs a statement that reads these as `v`; `args` are its `$1`, `$2`, … Nothing happens
    /// without rows.
    pub(super) async fn execute(
        self,
        connection: &mut Connection,
        args: &[Cell],
        statement: &str,
    ) -> Result<u64, StoreError> {
        let mut affected = 0;
        for part in self.parts() {
            let text = AssertSqlSafe(part.text(args.len(), statement));
            let query = db::bind_all(sqlx::query(text), args, part.columns, part.cells);
            affected += query.execute(&mut *connection).await?.rows_affected();
        }
        Ok(affected)
    }

    /// Like [`Rows::execute`], for a statement that answers.
    pub(super) async fn fetch(
        self,
        connection: &mut Connection,
        args: &[Cell],
        statement: &str,
    ) -> Result<Vec<DbRow>, StoreError> {
        let mut found = Vec::new();
        for part in self.parts() {
            let text = AssertSqlSafe(part.text(args.len(), statement));
            let query = db::bind_all(sqlx::query(text), args, part.columns, part.cells);
            found.extend(query.fetch_all(&mut *connection).await?);
        }
        Ok(found)
    }

    /// So many rows as one statement takes, and the rest. A batch is one part, nearly always.
    fn parts(mut self) -> Vec<Rows> {
        let most = db::ROWS_MAX * self.columns.len().max(1);
        let mut parts = Vec::new();
        while self.cells.len() > most {
            let rest = self.cells.split_off(most);
            parts.push(Rows { columns: self.columns, cells: self.cells });
            self.cells = rest;
        }
        if !self.cells.is_empty() {
            parts.push(self);
        }
        parts
    }

    fn text(&self, args: usize, statement: &str) -> String {
        db::with_rows(self.columns, self.cells.len() / self.columns.len().max(1), args, statement)
    }
}

impl From<&str> for Cell {
    fn from(it: &str) -> Cell {
        Cell::Text(Some(it.to_owned()))
    }
}

impl From<&String> for Cell {
    fn from(it: &String) -> Cell {
        Cell::Text(Some(it.clone()))
    }
}

impl From<String> for Cell {
    fn from(it: String) -> Cell {
        Cell::Text(Some(it))
    }
}

impl From<Option<String>> for Cell {
    fn from(it: Option<String>) -> Cell {
        Cell::Text(it)
    }
}

impl From<i64> for Cell {
    fn from(it: i64) -> Cell {
        Cell::Int(Some(it))
    }
}

impl From<u32> for Cell {
    fn from(it: u32) -> Cell {
        Cell::Int(Some(it.into()))
    }
}

impl From<bool> for Cell {
    fn from(it: bool) -> Cell {
        Cell::Int(Some(it.into()))
    }
}

impl From<Option<i64>> for Cell {
    fn from(it: Option<i64>) -> Cell {
        Cell::Int(it)
    }
}

impl From<Vec<u8>> for Cell {
    fn from(it: Vec<u8>) -> Cell {
        Cell::Bytes(Some(it))
    }
}

impl From<Option<Vec<u8>>> for Cell {
    fn from(it: Option<Vec<u8>>) -> Cell {
        Cell::Bytes(it)
    }
}
