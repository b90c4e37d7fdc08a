//! Several statements that need no answer of each other, asked together: in SQLite one message to
//! its thread, in PostgreSQL one after the other.

use std::borrow::Cow;

use sqlx::AssertSqlSafe;

use super::rows::{Cell, Column, Rows};
use super::{Connection, DbRow};
use crate::store::StoreError;

use super::super::db;

/// A statement of a script.
pub(in super::super) struct Part {
    /// The table `v`; without columns the statement reads none, and always runs.
    pub(in super::super) columns: &'static [Column],
    pub(in super::super) cells: Vec<Cell>,
    /// Its `$1`, `$2`, …
    pub(in super::super) args: Vec<Cell>,
    pub(in super::super) statement: Cow<'static, str>,
}

impl Part {
    /// Runs it by itself; one that has a table and no rows does nothing.
    pub(in super::super) async fn alone(
        self,
        connection: &mut Connection,
    ) -> Result<Vec<DbRow>, StoreError> {
        if self.columns.is_empty() {
            let text = db::with_rows(&[], 0, self.args.len(), &self.statement);
            let query = db::bind_all(sqlx::query(AssertSqlSafe(text)), &self.args, &[], Vec::new());
            return Ok(query.fetch_all(connection).await?);
        }
        let rows = Rows::of(self.columns, self.cells);
        rows.fetch(connection, &self.args, &self.statement).await
    }
}

/// Where the answer to a statement is found.
#[derive(Clone, Copy)]
pub(super) struct Place(usize);

/// Statements in the order in which they run. None of them runs after one that failed.
#[derive(Default)]
pub(super) struct Script {
    first: Option<&'static str>,
    parts: Vec<Part>,
}

impl Script {
    /// Puts a statement without rows before all others; its answer is not kept.
    pub(super) fn first(&mut self, statement: &'static str) {
        self.first = Some(statement);
    }

    /// Adds a statement that reads these rows as `v`; `args` are its `$1`, `$2`, …
    pub(super) fn add(
        &mut self,
        rows: Rows,
        args: &[Cell],
        statement: impl Into<Cow<'static, str>>,
    ) -> Place {
        let (columns, cells) = rows.into_parts();
        self.parts.push(Part { columns, cells, args: args.to_vec(), statement: statement.into() });
        Place(self.parts.len() - 1)
    }

    /// Adds a statement without rows.
    pub(super) fn plain(
        &mut self,
        args: &[Cell],
        statement: impl Into<Cow<'static, str>>,
    ) -> Place {
        self.add(Rows::new(&[]), args, statement)
    }

    pub(super) async fn run(self, connection: &mut Connection) -> Result<Answers, StoreError> {
        let Script { first, mut parts } = self;
        let Some(first) = first else {
            // Nothing is asked where nothing has rows.
            if parts.iter().all(|it| it.cells.is_empty() && !it.columns.is_empty()) {
                return Ok(Answers(parts.iter().map(|_| Vec::new()).collect()));
            }
            return db::run(connection, parts).await.map(Answers);
        };
        let first =
            Part { columns: &[], cells: Vec::new(), args: Vec::new(), statement: first.into() };
        parts.insert(0, first);
        let mut answers = db::run(connection, parts).await?;
        answers.remove(0);
        Ok(Answers(answers))
    }
}

/// What the statements of a script answered.
pub(super) struct Answers(Vec<Vec<DbRow>>);

impl Answers {
    pub(super) fn take(&mut self, place: Place) -> Vec<DbRow> {
        self.0.get_mut(place.0).map(std::mem::take).unwrap_or_default()
    }
}
