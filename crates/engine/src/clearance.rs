//! The one table: which role may read which labels, and which channel may carry them.
//!
//! Default deny: a role or channel that is not in the table reads and carries nothing private.
//! Consent may raise a channel to its second level; nothing raises a role.

use crate::label::{Label, Labels};
use crate::surface::Identity;

/// A level of protected health information that a channel may carry (domain facts 4.2).
/// 0: no hint of health. 1: "there is an update", with a link. 2: a state without drug or
/// condition. 3: everything.
pub type Level = u8;

/// The level of a channel that may carry everything.
pub const LEVEL_FULL: Level = 3;

/// The most that somebody may be shown of whom we are so sure, however private the channel
/// (domain facts 4.4): a stranger that there is something, whoever matched on an address that is on
/// file a state, whoever is verified everything.
pub fn level_of(identity: Identity) -> Level {
    match identity {
        Identity::None => 1,
        Identity::Matched => 2,
        Identity::Verified => LEVEL_FULL,
    }
}

/// A role and what it may read (domain facts 4.1).
struct Role {
    name: &'static str,
    reads: &'static [Label],
}

const fn role(name: &'static str, reads: &'static [Label]) -> Role {
    Role { name, reads }
}

use Label::{Claim, Health, Legal, Safety, Survey};

/// Her own survey answers are hers; what was said in danger goes to those who help, and to
/// nobody who pays; reserves and investigations stay with the payer; the employer learns
/// nothing through us.
const ROLES: [Role; 13] = [
    role("injured_worker", &[Claim, Health, Survey]),
    role("representative", &[Claim, Health]),
    role("adjuster", &[Claim, Health, Legal]),
    role("supervisor", &[Claim, Health, Legal]),
    role("nurse", &[Claim, Health]),
    role("pharmacy", &[Claim, Health]),
    role("pharmacist", &[Claim, Health]),
    role("ur_physician", &[Claim, Health]),
    role("prescriber", &[Claim, Health]),
    role("attorney", &[Claim, Health]),
    role("pbm_agent", &[Claim, Health]),
    role("safety_responder", &[Claim, Health, Safety]),
    role("employer", &[]),
];

/// A channel, and what it may carry.
struct ChannelRow {
    name: &'static str,
    /// Without anything on file.
    level: Level,
    /// After a documented consent with a warning of the risk, or, for voice, verification;
    /// for e-mail, where it is encrypted.
    consented: Level,
}

const fn channel(name: &'static str, level: Level, consented: Level) -> ChannelRow {
    ChannelRow { name, level, consented }
}

const CHANNELS: [ChannelRow; 13] = [
    channel("web", 3, 3),
    channel("desk", 3, 3),
    channel("terminal", 3, 3),
    channel("sms", 1, 2),
    channel("voice", 0, 2),
    channel("voicemail", 0, 0),
    channel("email", 1, 3),
    // No business associate agreement is to be had: consent changes nothing.
    channel("whatsapp", 0, 0),
    channel("telegram", 0, 0),
    channel("discord", 0, 0),
    channel("messenger", 0, 0),
    // Staff rooms: ids only.
    channel("slack", 1, 1),
    channel("teams", 1, 1),
];

/// The labels that a role may read; none for a role that is not in the table.
pub fn reads(name: &str) -> Labels {
    ROLES
        .iter()
        .find(|it| it.name == name)
        .map_or(Labels::NONE, |it| it.reads.iter().copied().collect())
}

/// Whether the table has such a role.
pub fn is_role(name: &str) -> bool {
    ROLES.iter().any(|it| it.name == name)
}

/// The roles of the table, in its order.
pub fn roles() -> impl Iterator<Item = &'static str> {
    ROLES.iter().map(|it| it.name)
}

/// The level that a channel may carry; 0 for one that is not in the table.
pub fn channel_level(name: &str, consented: bool) -> Level {
    let row = CHANNELS.iter().find(|it| it.name == name);
    row.map_or(0, |it| if consented { it.consented } else { it.level })
}

/// The channels of the table, in its order.
pub fn channels() -> impl Iterator<Item = &'static str> {
    CHANNELS.iter().map(|it| it.name)
}

/// The level that a channel needs to carry all of `labels`.
pub fn level_needed(labels: Labels) -> Level {
    let of = |label| match label {
        Label::Claim | Label::Survey => 2,
        Label::Health | Label::Legal | Label::Safety => LEVEL_FULL,
    };
    labels.iter().map(of).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_in_the_table_reads_and_carries_nothing() {
        assert_eq!(reads("plumber"), Labels::NONE);
        assert_eq!(reads("employer"), Labels::NONE);
        assert_eq!(channel_level("pigeon", true), 0);
    }

    #[test]
    fn no_payer_reads_what_was_said_in_danger() {
        for name in roles().filter(|it| *it != "safety_responder") {
            assert!(!reads(name).has(Label::Safety), "{name}");
        }
    }

    #[test]
    fn public_goes_anywhere_and_health_nearly_nowhere() {
        assert_eq!(level_needed(Labels::NONE), 0);
        assert_eq!(level_needed(Labels::NONE.with(Label::Claim)), 2);
        assert_eq!(level_needed(Label::ALL.into_iter().collect()), 3);
        let full: Vec<_> = channels().filter(|it| channel_level(it, false) == 3).collect();
        assert_eq!(full, ["web", "desk", "terminal"]);
    }
}
