//! How private a channel may be for whom, as the operator has it. It only ever goes down from what
//! the engine's table says, but for one way up: an agreement that is on record and has an end, on a
//! channel where one can be had, for people who agreed to it. When the agreement ends, so does this.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use anyhow::{Context as _, ensure};
use chrono::NaiveDate;
use mendline_engine::clearance::{Level, channel_level, channels, is_role};
use mendline_engine::consent::DETAILS;
use mendline_engine::time::Timestamp;
use serde::Deserialize;

/// The highest level there is.
const HIGHEST: Level = 3;

/// What an operator says of one channel: `[clearance.sms]`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The level that it may carry.
    #[serde(default)]
    pub level: Option<Level>,
    /// The business associate agreement that lets it carry more than by itself: its name or number.
    #[serde(default)]
    pub agreement: Option<String>,
    /// The last day on which that counts, in UTC: `2027-03-01`.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// Lower levels for single roles.
    #[serde(default)]
    pub roles: BTreeMap<String, Level>,
}

/// What an operator says, by channel.
pub type Settings = BTreeMap<String, Setting>;

/// Says what cannot be: a raise without an agreement and its end, or where none can be had.
pub fn check(settings: &Settings) -> anyhow::Result<()> {
    settings.iter().try_for_each(|(channel, it)| {
        it.check(channel).with_context(|| format!("[clearance.{channel}]"))
    })
}

impl Setting {
    fn check(&self, channel: &str) -> anyhow::Result<()> {
        let known: Vec<_> = channels().collect();
        ensure!(
            known.contains(&channel),
            "there is no such channel; there are: {}",
            known.join(", ")
        );
        let (own, most) = (channel_level(channel, false), channel_level(channel, true));
        for (role, level) in &self.roles {
            ensure!(is_role(role), "`roles`: there is no role {role:?}");
            ensure!(*level <= HIGHEST, "`roles.{role}` is a level from 0 to {HIGHEST}");
            let ceiling = self.level.unwrap_or(own);
            ensure!(
                *level <= ceiling,
                "`roles.{role}` only lowers: the channel's level is {ceiling}"
            );
        }
        let Some(level) = self.level else { return Ok(()) };
        ensure!(level <= HIGHEST, "`level` is from 0 to {HIGHEST}");
        if level <= own {
            return Ok(());
        }
        ensure!(
            level <= most,
            "`level` {level} is more than {channel} may ever carry ({most}): no agreement is to be \
             had for it"
        );
        ensure!(
            self.agreement.as_deref().is_some_and(|it| !it.trim().is_empty()),
            "`level` {level} is more than {channel} carries by itself ({own}); name the business \
             associate agreement that allows it in `agreement`, and its last day in `until`"
        );
        ensure!(
            self.until.is_some(),
            "`agreement` needs its last day in `until`, such as 2027-03-01; after it the channel \
             carries {own} again"
        );
        Ok(())
    }

    /// Whether the agreement still counts.
    fn counts(&self, now: Timestamp) -> bool {
        let day = now.utc().date_naive();
        self.agreement.is_some() && self.until.is_some_and(|until| day <= until)
    }
}

/// What the house was told.
#[derive(Default)]
pub struct Clearance(OnceLock<Settings>);

impl Clearance {
    /// Says it; the first word counts.
    pub fn set(&self, settings: Settings) {
        // Said twice only by a mistake in the order of starting, and then the same.
        let _ = self.0.set(settings);
    }

    /// The level that a channel may carry to somebody of this role now. `own` is what it carries by
    /// itself, `agreed` what this person agreed to there.
    pub fn level(
        &self,
        (channel, own): (&str, Level),
        role: &str,
        agreed: &[String],
        now: Timestamp,
    ) -> Level {
        let Some(it) = self.0.get().and_then(|it| it.get(channel)) else { return own };
        let wanted = it.level.unwrap_or(own);
        let may_rise = it.counts(now) && agreed.iter().any(|it| it == DETAILS);
        let level = if wanted <= own || may_rise { wanted } else { own };
        it.roles.get(role).map_or(level, |most| level.min(*most))
    }

    /// Raises with their agreements, for the audit: channel, level, agreement, last day, and whether
    /// it still counts.
    pub fn raises(&self, now: Timestamp) -> Vec<(String, bool)> {
        let all = self.0.get().into_iter().flatten();
        let raised = all.filter_map(|(channel, it)| {
            let level = it.level.filter(|it| *it > channel_level(channel, false))?;
            let (agreement, until) = (it.agreement.as_ref()?, it.until?);
            let said = format!("clearance of {channel}: {level} under {agreement} until {until}");
            Some((said, it.counts(now)))
        });
        raised.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Settings> {
        let settings: Settings = toml::from_str(text)?;
        check(&settings)?;
        Ok(settings)
    }

    fn of(text: &str) -> Clearance {
        let it = Clearance::default();
        it.set(read(text).unwrap());
        it
    }

    fn at(utc: &str) -> Timestamp {
        Timestamp::parse(utc).unwrap()
    }

    const RAISED: &str = "[sms]\nlevel = 2\nagreement = \"BAA 7\"\nuntil = \"2027-03-01\"\n";

    #[test]
    fn a_level_is_lowered_by_a_word_for_all_or_for_a_role() {
        let it = of("[web]\nlevel = 2\nroles = { pharmacy = 1 }\n[telegram]\nlevel = 0\n");
        let level =
            |channel, own, role| it.level((channel, own), role, &[], at("2026-11-18T17:00:00Z"));
        assert_eq!(level("web", 3, "injured_worker"), 2);
        assert_eq!(level("web", 3, "pharmacy"), 1);
        assert_eq!(level("telegram", 0, "injured_worker"), 0);
        assert_eq!(level("desk", 3, "adjuster"), 3, "of whom nothing was said");
    }

    #[test]
    fn a_raise_counts_until_its_agreement_ends_for_those_who_agreed() {
        let it = of(RAISED);
        let details = [DETAILS.to_owned()];
        let level =
            |agreed: &[String], now| it.level(("sms", 1), "injured_worker", agreed, at(now));
        assert_eq!(level(&details, "2026-11-18T17:00:00Z"), 2);
        assert_eq!(level(&details, "2027-03-01T23:59:59Z"), 2, "its last day");
        assert_eq!(level(&details, "2027-03-02T00:00:00Z"), 1, "it fell back by itself");
        assert_eq!(level(&[], "2026-11-18T17:00:00Z"), 1, "she was not warned");
        assert_eq!(level(&["*".to_owned()], "2026-11-18T17:00:00Z"), 1, "of the risk");
    }

    #[test]
    fn what_raises_without_an_agreement_and_its_end_is_refused_and_says_what_is_missing() {
        for (text, said) in [
            ("[sms]\nlevel = 2\n", "agreement"),
            ("[sms]\nlevel = 2\nagreement = \" \"\nuntil = \"2027-03-01\"\n", "agreement"),
            ("[sms]\nlevel = 2\nagreement = \"BAA 7\"\n", "until"),
            ("[sms]\nlevel = 3\nagreement = \"BAA 7\"\nuntil = \"2027-03-01\"\n", "may ever carry"),
            (
                "[telegram]\nlevel = 1\nagreement = \"x\"\nuntil = \"2027-03-01\"\n",
                "may ever carry",
            ),
            ("[web]\nlevel = 4\n", "from 0 to 3"),
            ("[pigeon]\nlevel = 0\n", "no such channel"),
            ("[sms]\nroles = { adjuster = 2 }\n", "only lowers"),
            ("[sms]\nroles = { plumber = 0 }\n", "no role"),
        ] {
            let refused = format!("{:#}", read(text).unwrap_err());
            assert!(refused.contains(said) && refused.contains("[clearance."), "{text}: {refused}");
        }
        assert!(read(RAISED).is_ok());
    }
}
