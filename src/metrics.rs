//! Numbers about the house, as Prometheus reads them: what happened, how long it took, what waits.
//!
//! The hooks here are one line each where they are called, and each house counts for itself. What
//! belongs to a payer carries that payer as a label, so that no series holds two payers' numbers;
//! what is about the machine carries none. It refuses what is private: a label is a payer, a flow,
//! a channel, an action, a door or a word of ours, never a person, a conversation or a claim.

mod names;
pub mod page;
mod process;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use mendline_engine::event::CallResult;
use mendline_engine::time::Timestamp;
use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusHandle, PrometheusRecorder};

use crate::store::{Became, CallBecame, CallRow, OutboxRow, StoreError};

/// How often what was observed is folded into its buckets when nobody reads the page. Until then
/// each observation costs eight bytes.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// What is counted in one house.
pub struct Metrics {
    recorder: PrometheusRecorder,
    page: PrometheusHandle,
    turn_s: Histogram,
    arrival_to_turn_s: Histogram,
    commit_s: Histogram,
    batch: Histogram,
    conflicts: Counter,
    timers: Counter,
    folded: Mutex<Instant>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let recorder = names::builder().build_recorder();
        names::describe(&recorder);
        let page = recorder.handle();
        let histogram =
            |name: &'static str| recorder.register_histogram(&Key::from_static_name(name), &ABOUT);
        let counter =
            |name: &'static str| recorder.register_counter(&Key::from_static_name(name), &ABOUT);
        Metrics {
            turn_s: histogram(names::TURN_SECONDS),
            arrival_to_turn_s: histogram(names::ARRIVAL_TO_TURN_SECONDS),
            commit_s: histogram(names::COMMIT_SECONDS),
            batch: histogram(names::COMMIT_TURNS),
            conflicts: counter(names::CONFLICTS),
            timers: counter(names::TIMERS_FIRED),
            folded: Mutex::new(Instant::now()),
            recorder,
            page,
        }
    }
}

/// The recorder asks where a number comes from; there is one place.
const ABOUT: Metadata<'static> = Metadata::new("mendline", Level::INFO, None);

impl Metrics {
    /// Something came in.
    pub fn arrived(&self, payer: &str, source: &str, duplicate: bool) {
        let name = if duplicate { names::DUPLICATES } else { names::ARRIVALS };
        self.count(name, [("payer", payer), ("source", source)]);
    }

    /// A turn is being worked out; it ends when the answer is dropped.
    pub fn turn(&self) -> Running<'_> {
        Running { seconds: Some(self.turn_s.clone()), began: Instant::now(), metrics: self }
    }

    /// An event that was received then is applied now.
    pub fn applied(&self, received: Timestamp, now: Timestamp) {
        let waited_ms = now.0.saturating_sub(received.0).max(0);
        self.arrival_to_turn_s.record(waited_ms as f64 / 1_000.0);
    }

    /// A batch of turns is being committed; it ends when the answer is dropped.
    pub fn commit(&self, turns: usize) -> Running<'_> {
        self.batch.record(turns as f64);
        Running { seconds: Some(self.commit_s.clone()), began: Instant::now(), metrics: self }
    }

    /// What became of one turn of a batch. `flow` is the flow's name.
    pub fn committed(&self, payer: &str, flow: &str, result: &Result<(), StoreError>) {
        match result {
            Ok(()) => self.count(names::TURNS, [("payer", payer), ("flow", flow)]),
            Err(StoreError::Conflict) => self.conflicts.increment(1),
            Err(_) => self.put_off("commit"),
        }
    }

    /// A turn, an arrival or a commit was put off; the word says which.
    pub fn put_off(&self, what: &'static str) {
        self.count(names::PUT_OFF, [("what", what)]);
    }

    /// An event was set aside for a person, because the engine fell or the process did.
    pub fn set_aside(&self, payer: &str, flow: &str) {
        self.count(names::SET_ASIDE, [("payer", payer), ("flow", flow)]);
    }

    /// Timers became events.
    pub fn fired(&self, timers: u32) {
        self.timers.increment(u64::from(timers));
    }

    /// What became of a message, in a word.
    pub fn sent(&self, row: &OutboxRow, became: &Became) -> &'static str {
        let result = match became {
            Became::Sent { .. } => "sent",
            Became::NotTried(_) => "not_tried",
            Became::Later(_) => "later",
            Became::Held(_) => "held",
            Became::Withheld(_) | Became::Dropped => "withheld",
            Became::Dead(_) => "dead",
            Became::Maybe | Became::Unreported => "maybe",
            Became::Reported(_) => "reported",
        };
        let payer = row.key.payer.as_str();
        self.count(names::MESSAGES, [("payer", payer), ("result", result)]);
        result
    }

    /// A message left with the turn that says it.
    pub fn posted(&self, payer: &str) {
        self.count(names::MESSAGES, [("payer", payer), ("result", "sent")]);
    }

    /// A channel is being tried; it ends when the answer is dropped.
    pub fn sending(&self, channel: &str) -> Running<'_> {
        self.running(names::SEND_SECONDS, "channel", channel)
    }

    /// What became of a call, in a word.
    pub fn called(&self, row: &CallRow, became: &CallBecame) -> &'static str {
        let result = match became {
            CallBecame::Returned(CallResult::Done(_)) => "done",
            CallBecame::Returned(CallResult::Unknown) => "unknown",
            CallBecame::Returned(CallResult::Refused { .. }) | CallBecame::Refused { .. } => {
                "refused"
            }
            CallBecame::Later(_) => "later",
        };
        let labels = [("payer", row.payer.as_str()), ("action", &row.action), ("result", result)];
        self.count(names::CALLS, labels);
        result
    }

    /// An action is being run; it ends when the answer is dropped.
    pub fn calling(&self, action: &str) -> Running<'_> {
        self.running(names::CALL_SECONDS, "action", action)
    }

    /// A request was answered. `route` is the pattern that matched, never the path.
    pub fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let code = status.to_string();
        self.count(names::HTTP, [("method", method), ("route", route), ("code", &code)]);
        self.histogram(names::HTTP_SECONDS, "route", route).record(took.as_secs_f64());
    }

    /// A loop could not do its work.
    pub fn stumbled(&self, loop_name: &'static str) {
        self.count(names::LOOP_ERRORS, [("loop", loop_name)]);
    }

    /// What was counted, as a page.
    pub(crate) fn render(&self) -> String {
        self.page.render()
    }

    fn running(&self, name: &'static str, label: &'static str, value: &str) -> Running<'_> {
        let seconds = Some(self.histogram(name, label, value));
        Running { seconds, began: Instant::now(), metrics: self }
    }

    fn histogram(&self, name: &'static str, label: &'static str, value: &str) -> Histogram {
        let key = Key::from_parts(name, vec![Label::new(label, value.to_owned())]);
        self.recorder.register_histogram(&key, &ABOUT)
    }

    fn count<const N: usize>(&self, name: &'static str, labels: [(&'static str, &str); N]) {
        let labels = labels.map(|(label, value)| Label::new(label, value.to_owned()));
        self.recorder
            .register_counter(&Key::from_parts(name, labels.to_vec()), &ABOUT)
            .increment(1);
    }

    /// Folds what was observed, now and then.
    fn fold(&self) {
        let Ok(mut folded) = self.folded.try_lock() else { return };
        if folded.elapsed() >= FOLD_EVERY {
            *folded = Instant::now();
            self.page.run_upkeep();
        }
    }
}

/// Something that takes a while. Its duration is observed when this is dropped, however it ended.
#[must_use]
pub struct Running<'a> {
    seconds: Option<Histogram>,
    began: Instant,
    metrics: &'a Metrics,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(seconds) = self.seconds.take() {
            seconds.record(self.began.elapsed().as_secs_f64());
            self.metrics.fold();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_houses_count_for_themselves() {
        let (one, other) = (Metrics::default(), Metrics::default());
        one.arrived("acme", "web", false);
        let counted = "mendline_arrivals_total{payer=\"acme\",source=\"web\"} 1";
        assert!(one.render().contains(counted), "{}", one.render());
        assert!(!other.render().contains("acme"));
    }

    #[test]
    fn what_took_milliseconds_is_told_apart() {
        let it = Metrics::default();
        drop(it.commit(3));
        let page = it.render();
        assert!(page.contains("mendline_commit_batch_turns_bucket{le=\"4\"} 1"), "{page}");
        assert!(page.contains("mendline_commit_batch_turns_bucket{le=\"2\"} 0"), "{page}");
        assert!(page.contains("mendline_commit_duration_seconds_bucket{le=\"0.005\"}"), "{page}");
    }
}
