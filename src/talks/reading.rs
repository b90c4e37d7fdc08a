//! Small readers that the player of talks leans on: clocks, lines, words for what was seen.

use std::path::PathBuf;

use anyhow::{Context, bail};
use mendline_engine::event::Repair;
use mendline_engine::time::Timestamp;
use serde_json::Value;

/// Where a talk's files lie: in memory if the system has such a place, since nothing of a talk
/// outlives it.
pub(super) fn scratch() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

pub(super) fn text_of(line: &Value) -> &str {
    line["text"].as_str().unwrap_or_default()
}

pub(super) fn contains(line: &Value, words: &str) -> bool {
    text_of(line).to_lowercase().contains(&words.to_lowercase())
}

pub(super) fn quote(lines: &[Value]) -> String {
    if lines.is_empty() {
        return "nothing".into();
    }
    lines.iter().map(|it| format!("“{}”", text_of(it))).collect::<Vec<_>>().join(", ")
}

pub(super) fn repair(what: &str) -> anyhow::Result<Repair> {
    if let Some(field) = what.strip_prefix("correct ") {
        return Ok(Repair::Correct { field: field.into(), words: None });
    }
    Ok(match what {
        "help" => Repair::Help,
        "repeat" => Repair::Repeat,
        "a person" => Repair::Human,
        "cancel" => Repair::Cancel,
        other => bail!("'{other}' is not help, repeat, a person, cancel or 'correct FIELD'"),
    })
}

/// A wall time in a zone.
pub(super) fn wall(text: &str, zone: &str) -> anyhow::Result<Timestamp> {
    let naive = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M")
        .with_context(|| format!("'{text}' is not like 2026-07-02 16:30"))?;
    let zone: chrono_tz::Tz =
        zone.parse().map_err(|_| anyhow::anyhow!("'{zone}' is no time zone"))?;
    let at = naive.and_local_timezone(zone).earliest();
    let at = at.with_context(|| format!("{text} does not exist in {zone}"))?;
    Ok(Timestamp(at.timestamp_millis()))
}
