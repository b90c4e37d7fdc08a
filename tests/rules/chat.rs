//! Chat apps that others run: level 0, buttons, and whatever was said can be changed where it
//! stands.

use std::sync::Mutex;

use async_trait::async_trait;
use mendline::channels::{Channel, Outgoing, Profile, SendError, Sent};
use mendline::store::standing::Stands;

/// An app.
pub struct Chat {
    name: &'static str,
    got: Mutex<Vec<Outgoing>>,
    closed: Mutex<Vec<Stands>>,
    offered: Mutex<Vec<(String, bool)>>,
}

impl Chat {
    pub fn new(name: &'static str) -> Chat {
        let (got, closed) = (Mutex::default(), Mutex::default());
        Chat { name, got, closed, offered: Mutex::default() }
    }

    /// What an address got, oldest first.
    pub fn got(&self, to: &str) -> Vec<Outgoing> {
        let got = self.got.lock().unwrap();
        got.iter().filter(|it| it.to == to).cloned().collect()
    }

    /// The words of it.
    pub fn texts(&self, to: &str) -> Vec<String> {
        self.got(to).into_iter().map(|it| it.frozen.text).collect()
    }

    /// Every word that anybody got here.
    pub fn all(&self) -> Vec<String> {
        self.got.lock().unwrap().iter().map(|it| it.frozen.text.clone()).collect()
    }

    /// What was closed where it stood.
    pub fn closed(&self) -> Vec<Stands> {
        self.closed.lock().unwrap().clone()
    }

    /// Whom the commands of staff were offered, or everybody's again.
    pub fn offered(&self) -> Vec<(String, bool)> {
        self.offered.lock().unwrap().clone()
    }
}

#[async_trait]
impl Channel for Chat {
    fn profile(&self) -> Profile {
        Profile { name: self.name, text_chars_max: 2_000, buttons: true, level: 0, intrudes: true }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let mut got = self.got.lock().unwrap();
        got.push(outgoing.clone());
        Ok(Sent { id: Some(got.len().to_string()), ..Sent::as_shown() })
    }

    async fn close(&self, stands: &Stands) -> Result<(), SendError> {
        self.closed.lock().unwrap().push(stands.clone());
        Ok(())
    }

    fn takes_commands(&self) -> bool {
        true
    }

    fn offers(&self, address: &str, staff: bool) {
        self.offered.lock().unwrap().push((address.to_owned(), staff));
    }
}
