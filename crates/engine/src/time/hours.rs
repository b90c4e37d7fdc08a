//! Opening hours of a week, several intervals a day.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};

/// A weekday, as calendars write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl From<chrono::Weekday> for Weekday {
    fn from(day: chrono::Weekday) -> Weekday {
        match day {
            chrono::Weekday::Mon => Weekday::Mon,
            chrono::Weekday::Tue => Weekday::Tue,
            chrono::Weekday::Wed => Weekday::Wed,
            chrono::Weekday::Thu => Weekday::Thu,
            chrono::Weekday::Fri => Weekday::Fri,
            chrono::Weekday::Sat => Weekday::Sat,
            chrono::Weekday::Sun => Weekday::Sun,
        }
    }
}

impl From<Weekday> for chrono::Weekday {
    fn from(day: Weekday) -> chrono::Weekday {
        match day {
            Weekday::Mon => chrono::Weekday::Mon,
            Weekday::Tue => chrono::Weekday::Tue,
            Weekday::Wed => chrono::Weekday::Wed,
            Weekday::Thu => chrono::Weekday::Thu,
            Weekday::Fri => chrono::Weekday::Fri,
            Weekday::Sat => chrono::Weekday::Sat,
            Weekday::Sun => chrono::Weekday::Sun,
        }
    }
}

/// One interval of a day, `09:00-17:00`. It opens before it closes; a night shift is two
/// intervals that meet at midnight (`22:00-24:00` and `00:00-06:00`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    /// Minutes after midnight.
    pub(crate) open_min: u16,
    /// Minutes after midnight; [`Hours::MIDNIGHT`] is the end of the day.
    pub(crate) close_min: u16,
}

impl Hours {
    /// The end of the day, in minutes.
    pub(crate) const MIDNIGHT: u16 = 24 * 60;

    /// That minute of `day` on the wall. The end of the day is not one of its minutes.
    pub(crate) fn wall(day: NaiveDate, minute: u16) -> NaiveDateTime {
        let minute = u32::from(minute.min(Hours::MIDNIGHT - 1));
        let time = NaiveTime::from_hms_opt(minute / 60, minute % 60, 0);
        day.and_time(time.expect("a minute of the day"))
    }
}

impl TryFrom<String> for Hours {
    type Error = String;

    fn try_from(text: String) -> Result<Hours, String> {
        let ends = text.split_once('-').and_then(|(a, b)| Some((minute(a)?, minute(b)?)));
        match ends {
            Some((open_min, close_min)) if open_min < close_min => {
                Ok(Hours { open_min, close_min })
            }
            _ => Err(format!("'{text}' is no interval like 09:00-17:00")),
        }
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> String {
        let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        format!("{}-{}", time(hours.open_min), time(hours.close_min))
    }
}

/// Minutes after midnight of `09:00`; `24:00` is allowed.
pub(crate) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && total <= Hours::MIDNIGHT).then_some(total)
}

/// Opening hours by weekday. Intervals of a day are in order and do not overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Weekday, Vec<Hours>>", into = "BTreeMap<Weekday, Vec<Hours>>")]
pub struct Week(BTreeMap<Weekday, Vec<Hours>>);

impl Week {
    /// The intervals of that weekday.
    pub fn hours(&self, day: chrono::Weekday) -> &[Hours] {
        self.0.get(&day.into()).map_or(&[], Vec::as_slice)
    }

    /// Whether anybody works on that weekday.
    pub fn is_working(&self, day: chrono::Weekday) -> bool {
        !self.hours(day).is_empty()
    }

    /// Whether nobody ever works.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(Vec::is_empty)
    }
}

impl TryFrom<BTreeMap<Weekday, Vec<Hours>>> for Week {
    type Error = String;

    fn try_from(week: BTreeMap<Weekday, Vec<Hours>>) -> Result<Week, String> {
        let clash = week
            .values()
            .flat_map(|day| day.windows(2))
            .any(|pair| pair[1].open_min < pair[0].close_min);
        if clash {
            return Err("intervals of a day overlap or are out of order".to_owned());
        }
        Ok(Week(week))
    }
}

impl From<Week> for BTreeMap<Weekday, Vec<Hours>> {
    fn from(week: Week) -> BTreeMap<Weekday, Vec<Hours>> {
        week.0
    }
}
