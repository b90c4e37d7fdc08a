//! The last look before sending: may these words reach this person on this channel now?
//!
//! It is asked when a message is decided and again when it leaves (DESIGN 1.6). It reads
//! labels, never words, and it has no way to let a flow's author through.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::clearance::{level_needed, level_of, reads};
use crate::consent::EVERYTHING;
use crate::label::{Label, Labels};
use crate::message::{Message, MessageKind};
use crate::render::Form;
use crate::surface::Identity;
use crate::time::Timestamp;
use crate::time::hours::Hours;
use crate::time::zone::{days_after, known};

/// What the screen must know of the way to the person. Gathered by dispatch.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The channel's PHI level, 0 to 3 (facts 4.2), after this person's documented consents.
    pub level: u8,
    /// The role of the party (`injured_worker`, `adjuster`, …), which says what labels it may read.
    pub role: String,
    /// The labels beyond which a representative may read nothing, whatever the role reads; `None`
    /// for everybody else.
    pub scope: Option<Labels>,
    /// How sure we are, now and on this channel, that it is this person.
    pub identity: Identity,
    /// Whether the person opted out of this channel altogether.
    pub opted_out: bool,
    /// Purposes the person has consented to here; `None` where the channel needs no consent
    /// (the person is there right now: web chat, the desk).
    pub consents: Option<Vec<String>>,
    /// Quiet hours as minutes of the recipient's local day during which we may write; `None`
    /// where none apply.
    pub waking: Option<(u16, u16)>,
    /// The recipient's zone.
    pub zone: String,
}

/// What may be done with a message on this way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Send the full words.
    Full,
    /// Send the private form (the flow's, or the built-in "there is an update" with a secure link).
    Private,
    /// Not now: at this moment.
    HoldUntil(Timestamp),
    /// Not on this way, as a code: `opted_out`, `no_consent`, `role_may_not_read`.
    Withhold(String),
}

/// Where a zone is unknown it must be daytime at both ends of the country.
const WIDEST: [Tz; 2] = [Tz::America__New_York, Tz::Pacific__Honolulu];

/// Screens one message for one way.
pub fn screen(message: &Message, way: &Way, purpose: Option<&str>, now: Timestamp) -> Verdict {
    if way.opted_out && message.kind != MessageKind::Duty {
        return Verdict::Withhold("opted_out".to_owned());
    }
    let Some(form) = form(message, way) else {
        return Verdict::Withhold("role_may_not_read".to_owned());
    };
    if speaks_first(message.kind) {
        if !consented(way, purpose) {
            return Verdict::Withhold("no_consent".to_owned());
        }
        let until = waking_from(way, now);
        if until > now {
            return Verdict::HoldUntil(until);
        }
    }
    if form == Form::Full { Verdict::Full } else { Verdict::Private }
}

/// The form in which a message may go this way; `None` where this reader may have none of it.
/// [`crate::render::render_form`] makes the words of exactly this form.
pub fn form(message: &Message, way: &Way) -> Option<Form> {
    let may_read = may_read(way);
    let level = way.level.min(level_of(way.identity));
    let fits = |labels: Labels| level_needed(labels) <= level;
    let full = labels_shown(message);
    let private = message.wording.private_labels;
    let has_private = !message.wording.private.is_empty();

    if full.beyond(may_read).is_public() {
        if fits(full) {
            return Some(Form::Full);
        }
    } else if !(has_private && private.beyond(may_read).is_public()) {
        return None;
    }
    if has_private && private.beyond(may_read).is_public() && fits(private) {
        return Some(Form::Private);
    }
    // What this reader may never read is not announced either.
    let readable = full.beyond(may_read).is_public();
    readable.then_some(if level == 0 { Form::Hint } else { Form::Update })
}

/// What this reader may read: what the role does, and a representative no more than was agreed.
fn may_read(way: &Way) -> Labels {
    let role = reads(&way.role);
    let Some(scope) = way.scope else { return role };
    role.iter().filter(|it| scope.has(*it)).collect()
}

/// The labels of the words and of the buttons. A button that stands for a value of a list
/// (a medicine, a claim) names it, so it is taken for the most private kind.
fn labels_shown(message: &Message) -> Labels {
    let lists = message.buttons.iter().any(|it| !it.value.is_null());
    let words = message.wording.labels;
    if lists { words.with(Label::Health) } else { words }
}

/// Whether we begin. An answer to what was just said, and help in danger, are held by nothing.
/// A person's words are ours too; in a live talk they are sent as [`MessageKind::Reply`].
fn speaks_first(kind: MessageKind) -> bool {
    match kind {
        MessageKind::Proactive | MessageKind::Closing | MessageKind::Person => true,
        MessageKind::Reply | MessageKind::Safety | MessageKind::Duty | MessageKind::Code => false,
    }
}

/// Whether we may begin, under this purpose. A flow that has none has leave only where everything
/// was agreed to.
fn consented(way: &Way, purpose: Option<&str>) -> bool {
    match (&way.consents, purpose) {
        (None, _) => true,
        (Some(given), purpose) => {
            given.iter().any(|it| it == EVERYTHING || Some(it.as_str()) == purpose)
        }
    }
}

/// The first moment from `now` on at which we may write.
pub fn waking_from(way: &Way, now: Timestamp) -> Timestamp {
    let Some(waking) = way.waking.filter(|(from, to)| from != to) else { return now };
    let zone = known(&way.zone).map(|it| [it]);
    let zones: &[Tz] = zone.as_ref().map_or(&WIDEST, |it| it);
    // The widest pair stands from east to west: what is morning in the west is still day in
    // the east, so one round settles both.
    zones.iter().fold(now, |at, zone| next_waking(at, waking, *zone))
}

/// `at`, if it lies in the waking hours of its day, else the next hour of waking.
fn next_waking(at: Timestamp, (from, to): (u16, u16), zone: Tz) -> Timestamp {
    let day = at.day(zone);
    let opens = |days| Timestamp::at_wall(Hours::wall(days_after(day, days), from), zone);
    let closes = Timestamp::at_wall(Hours::wall(day, to), zone);
    let awake =
        if from < to { opens(0) <= at && at < closes } else { at < closes || opens(0) <= at };
    match awake {
        true => at,
        false if at < opens(0) => opens(0),
        false => opens(1),
    }
}
