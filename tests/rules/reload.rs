//! Flow files that are saved while the server runs (rule 9).

use std::path::PathBuf;

use mendline::library;
use mendline::server::reload::Watched;
use mendline_engine::check::{Finding, Severity};
use mendline_plugin::Manifest;
use tempfile::TempDir;

use crate::support::*;

const SHIPPED: &str = "flows/medication-approval/flow.yaml";
const BEFORE: &str = "Are you at the pharmacy right now?";
const AFTER: &str = "Is the pharmacist with you at this moment?";

/// A house that watches a folder with the shipped approval and a flow of the test's own.
struct Saving {
    place: Place,
    folder: TempDir,
    watched: Watched,
}

impl Saving {
    async fn begins() -> Saving {
        let (place, folder) = (place().await, tempfile::tempdir().unwrap());
        let watched = Watched::new(vec![folder.path().into()]);
        let mut saving = Saving { place, folder, watched };
        for other in ["refill", "gather-information"] {
            let text = std::fs::read_to_string(format!("flows/{other}/flow.yaml")).unwrap();
            saving.saves(other, &in_english(&text));
        }
        saving.saves("medication-approval", &shipped());
        saving.saves("hello", HELLO);
        // The same versions, without their Spanish.
        assert!(errors(&saving.looks().await).iter().all(|it| *it == "M906"));
        saving
    }

    fn file(&self, flow: &str) -> PathBuf {
        self.folder.path().join(flow).join("flow.yaml")
    }

    fn saves(&self, flow: &str, text: &str) {
        let file = self.file(flow);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// The server's next look: what it found, if anything had changed.
    async fn looks(&mut self) -> Vec<Finding> {
        self.watched.look(&self.place.house).await.unwrap().unwrap_or_default()
    }

    fn published(&self, flow: &str) -> String {
        self.place.house.flows.current(flow).unwrap().hash.clone()
    }
}

const HELLO: &str = "\
flow: hello
version: 1
about: Says hello.
languages: [en]
identity: none
parties: { worker: { role: injured_worker } }
outcomes: { greeted: { kind: success }, stopped: { kind: neutral } }
start_when: [{ says: [hello there] }]
steps:
  - say: Hello.
  - end: greeted
interrupts: { cancel: { ask_first: true, then: end stopped } }
";

/// The shipped approval, in English alone.
fn shipped() -> String {
    in_english(&std::fs::read_to_string(SHIPPED).unwrap())
}

fn in_english(text: &str) -> String {
    text.replace("languages: [en, es]", "languages: [en]")
}

fn second() -> String {
    shipped().replace("version: 1", "version: 2").replace(BEFORE, AFTER)
}

fn errors(found: &[Finding]) -> Vec<&str> {
    let errors = found.iter().filter(|it| it.severity == Severity::Error);
    errors.map(|it| it.code.as_str()).collect()
}

/// What somebody reads who asks for an approval.
async fn asked_where(place: &Place, worker: &str, drug: &str) -> String {
    place.writes(worker, "web", "my prescription was rejected").await;
    place.sees(worker).await;
    place.writes(worker, "web", drug).await;
    place.sees(worker).await.join("\n")
}

#[tokio::test]
async fn rule_09_a_flow_that_is_saved_with_errors_stays_as_it_was_and_the_mended_one_is_taken() {
    let mut saving = Saving::begins().await;
    let first = saving.published("medication_approval");

    saving
        .saves("medication-approval", &second().replace("- ask: at_counter", "- aks: at_counter"));
    saving
        .saves("hello", &HELLO.replace("version: 1", "version: 2").replace("Hello.", "Good day."));
    let found = saving.looks().await;
    assert!(errors(&found).contains(&"Y005"), "{found:#?}");
    let at = found.iter().find(|it| it.code == "Y005").unwrap();
    assert_eq!(PathBuf::from(&at.file), saving.file("medication-approval"));
    assert_eq!(saving.published("medication_approval"), first);
    let hello = saving.place.house.flows.current("hello").unwrap();
    assert_eq!(hello.version, 2, "one flow's mistake keeps no other back");
    let read = asked_where(&saving.place, "ana", "gabapentin 300 mg").await;
    assert!(read.contains(BEFORE) && !read.contains(AFTER), "{read}");

    saving.saves("medication-approval", &second());
    assert_eq!(errors(&saving.looks().await), Vec::<&str>::new());
    assert_ne!(saving.published("medication_approval"), first);
    let read = asked_where(&saving.place, "mina", "pregabalin 75 mg").await;
    assert!(read.contains(AFTER) && !read.contains(BEFORE), "{read}");
    assert_eq!(saving.place.of("ana").await.flow_hash, first, "she stays on her version");
}

#[tokio::test]
async fn a_server_reads_only_what_was_saved_since_its_last_look() {
    let mut saving = Saving::begins().await;
    assert!(saving.watched.look(&saving.place.house).await.unwrap().is_none());
    let (file, old) = (saving.file("hello"), saving.published("hello"));
    saving.saves("hello", &HELLO.replace("Hello.", "Good day."));
    // Put back by a tool that keeps its old date.
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    let handle = std::fs::File::options().write(true).open(file).unwrap();
    handle.set_modified(long_ago).unwrap();
    assert!(saving.watched.look(&saving.place.house).await.unwrap().is_some());
    assert_ne!(saving.published("hello"), old);
}

#[tokio::test]
async fn rule_09_whoever_saves_a_flow_is_told_what_it_means_for_those_who_wait() {
    let mut saving = Saving::begins().await;
    let renamed =
        second().replace("version: 2", "version: 1").replace("at_counter", "at_the_counter");
    saving.saves("medication-approval", &renamed);
    let found = saving.looks().await;
    assert_eq!(errors(&found), ["M906", "M903"], "{found:#?}");
    let gone = found.iter().find(|it| it.code == "M903").unwrap();
    assert!(gone.message.contains("'at_counter' is gone"), "{}", gone.message);
    assert_eq!(PathBuf::from(&gone.file), saving.file("medication-approval"));
}

#[test]
fn flows_that_run_each_other_in_a_circle_are_not_put_on_the_shelf() {
    let folder = tempfile::tempdir().unwrap();
    for (name, other) in [("one", "two"), ("two", "one"), ("three", "one")] {
        let text = HELLO.replace("flow: hello", &format!("flow: {name}"));
        let text = text.replace("  - say: Hello.", &format!("  - {{ run: {other}, name: other }}"));
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("flow.yaml"), text).unwrap();
    }
    let manifest = Manifest::read(mendline_pbm::MANIFEST).unwrap();
    let catalog = mendline::catalog::gather(&[manifest]).unwrap();
    let shelf = library::shelve(library::find(&[folder.path().into()]).unwrap(), &catalog);
    let circles: Vec<_> = shelf.findings.iter().filter(|it| it.code == "S105").collect();
    assert_eq!(circles.len(), 2, "{:#?}", shelf.findings);
    assert!(shelf.text_of(&circles[0].file).is_some(), "{}", circles[0].file);
    let left: Vec<_> = shelf.flows.iter().map(|it| it.program.flow.as_str()).collect();
    assert_eq!(left, ["three"]);
}
