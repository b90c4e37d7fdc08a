//! For every kind of finding a flow that has it and one beside it that has not.

#[path = "check/cases.rs"]
mod cases;
#[path = "check/cases_more.rs"]
mod cases_more;
#[path = "check/support.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mendline_engine::check::{CODES, Severity, circular, explain, migration};
use mendline_engine::core::Program;
use support::{BASE, SPANISH, broken, codes, load_texts};

/// Kinds that no single flow shows; each has a test of its own below.
const OVER_SEVERAL: [&str; 5] = ["C705", "M903", "M904", "M905", "M906"];

fn all_cases() -> impl Iterator<Item = &'static cases::Case> {
    let first = [cases::CHANNELS, cases::DATA, cases::EFFECTS];
    let more = [
        cases_more::LANGUAGE,
        cases_more::MIGRATION,
        cases_more::PEOPLE,
        cases_more::STRUCTURE,
        cases_more::TIME,
        cases_more::PRIVACY,
    ];
    first.into_iter().chain(more).flatten()
}

#[test]
fn the_tidy_flow_has_no_findings() {
    let loaded = broken(&[]);
    let said: Vec<_> = loaded.findings.iter().map(|it| explain(it, BASE)).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
    assert!(loaded.program.is_some());
}

#[test]
fn every_mistake_is_found_and_nothing_else_is_said() {
    let mut wrong = Vec::new();
    for case in all_cases() {
        let loaded = broken(case.bad);
        let found = codes(&loaded.findings);
        if !found.contains(&case.code) {
            wrong.push(format!("{} is not found in {:?}; found {found:?}", case.code, case.bad));
        }
        for other in found.iter().filter(|it| **it != case.code && !case.also.contains(it)) {
            let finding = loaded.findings.iter().find(|it| it.code == *other).unwrap();
            wrong.push(format!("{} also brings {}", case.code, explain(finding, BASE)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_near_thing_that_is_right_is_let_alone() {
    let mut wrong = Vec::new();
    for case in all_cases() {
        let loaded = broken(case.good);
        if let Some(finding) = loaded.findings.iter().find(|it| it.code == case.code) {
            wrong.push(explain(finding, BASE));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_has_a_mistake_that_shows_it() {
    let shown: BTreeSet<_> = all_cases().map(|it| it.code).chain(OVER_SEVERAL).collect();
    let kinds: BTreeSet<_> = CODES.iter().map(|it| it.0).collect();
    assert_eq!(shown, kinds);
    assert!(kinds.len() >= 60);
}

#[test]
fn an_error_keeps_a_flow_from_loading_and_a_warning_does_not() {
    let refused = broken(&[("- end: approved", "- end: aproved")]);
    assert!(refused.program.is_none());
    let warned = broken(&[("every: 1 day", "every: 30 minutes")]);
    assert_eq!(warned.findings[0].severity, Severity::Warning);
    assert!(warned.program.is_some());
}

#[test]
fn a_finding_points_at_the_word() {
    let loaded = broken(&[("human: pharmacy_desk", "human: pharmcy_desk")]);
    let flow = BASE.replace("human: pharmacy_desk", "human: pharmcy_desk");
    let said = explain(&loaded.findings[0], &flow);
    let line = flow.lines().position(|it| it.contains("pharmcy_desk")).unwrap() + 1;
    assert!(said.contains(&format!("--> flow.yaml:{line}:10")), "{said}");
    assert!(said.contains("  human: pharmcy_desk\n"), "{said}");
    assert!(said.contains("|          ^^^^^^^^^^^^\n"), "{said}");
    assert!(said.contains("did you mean 'pharmacy_desk'"), "{said}");
}

#[test]
fn findings_about_a_translation_name_its_file() {
    let loaded = broken(&[("es:   drug:\n", "  drgu:\n")]);
    assert!(loaded.findings.iter().all(|it| it.file == "flow.es.yaml"), "{:?}", loaded.findings);
}

#[test]
fn more_choices_than_buttons_are_refused() {
    let choices: Vec<_> = (0..26).map(|it| format!("c{it}: Choice {it}")).collect();
    let flow = BASE
        .replace("languages: [en, es]", "languages: [en]")
        .replace("later: \"No\" }", &format!("later: \"No\", {} }}", choices.join(", ")));
    assert_eq!(codes(&load_texts(&flow, None).findings), ["C705"]);
}

fn program(flow: &str) -> Program {
    let loaded = load_texts(flow, Some(SPANISH));
    loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.findings))
}

#[test]
fn flows_that_run_each_other_in_a_circle_are_named_with_the_way() {
    let named = |name: &str, runs: &str| {
        let flow = BASE.replace("flow: approval", &format!("flow: {name}"));
        let words = SPANISH.replace("flow: approval", &format!("flow: {name}"));
        let flow = flow.replace("run: gather_information", &format!("run: {runs}"));
        load_texts(&flow, Some(&words)).program.unwrap()
    };
    let (a, b) = (named("one", "refill"), named("refill", "approval"));
    assert_eq!(circular(&[&a, &b]), []);
    let c = named("approval", "refill");
    let found = circular(&[&a, &b, &c]);
    assert_eq!(found.len(), 2);
    assert!(found[0].message.contains("refill → approval"), "{}", found[0].message);
}

#[test]
fn a_deploy_says_what_it_does_to_those_who_wait() {
    let old = program(BASE);
    let waiting = BTreeMap::from([("at_counter".to_owned(), 3), ("go_ahead".to_owned(), 0)]);
    assert_eq!(migration(&old, &old, Some(&waiting)), []);

    let mut new = old.clone();
    new.hash = "another".into();
    new.anchors.remove("at_counter");
    new.fields.get_mut("auth").unwrap().ty = mendline_engine::types::Type::Text;
    assert_eq!(codes(&migration(&old, &new, Some(&waiting))), ["M903", "M905", "M906"]);

    new.anchors.remove("go_ahead");
    let told =
        |waiting| migration(&old, &new, waiting).iter().filter(|it| it.code == "M903").count();
    assert_eq!((told(Some(&waiting)), told(None)), (1, 2), "anybody may rest where nobody counted");
    new.anchors.insert("go_ahead".into(), old.anchors["go_ahead"]);

    new.version = 2;
    new.moved.insert("at_counter".into(), "go_ahead".into());
    let found = migration(&old, &new, Some(&waiting));
    assert_eq!(codes(&found), ["M904", "M905"]);
    assert!(found.iter().any(|it| it.message.contains("'here'")));
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings");
    let pages = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let pages: Vec<_> = pages.filter(|it| it.extension().is_some_and(|it| it == "md")).collect();
    let names = pages.iter().filter_map(|it| it.file_stem()?.to_str()).collect::<BTreeSet<_>>();
    // The parser's pages begin with Y; its own tests hold them to its codes.
    let ours: BTreeSet<_> = names.into_iter().filter(|it| !it.starts_with('Y')).collect();
    assert_eq!(ours, CODES.iter().map(|it| it.0).collect());
    for page in pages.iter().filter(|it| !it.ends_with("README.md")) {
        let text = std::fs::read_to_string(page).unwrap();
        let code = page.file_stem().unwrap().to_str().unwrap();
        if let Some((_, _, title, _)) = CODES.iter().find(|it| it.0 == code) {
            assert!(text.starts_with(&format!("# {code}: {title}\n")), "{code}");
            for part in ["## What it means", "## Wrong", "## The mend", "## Why it matters"] {
                assert!(text.contains(part), "{code} has no '{part}'");
            }
        }
    }
}
