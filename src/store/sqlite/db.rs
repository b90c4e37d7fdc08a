//! What is SQLite's own in the shared statements.

use futures::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Either, Executor as _};
use sqlx::{Row as _, Sqlite, SqliteConnection};
use tracing::warn;

use super::sql::rows::{Cell, Column};
use super::sql::script::Part;
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
/// Whether a script goes as one text, its transaction with it: each message to SQLite's thread
/// wakes it, and its answer wakes us, which takes longer than most statements.
pub(super) const ONE_TEXT: bool = true;
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
pub(super) fn with_rows(columns: &[Column], rows: usize, args: usize, statement: &str) -> String {
    let mut text = String::new();
    write_statement(&mut text, columns, rows.next_power_of_two(), args, statement);
    text
}

/// Writes a statement that reads so many rows as the table `v`.
///
/// Nothing that is bound has a name or a number: SQLite looks a name up along all that were used
/// before it, and the driver counts a number from the beginning of a whole script. So `$1`, `$2` of
/// the statement are the columns of a row too, of the table `a`, which comes after the cells.
pub(super) fn write_statement(
    text: &mut String,
    columns: &[Column],
    rows: usize,
    args: usize,
    statement: &str,
) {
    text.reserve(rows * (columns.len() * 2 + 2) + statement.len() + 200);
    if !columns.is_empty() {
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
        text.push_str(") where column1 is not null)");
    }
    if args == 0 {
        text.push(' ');
        text.push_str(statement);
        return;
    }
    text.push_str(if columns.is_empty() { "with a (" } else { ", a (" });
    let names: Vec<_> = (1..=args).map(|nth| format!("a{nth}")).collect();
    text.push_str(&names.join(","));
    text.push_str(") as (values (?");
    (1..args).for_each(|_| text.push_str(",?"));
    text.push_str(")) ");
    // The later ones first: `$12` is not `$1`.
    let named = (1..=args).rev().fold(statement.to_owned(), |it, nth| {
        it.replace(&format!("${nth}"), &format!("(select a{nth} from a)"))
    });
    text.push_str(&named);
}

/// Binds the cells of whole rows and then the arguments, as [`with_rows`] reads them.
pub(super) fn bind_all<'q>(
    query: Query<'q>,
    args: &[Cell],
    columns: &[Column],
    cells: Vec<Cell>,
) -> Query<'q> {
    let rows = cells.len() / columns.len().max(1);
    bind_rows(query, args, columns, cells, rows.next_power_of_two())
}

/// The same, with nulls up to so many rows.
pub(super) fn bind_rows<'q>(
    query: Query<'q>,
    args: &[Cell],
    columns: &[Column],
    cells: Vec<Cell>,
    rows: usize,
) -> Query<'q> {
    let missing = (rows * columns.len()).saturating_sub(cells.len());
    let query = cells.into_iter().fold(query, bind);
    let query = (0..missing).fold(query, |query, _| query.bind(None::<i64>));
    args.iter().cloned().fold(query, bind)
}

/// Rows of a table up to which a script leaves out what has none: few shapes come up, and each is
/// prepared for itself.
const LEAN_MAX: usize = 4;
/// Rows of a table up to which a script goes as one text, with all its statements: beyond, filling
/// the short tables up takes longer than a message for each that has rows.
const TOGETHER_MAX: usize = 16;

fn rows_of(part: &Part) -> usize {
    part.cells.len() / part.columns.len().max(1)
}

/// Runs the statements of a script; answers what each found. All tables have the same number of
/// rows, filled up with nulls, so that few different texts are ever prepared.
pub(super) async fn run(
    connection: &mut Connection,
    parts: Vec<Part>,
) -> Result<Vec<Vec<SqliteRow>>, StoreError> {
    let rows = parts.iter().map(rows_of).max().unwrap_or_default().next_power_of_two();
    let mut answers: Vec<_> = parts.iter().map(|_| Vec::new()).collect();
    if rows > TOGETHER_MAX {
        for (answer, part) in answers.iter_mut().zip(parts) {
            *answer = part.alone(connection).await?;
        }
        return Ok(answers);
    }
    let runs = |it: &Part| it.columns.is_empty() || rows_of(it) > 0 || rows > LEAN_MAX;
    let (mut text, mut places) = (String::new(), Vec::new());
    for (nth, it) in parts.iter().enumerate().filter(|(_, it)| runs(it)) {
        write_statement(&mut text, it.columns, rows, it.args.len(), &it.statement);
        text.push(';');
        places.push(nth);
    }
    let query = sqlx::query(AssertSqlSafe(text));
    let query = parts
        .into_iter()
        .filter(runs)
        .fold(query, |query, it| bind_rows(query, &it.args, it.columns, it.cells, rows));
    let mut going = connection.fetch_many(query);
    let mut done = 0;
    while let Some(step) = going.try_next().await? {
        match step {
            Either::Left(_) => done += 1,
            Either::Right(row) => {
                if let Some(answer) = places.get(done).and_then(|nth| answers.get_mut(*nth)) {
                    answer.push(row);
                }
            }
        }
    }
    Ok(answers)
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

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: &[Column] = &[Column::Int("n"), Column::Text("word")];

    fn part(numbers: std::ops::Range<i64>, args: &[i64], statement: &'static str) -> Part {
        let cells = numbers.flat_map(|n| [n.into(), format!("w{n}").into()]).collect();
        let args = args.iter().map(|it| Cell::from(*it)).collect();
        Part { columns: NUMBERS, cells, args, statement: statement.into() }
    }

    fn bare(statement: &'static str) -> Part {
        Part { columns: &[], cells: Vec::new(), args: Vec::new(), statement: statement.into() }
    }

    fn found(rows: &[SqliteRow]) -> Vec<(i64, String)> {
        rows.iter().map(|it| (it.get("n"), it.get("word"))).collect()
    }

    async fn open() -> SqliteConnection {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        connection.execute("create table t (n integer primary key, word text)").await.unwrap();
        connection
    }

    /// The driver counts what is bound over all statements of a text; a gap anywhere would move
    /// every value after it into another column.
    #[tokio::test]
    async fn every_statement_of_a_script_gets_its_own_rows_and_arguments() {
        let mut connection = open().await;
        for (round, count) in (0..).zip([1, 2, 3, 4, 5, 16, 17, 40]) {
            let first = round * 100;
            let answers = run(
                &mut connection,
                vec![
                    bare("begin immediate"),
                    part(first..first + count, &[], "insert into t (n, word) select n, word from v"),
                    part(0..0, &[7], "insert into t (n, word) select $1, word from v"),
                    part(
                        first..first + 1,
                        &[first + 1, first + 2],
                        "select t.n, t.word from t where t.n >= (select min(n) from v) and t.n < $2 and t.n <= $1 order by t.n",
                    ),
                    bare("commit"),
                    bare("select n, word from t order by n desc limit 1"),
                ],
            )
            .await
            .unwrap();
            let word = |n: i64| (n, format!("w{n}"));
            let expected: Vec<_> = (first..first + count.min(2)).map(word).collect();
            assert_eq!(found(&answers[3]), expected, "{count} rows");
            assert_eq!(found(&answers[5]), [word(first + count - 1)], "{count} rows");
            assert!(answers[0].is_empty() && answers[1].is_empty() && answers[2].is_empty());
        }
    }

    #[tokio::test]
    async fn what_comes_after_a_statement_that_failed_is_not_done() {
        let mut connection = open().await;
        let twice = || part(1..2, &[], "insert into t (n, word) select n, word from v");
        for _ in 0..3 {
            let script = vec![bare("begin immediate"), twice(), twice(), bare("commit")];
            assert!(run(&mut connection, script).await.is_err());
            connection.execute("rollback").await.unwrap();
            let left = run(&mut connection, vec![bare("select n, word from t")]).await.unwrap();
            assert!(left[0].is_empty(), "a transaction was ended although it failed");
        }
    }
}
