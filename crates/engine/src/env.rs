//! What a turn may know of the world: everything else is in the event.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::rules::RulePacks;
use crate::time::Timestamp;
use crate::time::calendar::Calendars;
use crate::types::Lang;

/// The world, as of this turn.
pub struct Env<'a> {
    /// Now.
    pub now: Timestamp,
    /// This conversation's id, for messages that carry links.
    pub conversation: &'a str,
    /// Actions, records, reasons, desks.
    pub catalog: &'a Catalog,
    /// Holidays and office hours.
    pub calendars: &'a Calendars,
    /// Law, as dated data.
    pub rules: &'a RulePacks,
    /// The jurisdiction of the claim: `CA`, `TX`, `FECA`; `None` before a claim is known.
    pub jurisdiction: Option<&'a str>,
    /// Who holds each party's role now. A party that is missing here cannot be resolved.
    pub parties: &'a BTreeMap<String, PartyEnv>,
}

/// The person behind a party.
#[derive(Clone, Debug, PartialEq)]
pub struct PartyEnv {
    /// The person.
    pub person: String,
    /// `Ana`.
    pub first_name: String,
    /// `Ana Example`, or a pharmacy's name.
    pub name: String,
    /// The language this person reads.
    pub language: Lang,
    /// An IANA zone: `America/Los_Angeles`.
    pub zone: String,
    /// The calendar of this person's office hours; absent for those who have none (workers).
    pub office: Option<String>,
    /// Whether any address is on file. Without one, telling becomes a desk task (rule 11).
    pub reachable: bool,
}
