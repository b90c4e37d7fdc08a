//! Sends. One attempt at each part of a message, and what was said already is not said again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use teloxide_core::payloads::SendMessage;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::answer::{Fault, Why, sorted};
use super::commands::{BadCommand, Command, InChat, checked, in_chat};
use super::pace::Pace;
use super::translate::{Closing, TEXT_UNITS_MAX, closing, requests};
use super::{Api, TELEGRAM};
use crate::channels::inward::NoFile;
use crate::channels::{Channel, Outgoing, Profile, SendError, Sent};
use crate::store::MessageRef;
use crate::store::standing::Stands;

/// How long Telegram may take over one message. It answers within a second on a bad day.
const ANSWER_PATIENCE: Duration = Duration::from_secs(8);
/// How long a message of several parts may take: less than the 25 s for which dispatch has it.
const SEND_PATIENCE: Duration = Duration::from_secs(20);
/// How long Telegram may take over a file, and again to say where it lies. Whoever waits behind it
/// waits as long.
const FILE_PATIENCE: Duration = Duration::from_secs(6);
/// Messages on their way whose parts are remembered. A house has 64 under way.
const UNDER_WAY_MAX: usize = 10_000;

/// The channel.
#[derive(Debug)]
pub struct TelegramChannel {
    api: Api,
    pace: Mutex<Pace>,
    /// How many parts of a message Telegram has taken and what it calls the last, until what became
    /// of it is on disk. A
    /// process that dies meanwhile forgets it: then the message is said once more.
    said: Mutex<HashMap<MessageRef, (usize, Option<String>)>>,
    /// What staff are offered in their chats.
    staff: Vec<Command>,
}

impl TelegramChannel {
    /// The channel over this line.
    pub fn new(api: Api) -> TelegramChannel {
        TelegramChannel { api, pace: Mutex::default(), said: Mutex::default(), staff: Vec::new() }
    }

    /// The same, with these commands for staff, in their own chats alone.
    pub fn offering(self, staff: Vec<Command>) -> Result<TelegramChannel, BadCommand> {
        Ok(TelegramChannel { staff: checked(staff)?, ..self })
    }

    /// The same at another pace: a server of one's own may allow it.
    pub fn paced(self, pace: Pace) -> TelegramChannel {
        TelegramChannel { pace: Mutex::new(pace), ..self }
    }

    /// Whether Telegram refused the bot's token the last time.
    pub fn refused(&self) -> bool {
        self.api.refused()
    }

    /// Answers what Telegram calls the last part.
    async fn say(
        &self,
        outgoing: &Outgoing,
        requests: &[SendMessage],
    ) -> Result<Option<String>, SendError> {
        let began = Instant::now();
        let now_ms = || {
            let passed = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
            outgoing.now_ms.saturating_add(passed)
        };
        let chat: i64 = outgoing.to.parse().map_err(|_| SendError::Never("no chat".into()))?;
        let (said, mut last) = lock(&self.said).get(&outgoing.key).cloned().unwrap_or_default();
        for (nth, request) in requests.iter().enumerate().skip(said) {
            let wait = lock(&self.pace).take(chat, now_ms()).map_err(SendError::Busy)?;
            sleep(Duration::from_millis(u64::try_from(wait).unwrap_or_default())).await;
            match self.api.ask(request, ANSWER_PATIENCE).await {
                Ok(sent) => {
                    last = sent["message_id"].as_i64().map(|it| it.to_string());
                    self.remember(&outgoing.key, (nth + 1, last.clone()));
                }
                Err(fault) => {
                    if let Fault::TooMany(seconds) = fault {
                        lock(&self.pace).silence(chat, seconds, now_ms());
                    }
                    return Err(sorted(&fault));
                }
            }
        }
        Ok(last)
    }

    fn remember(&self, key: &MessageRef, parts: (usize, Option<String>)) {
        let mut said = lock(&self.said);
        if said.len() >= UNDER_WAY_MAX {
            said.clear();
        }
        said.insert(key.clone(), parts);
    }
}

#[async_trait]
impl Channel for TelegramChannel {
    fn profile(&self) -> Profile {
        Profile {
            name: TELEGRAM,
            text_chars_max: TEXT_UNITS_MAX,
            buttons: true,
            // Nobody at Telegram has signed for health details (domain facts 4.2).
            level: 0,
            intrudes: true,
        }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let requests = requests(outgoing).map_err(|it| SendError::Never(it.to_string()))?;
        match timeout(SEND_PATIENCE, self.say(outgoing, &requests)).await {
            // A bot is never told that something was read. Taken is as near as it comes.
            Ok(said) => said.map(|id| Sent { id, ..Sent::as_shown() }),
            Err(_) => Err(SendError::Maybe("no answer in time".into())),
        }
    }

    fn closes(&self) -> bool {
        true
    }

    async fn close(&self, stands: &Stands) -> Result<(), SendError> {
        let closing = closing(stands).map_err(|it| SendError::Never(it.to_string()))?;
        let answer = match &closing {
            Closing::Words(it) => self.api.ask(it, ANSWER_PATIENCE).await,
            Closing::Buttons(it) => self.api.ask(it, ANSWER_PATIENCE).await,
        };
        match answer {
            Ok(_) | Err(Fault::Refused { why: Why::AsItWas, .. }) => Ok(()),
            Err(fault) => Err(sorted(&fault)),
        }
    }

    async fn fetch(&self, file: &str, bytes_max: usize) -> Result<Vec<u8>, NoFile> {
        // A place on the map or a contact has no file.
        if file.is_empty() {
            return Err(NoFile::NotHere);
        }
        self.api.file(file, bytes_max, FILE_PATIENCE).await
    }

    fn takes_commands(&self) -> bool {
        true
    }

    fn offers(&self, address: &str, staff: bool) {
        let Ok(chat) = address.parse() else { return };
        let (api, offers) = (self.api.clone(), in_chat(&self.staff, chat, staff));
        if self.staff.is_empty() {
            return;
        }
        tokio::spawn(async move {
            for offer in offers {
                let asked = match &offer {
                    InChat::Set(it) => api.ask(it, ANSWER_PATIENCE).await,
                    InChat::Delete(it) => api.ask(it, ANSWER_PATIENCE).await,
                };
                if let Err(why) = asked {
                    warn!(%why, "telegram did not take the list of commands of one chat");
                }
            }
        });
    }

    fn settled(&self, key: &MessageRef) {
        lock(&self.said).remove(key);
    }
}

/// Nothing that is locked here can be left half done.
fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
