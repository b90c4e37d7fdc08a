//! The folder: each mail is handed in once, and moved when it is on disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mendline::channels::Incoming;
use mendline::channels::email::{EmailEar, ids};
use mendline::channels::inward::{Ear, Said};
use mendline_engine::event::Receipt;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::support::*;

pub fn folder() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for place in ["new", "cur", "tmp"] {
        std::fs::create_dir(root.path().join(place)).unwrap();
    }
    root
}

fn put(root: &Path, name: &str, mail: &[u8]) {
    std::fs::write(root.join("new").join(name), mail).unwrap();
}

fn proved(id: &str, words: &str) -> String {
    format!(
        "Authentication-Results: {HOST}; dmarc=pass header.from=example.net\nFrom: {ANA}\n\
         To: {OWN}\nSubject: Re: Request\nIn-Reply-To: <x@example.com>\nMessage-ID: <{id}>\n\n{words}\n"
    )
}

fn names(root: &Path, place: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(root.join(place)) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Listens until the folder is empty.
async fn listen(root: &Path, gate: &Kept) {
    let ear = EmailEar::new(&at(root), vault()).every(Duration::from_millis(1));
    let until = CancellationToken::new();
    let gate = Arc::new(gate.clone());
    let listening = ear.listen(gate, Arc::new(Nowhere), until.clone());
    let emptied = async {
        while !names(root, "new").is_empty() {
            tokio::task::yield_now().await;
        }
        until.cancel();
    };
    let (listened, ()) = tokio::join!(listening, emptied);
    listened.unwrap();
}

fn words(gate: &Kept) -> Vec<String> {
    let words = gate.came().into_iter().map(|it| match it.said {
        Said::Incoming { incoming: Incoming::Words(words), .. } => words,
        other => panic!("{other:?}"),
    });
    words.collect()
}

#[tokio::test]
async fn mails_are_handed_in_in_their_order_and_moved() {
    let (root, gate) = (folder(), Kept::default());
    put(root.path(), "2.b", proved("2", "No").as_bytes());
    put(root.path(), "1.a", proved("1", "Yes, I am waiting").as_bytes());
    listen(root.path(), &gate).await;
    assert_eq!(words(&gate), ["Yes, I am waiting", "No"]);
    assert_eq!(names(root.path(), ".taken/cur"), ["1.a:2,S", "2.b:2,S"]);
    assert!(names(root.path(), ".aside/cur").is_empty());
}

#[tokio::test]
async fn what_is_not_on_disk_stays_and_comes_again_under_the_same_id() {
    let (root, gate) = (folder(), Kept::default());
    gate.refuses(3);
    put(root.path(), "1.a", proved("1", "Yes, I am waiting").as_bytes());
    listen(root.path(), &gate).await;
    assert_eq!(words(&gate), ["Yes, I am waiting"]);
    // A server that died before it moved the file hands it in once more.
    put(root.path(), "1.a", proved("1", "Yes, I am waiting").as_bytes());
    listen(root.path(), &gate).await;
    let came = gate.came();
    assert_eq!(came[0].id, came[1].id);
}

#[tokio::test]
async fn what_cannot_be_taken_is_set_aside_and_holds_nobody_up() {
    let (root, gate) = (folder(), Kept::default());
    put(root.path(), "1.none", b"\n\n");
    put(root.path(), "3.fine", proved("3", "No").as_bytes());
    let huge = std::fs::File::create(root.path().join("new/2.huge")).unwrap();
    huge.set_len(26 * 1024 * 1024).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", root.path().join("new/0.link")).unwrap();
    listen(root.path(), &gate).await;
    assert_eq!(words(&gate), ["No"]);
    let aside = ["0.link:2,S", "1.none:2,S", "2.huge:2,S"];
    assert_eq!(names(root.path(), ".aside/cur"), aside);
}

#[tokio::test]
async fn a_bounce_is_reported_and_an_automatic_answer_is_not_answered() {
    let (root, gate) = (folder(), Kept::default());
    let key = outgoing("c1/3.0", "").key;
    let id = ids::message_id(&vault(), "example.com", &key, ANA);
    let bounce = format!(
        "From: MAILER-DAEMON@{HOST}\nContent-Type: multipart/report; boundary=b\n\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n\
         Final-Recipient: rfc822; {ANA}\nAction: failed\nStatus: 5.1.1\n\n--b\n\
         Content-Type: text/rfc822-headers\n\nMessage-ID: <{id}>\n\n--b--\n"
    );
    put(root.path(), "1.bounce", bounce.as_bytes());
    let away = proved("2", "I am away").replace("To:", "Auto-Submitted: auto-replied\nTo:");
    put(root.path(), "2.away", away.as_bytes());
    listen(root.path(), &gate).await;
    assert_eq!(gate.reported(), [(key, Receipt::Failed)]);
    let said: Vec<_> = gate.came().into_iter().map(|it| it.said).collect();
    assert_eq!(said, [Said::Gone]);
    assert_eq!(names(root.path(), ".taken/cur").len(), 2);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_incident_that_names_it() {
    let root = tempfile::tempdir().unwrap();
    let ear = EmailEar::new(&at(root.path()), vault());
    let gate = Arc::new(Kept::default());
    let ended = ear.listen(gate, Arc::new(Nowhere), CancellationToken::new()).await;
    let said = format!("{:#}", ended.unwrap_err());
    assert!(said.contains("email.drop") && said.contains(root.path().to_str().unwrap()), "{said}");
}
