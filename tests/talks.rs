//! Every talk of every shipped flow, as `mendline test flows` plays them; and one flow alone.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

use mendline::library;
use mendline::talks::coverage::Visited;
use mendline::talks::play::play;
use mendline::talks::script;
use mendline::talks::stage::Backdrop;

/// Flows whose talks go through every step and every branch.
const WHOLE: &[&str] = &["medication_approval", "claim_status"];

#[tokio::test(flavor = "multi_thread")]
async fn every_talk_holds_and_the_main_flows_are_covered_whole() {
    let mut backdrop = Backdrop::open().await.unwrap();
    let folders = library::find(&["flows".into()]).unwrap();
    let shelf = library::shelve(folders, &backdrop.catalog);
    assert!(!shelf.has_errors(), "{:?}", shelf.findings);
    backdrop.flows = shelf.flows.clone();
    let mut visited = Visited::default();
    let mut failed = Vec::new();
    let mut count = 0;
    for source in shelf.folders.iter().flat_map(|it| &it.talks) {
        let talk = script::read(source).unwrap();
        let played = play(&backdrop, &talk, None).await;
        visited.add(&played.visited);
        failed.extend(played.failed.map(|why| format!("{}: {why}", talk.name)));
        count += 1;
    }
    assert!(failed.is_empty(), "{} of {count} talks failed:\n{}", failed.len(), failed.join("\n"));
    for flow in shelf.flows.iter().filter(|it| WHOLE.contains(&it.program.flow.as_str())) {
        let covered = visited.covered(&flow.program);
        assert!(covered.is_whole(), "{}:\n{}", covered.flow, covered.missing.join("\n"));
    }
}

fn mendline(here: &Path, args: &[&str]) -> (bool, String) {
    let mut it = Command::new(env!("CARGO_BIN_EXE_mendline"));
    let Output { status, stdout, stderr } = it.args(args).current_dir(here).output().unwrap();
    let said = [stdout, stderr].map(|it| String::from_utf8(it).unwrap()).concat();
    (status.success(), said)
}

#[test]
fn a_flow_alone_sees_the_flows_that_lie_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("flows/medication-approval");
    for (here, named) in [
        (root, "flows/medication-approval"),
        (root, "flows/medication-approval/flow.yaml"),
        (folder.as_path(), "."),
        (folder.as_path(), "flow.yaml"),
    ] {
        let (well, said) = mendline(here, &["check", named]);
        assert!(well && said.contains("1 flows checked: 0 errors"), "{named}: {said}");
    }
    let (well, said) = mendline(root, &["test", "flows/medication-approval", "--coverage"]);
    assert!(well, "{said}");
    assert!(
        said.contains("medication_approval: steps") && !said.contains("refill: steps"),
        "{said}"
    );
}

#[test]
fn of_what_lies_beside_a_flow_nothing_is_said_and_what_is_nowhere_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("flow.yaml"), text).unwrap();
    };
    put("parent", PARENT);
    let (well, said) = mendline(folder.path(), &["check", "parent"]);
    assert!(!well && said.contains("S113") && said.contains("'child'"), "{said}");
    put("child", "flow: child\nsteps: nonsense\n");
    let (well, said) = mendline(folder.path(), &["check", "parent"]);
    assert!(well && !said.contains("child/flow.yaml"), "{said}");
    let (well, said) = mendline(folder.path(), &["check", "child"]);
    assert!(!well && said.contains("child/flow.yaml"), "{said}");
}

/// Runs a flow that is not its own.
const PARENT: &str = "flow: parent
version: 1
about: It runs another.
languages: [en]
parties:
  worker: { role: injured_worker }
outcomes:
  done: { kind: success, say: Done. }
  withdrawn: { kind: neutral, say: Stopped. }
start_when:
  - says: [go on]
steps:
  - run: child
    name: child
  - end: done
";
