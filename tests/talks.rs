//! Every talk of every shipped flow, as `mendline test flows` plays them.

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
