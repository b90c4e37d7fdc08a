//! Days and times of day, as people say them.

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use serde_json::Value;

use super::words::{is_spanish, own};
use crate::render::Reader;
use crate::time::Timestamp;

/// How much of a day is said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `November 18, 2026` / `18 de noviembre de 2026`
    Long,
    /// `Nov 18` / `18 nov`
    Short,
    /// `Wednesday, November 18` / `miércoles 18 de noviembre`
    Weekday,
}

/// The day that a value names.
pub(super) fn day_of(value: &Value) -> Option<NaiveDate> {
    value.as_str()?.parse().ok()
}

/// The moment that a value names: RFC 3339, or milliseconds.
pub(super) fn moment_of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse(text),
        Value::Number(ms) => ms.as_i64().map(Timestamp),
        _ => None,
    }
}

pub(super) fn day(day: NaiveDate, style: Style, reader: Reader<'_>) -> String {
    let words = own(reader.language);
    let month = words.months[day.month0() as usize];
    let short = words.months_short[day.month0() as usize];
    let weekday = words.weekdays[day.weekday().num_days_from_monday() as usize];
    let (number, year) = (day.day(), day.year());
    match (style, is_spanish(reader.language)) {
        (Style::Long, false) => format!("{month} {number}, {year}"),
        (Style::Long, true) => format!("{number} de {month} de {year}"),
        (Style::Short, false) => format!("{short} {number}"),
        (Style::Short, true) => format!("{number} {short}"),
        (Style::Weekday, false) => format!("{weekday}, {month} {number}"),
        (Style::Weekday, true) => format!("{weekday} {number} de {month}"),
    }
}

/// `3:00 PM` / `3:00 p. m.`
pub(super) fn time(time: NaiveTime, reader: Reader<'_>) -> String {
    let words = own(reader.language);
    let (afternoon, hour) = time.hour12();
    let half = if afternoon { words.pm } else { words.am };
    format!("{hour}:{:02} {half}", time.minute())
}

/// Day and time of a moment on the reader's wall.
pub(super) fn moment(at: Timestamp, style: Style, reader: Reader<'_>) -> String {
    let wall = at.wall(reader.zone);
    let (date, clock) = (day(wall.date(), style, reader), time(wall.time(), reader));
    match (style, is_spanish(reader.language)) {
        (Style::Long | Style::Weekday, false) => format!("{date} at {clock}"),
        // One o'clock is singular in Spanish.
        (Style::Long | Style::Weekday, true) if wall.hour12().1 == 1 => {
            format!("{date} a la {clock}")
        }
        (Style::Long | Style::Weekday, true) => format!("{date} a las {clock}"),
        (Style::Short, _) => format!("{date}, {clock}"),
    }
}
