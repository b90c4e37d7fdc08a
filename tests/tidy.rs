//! Rules about the code itself. What ARCHITECTURE.md says in prose, this says in asserts.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

/// Longest file, in lines: what one reads in a sitting.
const LINES_MAX: usize = 500;

/// A crate, and the crates of ours that it may name.
const CRATES: &[(&str, &[&str])] =
    &[("crates/engine", &[]), ("crates/plugin", &[]), ("plugins/pbm", &["mendline_plugin"])];

/// Rooms of the shell, and rooms that they must not name.
const MUST_NOT_NAME: &[(&str, &[&str])] = &[
    ("store", &["turns", "people", "dispatch", "desk", "web", "host", "house", "pump", "talks"]),
    ("channels", &["turns", "people", "dispatch", "desk", "host", "pump", "talks", "flows"]),
    ("desk", &["turns::take", "dispatch", "people", "pump", "talks"]),
    ("web", &["turns::take", "dispatch", "people", "pump", "talks"]),
    ("signin", &["turns", "dispatch", "desk", "web", "channels", "pump", "talks"]),
    ("turns", &["channels::", "dispatch", "web", "desk", "talks"]),
    ("vault", &["store", "turns", "people", "dispatch", "desk", "web", "host", "house"]),
    ("understand", &["store", "turns", "dispatch", "desk", "web", "host", "house", "channels"]),
];

/// The engine stays pure because it cannot reach anything that is not.
const ENGINE_MAY_DEPEND_ON: &[&str] = &[
    "cel",
    "chrono",
    "chrono-tz",
    "granit-parser",
    "icu_locale_core",
    "icu_plurals",
    "serde",
    "serde_json",
    "serde-saphyr",
    "sha2",
    "strsim",
    "thiserror",
];

/// Words that would let the engine act.
const IMPURE: &[&str] = &[
    "std::net",
    "std::fs",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "tokio",
    "rand::",
    "println!",
    "tracing::",
    "async fn",
];

#[test]
fn crates_name_only_what_the_map_allows() {
    for (root, allowed) in CRATES {
        for (path, text) in sources(&format!("{root}/src")) {
            for named in text.split("mendline_").skip(1).map(first_word) {
                let named = format!("mendline_{named}");
                let own = format!("mendline_{}", root.rsplit('/').next().unwrap());
                let fine = named == own || allowed.contains(&named.as_str());
                assert!(fine, "{path}: {root} may not name {named}");
            }
        }
    }
}

#[test]
fn rooms_do_not_name_what_the_map_forbids() {
    for (room, forbidden) in MUST_NOT_NAME {
        for (path, text) in sources(&format!("src/{room}")) {
            let code = without_tests(&text);
            for it in *forbidden {
                let named = code.contains(&format!("crate::{it}"));
                assert!(!named, "{path}: '{room}' may not name '{it}'; see ARCHITECTURE.md");
            }
        }
    }
}

#[test]
fn the_engine_depends_on_nothing_that_acts() {
    let manifest = fs::read_to_string("crates/engine/Cargo.toml").unwrap();
    let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
    let dependencies = dependencies.lines().skip(1).take_while(|line| !line.starts_with('['));
    for name in dependencies.map(first_word).filter(|name| !name.is_empty()) {
        assert!(ENGINE_MAY_DEPEND_ON.contains(&name), "crates/engine must not depend on '{name}'");
    }
    for (path, text) in sources("crates/engine/src") {
        let code = without_comments(without_tests(&text));
        for word in IMPURE {
            assert!(!code.contains(word), "{path}: the engine is pure and may not say '{word}'");
        }
    }
}

#[test]
fn turns_alone_calls_turn_and_dispatch_alone_sends() {
    for (path, text) in sources("src") {
        let code = without_tests(&text);
        let calls_turn = code.contains("mendline_engine::turn::turn");
        assert!(!calls_turn || path.contains("src/turns"), "{path}: only turns.rs calls turn()");
        let sends = code.contains(".send(&outgoing)");
        assert!(!sends || path.contains("src/dispatch"), "{path}: only dispatch.rs sends");
    }
}

#[test]
fn only_the_store_writes_sql() {
    for (path, text) in sources("src") {
        let ours = path.starts_with("src/store");
        assert!(ours || !text.contains("sqlx::"), "{path}: SQL and sqlx belong to src/store");
    }
}

#[test]
fn one_file_alone_speaks_openid_connect() {
    for (path, text) in sources("src") {
        let ours = ["src/signin/provider.rs", "src/signin/http.rs"].contains(&path.as_str());
        assert!(ours || !text.contains("openidconnect::"), "{path}: ask src/signin/provider.rs");
    }
}

#[test]
fn no_file_outgrows_a_reader() {
    for root in ["src", "crates", "plugins", "tests", "examples"] {
        for (path, text) in sources(root) {
            let lines = text.lines().count();
            assert!(lines <= LINES_MAX, "{path} has {lines} lines; split it where it says “and”");
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifests = [
        "Cargo.toml",
        "crates/engine/Cargo.toml",
        "crates/plugin/Cargo.toml",
        "plugins/pbm/Cargo.toml",
    ];
    for manifest in manifests {
        let text = fs::read_to_string(manifest).unwrap();
        let (_, dependencies) = text.split_once("\n[dependencies]").unwrap();
        for line in dependencies.lines().skip(1).take_while(|line| !line.starts_with('[')) {
            let named = line.trim();
            let ours = named.is_empty() || named.starts_with('#') || named.starts_with("mendline-");
            assert!(ours || named.contains(" # "), "{manifest}: '{named}' gives no reason");
        }
    }
}

#[test]
fn nothing_unfinished_is_left_lying_about() {
    for root in ["src", "crates", "plugins"] {
        for (path, text) in sources(root) {
            for mark in ["todo!", "unimplemented!", "dbg!", "#[ignore", "FIXME", "// XXX"] {
                assert!(!text.contains(mark), "{path}: {mark}");
            }
        }
    }
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').next().unwrap()
}

fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every `.rs` file at or under `root`, or `root.rs`, with its text.
fn sources(root: &str) -> Vec<(String, String)> {
    fn walk(path: &Path, found: &mut Vec<(String, String)>) {
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                walk(&entry.unwrap().path(), found);
            }
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push((path.display().to_string(), fs::read_to_string(path).unwrap()));
        }
    }
    let mut found = Vec::new();
    for path in [format!("{root}.rs"), root.to_owned()] {
        if Path::new(&path).exists() {
            walk(Path::new(&path), &mut found);
        }
    }
    found
}
