//! Files that people sent: asked for where the bot is, and nowhere else.

use mendline::channels::Channel as _;
use mendline::channels::inward::NoFile;
use mendline::channels::telegram::TelegramChannel;
use serde_json::json;

use super::fake::{Instead, Telegram, api};

async fn begin() -> (Telegram, TelegramChannel) {
    let telegram = Telegram::begin().await;
    let channel = TelegramChannel::new(telegram.api());
    (telegram, channel)
}

fn lies_at(path: &str, bytes: u64) -> Instead {
    let found = json!({ "file_id": "F1", "file_path": path, "file_size": bytes });
    Instead::Says(200, json!({ "ok": true, "result": found }).to_string())
}

#[tokio::test]
async fn a_file_is_brought_in_two_steps_from_the_configured_server() {
    let (telegram, channel) = begin().await;
    telegram.fake.once("getFile", lies_at("photos/file_1.jpg", 5));
    telegram.fake.once("photos/file_1.jpg", Instead::Says(200, "bytes".into()));
    assert_eq!(channel.fetch("F1", 5).await, Ok(b"bytes".to_vec()));
    assert_eq!(telegram.fake.methods(), ["getFile", "photos/file_1.jpg"]);
    assert_eq!(telegram.fake.asked("getFile")[0]["file_id"], "F1");
}

#[tokio::test]
async fn one_that_is_too_large_is_not_brought_whatever_it_says_of_itself() {
    let (telegram, channel) = begin().await;
    telegram.fake.once("getFile", lies_at("a/b", 6));
    assert_eq!(channel.fetch("F1", 5).await, Err(NoFile::TooLarge));
    assert_eq!(telegram.fake.methods(), ["getFile"]);
    telegram.fake.once("getFile", lies_at("a/b", 1));
    telegram.fake.once("a/b", Instead::Says(200, "longer".into()));
    assert_eq!(channel.fetch("F1", 5).await, Err(NoFile::TooLarge));
}

#[tokio::test]
async fn whatever_goes_wrong_it_is_not_fetched_and_nobody_else_is_asked() {
    let (telegram, channel) = begin().await;
    let elsewhere = Telegram::begin().await;
    telegram.fake.refuses_once("getFile", 400, "Bad Request: file is too big", json!({}));
    assert_eq!(channel.fetch("F1", 5).await, Err(NoFile::NotFetched));
    for path in ["../bot1/getMe", "/etc/passwd", ""] {
        telegram.fake.once("getFile", lies_at(path, 1));
        assert_eq!(channel.fetch("F1", 5).await, Err(NoFile::NotFetched), "{path}");
    }
    let to = format!("{}/file/x", elsewhere.url);
    for instead in [Instead::Says(500, "no".into()), Instead::Points(302, to), Instead::Nothing] {
        telegram.fake.once("getFile", lies_at("a/b", 1));
        telegram.fake.once("a/b", instead);
        assert_eq!(channel.fetch("F1", 5).await, Err(NoFile::NotFetched));
    }
    assert!(elsewhere.fake.methods().is_empty());
    let away = TelegramChannel::new(api("http://127.0.0.1:9"));
    assert_eq!(away.fetch("F1", 5).await, Err(NoFile::NotFetched));
    assert_eq!(channel.fetch("", 5).await, Err(NoFile::NotHere), "a place on the map has no file");
}
