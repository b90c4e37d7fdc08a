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
    fn name(self) -> &'static str {
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

    pub(super) fn push<const WIDTH: usize>(&mut self, row: [Cell; WIDTH]) {
        debug_assert_eq!(WIDTH, self.columns.len(), "a row has a cell for each column");
        self.cells.extend(row);
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
        for (text, cells) in self.statements(args.len(), statement) {
            let query = args.iter().cloned().fold(sqlx::query(AssertSqlSafe(text)), db::bind);
            let query = db::bind_rows(query, self.columns, cells);
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
        for (text, cells) in self.statements(args.len(), statement) {
            let query = args.iter().cloned().fold(sqlx::query(AssertSqlSafe(text)), db::bind);
            let query = db::bind_rows(query, self.columns, cells);
            found.extend(query.fetch_all(&mut *connection).await?);
        }
        Ok(found)
    }

    /// The statement for every so many rows, with their cells.
    fn statements(&self, args: usize, statement: &str) -> Vec<(String, Vec<Cell>)> {
        let names: Vec<_> = self.columns.iter().map(|it| it.name()).collect();
        let names = names.join(", ");
        let chunks = self.cells.chunks(db::ROWS_MAX * self.columns.len().max(1));
        chunks
            .map(|cells| {
                let rows = cells.len() / self.columns.len().max(1);
                let source = db::source(self.columns, rows, args);
                (format!("with v ({names}) as ({source}) {statement}"), cells.to_vec())
            })
            .collect()
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
