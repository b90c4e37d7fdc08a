//! A backup is taken while the house runs, comes back whole or not at all, and the matter goes on
//! from there.

use std::path::Path;
use std::sync::Arc;

use mendline::admin::{Ask, Waits};
use mendline::backup::{backup, restore};
use mendline::store::{PauseKind, PauseRef};
use mendline::vault::Vault;
use mendline_engine::time::Timestamp;
use tempfile::{TempDir, tempdir};

use crate::house::*;

const ASKED: &str = "at the pharmacy";

fn start() -> Timestamp {
    Timestamp::parse(START).unwrap()
}

/// A house in which Ana named her medicine; its backup; and what she did after it.
async fn backed_up() -> (TempDir, std::path::PathBuf) {
    let folder = tempdir().unwrap();
    let place = open(folder.path()).await;
    place.talks("ana", &["my prescription was rejected", "gabapentin 300 mg"]).await;
    let file = folder.path().join("house.backup");
    let database = folder.path().join("mendline.db");
    let made = backup(&database, folder.path(), &file, start()).await.unwrap();
    assert_eq!(made.files.keys().collect::<Vec<_>>(), ["mendline.db", "pbm.db"]);
    place.talks("ana", &["No", "Ask now"]).await;
    assert!(place.sees("ana").await.join("\n").contains("I am asking"), "she went on");
    (folder, file)
}

async fn refused(file: &Path, vault: Arc<Vault>, data: &Path) -> String {
    match restore(file, data, vault, None).await {
        Ok(_) => panic!("it should be refused"),
        Err(error) => {
            let left = std::fs::read_dir(data).map_or(0, |it| it.count());
            assert_eq!(left, 0, "nothing is left behind");
            format!("{error:#}")
        }
    }
}

#[tokio::test]
async fn a_conversation_goes_on_from_its_backup() {
    let (_folder, file) = backed_up().await;
    let elsewhere = tempdir().unwrap();
    let restored = restore(&file, elsewhere.path(), key(), None).await.unwrap();
    assert!(restored.conversations >= 1);
    let place = open(elsewhere.path()).await;
    let read = place.sees("ana").await;
    assert!(read.last().unwrap().contains(ASKED), "as it was then: {read:#?}");
    place.talks("ana", &["No", "Ask now"]).await;
    let cards = place.house.store.cards(PAYER, "dana").await.unwrap();
    assert_eq!(cards.len(), 1, "and it goes on from there");
    place.writes("ana", "web", "thank you").await;
    let chain = place.house.store.verify_chain(PAYER, &place.of("ana").await.id).await;
    assert_eq!(chain.unwrap(), None);
}

#[tokio::test]
async fn what_is_restored_paused_says_nothing_before_a_person_has_looked() {
    let (_folder, file) = backed_up().await;
    let elsewhere = tempdir().unwrap();
    let by = Some((start(), "operator/uid-0".to_owned()));
    let restored = restore(&file, elsewhere.path(), key(), by).await.unwrap();
    assert_eq!(restored.paused, [PAYER]);
    let place = open(elsewhere.path()).await;
    let before = place.sees("ana").await.len();
    place.writes("ana", "web", "No").await;
    assert_eq!(place.sees("ana").await.len(), before + 1, "her own line alone");
    let of = PauseRef { payer: Some(PAYER.into()), kind: PauseKind::Payer, name: String::new() };
    place.is_done(Ask::Resume { of, waits: Some(Waits::Release) }).await;
    assert_eq!(place.sees("ana").await.len(), before + 2);
}

#[tokio::test]
async fn another_key_is_refused_in_words() {
    let (_folder, file) = backed_up().await;
    let elsewhere = tempdir().unwrap();
    let other = Arc::new(Vault::from_key([8; 32]));
    let error = refused(&file, other, &elsewhere.path().join("new")).await;
    assert!(error.contains("sealed under another operator key"), "{error}");
}

#[tokio::test]
async fn the_key_and_her_words_are_not_in_it() {
    let folder = tempdir().unwrap();
    let (data, file) = (folder.path(), folder.path().join("house.backup"));
    let secret = "5ec7e7".repeat(10) + "5ec7";
    std::fs::write(data.join("operator.key"), &secret).unwrap();
    let place = open(data).await;
    place.talks("ana", &["the violet umbrella of my aunt hurts"]).await;
    backup(&data.join("mendline.db"), data, &file, start()).await.unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let holds = |words: &str| bytes.windows(words.len()).any(|it| it == words.as_bytes());
    assert!(!holds("violet umbrella") && !holds(&secret));
    assert!(holds("mendline-backup.json"), "the search can find something");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_was_damaged_or_cut_comes_back_not_at_all() {
    let (folder, file) = backed_up().await;
    let whole = std::fs::read(&file).unwrap();
    let elsewhere = tempdir().unwrap();
    let into = elsewhere.path().join("new");
    let bad = folder.path().join("bad");
    let mut touched = whole.clone();
    let middle = touched.len() / 2;
    touched[middle] ^= 1;
    for (bytes, says) in [
        (touched, "damaged"),
        (whole[..whole.len() / 2].to_vec(), "cannot be restored"),
        (b"hello".to_vec(), "cannot be restored"),
        (Vec::new(), "cannot be restored"),
    ] {
        std::fs::write(&bad, bytes).unwrap();
        let error = refused(&bad, key(), &into).await;
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn nothing_is_ever_written_over() {
    let (folder, file) = backed_up().await;
    let database = folder.path().join("mendline.db");
    let again = backup(&database, folder.path(), &file, start()).await.unwrap_err();
    assert!(again.to_string().contains("there already"), "{again}");
    let into = restore(&file, folder.path(), key(), None).await.err().unwrap();
    assert!(into.to_string().contains("empty folder"), "{into}");
    let missing = backup(&folder.path().join("no.db"), folder.path(), &file, start()).await;
    assert!(missing.unwrap_err().to_string().contains("no database"));
}
