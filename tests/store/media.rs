//! Files that people send: sealed, within a share, gone with the person.

use mendline::store::media::{KeptFile, NewFile, Share, Took};
use mendline::store::reach::Whose;
use mendline::store::{Store, StoreError};
use mendline_engine::time::Timestamp;

use crate::support::*;

crate::on_every_store! {
    a_file_is_read_back_as_it_came_and_once
    rule_10_nobody_elses_file_is_found_under_its_id
    what_is_more_than_a_days_share_is_not_kept
    rule_12_who_is_forgotten_leaves_no_file
}

const DAY: Share = Share { since: Timestamp(0), files: 3, bytes: 100 };

fn whose(payer: &str, person: &str) -> Whose {
    Whose { payer: payer.into(), person: person.into() }
}

fn file(id: &str, bytes: &[u8]) -> NewFile {
    NewFile {
        whose: whose(ACME, ANA),
        id: id.into(),
        channel: "web".into(),
        mime: "image/png".into(),
        bytes: bytes.into(),
        at: NOW,
    }
}

async fn ids(store: &dyn Store) -> Vec<String> {
    let kept = store.files().of(&whose(ACME, ANA), 10).await.unwrap();
    kept.into_iter().map(|it| it.id).collect()
}

async fn a_file_is_read_back_as_it_came_and_once(store: &dyn Store) {
    let bytes: Vec<u8> = (0..=255).collect();
    let share = Share { bytes: 300, ..DAY };
    for _ in 0..2 {
        let took = store.files().keep(&file("1", &bytes), share).await.unwrap();
        assert_eq!(took, Took::Kept);
    }
    let later = NewFile { at: after_ms(5), ..file("2", b"x") };
    store.files().keep(&later, share).await.unwrap();
    assert_eq!(ids(store).await, ["2", "1"]);
    let (kept, read) = store.files().open(&whose(ACME, ANA), "1").await.unwrap().unwrap();
    let (id, channel, mime) = ("1".into(), "web".into(), "image/png".into());
    assert_eq!(kept, KeptFile { id, channel, mime, bytes: 256, at: NOW });
    assert_eq!(read, bytes);
    assert!(store.files().open(&whose(ACME, ANA), "3").await.unwrap().is_none());
}

async fn rule_10_nobody_elses_file_is_found_under_its_id(store: &dyn Store) {
    store.files().keep(&file("1", b"hers"), DAY).await.unwrap();
    for (payer, person) in [("birch", ANA), (ACME, DANA)] {
        assert!(store.files().open(&whose(payer, person), "1").await.unwrap().is_none());
        assert!(store.files().of(&whose(payer, person), 10).await.unwrap().is_empty());
    }
}

async fn what_is_more_than_a_days_share_is_not_kept(store: &dyn Store) {
    assert_eq!(store.files().keep(&file("1", &[1; 99]), DAY).await.unwrap(), Took::Kept);
    assert_eq!(store.files().keep(&file("2", &[1; 2]), DAY).await.unwrap(), Took::TooMuch);
    assert_eq!(store.files().keep(&file("3", &[1; 1]), DAY).await.unwrap(), Took::Kept);
    assert_eq!(store.files().keep(&file("4", &[]), DAY).await.unwrap(), Took::Kept);
    assert_eq!(store.files().keep(&file("5", &[]), DAY).await.unwrap(), Took::TooMuch);
    // What was taken is taken, however often it is brought.
    assert_eq!(store.files().keep(&file("1", &[1; 99]), DAY).await.unwrap(), Took::Kept);
    // Another day, another share.
    let tomorrow = Share { since: NOW, ..DAY };
    let late = NewFile { at: after_ms(1), ..file("6", &[1; 100]) };
    assert_eq!(store.files().keep(&late, tomorrow).await.unwrap(), Took::Kept);
    assert_eq!(ids(store).await, ["6", "1", "3", "4"]);
}

async fn rule_12_who_is_forgotten_leaves_no_file(store: &dyn Store) {
    store.files().keep(&file("1", b"hers"), DAY).await.unwrap();
    store.forget(ACME, ANA).await.unwrap();
    assert!(ids(store).await.is_empty());
    assert!(store.files().open(&whose(ACME, ANA), "1").await.unwrap().is_none());
    let again = store.files().keep(&file("2", b"hers"), DAY).await;
    assert!(matches!(again, Err(StoreError::Forgotten)), "{again:?}");
}

#[tokio::test]
async fn rule_12_nothing_of_a_file_is_in_the_database_in_the_open() {
    let place = crate::support::Place::new().await;
    let bytes = b"%PDF-1.7 a prescription for nobody in particular".repeat(50);
    let share = Share { bytes: 1 << 20, ..DAY };
    place.store.files().keep(&file("1", &bytes), share).await.unwrap();
    place.store.close().await.unwrap();
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let read = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!read.windows(12).any(|it| it == b"prescription"));
    }
}
