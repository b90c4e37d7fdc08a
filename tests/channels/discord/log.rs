//! Nothing private is logged, whatever goes wrong.

use std::io::Write;
use std::sync::{Arc, Mutex};

use mendline::channels::discord::DiscordChannel;
use mendline::channels::{Channel, Outgoing};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::fake::{ANA, DM, Discord, Instead, TOKEN, act, outgoing, words};
use crate::telegram::fake::{Kept, Shelf};

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
async fn rule_12_no_token_word_or_person_is_ever_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _quiet_again = tracing::subscriber::set_default(subscriber);
    let discord = Discord::begin().await;
    let channel = DiscordChannel::new(discord.api());
    for (nth, status) in [400, 401, 401, 403, 404, 429, 500].into_iter().enumerate() {
        discord.fake.refuses_once("/channels", status, 50_035);
        // What is opened in between is taken, and so is the token.
        let to = if status <= 401 { ANA } else { ANA + nth as u64 }.to_string();
        let message = Outgoing { to, ..outgoing(&format!("c1/{nth}.0"), "oxycodone canary") };
        let why = channel.send(&message).await.unwrap_err();
        assert!(!why.to_string().contains("canary"), "{why}");
    }
    discord.fake.once("/channels", Instead::Nothing);
    let other = Outgoing { to: "42".into(), ..outgoing("c1/9.0", "canary") };
    let why = channel.send(&other).await.unwrap_err();
    assert!(!why.to_string().contains("canary"), "{why}");

    let (gate, place) = (Kept::default(), Shelf::default());
    gate.refuses(2);
    let listening = discord.listen(&gate, &place);
    discord.fake.is_heard().await;
    discord.fake.brings("MESSAGE_CREATE", words(700, "oxycodone canary"));
    gate.until(1).await;
    discord.fake.says(json!("not what it should be: oxycodone canary"));
    discord.fake.once("/interactions", Instead::Nothing);
    discord.fake.brings("INTERACTION_CREATE", act(800, 2, json!({ "name": "queue" })));
    gate.until(2).await;
    discord.fake.closes(4000);
    discord.fake.until(|it| it.heard(6).len() == 1).await;
    listening.stop().await;

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let told = text.matches("discord refuses the bot's token").count();
    assert_eq!(told, 1, "an incident is told once:\n{text}");
    assert!(text.contains("not on disk yet"), "the search finds what is logged");
    let key = TOKEN.split_once('.').unwrap().1;
    let (ana, dm) = (ANA.to_string(), DM.to_string());
    for private in [key, "canary", "oxycodone", &ana, &dm, "session-1"] {
        let line = text.lines().find(|it| it.contains(private));
        assert!(line.is_none(), "'{private}' was logged: {}", line.unwrap_or_default());
    }
}
