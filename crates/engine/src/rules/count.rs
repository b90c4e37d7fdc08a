//! When a rule's time is over.
//!
//! Days: the day of receipt is left out, the last day counts whole and, where it is a business
//! day, ends with the office. What arrives after the cut-off, or on a day off of a rule that
//! has a cut-off, is received on the next business day.

use chrono::{NaiveDate, NaiveTime};

use super::{CountsFrom, RuleRow, RuleUnit, Tolling};
use crate::state::ClockSpan;
use crate::time::calendar::Calendars;
use crate::time::hours::{Hours, minute};
use crate::time::zone::zone;
use crate::time::{Duration, Timestamp, Unit, clock};

/// The end of a calendar day. A minute early, so that the date shown is the day itself.
const LAST_MINUTE: u16 = Hours::MIDNIGHT - 1;

impl RuleRow {
    /// The time the rule gives, where it gives one.
    pub fn duration(&self) -> Option<Duration> {
        let unit = match self.unit? {
            RuleUnit::BusinessDay | RuleUnit::WorkingDay => Unit::BusinessDay,
            RuleUnit::CalendarDay => Unit::Day,
            RuleUnit::Hour => Unit::Hour,
        };
        Some(Duration { amount: self.number()?, unit })
    }

    /// When the time is over for what was received then. A row that gives no time is due at
    /// once: whoever asks it for a deadline made a mistake that must be seen.
    pub fn due(&self, received: Timestamp, calendars: &Calendars) -> Timestamp {
        let Some(time) = self.duration() else { return received };
        let from = self.received(received, calendars);
        let over = calendars.due(from, time, self.calendar(), &self.zone);
        self.last_moment(over, calendars)
    }

    /// When the time is over if the clock stopped now and then; `None` while it stands. Stops
    /// count only where a verified rule says that they do; else this is [`RuleRow::due`].
    pub fn due_with_stops(&self, spans: &[ClockSpan], calendars: &Calendars) -> Option<Timestamp> {
        let first = *spans.first()?;
        if !(self.acts() && self.tolling == Tolling::Yes) {
            return Some(self.due(first.from, calendars));
        }
        let time = self.duration()?;
        let from = self.received(first.from, calendars);
        let moved: Vec<ClockSpan> = spans
            .iter()
            .map(|it| ClockSpan { from: it.from.max(from), ..*it })
            .filter(|it| it.to.is_none_or(|to| it.from < to))
            .collect();
        let over = clock::due(calendars, &moved, time, self.calendar(), &self.zone)?;
        Some(self.last_moment(over, calendars))
    }

    /// The calendar that it counts in. `none` means every weekday of usual offices.
    fn calendar(&self) -> Option<&str> {
        self.holiday_calendar.as_deref()
    }

    /// When it counts as received.
    fn received(&self, at: Timestamp, calendars: &Calendars) -> Timestamp {
        let Some((cutoff_min, tz)) = self.cutoff() else { return at };
        let day = at.day(tz);
        let open = calendars.is_business_day(self.calendar(), day);
        if open && at < Timestamp::at_wall(Hours::wall(day, cutoff_min), tz).plus_ms(1) {
            return at;
        }
        let next = calendars.business_day_after(day, 1, self.calendar());
        Timestamp::at_wall(next.and_time(NaiveTime::MIN), tz)
    }

    /// `17:30 America/Los_Angeles`, read. The loader has refused what cannot be read.
    pub(super) fn cutoff(&self) -> Option<(u16, chrono_tz::Tz)> {
        let (time, zone_name) = self.receipt_cutoff.as_deref()?.split_once(' ')?;
        Some((minute(time)?, crate::time::zone::known(zone_name.trim())?))
    }

    /// The end of the last day, where days are counted whole.
    fn last_moment(&self, over: Timestamp, calendars: &Calendars) -> Timestamp {
        let whole = self.counts_from == CountsFrom::DayAfterReceipt;
        let tz = calendars.zone_of(self.calendar(), &self.zone);
        match self.unit {
            Some(RuleUnit::BusinessDay | RuleUnit::WorkingDay) if whole => {
                self.closing(over.day(tz), calendars)
            }
            Some(RuleUnit::CalendarDay) if whole => {
                let tz = zone(&self.zone);
                Timestamp::at_wall(Hours::wall(over.day(tz), LAST_MINUTE), tz)
            }
            _ => over,
        }
    }

    fn closing(&self, day: NaiveDate, calendars: &Calendars) -> Timestamp {
        let spans = calendars.spans_of_day(self.calendar(), &self.zone, day);
        let tz = calendars.zone_of(self.calendar(), &self.zone);
        spans
            .last()
            .map_or_else(|| Timestamp::at_wall(Hours::wall(day, LAST_MINUTE), tz), |it| it.1)
    }
}
