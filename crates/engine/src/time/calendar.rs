//! Holidays and office hours, as dated data.
//!
//! A calendar lists its days off year by year, as observed, with the source and how sure we
//! are. For a year that is not listed its rules compute them: a holiday is never forgotten
//! because a list ran out. Counting with a calendar stands in [`super::count`].

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::hours::{Hours, Week};
use super::{Timestamp, zone};
use crate::rules::Confidence;

/// The calendar of an office that named none of its own.
pub const DEFAULT_OFFICE: &str = "us-office";

/// Every calendar by name. There is always [`DEFAULT_OFFICE`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Calendars {
    calendars: BTreeMap<String, Calendar>,
}

/// One calendar: when an office is open, and which days are off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// `us-ca-state`.
    pub name: String,
    /// What it is, for people.
    pub about: String,
    /// The zone that its hours are in; absent where they are in the zone of whoever asks.
    #[serde(default)]
    pub zone: Option<String>,
    /// Opening hours by weekday.
    pub week: Week,
    /// The calendar whose days off it also keeps.
    #[serde(default)]
    pub same_holidays_as: Option<String>,
    /// Where the days off come from.
    pub source: String,
    /// How sure we are of them.
    pub confidence: Confidence,
    /// The years that `holidays` lists completely.
    #[serde(default)]
    pub years: Option<Years>,
    /// Days off, as observed, by date.
    #[serde(default)]
    pub holidays: BTreeMap<NaiveDate, String>,
    /// How to compute the days off of other years.
    #[serde(default)]
    pub beyond: Vec<HolidayRule>,
}

/// First and last year of a list, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Years {
    /// First.
    pub first: i32,
    /// Last.
    pub last: i32,
}

/// How a holiday is found in a year that is not listed. Exactly one of the three is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolidayRule {
    /// What it is called.
    pub name: String,
    /// The same date every year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Fixed>,
    /// A weekday of a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<Nth>,
    /// Counted from Easter Sunday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub easter: Option<Easter>,
}

/// A fixed date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// What becomes of it on a weekend.
    pub shift: Shift,
}

/// What becomes of a holiday that falls on a weekend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// It stays, and nobody gets a day.
    None,
    /// Sunday's moves to Monday, Saturday's stays.
    Sunday,
    /// Saturday's moves to Friday, Sunday's to Monday.
    Nearest,
}

/// A weekday of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nth {
    /// 1 to 12.
    pub month: u32,
    /// Which weekday.
    pub weekday: super::hours::Weekday,
    /// The first is 1; the last is -1.
    pub n: i8,
    /// Days after it: the day after Thanksgiving is 1.
    #[serde(default)]
    pub plus_days: i64,
}

/// Days from Easter Sunday: Good Friday is -2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Easter {
    /// How many.
    pub plus_days: i64,
}

/// A calendar that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum CalendarError {
    /// It is no YAML, or not of this shape.
    #[error("calendar cannot be read: {0}")]
    Unreadable(String),
    /// It would never be open, so nothing would ever be due.
    #[error("calendar '{0}' has no opening hours")]
    NeverOpen(String),
    /// Its zone is no IANA name.
    #[error("calendar '{name}' names an unknown zone '{zone}'")]
    UnknownZone {
        /// Which calendar.
        name: String,
        /// What it says.
        zone: String,
    },
    /// The calendar whose holidays it keeps is not here.
    #[error("calendar '{name}' keeps the holidays of '{other}', which is not here")]
    UnknownCalendar {
        /// Which calendar.
        name: String,
        /// What it names.
        other: String,
    },
    /// It lists no days off and has no rules: business as usual would be a guess.
    #[error("calendar '{0}' has no rules for the years that it does not list")]
    NoHolidays(String),
}

static EMBEDDED: LazyLock<Calendars> = LazyLock::new(|| {
    let mut calendars = Calendars { calendars: BTreeMap::new() };
    for text in FILES {
        calendars.add(text).expect("the embedded calendars are tested");
    }
    calendars
});

/// The calendars that come with the engine. Those that others build on come first.
const FILES: [&str; 12] = [
    include_str!("../../data/calendars/us-federal.yaml"),
    include_str!("../../data/calendars/us-office.yaml"),
    include_str!("../../data/calendars/us-ca-state.yaml"),
    include_str!("../../data/calendars/us-tx-wc.yaml"),
    include_str!("../../data/calendars/us-ny-state.yaml"),
    include_str!("../../data/calendars/us-fl-state.yaml"),
    include_str!("../../data/calendars/us-oh-state.yaml"),
    include_str!("../../data/calendars/us-wa-state.yaml"),
    include_str!("../../data/calendars/us-tn-state.yaml"),
    include_str!("../../data/calendars/us-az-state.yaml"),
    include_str!("../../data/calendars/us-ky-state.yaml"),
    include_str!("../../data/calendars/us-pa-state.yaml"),
];

impl Default for Calendars {
    /// The embedded ones: without any calendar nothing could be counted.
    fn default() -> Calendars {
        Calendars::embedded()
    }
}

impl Calendars {
    /// The calendars that come with the engine.
    pub fn embedded() -> Calendars {
        EMBEDDED.clone()
    }

    /// Adds a calendar from its YAML, or replaces the one of that name; gives its name.
    pub fn add(&mut self, yaml: &str) -> Result<String, CalendarError> {
        let calendar: Calendar = serde_saphyr::from_str(yaml)
            .map_err(|error| CalendarError::Unreadable(error.to_string()))?;
        self.check(&calendar)?;
        let name = calendar.name.clone();
        self.calendars.insert(name.clone(), calendar);
        Ok(name)
    }

    /// The calendar of that name.
    pub fn get(&self, name: &str) -> Option<&Calendar> {
        self.calendars.get(name)
    }

    /// The names of all calendars, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.calendars.keys().map(String::as_str)
    }

    /// Whether anybody works on `day`: it has opening hours and is no day off.
    pub fn is_business_day(&self, office: Option<&str>, day: NaiveDate) -> bool {
        let calendar = self.office(office);
        calendar.week.is_working(day.weekday()) && self.holiday_in(calendar, day).is_none()
    }

    /// The name of the day off that `day` is, in the calendar of `office`.
    pub fn holiday(&self, office: Option<&str>, day: NaiveDate) -> Option<String> {
        self.holiday_in(self.office(office), day)
    }

    /// Whether the office is open at that moment. At the closing minute it is not.
    pub fn is_open(&self, office: Option<&str>, zone: &str, at: Timestamp) -> bool {
        self.spans_of_day(office, zone, at.day(self.zone_of(office, zone)))
            .iter()
            .any(|(open, close)| *open <= at && at < *close)
    }

    /// The open spans between two moments, in order, cut at both ends.
    pub fn open_spans(
        &self,
        office: Option<&str>,
        zone: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<(Timestamp, Timestamp)> {
        let tz = self.zone_of(office, zone);
        let last = to.day(tz);
        from.day(tz)
            .iter_days()
            .take_while(|day| *day <= last)
            .flat_map(|day| self.spans_of_day(office, zone, day))
            .map(|(open, close)| (open.max(from), close.min(to)))
            .filter(|(open, close)| open < close)
            .collect()
    }

    /// The open spans of one day, in order. A span that daylight saving swallowed is left out.
    pub(crate) fn spans_of_day(
        &self,
        office: Option<&str>,
        zone: &str,
        day: NaiveDate,
    ) -> Vec<(Timestamp, Timestamp)> {
        if !self.is_business_day(office, day) {
            return Vec::new();
        }
        let tz = self.zone_of(office, zone);
        let hours = self.office(office).week.hours(day.weekday());
        let moment = |minute: u16| match minute {
            Hours::MIDNIGHT => Timestamp::start_of(zone::days_after(day, 1), tz),
            _ => Timestamp::at_wall(Hours::wall(day, minute), tz),
        };
        hours
            .iter()
            .map(|it| (moment(it.open_min), moment(it.close_min)))
            .filter(|(open, close)| open < close)
            .collect()
    }

    /// The zone in which the hours of `office` are: its own, else `zone`.
    pub fn zone_of(&self, office: Option<&str>, zone: &str) -> Tz {
        zone::zone(self.office(office).zone.as_deref().unwrap_or(zone))
    }

    /// The calendar of that name; one that is unknown keeps usual hours, never all hours.
    fn office(&self, name: Option<&str>) -> &Calendar {
        name.and_then(|name| self.calendars.get(name))
            .or_else(|| self.calendars.get(DEFAULT_OFFICE))
            .unwrap_or_else(|| &EMBEDDED.calendars[DEFAULT_OFFICE])
    }

    fn holiday_in(&self, calendar: &Calendar, day: NaiveDate) -> Option<String> {
        calendar.own_holiday(day).or_else(|| {
            let other = calendar.same_holidays_as.as_deref()?;
            self.calendars.get(other)?.own_holiday(day)
        })
    }

    fn check(&self, calendar: &Calendar) -> Result<(), CalendarError> {
        let name = || calendar.name.clone();
        if calendar.week.is_empty() {
            return Err(CalendarError::NeverOpen(name()));
        }
        if let Some(zone) = calendar.zone.clone().filter(|it| zone::known(it).is_none()) {
            return Err(CalendarError::UnknownZone { name: name(), zone });
        }
        match &calendar.same_holidays_as {
            Some(other) if !self.calendars.contains_key(other) => {
                Err(CalendarError::UnknownCalendar { name: name(), other: other.clone() })
            }
            None if calendar.beyond.is_empty() => Err(CalendarError::NoHolidays(name())),
            _ => Ok(()),
        }
    }
}

impl Calendar {
    /// Whether the days off of that year are listed, rather than computed.
    pub fn lists(&self, year: i32) -> bool {
        self.years.is_some_and(|years| (years.first..=years.last).contains(&year))
    }

    fn own_holiday(&self, day: NaiveDate) -> Option<String> {
        let listed = self.holidays.get(&day).cloned();
        if self.lists(day.year()) { listed } else { listed.or_else(|| self.computed(day)) }
    }

    /// What the rules say of `day`, whether its year is listed or not.
    pub fn computed(&self, day: NaiveDate) -> Option<String> {
        // A New Year's Day on a Saturday is observed in the year before.
        let years = [day.year(), day.year() + 1];
        let rule = self
            .beyond
            .iter()
            .find(|rule| years.iter().any(|year| rule.observed(*year) == Some(day)));
        rule.map(|rule| rule.name.clone())
    }
}
