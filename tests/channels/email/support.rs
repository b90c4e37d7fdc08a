//! What the tests of mail share: settings, a message, a gate that keeps what it is told.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mendline::channels::Outgoing;
use mendline::channels::email::letter::Sender;
use mendline::channels::email::{EmailChannel, Settings};
use mendline::channels::inward::{Came, Entered, Gate, NotTaken, Place};
use mendline::store::{EffectRef, Frozen, Leaving, MessageRef};
use mendline::vault::Vault;
use mendline_engine::event::Receipt;
use mendline_engine::message::MessageKind;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::server::{PASSWORD, Server, USER};

pub const OWN: &str = "care@example.com";
pub const HOST: &str = "mx.example.com";
pub const ANA: &str = "ana@example.net";
/// 2026-11-23 17:00 in Los Angeles.
pub const NOW_MS: i64 = 1_795_482_000_000;

pub fn vault() -> Arc<Vault> {
    Arc::new(Vault::from_key([7; 32]))
}

pub fn sender() -> Sender {
    Sender { from: OWN.into(), name: Some("Northwind claims office".into()), vault: vault() }
}

/// Settings with what a test says otherwise.
pub fn settings(more: Value) -> Settings {
    let mut all = json!({
        "from": OWN,
        "host": "127.0.0.1",
        "port": 9,
        "tls": "none",
        "drop": "/nowhere",
        "authserv": HOST,
    });
    let more = more.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(more);
    serde_json::from_value(all).unwrap()
}

/// Settings for a folder.
pub fn at(drop: &Path) -> Settings {
    settings(json!({ "drop": drop }))
}

/// A channel that logs in at this server.
pub fn channel(server: &Server) -> EmailChannel {
    channel_with(server, json!({ "username": USER, "password": PASSWORD }))
}

pub fn channel_with(server: &Server, more: Value) -> EmailChannel {
    let mut settings = settings(more);
    settings.port = Some(server.port);
    EmailChannel::new(&settings, vault()).unwrap()
}

/// A message on its way to Ana.
pub fn outgoing(effect: &str, text: &str) -> Outgoing {
    let effect: EffectRef = effect.parse().unwrap();
    Outgoing {
        key: MessageRef { payer: "northwind".into(), effect },
        person: "ana".into(),
        to: ANA.into(),
        frozen: Frozen {
            channel: "email".into(),
            text: text.into(),
            buttons: Vec::new(),
            numbers: Vec::new(),
            language: "en".into(),
            private: true,
        },
        question: None,
        deciding: None,
        speaker: None,
        zone: "America/Los_Angeles".into(),
        leaving: Leaving { flow: None, kind: MessageKind::Proactive },
        window_open: true,
        now_ms: NOW_MS,
    }
}

/// A gate that keeps what it is told, and refuses as often as a test says.
#[derive(Clone, Default)]
pub struct Kept {
    came: Arc<Mutex<Vec<Came>>>,
    reported: Arc<Mutex<Vec<(MessageRef, Receipt)>>>,
    refusals: Arc<AtomicU32>,
    moved: Arc<Notify>,
}

impl Kept {
    pub fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    pub fn reported(&self) -> Vec<(MessageRef, Receipt)> {
        self.reported.lock().unwrap().clone()
    }

    pub fn refuses(&self, times: u32) {
        self.refusals.store(times, Ordering::SeqCst);
    }

    /// Until so many things came.
    pub async fn until(&self, count: usize) {
        loop {
            let moved = self.moved.notified();
            if self.came().len() >= count {
                return;
            }
            moved.await;
        }
    }

    fn takes(&self) -> Result<(), NotTaken> {
        let left =
            self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |it| it.checked_sub(1));
        left.map_or(Ok(()), |_| Err(NotTaken::Later("away".into())))
    }
}

#[async_trait]
impl Gate for Kept {
    async fn came(&self, it: Came) -> Result<Entered, NotTaken> {
        self.takes()?;
        self.came.lock().unwrap().push(it);
        self.moved.notify_waiters();
        Ok(Entered::default())
    }

    async fn reported(&self, key: &MessageRef, receipt: Receipt) -> Result<(), NotTaken> {
        self.takes()?;
        self.reported.lock().unwrap().push((key.clone(), receipt));
        Ok(())
    }
}

/// A place that nobody else wants.
pub struct Nowhere;

#[async_trait]
impl Place for Nowhere {
    async fn last(&self) -> Result<Option<String>, NotTaken> {
        Ok(None)
    }

    async fn keep(&self, _place: &str) -> Result<bool, NotTaken> {
        Ok(true)
    }
}
