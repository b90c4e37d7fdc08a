//! One connection to the gateway: it says who we are, keeps the line alive, and hears. What an event
//! means, and whether it is on disk, is not its matter.
//!
//! It never says goodbye: whoever closes a line with 1000 ends the session with it ("Disconnecting"),
//! and a server that starts again wants to go on with it.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use rand::Rng as _;
use serde_json::{Value, json};
use serenity::model::gateway::GatewayIntents;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::far::Session;

/// The version that we speak, in words that are not packed.
const QUERY: &str = "v=10&encoding=json";
/// How long the first word may take.
const HELLO_PATIENCE: Duration = Duration::from_secs(15);
/// How long a word of ours may take to leave.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// Largest word that is heard, in bytes: READY of a bot on a hundred servers has a tenth of it.
const WORD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Between two signs of life, at least: a gateway that asks for more is none.
const BEAT_MS_MIN: u64 = 100;

/// Direct messages; commands and taps come unasked. What others write in servers is not asked for.
pub(super) const INTENTS: GatewayIntents = GatewayIntents::DIRECT_MESSAGES;

/// A line that is open, and has been greeted.
pub(super) struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    every: Duration,
    next_beat: Instant,
    answered: bool,
    /// The last event that was heard.
    seq: Option<u64>,
}

/// What was heard.
#[derive(Debug)]
pub(super) enum Heard {
    /// Something happened.
    Event {
        /// Its place in the session.
        seq: u64,
        /// What.
        name: String,
        /// The rest.
        data: Value,
    },
    /// Come back, and go on.
    Reconnect,
    /// The session is over; or not, and it can be gone on with.
    Invalid {
        /// Whether it can.
        resumable: bool,
    },
}

/// Why nothing more is heard. It names no address and no word: the address of a session and what is
/// heard are nobody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broke {
    /// There was no connection, or no greeting.
    #[error("no connection")]
    Unreached,
    /// It broke, or nobody answers.
    #[error("the line broke")]
    Off,
    /// It was closed for a reason.
    #[error("the line was closed with {0}")]
    Closed(u16),
}

impl Line {
    /// Opens a line and waits for the greeting.
    pub async fn open(gateway: &str) -> Result<Line, Broke> {
        let opened = timeout(HELLO_PATIENCE, Line::greeted(gateway)).await;
        opened.unwrap_or(Err(Broke::Unreached))
    }

    async fn greeted(gateway: &str) -> Result<Line, Broke> {
        let (base, had) = gateway.split_once('?').unwrap_or((gateway, ""));
        let and = if had.is_empty() { "" } else { "&" };
        // An address without a path has one all the same.
        let slash = if base.matches('/').count() < 3 { "/" } else { "" };
        let url = format!("{base}{slash}?{had}{and}{QUERY}");
        let sizes = WebSocketConfig::default()
            .max_message_size(Some(WORD_BYTES_MAX))
            .max_frame_size(Some(WORD_BYTES_MAX));
        let opened = connect_async_with_config(url, Some(sizes), false).await;
        let (socket, _) = opened.map_err(|_| Broke::Unreached)?;
        let now = Instant::now();
        let mut line =
            Line { socket, every: HELLO_PATIENCE, next_beat: now, answered: true, seq: None };
        loop {
            let word = line.word().await?;
            if word["op"].as_u64() == Some(10) {
                let ms = word["d"]["heartbeat_interval"].as_u64().unwrap_or(0).max(BEAT_MS_MIN);
                line.every = Duration::from_millis(ms);
                // Not all at once, after a whole gateway fell ("Sending Heartbeats": "jitter").
                line.next_beat = Instant::now() + line.every.mul_f64(rand::rng().random());
                return Ok(line);
            }
        }
    }

    /// Begins a session.
    pub async fn identify(&mut self, token: &str) -> Result<(), Broke> {
        let properties =
            json!({ "os": std::env::consts::OS, "browser": "mendline", "device": "mendline" });
        let who = json!({ "token": token, "intents": INTENTS.bits(), "properties": properties });
        self.say(json!({ "op": 2, "d": who })).await
    }

    /// Goes on with one.
    pub async fn resume(&mut self, token: &str, with: &Session) -> Result<(), Broke> {
        self.seq = Some(with.seq);
        let which = json!({ "token": token, "session_id": with.id, "seq": with.seq });
        self.say(json!({ "op": 6, "d": which })).await
    }

    /// The next thing that is heard; meanwhile the line is kept alive. It may be dropped at any
    /// moment and asked again.
    pub async fn next(&mut self) -> Result<Heard, Broke> {
        loop {
            let next_beat = self.next_beat;
            let word = tokio::select! {
                word = self.word() => word?,
                () = tokio::time::sleep_until(next_beat) => {
                    if !self.answered {
                        return Err(Broke::Off);
                    }
                    self.answered = false;
                    self.next_beat = Instant::now() + self.every;
                    self.beat().await?;
                    continue;
                }
            };
            match word["op"].as_u64() {
                Some(0) => {
                    let Some(seq) = word["s"].as_u64() else { continue };
                    self.seq = Some(seq);
                    let name = word["t"].as_str().unwrap_or_default().to_owned();
                    let mut word = word;
                    return Ok(Heard::Event { seq, name, data: word["d"].take() });
                }
                Some(1) => self.beat().await?,
                Some(7) => return Ok(Heard::Reconnect),
                Some(9) => {
                    let resumable = word["d"].as_bool() == Some(true);
                    return Ok(Heard::Invalid { resumable });
                }
                Some(11) => self.answered = true,
                _ => {}
            }
        }
    }

    async fn beat(&mut self) -> Result<(), Broke> {
        let beat = json!({ "op": 1, "d": self.seq });
        self.say(beat).await
    }

    async fn say(&mut self, word: Value) -> Result<(), Broke> {
        let word = Message::text(word.to_string());
        match timeout(SEND_PATIENCE, self.socket.send(word)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Broke::Off),
        }
    }

    /// One word, whatever it is; what cannot be read is none.
    async fn word(&mut self) -> Result<Value, Broke> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    if let Ok(word) = serde_json::from_str(&text) {
                        return Ok(word);
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map_or(Broke::Off, |it| Broke::Closed(it.code.into())));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(Broke::Off),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Discord's own gateway is wss. Whether the program can speak it must not come out in the
    /// field: a missing provider of ciphers would end the task.
    #[tokio::test]
    async fn a_line_may_be_a_private_one() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("wss://{}", listener.local_addr().unwrap());
        let peer = tokio::spawn(async move {
            use tokio::io::AsyncReadExt as _;
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut first = [0];
            stream.read_exact(&mut first).await.unwrap();
            first[0]
        });
        assert_eq!(Line::open(&url).await.err(), Some(Broke::Unreached));
        assert_eq!(peer.await.unwrap(), 22, "a TLS handshake");
    }
}
