//! Where a message may go, in which order, and how it reads there.

use mendline_engine::label::Labels;
use mendline_engine::render::{Form, render_form};
use mendline_engine::screen::{Way, waking_from};
use mendline_engine::surface::Identity;
use mendline_engine::time::Timestamp;

use super::attempt;
use crate::channels::Channel;
use crate::directory::{self, REPRESENTATIVE};
use crate::house::House;
use crate::people::VISITOR;
use crate::phrases::{self, requests};
use crate::store::reach::Whose;
use crate::store::{EffectRef, Frozen, OutboxRow, Person, StoreError};

/// The role whose secure chat a link opens.
const WORKER: &str = "injured_worker";
/// Roles that log in at the desk.
pub(super) const STAFF: &[&str] = &["adjuster", "supervisor", "agent"];
/// Waking hours of a recipient, in minutes of her day: 08:00 to 21:00 (domain facts 4.3).
const WAKING: (u16, u16) = (8 * 60, 21 * 60);

/// Channels to try, in order. What was frozen for one channel stays with it.
pub(super) fn ways(house: &House, row: &OutboxRow, person: &Person) -> Vec<(String, String)> {
    if let Some((channel, address)) = phrases::bound_to(&row.message) {
        let to = address.or_else(|| person.addresses.get(channel).map(String::as_str));
        return to.map(|to| (channel.to_owned(), to.to_owned())).into_iter().collect();
    }
    let all = person.addresses.iter().map(|(name, to)| (name.clone(), to.clone()));
    let mut all: Vec<_> =
        all.filter(|(name, _)| house.channels.contains_key(name.as_str())).collect();
    // Where she is now, and then the most private way: there the full words may go.
    let at = |name: &str| person.at.as_deref() == Some(name);
    all.sort_by_key(|(name, _)| {
        (!at(name), std::cmp::Reverse(house.channels[name.as_str()].profile().level))
    });
    if let Some(frozen) = &row.frozen {
        all.retain(|(name, _)| *name == frozen.channel);
    }
    all
}

/// The same without the channels on which a message was tried that must be read.
pub(super) async fn untried(
    house: &House,
    row: &OutboxRow,
    person: &Person,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut all = ways(house, row, person);
    if let Some(notice) = attempt::notice(row).filter(|_| row.frozen.is_none()) {
        let tried = house.store.standing().tried(&row.key, &notice, &person.person).await?;
        all.retain(|(name, _)| !tried.contains(name));
    }
    Ok(all)
}

/// Whether it would wake her, where we write first.
pub fn is_night(zone: &str, now: Timestamp) -> bool {
    let from = Way {
        level: 0,
        role: WORKER.to_owned(),
        scope: None,
        identity: Identity::None,
        opted_out: false,
        consents: None,
        waking: Some(WAKING),
        zone: zone.to_owned(),
    };
    waking_from(&from, now) > now
}

/// What somebody who acts for another may be told; nothing private once that is over. Everybody else
/// reads what the role does.
pub(super) async fn scope(house: &House, person: &Person) -> Result<Option<Labels>, StoreError> {
    if person.role != REPRESENTATIVE {
        return Ok(None);
    }
    let acts = directory::acts_for(house, person).await?;
    Ok(Some(acts.map(|it| it.scope).unwrap_or_default()))
}

pub(super) fn way(
    house: &House,
    channel: &dyn Channel,
    person: &Person,
    scope: Option<Labels>,
) -> Way {
    let profile = channel.profile();
    let visits = person.role == VISITOR;
    let agreed = || person.consents.get(profile.name).cloned().unwrap_or_default();
    Way {
        level: house.clearance.level(
            (profile.name, profile.level),
            &person.role,
            &agreed(),
            house.clock.now(),
        ),
        role: person.role.clone(),
        scope,
        identity: match profile.intrudes {
            _ if visits => Identity::None,
            // The address was proved from where she was verified, but who holds it now?
            true => Identity::Matched,
            // Web, desk and terminal sessions begin with a signed link, a code or a login.
            false => Identity::Verified,
        },
        opted_out: person.opted_out.iter().any(|it| it == profile.name),
        // A visitor wrote to us, and is only answered.
        consents: (profile.intrudes && !visits).then(agreed),
        waking: profile.intrudes.then_some(WAKING),
        zone: person.zone.clone(),
    }
}

pub(super) fn render(
    house: &House,
    row: &OutboxRow,
    person: &Person,
    channel: &str,
    form: Form,
) -> Frozen {
    // What may not be said here stands where whoever reads this is known.
    let link = if form == Form::Full { None } else { behind(house, row, person) };
    let rendered = render_form(&row.message, form, &person.language, &person.zone, link.as_deref());
    let heading = heading(house, row, person, channel).filter(|_| form != Form::Full);
    Frozen {
        channel: channel.to_owned(),
        text: match heading {
            Some(heading) => format!("{heading}\n{}", rendered.text),
            None => rendered.text,
        },
        buttons: rendered.buttons,
        numbers: Vec::new(),
        language: rendered.language,
        private: form != Form::Full,
    }
}

/// Which request a card is about, in a chat app, where cards of several stand one below the other and
/// none says what it is about.
fn heading(house: &House, row: &OutboxRow, person: &Person, channel: &str) -> Option<String> {
    let card = row.message.card.as_ref()?;
    let chat = house.channels.get(channel).is_some_and(|it| it.takes_commands());
    let conversation = row.key.effect.conversation.as_str();
    let heading = requests::heading(conversation, card.due, &person.language, &person.zone);
    heading.filter(|_| chat)
}

pub(super) fn purpose(house: &House, row: &OutboxRow) -> Option<String> {
    house.flows.version(row.flow_hash.as_ref()?).and_then(|it| it.purpose.clone())
}

/// The link to where a person may read what a message leaves out.
fn behind(house: &House, row: &OutboxRow, person: &Person) -> Option<String> {
    if STAFF.contains(&person.role.as_str()) {
        let card = row.message.question.filter(|_| row.message.card.is_some());
        let conversation = row.key.effect.conversation.clone();
        return house.links.desk(card.map(|key| EffectRef { conversation, key }).as_ref());
    }
    let whose = Whose { payer: person.payer.clone(), person: person.person.clone() };
    let hers = [WORKER, REPRESENTATIVE].contains(&person.role.as_str());
    hers.then(|| house.links.chat(&house.vault, house.clock.now(), &whose)).flatten()
}
