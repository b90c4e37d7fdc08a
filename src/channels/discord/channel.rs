//! Sends. One attempt at each part of a message, under a key of its own that Discord knows for a few
//! minutes: so long an attempt that was not answered is made again, and says nothing twice.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::answer::{Fault, Why, sorted};
use super::calls::Call;
use super::hear::number;
use super::pace::Pace;
use super::say::{TEXT_UNITS_MAX, closing, messages};
use super::{Api, DISCORD};
use crate::channels::{Channel, Outgoing, Profile, SendError, Sent};
use crate::store::MessageRef;
use crate::store::standing::Stands;

/// How long Discord may take over one request. It answers within a second on a bad day.
const ANSWER_PATIENCE: Duration = Duration::from_secs(8);
/// How long a message of several parts may take: less than the 25 s for which dispatch has it.
const SEND_PATIENCE: Duration = Duration::from_secs(20);
/// How long after the first attempt another one under the same key is still the same message.
/// Discord says "the past few minutes" ("Create Message", `enforce_nonce`); a few is more than two,
/// and the attempts that dispatch makes in two minutes are enough.
const KEY_HOLDS_MS: i64 = 120_000;
/// Messages on their way that are remembered. A house has 64 under way.
const UNDER_WAY_MAX: usize = 10_000;

/// The channel.
#[derive(Debug)]
pub struct DiscordChannel {
    api: Api,
    pace: Mutex<Pace>,
    /// Until what became of a message is on disk. A process that dies meanwhile forgets it; then
    /// the message is tried once more, under the same key.
    under_way: Mutex<HashMap<MessageRef, UnderWay>>,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, Default)]
struct UnderWay {
    /// Parts that Discord has taken.
    said: usize,
    /// What it calls the last of them.
    last: Option<u64>,
    /// Since when it is not known whether it has taken the next.
    unclear_since_ms: Option<i64>,
}

impl DiscordChannel {
    /// The channel over this line.
    pub fn new(api: Api) -> DiscordChannel {
        DiscordChannel { api, pace: Mutex::default(), under_way: Mutex::default() }
    }

    /// Whether Discord refused the bot's token the last time.
    pub fn refused(&self) -> bool {
        self.api.refused()
    }

    /// Answers where the last part stands.
    async fn say(
        &self,
        outgoing: &Outgoing,
        messages: Vec<Value>,
    ) -> Result<Option<String>, SendError> {
        let began = Instant::now();
        let now_ms = || {
            let passed = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
            outgoing.now_ms.saturating_add(passed)
        };
        let nobody = || SendError::Never("no such person".into());
        let person: u64 = outgoing.to.parse().map_err(|_| nobody())?;
        let before = self.how_far(&outgoing.key);
        let held = before.unclear_since_ms.is_none_or(|it| now_ms() - it < KEY_HOLDS_MS);
        if !held {
            return Err(SendError::Maybe("not answered, and its key is over".into()));
        }
        let channel = match self.api.dm_of(person) {
            Some(channel) => channel,
            None => self.open(person, &now_ms).await?,
        };
        let mut last = before.last;
        for (nth, message) in messages.into_iter().enumerate().skip(before.said) {
            match self.ask(channel, &Call::write(channel, message), &now_ms).await? {
                Ok(taken) => {
                    last = number(&taken["id"]);
                    let said = UnderWay { said: nth + 1, last, unclear_since_ms: None };
                    self.remember(&outgoing.key, said);
                }
                Err(Fault::Unclear(why)) => {
                    self.note_unclear(&outgoing.key, outgoing.now_ms);
                    return Err(SendError::Later(format!("no clear answer: {why}")));
                }
                Err(fault) => {
                    if matches!(fault, Fault::Refused { why: Why::NoChannel, .. }) {
                        self.api.forget_dm(person);
                    }
                    return Err(sorted(&fault));
                }
            }
        }
        // What asks nothing is never changed.
        let asks = last.filter(|_| outgoing.question.is_some());
        Ok(asks.map(|message| format!("{channel}/{message}")))
    }

    /// The direct message with a person. Asked for twice it is the same one.
    async fn open(&self, person: u64, now_ms: &impl Fn() -> i64) -> Result<u64, SendError> {
        let opened = match self.ask(0, &Call::open(person), now_ms).await? {
            Ok(opened) => opened,
            // Nothing was said yet, so nothing may have arrived.
            Err(Fault::Unclear(why)) => return Err(SendError::Later(why.into())),
            Err(fault) => return Err(sorted(&fault)),
        };
        let unreadable = || SendError::Later("no direct message in the answer".into());
        let channel = number(&opened["id"]).ok_or_else(unreadable)?;
        self.api.know_dm(person, channel);
        Ok(channel)
    }

    /// One request, not before Discord takes it; what it says of the next ones is kept.
    async fn ask(
        &self,
        channel: u64,
        call: &Call,
        now_ms: &impl Fn() -> i64,
    ) -> Result<Result<Value, Fault>, SendError> {
        let wait = lock(&self.pace).take(channel, now_ms());
        let wait = wait.map_err(SendError::Busy)?;
        sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0))).await;
        let answered = self.api.answered(call, ANSWER_PATIENCE).await;
        let mut pace = lock(&self.pace);
        if let Some(ms) = answered.last_for_ms {
            pace.close(channel, ms, now_ms());
        }
        if let Err(Fault::TooMany { ms, global }) = answered.it {
            pace.close(channel, ms, now_ms());
            if global {
                pace.close_all(ms, now_ms());
            }
        }
        Ok(answered.it)
    }

    fn how_far(&self, key: &MessageRef) -> UnderWay {
        lock(&self.under_way).get(key).copied().unwrap_or_default()
    }

    fn remember(&self, key: &MessageRef, how_far: UnderWay) {
        let mut under_way = lock(&self.under_way);
        if under_way.len() >= UNDER_WAY_MAX {
            under_way.clear();
        }
        under_way.insert(key.clone(), how_far);
    }

    fn note_unclear(&self, key: &MessageRef, now_ms: i64) {
        let before = self.how_far(key);
        let unclear_since_ms = before.unclear_since_ms.or(Some(now_ms));
        self.remember(key, UnderWay { unclear_since_ms, ..before });
    }
}

#[async_trait]
impl Channel for DiscordChannel {
    fn profile(&self) -> Profile {
        Profile {
            name: DISCORD,
            text_chars_max: TEXT_UNITS_MAX,
            buttons: true,
            // Nobody at Discord has signed for health details (domain facts 4.2).
            level: 0,
            intrudes: true,
        }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let messages = messages(outgoing).map_err(|it| SendError::Never(it.to_string()))?;
        match timeout(SEND_PATIENCE, self.say(outgoing, messages)).await {
            // A bot is never told that something was read. Taken is as near as it comes.
            Ok(said) => said.map(|id| Sent { id, ..Sent::as_shown() }),
            Err(_) => {
                self.note_unclear(&outgoing.key, outgoing.now_ms);
                Err(SendError::Later("no answer in time".into()))
            }
        }
    }

    fn closes(&self) -> bool {
        true
    }

    async fn close(&self, stands: &Stands) -> Result<(), SendError> {
        let numbers = stands.id.split_once('/');
        let numbers = numbers.and_then(|(dm, it)| Some((dm.parse().ok()?, it.parse().ok()?)));
        let Some((channel, message)) = numbers else {
            return Err(SendError::Never("no such message".into()));
        };
        let call = Call::change(channel, message, closing(stands));
        match self.api.ask(&call, ANSWER_PATIENCE).await {
            Ok(_) => Ok(()),
            Err(Fault::Refused { why: Why::NoChannel, .. }) => {
                Err(SendError::Never("no such channel".into()))
            }
            Err(fault) => Err(sorted(&fault)),
        }
    }

    fn takes_commands(&self) -> bool {
        true
    }

    fn settled(&self, key: &MessageRef) {
        lock(&self.under_way).remove(key);
    }
}

/// Nothing that is locked here can be left half done.
fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
