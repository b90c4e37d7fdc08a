//! Sends. One instance for text messages, one for WhatsApp.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::answer::{self, Answer, Trouble};
use super::api::{Api, Silence};
use super::outgoing::{self, Draft, Request};
use super::settings::{Sender, Settings};
use super::{Kind, Purposes, WINDOW_MS};
use crate::channels::inward::NoFile;
use crate::channels::{Channel, Outgoing, Profile, SendError, Sent};
use crate::store::MessageRef;

/// Longest text of one message, in characters, as flows see it: one request with room for choices.
const TEXT_CHARS_MAX: usize = 1_600;

/// Text messages, or WhatsApp.
pub struct TwilioChannel {
    kind: Kind,
    settings: Settings,
    public_url: String,
    api: Api,
    purposes: Purposes,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pace: super::pace::Pace,
    /// Parts of a message that Twilio took before one that it did not: they are not sent again.
    /// This server's memory alone; dispatch says when a message is done with.
    took: HashMap<MessageRef, usize>,
    /// What was told to operators and is not mended yet.
    told: BTreeSet<Trouble>,
}

impl TwilioChannel {
    /// A channel of this account. `public_url` is the server's own, where the settings name none.
    pub fn new(
        kind: Kind,
        settings: Settings,
        public_url: &str,
        purposes: Purposes,
    ) -> anyhow::Result<TwilioChannel> {
        settings.check()?;
        let api = Api::new(&settings, &settings.token()?);
        let public_url = settings.public_url.clone().unwrap_or_else(|| public_url.to_owned());
        Ok(TwilioChannel { kind, settings, public_url, api, purposes, state: Mutex::default() })
    }

    /// What only a person can mend, for the desk and `doctor`; nothing while all is well.
    pub fn troubles(&self) -> Vec<Trouble> {
        self.state().told.iter().copied().collect()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the sender may speak.
    async fn turn(&self, sender: &Sender, cost: u32) -> Result<(), SendError> {
        let at = self.state().pace.turn(sender.id(), cost, sender.per_second, Instant::now());
        let at = at.map_err(busy)?;
        tokio::time::sleep_until(at).await;
        Ok(())
    }

    /// Makes one request and says what became of it.
    async fn make(
        &self,
        sender: &Sender,
        it: &Outgoing,
        request: &Request,
    ) -> Result<(), SendError> {
        match self.api.make(request.fields.clone()).await {
            Ok(response) => match answer::sorted(&response) {
                Answer::Took => self.mended(),
                Answer::Busy(span) => {
                    self.state().pace.rest(sender.id(), span, Instant::now());
                    return Err(busy(span));
                }
                Answer::Trouble(trouble) => {
                    self.tell(trouble);
                    return Err(SendError::Later(trouble.name().into()));
                }
                Answer::Failed(SendError::Maybe(why)) => {
                    return self.ask(sender, it, request, why).await;
                }
                Answer::Failed(why) => return Err(why),
            },
            Err(Silence::NotThere) => return Err(SendError::Later("twilio is away".into())),
            Err(Silence::Maybe) => {
                return self.ask(sender, it, request, "twilio did not answer".into()).await;
            }
        }
        Ok(())
    }

    /// Looks for a message that nobody knows about among the latest. What is not there may still
    /// come, so that not found is not "no".
    async fn ask(
        &self,
        sender: &Sender,
        it: &Outgoing,
        request: &Request,
        why: String,
    ) -> Result<(), SendError> {
        let field = |name| request.fields.iter().find(|it| it.0 == name).map(|it| it.1.as_str());
        let (Some(to), Some(body)) = (field("To"), field("Body")) else {
            return Err(SendError::Maybe(why));
        };
        let from = sender.number.as_deref().map(|it| self.kind.address(it));
        let list = self.api.latest(from).await.ok();
        match list.and_then(|list| answer::has(&list, to, body, it.now_ms)) {
            Some(true) => {
                info!(channel = self.kind.name(), "twilio had it after all");
                Ok(())
            }
            _ => Err(SendError::Maybe(why)),
        }
    }

    /// Says what only a person can mend, once until it is mended.
    fn tell(&self, trouble: Trouble) {
        if self.state().told.insert(trouble) {
            error!(
                channel = self.kind.name(),
                "{}: nothing leaves until a person mends it",
                trouble.name()
            );
        }
    }

    fn mended(&self) {
        let told = std::mem::take(&mut self.state().told);
        if !told.is_empty() {
            info!(channel = self.kind.name(), "twilio takes messages again");
        }
    }
}

#[async_trait]
impl Channel for TwilioChannel {
    fn profile(&self) -> Profile {
        Profile {
            name: self.kind.name(),
            text_chars_max: TEXT_CHARS_MAX,
            buttons: false,
            // Domain facts 4.2: a text is not encrypted on its way; there is no agreement for
            // WhatsApp at all.
            level: match self.kind {
                Kind::Sms => 1,
                Kind::WhatsApp => 0,
            },
            intrudes: true,
        }
    }

    fn carrier_rules(&self) -> bool {
        self.kind == Kind::Sms
    }

    fn window_ms(&self) -> Option<i64> {
        (self.kind == Kind::WhatsApp).then_some(WINDOW_MS)
    }

    /// Makes the message's requests one after the other. Twilio takes no key under which a second
    /// try would be the same message, so one that was not answered is looked for, and otherwise
    /// "may have arrived": it is not sent again by itself.
    async fn send(&self, it: &Outgoing) -> Result<Sent, SendError> {
        let purpose = it.leaving.flow.as_deref().and_then(|flow| (self.purposes)(flow));
        let payer = &it.key.payer;
        let sender = self.settings.sender(self.kind, payer, purpose.as_deref());
        let Some(sender) = sender else {
            warn!(payer, channel = self.kind.name(), "no sender for this payer and purpose");
            return Err(SendError::Never("no sender for this payer and purpose".into()));
        };
        let requests = outgoing::requests(&Draft {
            message: it,
            kind: self.kind,
            sender,
            templates: &self.settings.templates,
            public_url: &self.public_url,
        })?;
        let before = self.state().took.get(&it.key).copied().unwrap_or(0);
        // All at once: parts of one message do not wait for each other here, but the next one does.
        let cost = requests.iter().skip(before).map(|it| it.cost).sum();
        self.turn(sender, cost).await?;
        for (at, request) in requests.iter().enumerate().skip(before) {
            self.make(sender, it, request).await?;
            if at + 1 < requests.len() {
                self.state().took.insert(it.key.clone(), at + 1);
            }
        }
        Ok(Sent::on_its_way())
    }

    async fn fetch(&self, file: &str, bytes_max: usize) -> Result<Vec<u8>, NoFile> {
        self.api.file(file, bytes_max).await
    }

    fn settled(&self, key: &MessageRef) {
        self.state().took.remove(key);
    }
}

fn busy(span: Duration) -> SendError {
    SendError::Busy(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}
