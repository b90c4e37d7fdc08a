//! A finding as text, the way compilers point: the place, the line, a caret, what to do.
//!
//! Without colour: the shell colours. Without a terminal width: terminals wrap.

use super::{Finding, Severity};

/// Columns a tab takes. Ours: enough to show depth, and the caret must agree with the line.
const TAB_COLUMNS: usize = 4;

/// Writes a finding over the text of its file.
///
/// ```text
/// error[D201]: 'check' may be used before it is known
///   --> flows/refill/flow.yaml:12:9
///    |
/// 12 |   - say: "{check.price}"
///    |          ^^^^^^^^^^^^^^^
///    = help: ask or look it up on every path that leads here
/// ```
pub fn explain(finding: &Finding, source: &str) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let at = finding.at;
    let line_number = at.line.to_string();
    let gutter = " ".repeat(line_number.len());
    let mut out = format!("{word}[{}]: {}\n", finding.code, finding.message);
    out += &format!("{gutter} --> {}:{}:{}\n", finding.file, at.line, at.column);
    if let Some(line) = (at.line as usize).checked_sub(1).and_then(|it| source.lines().nth(it)) {
        let before = (at.column as usize).saturating_sub(1);
        let skip: usize = line.chars().take(before).map(width).sum();
        let marked = line.chars().skip(before).take(at.length.max(1) as usize);
        let carets: usize = marked.map(width).sum();
        out += &format!("{gutter} |\n{line_number} | {}\n", shown(line));
        out += &format!("{gutter} | {}{}\n", " ".repeat(skip), "^".repeat(carets.max(1)));
    }
    out + &format!("{gutter} = help: {}\n", finding.help)
}

/// The line with tabs spread, and without control characters that could move the cursor.
fn shown(line: &str) -> String {
    let spread = line.replace('\t', &" ".repeat(TAB_COLUMNS));
    spread.chars().filter(|it| !it.is_control()).collect()
}

/// Columns that a character takes on a terminal, after the ranges that UAX #11 calls wide
/// and the marks that take no room of their own.
fn width(it: char) -> usize {
    match it {
        '\t' => TAB_COLUMNS,
        it if it.is_control() => 0,
        '\u{0300}'..='\u{036F}' | '\u{200B}'..='\u{200F}' | '\u{FE00}'..='\u{FE0F}' => 0,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}'
        | '\u{1F300}'..='\u{1F64F}'
        | '\u{1F900}'..='\u{1F9FF}'
        | '\u{20000}'..='\u{3FFFD}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::Span;

    fn finding(line: u32, column: u32, length: u32) -> Finding {
        Finding {
            code: "D201".into(),
            severity: Severity::Error,
            file: "flow.yaml".into(),
            at: Span { line, column, length },
            message: "'check' may be used before it is known".into(),
            help: "look it up first".into(),
        }
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        let said = explain(&finding(2, 8, 5), "steps:\n- say: check\n");
        assert_eq!(
            said,
            "error[D201]: 'check' may be used before it is known\n  --> flow.yaml:2:8\n  |\n\
             2 | - say: check\n  |        ^^^^^\n  = help: look it up first\n"
        );
    }

    #[test]
    fn tabs_and_wide_letters_keep_the_caret_in_its_column() {
        let said = explain(&finding(1, 4, 2), "\t日本語x");
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines[3], "1 |     日本語x");
        assert_eq!(lines[4], format!("  | {}^^^", " ".repeat(4 + 4)));
    }

    #[test]
    fn a_place_outside_the_file_is_named_without_a_line() {
        let said = explain(&finding(9, 1, 1), "one line");
        assert!(said.contains("flow.yaml:9:1") && !said.contains('^'));
    }

    #[test]
    fn control_characters_of_a_file_do_not_reach_the_terminal() {
        assert!(!explain(&finding(1, 1, 1), "a\u{1b}[2Jb").contains('\u{1b}'));
    }
}
