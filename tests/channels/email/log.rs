//! What is never in a log: addresses, words, names, the password, codes.

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mendline::channels::Channel;
use mendline::channels::email::EmailEar;
use mendline::channels::inward::Ear;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt::MakeWriter;

use super::hears::folder;
use super::server::{Instead, MAIL, PASSWORD, Server};
use super::support::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

/// All that logs: refusals of every kind on the way out, and every kind of mail on the way in.
async fn whatever_logs() {
    let server = Server::begin().await;
    let channel = channel(&server);
    let message = outgoing("c1/3.0", "gabapentin for Ana Example");
    for (verb, line) in [
        ("AUTH", "535 5.7.8 canary ana@example.net"),
        ("AUTH", "535 5.7.8 canary ana@example.net"),
        ("RCPT", "550 5.1.1 canary ana@example.net"),
        ("RCPT", "550 5.7.1 canary ana@example.net"),
        (MAIL, "554 5.7.1 canary gabapentin"),
    ] {
        server.refuses_once(verb, line);
        let why = channel.send(&message).await.unwrap_err();
        assert!(!why.to_string().contains("canary"), "{why}");
    }
    server.once(MAIL, Instead::Closes);
    let _ = channel.send(&message).await;
    let _ = channel.send(&message).await;

    let (root, gate) = (folder(), Kept::default());
    gate.refuses(1);
    for (name, mail) in [
        ("1.words", format!("From: {ANA}\nSubject: gabapentin\n\nI am Ana Example\n")),
        ("2.aside", format!("From: {ANA}, eve@example.net\nSubject: gabapentin\n\ncanary\n")),
    ] {
        std::fs::write(root.path().join("new").join(name), mail).unwrap();
    }
    let ear = EmailEar::new(&at(root.path()), vault()).every(Duration::from_millis(1));
    let until = CancellationToken::new();
    let listening = ear.listen(Arc::new(gate.clone()), Arc::new(Nowhere), until.clone());
    let heard = async {
        while std::fs::read_dir(root.path().join("new")).unwrap().count() > 0 {
            tokio::task::yield_now().await;
        }
        until.cancel();
    };
    let (listened, ()) = tokio::join!(listening, heard);
    listened.unwrap();
}

/// Set for the process of its own in which the log is read.
const ALONE: &str = "MENDLINE_LOGS_ALONE";

/// In a process of its own: what another test's thread logs first, where nobody listens, is held
/// for something that nobody ever listens to.
#[test]
fn rule_12_no_address_word_or_password_is_ever_logged() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "email::log::alone", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn alone() {
    if std::env::var_os(ALONE).is_none() {
        return;
    }
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _quiet_again = tracing::subscriber::set_default(subscriber);
    whatever_logs().await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.matches("refuses our name and password").count(), 1, "told once:\n{text}");
    for logged in ["mails leave again", "not on disk yet", "is set aside"] {
        assert!(text.contains(logged), "the search finds what is logged: {logged}\n{text}");
    }
    for private in ["example.net", "ana@", "Ana", "gabapentin", "canary", PASSWORD, "Y2Fu"] {
        let line = text.lines().find(|it| it.contains(private));
        assert!(line.is_none(), "'{private}' was logged: {}", line.unwrap_or_default());
    }
}
