//! How far we have heard: which session of the gateway can be gone on with, and the last message
//! seen in each direct message, so that what was missed can be asked for. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Direct messages whose last message is kept. Those that were silent longest are forgotten first:
/// words that came there while nobody listened are then not looked for.
const DMS_MAX: usize = 5_000;

/// How far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Far {
    /// What can be gone on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// Whether something may have been missed that was not looked for yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub behind: bool,
    /// Each direct message with the last message seen there. Their numbers grow with time.
    #[serde(default)]
    dms: BTreeMap<u64, u64>,
}

/// A session of the gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Session {
    /// Its name; with the token it is a key.
    pub id: String,
    /// Where to go on with it.
    pub url: String,
    /// The last event that is on our disk.
    pub seq: u64,
}

impl Far {
    /// What was kept; what this version cannot read any more begins anew.
    pub fn read(kept: Option<String>) -> Far {
        kept.and_then(|it| serde_json::from_str(&it).ok()).unwrap_or_default()
    }

    /// To be kept.
    pub fn written(&self) -> String {
        serde_json::to_string(self).expect("words and numbers are JSON")
    }

    /// The last message seen in a direct message; 0 where none was.
    pub fn last(&self, dm: u64) -> u64 {
        self.dms.get(&dm).copied().unwrap_or(0)
    }

    /// A message was seen, or something else with a number of that time.
    pub fn saw(&mut self, dm: u64, id: u64) {
        let last = self.dms.entry(dm).or_default();
        *last = (*last).max(id);
        if self.dms.len() > DMS_MAX {
            let silent = self.dms.iter().min_by_key(|(_, last)| **last).map(|(dm, _)| *dm);
            silent.and_then(|it| self.dms.remove(&it));
        }
    }

    /// A direct message that is known, and is one whose first words are still to come.
    pub fn knows(&self, dm: u64) -> bool {
        self.dms.contains_key(&dm)
    }

    /// It is not there any more.
    pub fn forget(&mut self, dm: u64) {
        self.dms.remove(&dm);
    }

    /// Each direct message, the one that was written in last first.
    pub fn dms(&self) -> Vec<u64> {
        let mut dms: Vec<_> = self.dms.iter().map(|(dm, last)| (*last, *dm)).collect();
        dms.sort_unstable_by(|a, b| b.cmp(a));
        dms.into_iter().map(|(_, dm)| dm).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_what_is_not_ours_begins_anew() {
        let mut far = Far { behind: true, ..Far::default() };
        let url = "wss://gateway.example".into();
        far.session = Some(Session { id: "s1".into(), url, seq: 7 });
        far.saw(70, 700);
        far.saw(70, 600);
        assert_eq!(far.last(70), 700, "an older one changes nothing");
        assert_eq!(Far::read(Some(far.written())), far);
        for other in [None, Some("4711".to_owned()), Some("{}".into()), Some("[]".into())] {
            assert_eq!(Far::read(other), Far::default());
        }
    }

    #[test]
    fn those_that_were_silent_longest_are_forgotten_first() {
        let mut far = Far::default();
        for dm in 1..=DMS_MAX as u64 + 1 {
            far.saw(dm, 1_000_000 - dm);
        }
        assert_eq!(far.dms().len(), DMS_MAX);
        assert!(!far.knows(DMS_MAX as u64 + 1) && far.knows(1));
        assert_eq!(far.dms()[0], 1, "and the latest is looked at first");
    }
}
