//! Where findings about one file gather while it is read.

use crate::check::{Finding, Severity};
use crate::condition::Problem;
use crate::surface::Span;

/// Findings about one file, in the order in which they were made.
#[derive(Debug)]
pub struct Report {
    file: String,
    findings: Vec<Finding>,
}

/// What the parser finds: code and title. Each has a page, `docs/findings/CODE.md`.
pub const CODES: [(&str, &str); 12] = [
    ("Y001", "this is not YAML"),
    ("Y002", "a key stands twice"),
    ("Y003", "the file is too large, too deep, or uses anchors"),
    ("Y004", "a key that is not known here"),
    ("Y005", "a verb that does not exist"),
    ("Y006", "a key is missing"),
    ("Y007", "something has the wrong shape"),
    ("Y008", "a name that cannot be a name"),
    ("Y009", "words that are no length of time"),
    ("Y010", "a word that is none of those there are"),
    ("Y011", "a text whose braces cannot be read"),
    ("Y012", "a type that does not exist"),
];

/// Most findings about one file: after these an author mends before reading on.
const FINDINGS_MAX: usize = 200;

impl Report {
    /// An empty report about `file`.
    pub fn new(file: &str) -> Report {
        Report { file: file.to_owned(), findings: Vec::new() }
    }

    /// Adds an error.
    pub fn error(&mut self, code: &str, at: Span, message: String, help: impl Into<String>) {
        if self.findings.len() < FINDINGS_MAX {
            let (code, file, help) = (code.to_owned(), self.file.clone(), help.into());
            let severity = Severity::Error;
            self.findings.push(Finding { code, severity, file, at, message, help });
        }
    }

    /// Adds what is wrong with an expression.
    pub fn problem(&mut self, problem: Problem) {
        self.error(problem.code, problem.at, problem.message, problem.help);
    }

    /// How many findings there are.
    pub fn count(&self) -> usize {
        self.findings.len()
    }

    /// Whether nothing in it keeps the file from loading.
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|it| it.severity != Severity::Error)
    }

    /// The findings.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
