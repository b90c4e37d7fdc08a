//! From files to a program: parse, lower, check.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::catalog::Catalog;
use crate::check::{self, Finding, Severity};
use crate::core::Program;
use crate::lower::{Translated, lower};
use crate::parse;
use crate::report::Report;
use crate::rules::RulePacks;
use crate::surface::Translation;
use crate::types::Lang;

/// One file handed in.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// How findings name it: `flows/medication-approval/flow.yaml`.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// What loading a flow gave.
pub struct Loaded {
    /// The program; absent when a finding is an error.
    pub program: Option<Program>,
    /// Everything that was found, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Loads one flow with its translations. `others` are the names of every flow that `run` and
/// `remind` may name.
pub fn load(
    flow: &Source,
    translations: &[Source],
    catalog: &Catalog,
    others: &[String],
) -> Loaded {
    let mut report = Report::new(&flow.file);
    let parsed = parse::flow(&flow.text, &mut report);
    // Of a flow that was read in part, the checker would say much that is not so.
    let whole = report.is_clean();
    let mut reports: Vec<Report> = translations.iter().map(|it| Report::new(&it.file)).collect();
    let files = translations.iter().zip(&mut reports);
    let words: Vec<Option<Translation>> =
        files.map(|(source, report)| parse::translation(&source.text, report)).collect();
    let languages = |it: &Option<Translation>| it.as_ref().map(|it| it.language.it.clone());
    let read: Vec<Option<Lang>> = words.iter().map(languages).collect();
    let program = parsed.as_ref().map(|parsed| {
        let pairs = words.iter().zip(&mut reports);
        let mut translated: Vec<Translated<'_>> = pairs
            .filter_map(|(it, report)| Some(Translated { translation: it.as_ref()?, report }))
            .collect();
        lower(parsed, &mut translated, catalog, hash(flow, translations), &mut report)
    });
    let mut findings = in_order(report);
    findings.extend(reports.into_iter().flat_map(in_order));
    if let (true, Some(parsed), Some(program)) = (whole, &parsed, &program) {
        let words: Vec<Translation> = words.iter().flatten().cloned().collect();
        let found = check::check(parsed, program, &words, catalog, others, rules());
        findings.extend(found.into_iter().map(|it| named(it, flow, translations, &read)));
        findings.sort_by_key(|it| (order(&it.file, flow, translations), it.at.line, it.at.column));
    }
    let refused = findings.iter().any(|it| it.severity == Severity::Error);
    Loaded { program: program.filter(|_| !refused), findings }
}

/// The law that limits are checked against.
fn rules() -> &'static RulePacks {
    static RULES: OnceLock<RulePacks> = OnceLock::new();
    RULES.get_or_init(RulePacks::embedded)
}

/// Puts the file's name where the checker left the language of a translation, or nothing.
fn named(
    mut finding: Finding,
    flow: &Source,
    translations: &[Source],
    read: &[Option<Lang>],
) -> Finding {
    let of = read.iter().position(|it| it.as_ref() == Some(&finding.file));
    finding.file = of.map_or(&flow.file, |at| &translations[at].file).clone();
    finding
}

/// The flow first, then its translations as they were handed in.
fn order(file: &str, flow: &Source, translations: &[Source]) -> usize {
    let of = translations.iter().position(|it| it.file == file);
    if file == flow.file { 0 } else { of.map_or(usize::MAX, |at| at + 1) }
}

fn in_order(report: Report) -> Vec<Finding> {
    let mut findings = report.into_findings();
    findings.sort_by_key(|it| (it.at.line, it.at.column));
    findings
}

/// Names what was loaded. The order in which translations are handed in does not matter.
fn hash(flow: &Source, translations: &[Source]) -> String {
    let mut texts: Vec<&Source> = translations.iter().collect();
    texts.sort_by(|one, other| one.file.cmp(&other.file));
    let mut hasher = Sha256::new();
    for source in std::iter::once(flow).chain(texts) {
        // The length keeps two files from passing for one.
        hasher.update(u64::try_from(source.text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(source.text.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
