//! The benchmark measures what its page says: the built binary, for half a second each. No figure
//! is asserted; that there are any is.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

fn bench(arguments: &[&str]) -> String {
    let place = tempfile::tempdir().unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_mendline"))
        .args(["bench", "--seconds", "0.5", "--rounds", "1", "--folder"])
        .arg(place.path())
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    assert!(!said.contains("warning["), "the measured flow is clean:\n{said}");
    String::from_utf8(ran.stdout).unwrap()
}

/// The figures of the first row that begins so.
fn figures(tables: &str, row: &str) -> Vec<f64> {
    let line = tables.lines().find(|it| it.starts_with(row));
    let line = line.unwrap_or_else(|| panic!("no {row} in:\n{tables}"));
    let cells = line.trim_matches('|').split('|').skip(1);
    cells.filter_map(|it| it.trim().replace(',', "").parse().ok()).collect()
}

#[test]
fn turns_are_measured_beside_the_limit_of_the_same_rows() {
    let tables = bench(&["--users", "3"]);
    let row = figures(&tables, "| SQLite, 3 users |");
    assert!(row[0] > 0.0 && row[1] > 0.0, "{tables}");
    assert_eq!(tables.matches("| SQLite, 3 users |").count(), 2, "half load too:\n{tables}");
}

#[test]
fn everybody_can_have_a_web_socket_to_a_house_of_another_process() {
    let tables = bench(&["--users", "3", "--web"]);
    let row = figures(&tables, "| SQLite, 3 users, through the web chat's socket |");
    assert!(row[0] > 0.0, "{tables}");
}

#[test]
fn conversations_wait_and_their_timers_all_ring() {
    let tables = bench(&["--parked", "300"]);
    let row = figures(&tables, "| 300 |");
    assert_eq!(row[3], 300.0, "each has a timer that took its turn:\n{tables}");
    assert!(row[5] >= row[4], "the last is not before the half:\n{tables}");
}

#[test]
fn a_page_is_written_between_its_marks_with_every_goal_on_it() {
    let place = tempfile::tempdir().unwrap();
    let page = place.path().join("page.md");
    std::fs::write(&page, "# By hand\n<!-- figures -->\n<!-- /figures -->\nWhy.\n").unwrap();
    bench(&["--users", "2", "--write", page.to_str().unwrap()]);
    let written = std::fs::read_to_string(&page).unwrap();
    assert!(written.starts_with("# By hand\n") && written.ends_with("Why.\n"), "{written}");
    assert!(
        written.contains("| goal | reached |") && written.contains("not measured"),
        "{written}"
    );
    assert!(std::fs::read_to_string(place.path().join("page.svg")).unwrap().contains("<svg"));
}
