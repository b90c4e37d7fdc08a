//! What cannot be read, and where: one wrong line at a time in a flow that is otherwise right.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "only the catalog is needed here")]
mod house;

use house::catalog;
use mendline_engine::check::Finding;
use mendline_engine::load::{Source, load};

const FLOW: &str = r#"flow: small
version: 1
parties:
  worker: { role: injured_worker }
data:
  claim: { type: claim, from: worker.open_claim }
  drug: { type: medication, privacy: health }
  answer: { type: choice }
  days: { type: integer }
outcomes:
  done: { kind: success }
steps:
  - ask: answer
    say: "¿Sí o no, {worker.first_name}?"
    choices: { yes: "Yes", no: "No" }
    no_answer: { after: 10 minutes, take: no }
  - when: answer == "yes"
    steps: [{ end: done }]
  - end: done
"#;

const SPANISH: &str = r#"language: es
flow: small
anchors:
  answer:
    say: "¿Sí o no, {worker.first_name}?"
    choices: { yes: "Sí", no: "No" }
"#;

fn findings(flow: &str, spanish: &str) -> Vec<Finding> {
    let source = |file: &str, text: &str| Source { file: file.to_owned(), text: text.to_owned() };
    let loaded = load(&source("f", flow), &[source("es", spanish)], &catalog(), &[]);
    let of_ours = |it: &Finding| it.code.starts_with('Y') || it.code.starts_with("D10");
    loaded.findings.into_iter().filter(of_ours).collect()
}

/// The flow with `old` replaced, and the place where the replacement stands.
fn wrong(old: &str, new: &str) -> (String, u32) {
    assert_eq!(FLOW.matches(old).count(), 1, "{old}");
    let line = FLOW[..FLOW.find(old).unwrap()].matches('\n').count() + 1;
    (FLOW.replace(old, new), u32::try_from(line).unwrap())
}

#[test]
fn the_flow_itself_is_right() {
    assert_eq!(findings(FLOW, SPANISH), []);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    // Old words, new words, code, column, length, part of the help.
    let cases = [
        ("flow: small", "flow: 9small", "Y008", 7, 6, "begin with a letter"),
        ("version: 1", "version: one", "Y007", 10, 3, "version: 1"),
        ("version: 1", "verson: 1", "Y004", 1, 6, "did you mean 'version'?"),
        ("version: 1", "identity: verifid\nversion: 1", "Y010", 11, 7, "did you mean 'verified'?"),
        ("role: injured_worker", "rôle: x", "Y004", 13, 4, "did you mean 'role'?"),
        ("privacy: health", "privacy: helth", "Y010", 38, 5, "did you mean 'health'?"),
        ("type: medication", "type: medicaton", "Y012", 17, 9, "did you mean 'medication'?"),
        ("from: worker.open_claim", "from: worker.claims", "Y010", 31, 13, "worker.open_claim"),
        ("kind: success", "kind: sucess", "Y010", 17, 6, "did you mean 'success'?"),
        ("  - ask: answer", "  - aks: answer", "Y005", 5, 3, "did you mean 'ask'?"),
        ("    choices: {", "    choces: {", "Y004", 5, 6, "did you mean 'choices'?"),
        ("10 minutes", "ten minutes", "Y009", 25, 11, "write it like"),
        ("take: no", "tak: no", "Y004", 37, 3, "did you mean 'take'?"),
        ("{worker.first_name}", "{worker first_name}", "Y011", 21, 19, "a value is written"),
        ("{worker.first_name}?", "{worker.first_name?", "Y011", 21, 1, "a value is written"),
        ("answer == \"yes\"", "anwser == \"yes\"", "D101", 11, 6, "did you mean 'answer'?"),
        ("answer == \"yes\"", "answer == \"yess\"", "D104", 21, 6, "did you mean 'yes'?"),
        ("answer == \"yes\"", "days == \"yes\"", "D103", 11, 13, "without quotes"),
        ("answer == \"yes\"", "\"drug.nam == 'x'\"", "D102", 17, 3, "did you mean 'name'?"),
        ("[{ end: done }]", "finish now", "Y005", 12, 10, "end OUTCOME"),
        ("  - end: done", "  - end: [done]", "Y007", 10, 1, "one word or text"),
        ("steps:\n  - ask", "data: {}\nsteps:\n  - ask", "Y002", 1, 4, "keep one"),
        ("  - end: done", "  - end: done\n    say: x", "Y004", 5, 3, "it may have"),
        ("  - end: done", "  - { wait: { soon: 1 } }", "Y004", 15, 4, "it may have"),
    ];
    for (old, new, code, column, length, help) in cases {
        let (flow, _) = wrong(old, new);
        let found = findings(&flow, SPANISH);
        let hit = found.iter().find(|it| it.code == code);
        let hit = hit.unwrap_or_else(|| panic!("{new}: {found:?}"));
        assert_eq!((hit.at.column, hit.at.length), (column, length), "{new}: {}", hit.message);
        assert!(hit.help.contains(help), "{new}: {}", hit.help);
        let line = flow.lines().nth(hit.at.line as usize - 1).unwrap();
        assert!(new.contains(line.trim()) || line.contains(new), "{new}: line {}", hit.at.line);
    }
}

#[test]
fn what_is_missing_is_named() {
    for (old, new, key) in [
        ("flow: small\n", "", "'flow:'"),
        ("    say: \"¿Sí o no, {worker.first_name}?\"\n", "", "'say:'"),
        ("kind: success", "", "'kind:'"),
        ("    steps: [{ end: done }]\n", "", "'steps:'"),
    ] {
        let found = findings(&wrong(old, new).0, SPANISH);
        assert!(found.iter().any(|it| it.code == "Y006" && it.message.contains(key)), "{found:?}");
    }
}

#[test]
fn every_mistake_is_said_at_once_and_in_order() {
    let flow = FLOW.replace("kind: success", "kind: sucess").replace("10 minutes", "soon");
    let flow = flow.replace("answer == \"yes\"", "anwser == \"yes\"");
    let found = findings(&flow, &SPANISH.replace("{worker.", "{.worker."));
    let seen: Vec<_> = found.iter().map(|it| (it.file.as_str(), it.code.as_str())).collect();
    assert_eq!(seen, [("f", "Y010"), ("f", "Y009"), ("f", "D101"), ("es", "Y011")]);
}

#[test]
fn a_flow_with_an_error_does_not_load() {
    let source = |text: String| Source { file: "f".to_owned(), text };
    let flow = source(FLOW.replace("10 minutes", "soon"));
    assert!(load(&flow, &[], &catalog(), &[]).program.is_none());
}

#[test]
fn a_huge_or_deep_flow_is_refused() {
    let deep = format!("flow: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    let wide = format!("{FLOW}{}", "  - end: done\n".repeat(40_000));
    for text in [deep, wide] {
        let found = findings(&text, SPANISH);
        assert_eq!(found[0].code, "Y003", "{:?}", found[0]);
    }
}

#[test]
fn nothing_that_is_written_makes_loading_panic() {
    // Every prefix of a flow, and every flow with one line less.
    for (end, _) in FLOW.char_indices().step_by(5) {
        findings(&FLOW[..end], SPANISH);
    }
    let lines: Vec<&str> = FLOW.lines().collect();
    for gone in 0..lines.len() {
        let mut some = lines.clone();
        some.remove(gone);
        findings(&some.join("\n"), SPANISH);
    }
    for (end, _) in SPANISH.char_indices() {
        findings(FLOW, &SPANISH[..end]);
    }
}

#[test]
fn every_code_of_the_parser_has_a_page() {
    for (code, _) in mendline_engine::report::CODES {
        let path = format!("{}/../../docs/findings/{code}.md", env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{path}"));
        assert!(page.starts_with(&format!("# {code}: ")), "{path}");
    }
}
