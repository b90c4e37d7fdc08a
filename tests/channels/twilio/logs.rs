//! What is never in a log: numbers, words, names, the token.

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

use mendline::channels::Channel;
use mendline::channels::twilio::Kind;
use tracing_subscriber::fmt::MakeWriter;

use super::doors::{Kept, doors, form, posted};
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

/// All that logs: refusals of every kind, on both sides.
async fn whatever_logs() {
    let broken = Say(500, Vec::new(), "gabapentin for +15555550123".into());
    let says = vec![refused(401, 20003), refused(400, 21211), broken.clone(), broken, took()];
    let twilio = Twilio::that_says(says).await;
    let sms = channel(Kind::Sms, &twilio.url);
    for _ in 0..4 {
        let _ = sms.send(&outgoing("gabapentin for Ana", &["Yes"])).await;
    }
    let gate = Arc::new(Kept { away: true, ..Kept::default() });
    let form = form(&[("MessageSid", "SM1"), ("From", "+15555550123"), ("Body", "gabapentin")]);
    posted(&doors(&gate), "/webhooks/sms", Some("forged"), &form).await;
}

/// Set for the process of its own in which the log is read.
const ALONE: &str = "MENDLINE_LOGS_ALONE";

/// In a process of its own: what another test's thread logs first, where nobody listens, is held
/// for something that nobody ever listens to.
#[test]
fn rule_12_no_number_word_or_token_is_ever_logged() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "twilio::logs::alone", "--nocapture"])
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
    for logged in ["refuses the credentials", "takes messages again", "not Twilio's was refused"] {
        assert!(text.contains(logged), "the search finds what is logged: {logged}");
    }
    for private in ["5555550123", "gabapentin", "Ana", TOKEN, "QUNh"] {
        let line = text.lines().find(|it| it.contains(private));
        assert!(line.is_none(), "'{private}' was logged: {}", line.unwrap_or_default());
    }
}
