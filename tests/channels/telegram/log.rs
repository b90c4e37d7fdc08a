//! Nothing private is logged, whatever goes wrong.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mendline::channels::Channel;
use mendline::channels::inward::Ear;
use mendline::channels::telegram::{Pace, TelegramChannel, TelegramEar, Waits};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt::MakeWriter;

use super::fake::{Instead, Kept, Shelf, TOKEN, Telegram, outgoing};

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

#[tokio::test]
async fn rule_12_no_token_word_or_chat_is_ever_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _quiet_again = tracing::subscriber::set_default(subscriber);
    let telegram = Telegram::begin().await;
    let channel = TelegramChannel::new(telegram.api()).paced(Pace::every(0));
    let quoting = "Bad Request: can't parse 'oxycodone canary'";
    for (nth, code) in [400, 401, 401, 403, 409, 429, 500].into_iter().enumerate() {
        telegram.fake.refuses_once("sendMessage", code, quoting, json!({ "retry_after": null }));
        let message = outgoing(&format!("c1/{nth}.0"), "oxycodone canary");
        let why = channel.send(&message).await.unwrap_err();
        assert!(!why.to_string().contains("canary"), "{why}");
    }
    telegram.fake.once("sendMessage", Instead::Nothing);
    let other =
        mendline::channels::Outgoing { to: "5550199".into(), ..outgoing("c1/9.0", "canary") };
    let why = channel.send(&other).await.unwrap_err();
    assert!(!why.to_string().contains("canary"), "{why}");

    let mut words = serde_json::from_str::<Value>(include_str!("updates/words.json")).unwrap();
    telegram.fake.brings(words["update"].take());
    telegram.fake.once("getUpdates", Instead::Says(500, quoting.into()));
    let gate = Kept::default();
    gate.refuses(2);
    let short = Duration::from_millis(1);
    let waits = Waits { poll: short, first: short, most: short };
    let ear = TelegramEar::new(telegram.api(), &[]).unwrap().waiting(waits);
    let until = CancellationToken::new();
    let listening = ear.listen(Arc::new(gate.clone()), Arc::new(Shelf::default()), until.clone());
    let heard = async {
        gate.until(1).await;
        until.cancel();
    };
    let (listened, ()) = tokio::join!(listening, heard);
    listened.unwrap();

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let told = text.matches("telegram refuses the bot's token").count();
    assert_eq!(told, 1, "an incident is told once:\n{text}");
    assert!(text.contains("not on disk yet"), "the search finds what is logged");
    let key = TOKEN.split_once(':').unwrap().1;
    for private in [key, "canary", "oxycodone", "farmacia", "5550101", "Ana"] {
        let line = text.lines().find(|it| it.contains(private));
        assert!(line.is_none(), "'{private}' was logged: {}", line.unwrap_or_default());
    }
}
