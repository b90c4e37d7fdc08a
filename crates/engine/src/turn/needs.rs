//! What must be given with a choice: asking for it, hearing it, checking it (rule 4).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::listen::{self, Heard, Offer};
use crate::message::{Button, Message, OpenNeed};
use crate::phrases;
use crate::state::Deciding;
use crate::text::Values;
use crate::time::zone;
use crate::turn::Went;
use crate::turn::cx::Cx;
use crate::turn::decide::Decider;
use crate::types::Type;

/// The most days, refills or pieces that one decision may give. More is a life, not a fill.
const COUNT_MAX: i64 = 365;

/// The longest period that one decision may give, in days. The widest window that a formulary
/// was seen to allow is a year (New York, medication requests).
const PERIOD_DAYS_MAX: i64 = 365;

/// Longest text given with a choice, in characters. The card shows it whole.
const TEXT_MAX: usize = 500;

impl Cx<'_> {
    /// Asks the one who tapped for the first thing that is missing, under the card's own
    /// question: in a chat the words that follow, or a reason's button, complete the choice.
    pub(super) fn ask_need(&mut self, party: &str, open: &Deciding) {
        let Some(pending) = &open.pending else { return };
        let needs = needs_of(open, &pending.choice);
        let Some(need) = needs.into_iter().find(|it| !pending.with.contains_key(&it.need.name))
        else {
            return;
        };
        let button = |it: &crate::catalog::Reason| Button {
            key: it.code.clone(),
            label: it.label.clone(),
            value: Value::Null,
            needs: Vec::new(),
        };
        let buttons = need.reasons.iter().map(button).collect();
        let phrase = phrases::need(&need.need.ty);
        let question = Some(open.question);
        self.deliver(Message { question, buttons, ..self.phrase(party, phrase, Values::new()) });
    }

    /// What was given, read and checked; and what is missing or cannot be read.
    pub(super) fn needs(
        &self,
        open: &Deciding,
        choice: &str,
        with: &BTreeMap<String, Value>,
    ) -> (Map<String, Value>, BTreeMap<String, String>) {
        let mut given = Map::new();
        let mut missing = BTreeMap::new();
        for need in needs_of(open, choice) {
            let name = &need.need.name;
            let checked = match with.get(name) {
                None | Some(Value::Null) => Err("missing"),
                Some(value) => self.need_fits(need, value),
            };
            match checked {
                Ok(value) => drop(given.insert(name.clone(), value)),
                Err(code) => drop(missing.insert(name.clone(), code.to_owned())),
            }
        }
        if self.is_no_period(&given) {
            given.remove("until");
            missing.insert("until".to_owned(), "out_of_range".to_owned());
        }
        (given, missing)
    }

    /// Whether `from` and `until` were given and make no period: it ends before it begins, is
    /// over already where the principal is, or is longer than anybody may give.
    fn is_no_period(&self, given: &Map<String, Value>) -> bool {
        let day = |name: &str| given.get(name)?.as_str()?.parse::<chrono::NaiveDate>().ok();
        let (Some(from), Some(until)) = (day("from"), day("until")) else { return false };
        let today = self.env.now.day(zone::zone(self.zone(&self.program.principal)));
        let lasts = (until - from).num_days();
        until < today || !(0..=PERIOD_DAYS_MAX).contains(&lasts)
    }

    /// One need, checked.
    fn need_fits(&self, need: &OpenNeed, value: &Value) -> Result<Value, &'static str> {
        if need.need.list.is_some() {
            let code = value.as_str().or_else(|| value.get("code")?.as_str());
            let reason = need.reasons.iter().find(|it| Some(it.code.as_str()) == code);
            return reason.map(|it| it.value()).ok_or("unknown_reason");
        }
        let value = self.fits(value, &need.need.ty)?;
        match &need.need.ty {
            Type::Integer => {
                // A period may be for one fill and no further ones.
                let least = if need.need.name == "refills" { 0 } else { 1 };
                let in_range = value.as_i64().is_some_and(|it| (least..=COUNT_MAX).contains(&it));
                let fewer = |most: i64| value.as_i64().is_some_and(|it| it < most);
                match need.below {
                    _ if !in_range => Err("out_of_range"),
                    Some(most) if !fewer(most) => Err("not_fewer"),
                    _ => Ok(value),
                }
            }
            Type::Text => {
                let fits = value.as_str().is_some_and(|it| it.chars().count() <= TEXT_MAX);
                if fits { Ok(value) } else { Err("too_long") }
            }
            _ => Ok(value),
        }
    }

    /// Words of a person whose choice waits for its needs. `None`: nothing waits.
    pub(super) fn fill_needs(&mut self, party: &str, words: &str) -> Option<Went> {
        let (anchor, open) = self.open()?;
        let pending = open.pending.clone()?;
        let person = &self.party(party)?.person;
        if *person != pending.person || self.env.now > pending.until {
            return None;
        }
        let decide = self.decide_at(&anchor).ok()?;
        let choice = self.offered_choice(decide, &open, &pending.choice)?;
        let need = needs_of(&open, &pending.choice)
            .into_iter()
            .find(|it| !pending.with.contains_key(&it.need.name))?;
        let mut with = pending.with.clone();
        let heard = self.hear_need(party, words, need);
        with.insert(need.need.name.clone(), heard.unwrap_or_else(|| json!(words)));
        let by = Decider {
            name: self.party_name(party),
            person: Some(pending.person.clone()),
            party: Some(party.to_owned()),
        };
        Some(self.choose(choice, &by, with, Some(open.question)))
    }

    /// The value of a need in a person's words.
    fn hear_need(&self, party: &str, words: &str, need: &OpenNeed) -> Option<Value> {
        if need.need.list.is_none() {
            let today = self.env.now.day(zone::zone(self.zone(party)));
            return listen::value(words, &need.need.ty, today);
        }
        let offers: Vec<Offer> = need
            .reasons
            .iter()
            .map(|it| Offer { key: it.code.clone(), labels: it.label.values().cloned().collect() })
            .collect();
        match listen::choice(words, &offers) {
            Heard::Exactly(index) | Heard::Likely(index) => Some(json!(offers[index].key)),
            Heard::Several(_) | Heard::Nothing => None,
        }
    }
}

/// The needs of a choice as its card shows them.
fn needs_of<'o>(open: &'o Deciding, choice: &str) -> Vec<&'o OpenNeed> {
    let button = open.card.buttons.iter().find(|it| it.key == choice);
    button.into_iter().flat_map(|it| &it.needs).collect()
}
