//! Where channels that others run hand in what came: whose address it is, what proves a new one,
//! and what a stranger is told. It shows nobody anything about anyone (rule 14).
//!
//! An address that nobody proved is a visitor of the channel's payer: danger, "stop" and the way
//! in are answered, nothing else.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use mendline_engine::event::Receipt;
use tracing::warn;

use crate::channels::inward::{Came, Completion, Entered, Gate, NoFile, NotTaken, Said, Typing};
use crate::channels::menus::Answer;
use crate::channels::{Incoming, tap};
use crate::desk::completion;
use crate::directory::is_staff;
use crate::dispatch::numbers;
use crate::house::House;
use crate::media;
use crate::people::VISITOR;
use crate::phrases::{self, requests};
use crate::store::reach::Whose;
use crate::store::{Became, MessageRef, Person, Proof, StoreError};
use crate::understand;
use crate::vault::digest_token;

/// What one address may do in a minute. A person types slower; a loop does not.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("60 is not 0");
/// Longest text that is taken, in characters: as on our own page, a page of a letter. What is
/// longer is cut there; nobody answers a question in more.
const WORDS_CHARS_MAX: usize = 2_000;
/// Shorter than any code of ours, longer than a word that somebody may write after "link".
const CODE_CHARS_MIN: usize = 20;
/// What an address is counted under while it types.
const TYPING: &str = "typing";
/// Addresses kept before quiet ones are swept out.
const KEYS_BEFORE_SWEEP: usize = 10_000;

/// The gate of a house.
pub struct Doorkeeper {
    house: Arc<House>,
    /// Channel to the payer whose visitors its strangers are.
    visitors: BTreeMap<String, String>,
    acts: DefaultKeyedRateLimiter<(String, String)>,
}

impl Doorkeeper {
    /// A gate; strangers on a channel are visitors of the payer that `visitors` names for it.
    pub fn of(house: Arc<House>, visitors: BTreeMap<String, String>) -> Doorkeeper {
        let acts = RateLimiter::keyed(Quota::per_minute(PER_MINUTE));
        Doorkeeper { house, visitors, acts }
    }

    /// Whether an address still may; a flood is dropped before it costs anything.
    fn allows(&self, it: &Came) -> bool {
        if self.acts.len() > KEYS_BEFORE_SWEEP {
            self.acts.retain_recent();
        }
        self.acts.check_key(&(it.channel.to_owned(), it.address.clone())).is_ok()
    }

    async fn take(&self, mut it: Came) -> Result<(), StoreError> {
        if let Some(code) = code_in(&it.said) {
            it.said = Said::Link(code);
        }
        if self.house.channels.get(it.channel).is_some_and(|it| it.window_ms().is_some()) {
            let now = self.house.clock.now();
            self.house.store.reach().hear(it.channel, &it.address, now).await?;
        }
        let whose = self.house.store.reach().whose(it.channel, &it.address).await?;
        match (it.said.clone(), whose) {
            (Said::InPublic, _) | (Said::Gone, None) => Ok(()),
            (Said::Link(code), whose) => self.link(&it, &code, whose).await,
            (said, Some(whose)) => self.known(&it, &whose, said).await,
            (said, None) => self.stranger(&it, said).await,
        }
    }

    /// Somebody comes with a code. Whatever is wrong with it, she is told the same.
    async fn link(&self, it: &Came, code: &str, now: Option<Whose>) -> Result<(), StoreError> {
        let reach = self.house.store.reach();
        let digest = digest_token(code);
        let whose =
            reach.use_code(&digest, it.channel, &it.address, self.house.clock.now()).await?;
        match (whose, now) {
            // An address stays one person's until somebody there says not to be her.
            (Some(whose), now) if now.as_ref().is_none_or(|it| *it == whose) => {
                let (channel, address) = (it.channel.to_owned(), it.address.clone());
                let linked = Incoming::Linked { channel, address, how: Proof::Link };
                self.arrive(&whose, it, linked, None).await?;
                self.offer(it, Some(&whose)).await
            }
            (_, Some(now)) => self.arrive(&now, it, Incoming::Words("/start".into()), None).await,
            (_, None) => self.stranger(it, Said::Link(String::new())).await,
        }
    }

    async fn known(&self, it: &Came, whose: &Whose, said: Said) -> Result<(), StoreError> {
        let channel = it.channel.to_owned();
        match said {
            Said::Incoming { incoming: Incoming::Words(words), line: _ }
                if understand::is_somebody_else(&words) =>
            {
                self.arrive(whose, it, Incoming::NotMe { channel }, None).await?;
                self.offer(it, None).await?;
                // Whoever that is gets an answer too, and learns nothing.
                self.visit(it, Incoming::Words(words)).await
            }
            Said::Incoming { incoming, line } => {
                let incoming = self.whole(whose, shortened(incoming)).await?;
                self.arrive(whose, it, incoming, line).await
            }
            Said::Numbered(number) => {
                let meant = self.meant(it, whose, number).await?;
                self.arrive(whose, it, meant, Some(number.to_string())).await
            }
            Said::Media { file, caption, .. } => self.sent(it, whose, &file, caption).await,
            Said::Gone => self.arrive(whose, it, Incoming::Left { channel }, None).await,
            Said::InPublic | Said::Link(_) => Ok(()),
        }
    }

    /// Offers the commands of whoever has an address now.
    async fn offer(&self, it: &Came, whose: Option<&Whose>) -> Result<(), StoreError> {
        let Some(channel) = self.house.channels.get(it.channel) else { return Ok(()) };
        let person = match whose {
            Some(it) => self.house.store.person(&it.payer, &it.person).await?,
            None => None,
        };
        channel.offers(&it.address, person.is_some_and(|it| is_staff(&it.role)));
        Ok(())
    }

    /// A file, and the words beside it. It is fetched before the provider is told that we have it, so
    /// that it is brought again if we fall meanwhile.
    async fn sent(
        &self,
        it: &Came,
        whose: &Whose,
        file: &str,
        caption: Option<String>,
    ) -> Result<(), StoreError> {
        let kept = match self.house.channels.get(it.channel) {
            Some(channel) => {
                let from = (channel.as_ref(), it.id.as_str());
                media::fetch(&self.house, whose, from, file).await?
            }
            None => Err(NoFile::NotHere),
        };
        let words = caption.map(|it| shortened(Incoming::Words(it)));
        match (kept, words) {
            (Err(NoFile::NotHere), Some(words)) => self.arrive(whose, it, words, None).await,
            (Err(NoFile::NotHere), None) => self.arrive(whose, it, Incoming::Media, None).await,
            (kept, words) => {
                self.arrive(whose, it, Incoming::File { kept }, None).await?;
                let Some(words) = words else { return Ok(()) };
                let beside = Came { id: format!("{}/words", it.id), ..it.clone() };
                self.arrive(whose, &beside, words, None).await
            }
        }
    }

    /// A tap whose choice did not fit into what a button carries names it by a digest.
    async fn whole(&self, whose: &Whose, incoming: Incoming) -> Result<Incoming, StoreError> {
        let Incoming::Tap { question, choice, with } = incoming else { return Ok(incoming) };
        let row = self.house.store.question(&whose.payer, &question, Some(&whose.person)).await?;
        let buttons = row.as_ref().map_or(&[][..], |it| it.message.buttons.as_slice());
        // One that is not offered any more stays as it came; the conversation says so.
        let found = tap::choice_of(&choice, buttons.iter().map(|it| it.key.as_str()));
        let choice = found.map_or_else(|| choice.clone(), str::to_owned);
        Ok(Incoming::Tap { question, choice, with })
    }

    /// What a number means to whoever reads numbered choices there. One that no menu has may answer
    /// a question that asks for a number.
    async fn meant(&self, it: &Came, whose: &Whose, number: u32) -> Result<Incoming, StoreError> {
        let kept = self.house.store.reach().menus(whose, it.channel).await?;
        let menus = numbers::read(kept.and_then(|(menus, _)| menus));
        let tap = |question, choice| Incoming::Tap { question, choice, with: BTreeMap::new() };
        Ok(match menus.answer(number) {
            Answer::Choice { question, choice } => tap(question, choice),
            // The conversation says that it is over.
            Answer::Over { question } => tap(question, number.to_string()),
            Answer::Nothing => Incoming::Words(number.to_string()),
        })
    }

    async fn stranger(&self, it: &Came, said: Said) -> Result<(), StoreError> {
        let words = match said {
            Said::Incoming { incoming: Incoming::Words(words), .. } => words,
            Said::Media { caption, .. } => caption.unwrap_or_default(),
            // Taps on what another person was sent, codes, numbers: they mean nothing here.
            _ => String::new(),
        };
        self.visit(it, shortened(Incoming::Words(words))).await
    }

    async fn visit(&self, it: &Came, incoming: Incoming) -> Result<(), StoreError> {
        let Some(payer) = self.visitors.get(it.channel) else {
            warn!(channel = it.channel, "a stranger wrote, and the channel is no payer's");
            return Ok(());
        };
        let index = self.house.vault.index(payer, it.channel, &it.address);
        let whose = Whose { payer: payer.clone(), person: format!("{VISITOR}-{index}") };
        if self.house.store.person(payer, &whose.person).await?.is_none() {
            self.house.store.know(&visitor(&whose, it)).await?;
        }
        // Of one act two arrivals may come: that she is gone, and this visit.
        let visit = Came { id: format!("{}/visit", it.id), ..it.clone() };
        self.arrive(&whose, &visit, incoming, None).await
    }

    async fn arrive(
        &self,
        whose: &Whose,
        it: &Came,
        incoming: Incoming,
        line: Option<String>,
    ) -> Result<(), StoreError> {
        let Whose { payer, person } = whose;
        self.house.arrive(payer, it.channel, &it.id, person, incoming, line).await?;
        Ok(())
    }
}

/// Somebody of whom nothing is known but an address.
fn visitor(whose: &Whose, it: &Came) -> Person {
    let spanish = it.language.as_deref().is_some_and(|it| it.starts_with("es"));
    Person {
        payer: whose.payer.clone(),
        person: whose.person.clone(),
        role: VISITOR.into(),
        first_name: String::new(),
        name: String::new(),
        language: if spanish { "es" } else { "en" }.into(),
        zone: String::new(),
        office: None,
        addresses: BTreeMap::from([(it.channel.to_owned(), it.address.clone())]),
        opted_out: Vec::new(),
        consents: Default::default(),
        at: None,
    }
}

/// The code in words that link an address: `LINK …`, as the link to a text message writes them.
fn code_in(said: &Said) -> Option<String> {
    let Said::Incoming { incoming: Incoming::Words(words), .. } = said else { return None };
    let (verb, code) = words.trim().split_once(char::is_whitespace)?;
    let code = code.trim();
    let fine = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
    let is_code = code.len() >= CODE_CHARS_MIN && code.chars().all(fine);
    (verb.eq_ignore_ascii_case("link") && is_code).then(|| code.to_owned())
}

fn shortened(incoming: Incoming) -> Incoming {
    match incoming {
        Incoming::Words(words) => Incoming::Words(words.chars().take(WORDS_CHARS_MAX).collect()),
        other => other,
    }
}

#[async_trait]
impl Gate for Doorkeeper {
    async fn came(&self, it: Came) -> Result<Entered, NotTaken> {
        if !self.allows(&it) {
            return Ok(Entered::default());
        }
        let in_public = it.said == Said::InPublic;
        let spanish = it.language.as_deref().is_some_and(requests::is_spanish);
        self.take(it).await.map_err(later)?;
        let (_, in_english, in_spanish) = phrases::IN_PUBLIC;
        let words = if spanish { in_spanish } else { in_english };
        Ok(Entered { notice: in_public.then(|| words.to_owned()) })
    }

    async fn reported(&self, key: &MessageRef, receipt: Receipt) -> Result<(), NotTaken> {
        let (store, now) = (&self.house.store, self.house.clock.now());
        store.settle_message(key, Became::Reported(receipt), now).await.map_err(later)?;
        self.house.wake.work();
        Ok(())
    }

    async fn completes(
        &self,
        channel: &str,
        address: &str,
        typing: (Typing, &str),
    ) -> Vec<Completion> {
        // Counted by itself: whoever types fast may still send what she typed.
        let key = (format!("{channel}/{TYPING}"), address.to_owned());
        if self.acts.check_key(&key).is_err() {
            return Vec::new();
        }
        let found = self.found(channel, address, typing).await;
        // Whoever types it by hand misses nothing.
        found.unwrap_or_else(|why| {
            warn!(channel, "nothing to complete: {why}");
            Vec::new()
        })
    }
}

impl Doorkeeper {
    async fn found(
        &self,
        channel: &str,
        address: &str,
        typing: (Typing, &str),
    ) -> Result<Vec<Completion>, StoreError> {
        let store = &self.house.store;
        let Some(whose) = store.reach().whose(channel, address).await? else {
            return Ok(Vec::new());
        };
        let person = store.person(&whose.payer, &whose.person).await?;
        match person.filter(|it| is_staff(&it.role)) {
            Some(person) => completion::of(&self.house, &person, channel, typing).await,
            None => Ok(Vec::new()),
        }
    }
}

fn later(why: StoreError) -> NotTaken {
    NotTaken::Later(why.to_string())
}
