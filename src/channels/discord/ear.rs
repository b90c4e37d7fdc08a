//! Listens on the gateway. An event is Discord's until it is on our disk: a line that broke is gone
//! on with behind the last one that the gate took, by whoever listens next. Where Discord has
//! forgotten the session, each direct message is asked what was written there meanwhile.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use async_trait::async_trait;
use rand::Rng as _;
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::answer::Fault;
use super::calls::{Call, PAGE};
use super::commands::{self, BadCommand, Command, Completes, choices};
use super::far::{Far, Session};
use super::hear;
use super::interactions::{Answer, Interaction};
use super::line::{Broke, Heard, Line};
use super::{Api, DISCORD};
use crate::channels::inward::{Came, Ear, Entered, Gate, NotTaken, Place};

/// How long Discord may take over one request.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// Events that wait for the one before them. With more the line is left to itself until there is
/// room; Discord then closes it, and brings them again.
const WAITING_MAX: usize = 1_000;

/// How long the ear waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// After the first failure; it doubles.
    pub first: Duration,
    /// At most between two attempts.
    pub most: Duration,
    /// Before a session is begun anew that Discord called invalid, at most ("Invalid Session": "a
    /// random amount of time between 1 and 5 seconds").
    pub anew: Duration,
    /// For the gate, before a command is told that it takes longer: Discord waits 3 s.
    pub answer: Duration,
}

impl Default for Waits {
    fn default() -> Waits {
        Waits {
            first: Duration::from_secs(1),
            most: Duration::from_secs(30),
            anew: Duration::from_secs(5),
            answer: Duration::from_millis(1_500),
        }
    }
}

/// The ear.
#[derive(Clone, Debug)]
pub struct DiscordEar {
    api: Api,
    commands: Vec<Command>,
    /// The list, as Discord takes it.
    offer: Value,
    offered: Arc<AtomicBool>,
    waits: Waits,
}

/// Why listening went no further for now.
enum Stopped {
    /// Somebody else listens.
    Lost,
    /// Try again.
    Again,
    /// Try again after so long.
    After(Duration),
    /// An operator must look.
    Ended(anyhow::Error),
}

/// To whom, and from where.
#[derive(Clone, Copy)]
struct To<'a> {
    gate: &'a dyn Gate,
    place: &'a dyn Place,
}

impl DiscordEar {
    /// An ear that offers these commands.
    pub fn new(api: Api, commands: Vec<Command>) -> Result<DiscordEar, BadCommand> {
        let offer = commands::request(&commands)?;
        let (offered, waits) = (Arc::default(), Waits::default());
        Ok(DiscordEar { api, commands, offer, offered, waits })
    }

    /// The same with other waits.
    pub fn waiting(self, waits: Waits) -> DiscordEar {
        DiscordEar { waits, ..self }
    }

    async fn listen_on(&self, to: To<'_>) -> anyhow::Result<()> {
        let mut wait = self.waits.first;
        let mut far = loop {
            match to.place.last().await {
                Ok(kept) => break Far::read(kept),
                Err(why) => self.not_on_disk(&why).await,
            }
        };
        loop {
            let mut heard = false;
            let pause = match self.hold(to, &mut far, &mut heard).await {
                Stopped::Lost => return Ok(()),
                Stopped::Ended(why) => return Err(why),
                Stopped::After(pause) => pause,
                Stopped::Again => Duration::ZERO,
            };
            if heard {
                wait = self.waits.first;
            }
            sleep(pause.max(wait)).await;
            wait = (wait * 2).min(self.waits.most);
        }
    }

    /// Holds a line until it breaks. `heard` says whether there was a session on it.
    async fn hold(&self, to: To<'_>, far: &mut Far, heard: &mut bool) -> Stopped {
        match self.held(to, far, heard).await {
            Ok(never) => match never {},
            Err(stopped) => stopped,
        }
    }

    async fn held(
        &self,
        to: To<'_>,
        far: &mut Far,
        heard: &mut bool,
    ) -> Result<std::convert::Infallible, Stopped> {
        let mut line = self.open(far).await?;
        let token = self.api.token();
        let begun = match &far.session {
            Some(session) => line.resume(token, session).await,
            None => line.identify(token).await,
        };
        begun.map_err(|it| self.broke(it, far))?;
        let (mut waiting, mut broken) = (VecDeque::new(), None);
        loop {
            let next = match (waiting.pop_front(), broken) {
                (Some(next), _) => next,
                (None, Some(why)) => return Err(self.broke(why, far)),
                (None, None) => match line.next().await {
                    Ok(next) => next,
                    Err(why) => return Err(self.broke(why, far)),
                },
            };
            let (seq, name, data) = match next {
                Heard::Event { seq, name, data } => (seq, name, data),
                Heard::Reconnect | Heard::Invalid { resumable: true } => {
                    return Err(Stopped::Again);
                }
                Heard::Invalid { resumable: false } => {
                    info!("discord forgot the session; a new one is begun");
                    far.session = None;
                    let part = rand::rng().random_range(0.2..1.0);
                    return Err(Stopped::After(self.waits.anew.mul_f64(part)));
                }
            };
            *heard |= matches!(name.as_str(), "READY" | "RESUMED");
            let mut taking = pin!(self.take(to, far, seq, &name, &data));
            // Whatever that takes, the line is kept alive meanwhile.
            loop {
                let open = broken.is_none() && waiting.len() < WAITING_MAX;
                tokio::select! {
                    biased;
                    taken = &mut taking => break taken?,
                    more = line.next(), if open => match more {
                        Ok(more) => waiting.push_back(more),
                        Err(why) => broken = Some(why),
                    },
                }
            }
        }
    }

    async fn open(&self, far: &mut Far) -> Result<Line, Stopped> {
        let known = far.session.as_ref().map(|it| it.url.as_str()).filter(|it| !it.is_empty());
        let url = match (self.api.gateway(), known) {
            // Where the settings name a gateway no other is ever gone to, whoever names it.
            (Some(own), _) => own.to_owned(),
            (None, Some(known)) => known.to_owned(),
            (None, None) => self.gateway().await?,
        };
        let opened = Line::open(&url).await;
        opened.map_err(|why| {
            if let Some(session) = &mut far.session {
                // The machine that had the session may be gone; another one may know it.
                session.url.clear();
            }
            self.broke(why, far)
        })
    }

    /// Asks where the gateway is. When that fails, nothing else is tried.
    async fn gateway(&self) -> Result<String, Stopped> {
        let answer = self.api.ask(&Call::gateway(), ANSWER_PATIENCE).await.map_err(stopped)?;
        let limit = &answer["session_start_limit"];
        if limit["remaining"].as_u64() == Some(0) {
            warn!("discord begins no more sessions for now: too many were begun today");
            let ms = limit["reset_after"].as_u64().unwrap_or(0);
            return Err(Stopped::After(Duration::from_millis(ms)));
        }
        let url = answer["url"].as_str().filter(|it| it.starts_with("wss://"));
        url.map(str::to_owned).ok_or(Stopped::Again)
    }

    /// What a broken line means.
    fn broke(&self, why: Broke, far: &mut Far) -> Stopped {
        let code = match why {
            Broke::Closed(code) => code,
            Broke::Unreached | Broke::Off => {
                warn!(%why, "discord cannot be heard for now");
                return Stopped::Again;
            }
        };
        // Discord, "Gateway Close Event Codes".
        match code {
            4004 => {
                self.api.token_refused();
                Stopped::Ended(Fault::Token.into())
            }
            4010..=4014 => Stopped::Ended(anyhow!(
                "discord takes no such session (closed with {code}): is the bot on too many servers, \
                 or is direct messages not among its intents?"
            )),
            4007 | 4009 => {
                far.session = None;
                Stopped::Again
            }
            _ => Stopped::Again,
        }
    }

    /// Takes one event to our disk, and keeps that we have it.
    async fn take(
        &self,
        to: To<'_>,
        far: &mut Far,
        seq: u64,
        name: &str,
        data: &Value,
    ) -> Result<(), Stopped> {
        match name {
            "READY" => {
                self.api.token_taken();
                let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
                let (id, url) = (text(&data["session_id"]), text(&data["resume_gateway_url"]));
                far.session = Some(Session { id, url, seq });
                // Whatever came before this session began was not brought to us.
                far.behind = true;
                self.keep(to, far).await?;
                self.catch_up(to, far).await?;
                self.offer(&data["application"]["id"]).await;
            }
            "RESUMED" if far.behind => self.catch_up(to, far).await?,
            "MESSAGE_CREATE" => self.take_message(to, far, data).await,
            "INTERACTION_CREATE" => self.take_interaction(to, far, data).await,
            _ => {}
        }
        if let Some(session) = &mut far.session {
            session.seq = seq;
        }
        self.keep(to, far).await
    }

    async fn keep(&self, to: To<'_>, far: &Far) -> Result<(), Stopped> {
        loop {
            match to.place.keep(&far.written()).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(Stopped::Lost),
                Err(why) => self.not_on_disk(&why).await,
            }
        }
    }

    async fn take_message(&self, to: To<'_>, far: &mut Far, data: &Value) {
        let Some(message) = hear::message(data) else { return };
        for came in message.came {
            while let Err(why) = to.gate.came(came.clone()).await {
                self.not_on_disk(&why).await;
            }
        }
        let Some(dm) = message.dm else { return };
        if let Some(person) = message.person {
            self.api.know_dm(person, dm);
        }
        far.saw(dm, message.id);
    }

    /// What was written while nobody listened. The gate knows what it has already.
    async fn catch_up(&self, to: To<'_>, far: &mut Far) -> Result<(), Stopped> {
        for dm in far.dms() {
            loop {
                let last = far.last(dm);
                let Some(mut page) = self.page(dm, last).await? else {
                    far.forget(dm);
                    break;
                };
                // The latest stands first.
                page.sort_by_key(|it| hear::number(&it["id"]));
                for message in &page {
                    self.take_message(to, far, message).await;
                }
                if page.len() < PAGE || far.last(dm) == last {
                    break;
                }
                self.keep(to, far).await?;
            }
        }
        far.behind = false;
        Ok(())
    }

    /// What was written in a direct message after one of its messages; nothing where it is not there
    /// any more.
    async fn page(&self, dm: u64, last: u64) -> Result<Option<Vec<Value>>, Stopped> {
        let mut wait = self.waits.first;
        loop {
            match self.api.ask(&Call::written_after(dm, last), ANSWER_PATIENCE).await {
                Ok(Value::Array(page)) => return Ok(Some(page)),
                Err(Fault::Refused { status: 403 | 404, .. }) => return Ok(None),
                Err(fault @ Fault::Token) => return Err(Stopped::Ended(fault.into())),
                Err(Fault::TooMany { ms, .. }) => {
                    sleep(Duration::from_millis(ms.unsigned_abs())).await;
                }
                Ok(_) => warn!("discord answered with no page of messages"),
                Err(why) => warn!(%why, "discord does not say yet what was missed"),
            }
            sleep(wait).await;
            wait = (wait * 2).min(self.waits.most);
        }
    }

    async fn take_interaction(&self, to: To<'_>, far: &mut Far, data: &Value) {
        let Some(it) = hear::interaction(data, &self.commands) else { return };
        if let Some(dm) = it.dm {
            self.api.know_dm(it.person, dm);
            if !far.knows(dm) {
                far.saw(dm, it.id);
            }
        }
        match it.came.clone() {
            Some(came) => self.take_act(to, &it, came).await,
            None => self.answer_without(to, &it).await,
        }
    }

    /// Answers what is not handed in. What the house does not say in time it need not say: one types
    /// on.
    async fn answer_without(&self, to: To<'_>, it: &Interaction) {
        let Answer::Suggest(Completes::Asks { what, begun }) = &it.answer else {
            return self.answer(it.taken(&Entered::default()));
        };
        let address = it.person.to_string();
        let asked =
            timeout(self.waits.answer, to.gate.completes(DISCORD, &address, (*what, begun))).await;
        let found = asked.unwrap_or_default();
        self.answer(it.suggested(choices(found, *what, begun)));
    }

    /// Unlike words a command cannot be asked for later, so whoever gave it is told when it is not
    /// on disk.
    async fn take_act(&self, to: To<'_>, it: &Interaction, came: Came) {
        let mut coming = pin!(to.gate.came(came));
        if let Ok(came) = timeout(self.waits.answer, &mut coming).await {
            return match came {
                Ok(entered) => self.answer(it.taken(&entered)),
                Err(_) => self.answer(it.not_taken()),
            };
        }
        // Before what is said in its place. Whether it was seen is the next answer's matter.
        let _ = self.api.ask(&it.wait(), ANSWER_PATIENCE).await;
        let entered = coming.await.ok();
        if let Some(call) = it.late(entered.as_ref()) {
            self.answer(call);
        }
    }

    /// Only a sign beside what was tapped: nobody waits for it, and nothing is lost with it.
    fn answer(&self, call: Call) {
        let api = self.api.clone();
        tokio::spawn(async move { api.ask(&call, ANSWER_PATIENCE).await });
    }

    /// Offers the commands, once.
    async fn offer(&self, application: &Value) {
        let Some(application) = hear::number(application) else { return };
        if self.offered.load(Ordering::Relaxed) {
            return;
        }
        match self.api.ask(&Call::offer(application, self.offer.clone()), ANSWER_PATIENCE).await {
            Ok(_) => self.offered.store(true, Ordering::Relaxed),
            // Without them everything works; one types.
            Err(why) => warn!(%why, "discord did not take the list of commands"),
        }
    }

    async fn not_on_disk(&self, why: &NotTaken) {
        let NotTaken::Later(_) = why;
        warn!("what discord brought is not on disk yet");
        sleep(self.waits.first).await;
    }
}

fn stopped(fault: Fault) -> Stopped {
    match fault {
        Fault::Token => Stopped::Ended(fault.into()),
        Fault::TooMany { ms, .. } => Stopped::After(Duration::from_millis(ms.unsigned_abs())),
        Fault::NotReached(_) | Fault::Unclear(_) | Fault::Refused { .. } => {
            warn!(why = %fault, "discord does not say where its gateway is");
            Stopped::Again
        }
    }
}

#[async_trait]
impl Ear for DiscordEar {
    fn name(&self) -> &'static str {
        DISCORD
    }

    async fn listen(
        &self,
        gate: Arc<dyn Gate>,
        place: Arc<dyn Place>,
        until: CancellationToken,
    ) -> anyhow::Result<()> {
        let listening = self.listen_on(To { gate: gate.as_ref(), place: place.as_ref() });
        match until.run_until_cancelled(listening).await {
            None => Ok(()),
            Some(ended) => ended,
        }
    }
}
