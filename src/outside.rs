//! Channels that others run, as the configuration names them: how they are reached, who listens,
//! which webhooks are open, and whose visitors their strangers are.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use axum::Router;
use tokio_util::sync::CancellationToken;

use crate::channels::Channel;
use crate::channels::discord::{self, DiscordChannel, DiscordEar};
use crate::channels::email::{self, EMAIL, EmailChannel, EmailEar};
use crate::channels::inward::{Ear, Gate, Place};
use crate::channels::telegram::{self, TelegramChannel, TelegramEar};
use crate::channels::twilio::{self, Kind, Purposes, TwilioChannel};
use crate::config::{Config, Secret};
use crate::house::House;
use crate::links::Elsewhere;
use crate::vault::Vault;

/// Opens a channel's webhooks over the gate.
pub type Hooks = Box<dyn FnOnce(Arc<dyn Gate>) -> Router + Send>;

/// Everything outside that a server is connected to.
#[derive(Default)]
pub struct Outside {
    /// Ways of reaching people.
    pub channels: Vec<Arc<dyn Channel>>,
    /// What listens by itself.
    pub ears: Vec<Arc<dyn Ear>>,
    /// What is called.
    pub hooks: Vec<Hooks>,
    /// Channel to the payer whose visitors its strangers are.
    pub visitors: BTreeMap<String, String>,
    /// Where people may go on.
    pub elsewhere: Vec<Elsewhere>,
    house: Arc<OnceLock<Weak<House>>>,
}

impl Outside {
    /// What the configuration names. `vault` makes what only we can make.
    pub fn of(config: &Config, vault: &Arc<Vault>) -> anyhow::Result<Outside> {
        let mut outside = Outside::default();
        if let Some(settings) = &config.twilio {
            outside.add_twilio(settings, &config.public_url).context("[twilio]")?;
        }
        if let Some(settings) = &config.telegram {
            outside.add_telegram(settings, &config.public_url).context("[telegram]")?;
        }
        if let Some(settings) = &config.email {
            outside.add_email(settings, vault).context("[email]")?;
        }
        if let Some(settings) = &config.discord {
            outside.add_discord(settings).context("[discord]")?;
        }
        if !outside.channels.is_empty() {
            let payer = visited(config)?;
            let names = outside.channels.iter().map(|it| it.profile().name.to_owned());
            outside.visitors = names.map(|it| (it, payer.clone())).collect();
        }
        Ok(outside)
    }

    /// The house that the channels belong to; it is made after them.
    pub fn meet(&self, house: &Arc<House>) {
        // Said twice only by a mistake in the order of starting, and then the same.
        let _ = self.house.set(Arc::downgrade(house));
    }

    /// Every webhook, over this gate.
    pub fn webhooks(hooks: Vec<Hooks>, gate: &Arc<dyn Gate>) -> Router {
        hooks.into_iter().fold(Router::new(), |all, hook| all.merge(hook(gate.clone())))
    }

    fn add_twilio(&mut self, settings: &twilio::Settings, public_url: &str) -> anyhow::Result<()> {
        for kind in [Kind::Sms, Kind::WhatsApp] {
            let Some(first) = settings.senders(kind).first() else { continue };
            let (settings, purposes) = (settings.clone(), self.purposes());
            let channel = TwilioChannel::new(kind, settings, public_url, purposes)?;
            self.channels.push(Arc::new(channel));
            self.elsewhere.extend(first.number.as_deref().map(|number| there(kind, number)));
        }
        self.hooks.push(Box::new(twilio::webhooks(settings, public_url)?));
        Ok(())
    }

    fn add_telegram(
        &mut self,
        settings: &telegram::Settings,
        public_url: &str,
    ) -> anyhow::Result<()> {
        let api = settings.api()?;
        let ear = TelegramEar::new(api.clone(), &telegram_commands())?;
        let channel = TelegramChannel::new(api).offering(telegram::commands::staff())?;
        self.channels.push(Arc::new(channel));
        match settings.webhook_secret()? {
            None => self.ears.push(Arc::new(ear)),
            Some(secret) => {
                let (public_url, shown) = (public_url.to_owned(), secret.clone());
                self.ears.push(Arc::new(Called { ear, public_url, secret }));
                self.hooks.push(Box::new(move |gate| telegram::webhook(&shown, gate)));
            }
        }
        let channel = telegram::TELEGRAM.to_owned();
        let link = settings.link()?;
        self.elsewhere.extend(link.map(|link| Elsewhere {
            channel,
            name: "Telegram".into(),
            link,
        }));
        Ok(())
    }

    fn add_email(&mut self, settings: &email::Settings, vault: &Arc<Vault>) -> anyhow::Result<()> {
        let channel = Arc::new(EmailChannel::new(settings, vault.clone())?);
        self.ears.push(Arc::new(EmailEar::new(settings, vault.clone())));
        let told = channel.clone();
        self.hooks.push(Box::new(move |gate| {
            // No door of its own: it only learns where to tell that an address is gone.
            told.meet(gate);
            Router::new()
        }));
        self.channels.push(channel);
        let from = email::address::in_link(&settings.from);
        let link = format!("mailto:{from}?subject=Mendline&body=LINK%20{{code}}");
        self.elsewhere.push(Elsewhere { channel: EMAIL.into(), name: "email".into(), link });
        Ok(())
    }

    fn add_discord(&mut self, settings: &discord::Settings) -> anyhow::Result<()> {
        let api = settings.api()?;
        self.ears.push(Arc::new(DiscordEar::new(api.clone(), discord_commands())?));
        self.channels.push(Arc::new(DiscordChannel::new(api)));
        let channel = discord::DISCORD.to_owned();
        let link = settings.link()?;
        self.elsewhere.extend(link.map(|link| Elsewhere { channel, name: "Discord".into(), link }));
        Ok(())
    }

    /// What a flow's messages are for.
    fn purposes(&self) -> Purposes {
        let house = self.house.clone();
        Arc::new(move |flow| house.get()?.upgrade()?.flows.current(flow)?.purpose.clone())
    }
}

/// In the place of a poll: says once where to call, and then only holds the place.
struct Called {
    ear: TelegramEar,
    public_url: String,
    secret: Secret,
}

#[async_trait]
impl Ear for Called {
    fn name(&self) -> &'static str {
        telegram::TELEGRAM
    }

    async fn listen(
        &self,
        _gate: Arc<dyn Gate>,
        _place: Arc<dyn Place>,
        until: CancellationToken,
    ) -> anyhow::Result<()> {
        self.ear.be_called(&self.public_url, &self.secret).await?;
        until.cancelled().await;
        Ok(())
    }
}

/// What a chat app offers everybody while one types `/`: the command, its name in Spanish where the
/// app tells them apart, and what it does in English and Spanish.
const COMMANDS: &[(&str, &str, [&str; 2])] = &[
    (
        "approval",
        "aprobacion",
        ["The pharmacy turned me away", "La farmacia no me dio mi medicina"],
    ),
    ("status", "estado", ["What is happening with my claim", "Qué pasa con mi reclamo"]),
    ("refill", "surtir", ["Fill a medicine again", "Surtir otra vez una medicina"]),
    ("person", "persona", ["Talk to a person", "Hablar con una persona"]),
    ("call", "llamar", ["Be called on the phone", "Que me llamen por teléfono"]),
    ("privacy", "privacidad", ["Who can see this?", "¿Quién puede ver esto?"]),
    ("help", "ayuda", ["What can I do here?", "¿Qué puedo hacer aquí?"]),
    ("stop", "alto", ["Do not write to me here any more", "No escribirme más por aquí"]),
];

fn telegram_commands() -> Vec<telegram::Command> {
    let command = |(name, _, about): &(&str, &str, [&str; 2])| telegram::Command {
        name: (*name).into(),
        about: in_both(about),
    };
    COMMANDS.iter().map(command).collect()
}

/// Discord shows a name in the reader's language, and takes what is typed after it. Staff have
/// theirs there too.
fn discord_commands() -> Vec<discord::Command> {
    let command = |(name, spanish, about): &(&str, &str, [&str; 2])| discord::Command {
        name: (*name).into(),
        spanish: Some((*spanish).into()),
        about: in_both(about),
        says: None,
        takes: Vec::new(),
    };
    let everybodys = COMMANDS.iter().map(command).chain([discord::commands::link()]);
    everybodys.chain(discord::commands::staff()).collect()
}

fn in_both(about: &[&str; 2]) -> BTreeMap<String, String> {
    ["en", "es"].into_iter().zip(about).map(|(of, it)| (of.to_owned(), (*it).to_owned())).collect()
}

/// The payer whose desk strangers reach.
fn visited(config: &Config) -> anyhow::Result<String> {
    let payer = match (&config.visitors_of, config.payers.len()) {
        (Some(payer), _) => payer.clone(),
        (None, 1) => config.payers.keys().next().cloned().unwrap_or_default(),
        (None, _) => anyhow::bail!(
            "`visitors_of` must name the payer whose desk strangers reach who write to a number or \
             a bot: nobody can be left without a person in danger"
        ),
    };
    ensure!(
        config.payers.contains_key(&payer),
        "`visitors_of` names {payer:?}, and there is no section [payers.{payer}]"
    );
    Ok(payer)
}

/// The link that opens a message to a number with the words that link it.
fn there(kind: Kind, number: &str) -> Elsewhere {
    let (name, link) = match kind {
        Kind::Sms => ("text messages", format!("sms:{number}?body=LINK%20{{code}}")),
        Kind::WhatsApp => {
            let digits = number.trim_start_matches('+');
            ("WhatsApp", format!("https://wa.me/{digits}?text=LINK%20{{code}}"))
        }
    };
    Elsewhere { channel: kind.name().into(), name: name.into(), link }
}
