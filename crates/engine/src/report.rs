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

    /// Whether nothing in it keeps the file from loading.
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|it| it.severity != Severity::Error)
    }

    /// The findings.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
