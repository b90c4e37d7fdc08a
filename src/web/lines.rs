//! Lines of a chat, as pages and sockets show them.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::Web;
use crate::channels::web::WEB;
use crate::store::{Became, Line, StoreError};
use crate::wake::{Loop, News};

/// Lines on a freshly loaded page. Older ones stay in the store; nobody reads them on a phone.
pub const LINES_SHOWN: usize = 60;
/// Lines read at once.
pub const LINES_READ: u32 = 200;

/// A line, for a page or a frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineView {
    /// Its number in this chat, from 1, without gaps.
    pub seq: i64,
    /// `bot`, `you` or `person`.
    pub from: String,
    /// Who, if a person at a desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The words.
    pub text: String,
    /// The language they are in, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Buttons under it.
    pub buttons: Vec<ButtonView>,
    /// The question it asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Whether that question is still open.
    pub open: bool,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ButtonView {
    /// What a tap says.
    pub key: String,
    /// What it reads.
    pub label: String,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    buttons: Vec<ButtonView>,
    #[serde(default)]
    question: Option<String>,
}

impl LineView {
    /// A stored line. One whose body cannot be read still takes its number, without words.
    pub fn of(line: Line) -> LineView {
        let body: Body = serde_json::from_value(line.body).unwrap_or_else(|_| Body {
            from: None,
            name: None,
            text: "…".into(),
            language: None,
            buttons: Vec::new(),
            question: None,
        });
        LineView {
            seq: line.seq,
            from: body.from.unwrap_or_else(|| "you".into()),
            name: body.name,
            text: body.text,
            language: body.language,
            open: line.open && body.question.is_some(),
            buttons: body.buttons,
            question: body.question,
            at: line.at.0,
        }
    }

    /// Whether the worker wrote it.
    pub fn is_yours(&self) -> bool {
        self.from == "you"
    }

    /// `2:05 PM`, or with the day when it was not today, in the reader's zone.
    pub fn when(&self, zone: Tz, now_ms: i64) -> String {
        clock(self.at, now_ms, zone)
    }
}

/// A moment for a reader in `zone`: the time, and the day where it is another one.
pub fn clock(at_ms: i64, now_ms: i64, zone: Tz) -> String {
    let local = |ms| DateTime::<Utc>::from_timestamp_millis(ms).map(|it| it.with_timezone(&zone));
    let (Some(at), Some(now)) = (local(at_ms), local(now_ms)) else { return String::new() };
    let same_day = at.num_days_from_ce() == now.num_days_from_ce();
    at.format(if same_day { "%-I:%M %p" } else { "%b %-d, %-I:%M %p" }).to_string()
}

impl Web {
    /// The last lines of a person's chat.
    pub async fn last_lines(&self, payer: &str, person: &str) -> Result<Vec<LineView>, StoreError> {
        let mut last: Vec<LineView> = Vec::new();
        let mut after = 0;
        loop {
            let some = self.house.store.lines_after(payer, person, WEB, after, LINES_READ).await?;
            let more = some.len() == LINES_READ as usize;
            after = some.last().map_or(after, |it| it.seq);
            last.extend(some.into_iter().map(LineView::of));
            let old = last.len().saturating_sub(LINES_SHOWN);
            last.drain(..old);
            if !more {
                return Ok(last);
            }
        }
    }

    /// Every line up to `seq` was shown: the messages among them get their receipts.
    pub async fn shown(&self, payer: &str, person: &str, seq: i64) -> Result<(), StoreError> {
        let house = &self.house;
        let first_shown = house.store.acknowledge(payer, person, WEB, seq).await?;
        if first_shown.is_empty() {
            return Ok(());
        }
        // Together, so that they share a transaction.
        let now = house.clock.now();
        let settling = first_shown.iter().map(|message| {
            let became = Became::Reported(mendline_engine::event::Receipt::Shown);
            house.store.settle_message(message, became, now)
        });
        try_join_all(settling).await?;
        house.wake.work_for(&[Loop::Turns]);
        house.wake.tell(News { payer: payer.into(), person: None });
        Ok(())
    }
}

/// The zone of a person, or the zone in which a wrong one is least wrong.
pub fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(chrono_tz::America::Chicago)
}

#[cfg(test)]
mod tests {
    use mendline_engine::time::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn line(body: Value, open: bool) -> LineView {
        LineView::of(Line { seq: 3, body, at: Timestamp(0), open })
    }

    #[test]
    fn a_line_without_a_question_has_nothing_open() {
        assert!(!line(json!({ "from": "bot", "text": "Hello" }), true).open);
        assert!(line(json!({ "from": "bot", "text": "?", "question": "c/1.0" }), true).open);
    }

    #[test]
    fn a_line_that_cannot_be_read_keeps_its_number() {
        assert_eq!(line(json!("scrambled"), false).seq, 3);
    }

    #[test]
    fn another_day_is_named() {
        let zone = zone("America/Chicago");
        assert_eq!(clock(0, 60_000, zone), "6:00 PM");
        assert_eq!(clock(0, 86_400_000, zone), "Dec 31, 6:00 PM");
    }
}
