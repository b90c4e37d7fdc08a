//! What is counted, under which name, in which unit. Prometheus' conventions: base units, `_total`
//! for what only grows.

use metrics::{KeyName, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

pub(super) const ARRIVALS: &str = "mendline_arrivals_total";
pub(super) const DUPLICATES: &str = "mendline_arrivals_duplicate_total";
pub(super) const TURNS: &str = "mendline_turns_total";
pub(super) const TURN_SECONDS: &str = "mendline_turn_duration_seconds";
pub(super) const ARRIVAL_TO_TURN_SECONDS: &str = "mendline_arrival_to_turn_seconds";
pub(super) const COMMIT_SECONDS: &str = "mendline_commit_duration_seconds";
pub(super) const COMMIT_TURNS: &str = "mendline_commit_batch_turns";
pub(super) const CONFLICTS: &str = "mendline_turn_conflicts_total";
pub(super) const PUT_OFF: &str = "mendline_put_off_total";
pub(super) const SET_ASIDE: &str = "mendline_events_set_aside_total";
pub(super) const TIMERS_FIRED: &str = "mendline_timers_fired_total";
pub(super) const MESSAGES: &str = "mendline_messages_total";
pub(super) const SEND_SECONDS: &str = "mendline_send_duration_seconds";
pub(super) const CALLS: &str = "mendline_calls_total";
pub(super) const CALL_SECONDS: &str = "mendline_call_duration_seconds";
pub(super) const HTTP: &str = "mendline_http_requests_total";
pub(super) const HTTP_SECONDS: &str = "mendline_http_request_duration_seconds";
pub(super) const LOOP_ERRORS: &str = "mendline_loop_errors_total";

const COUNTERS: &[(&str, &str)] = &[
    (ARRIVALS, "What came in, by payer and source."),
    (DUPLICATES, "Arrivals that were there already and changed nothing."),
    (TURNS, "Turns of conversations committed, each with one or a few events."),
    (CONFLICTS, "Turns dropped because another worker was first; they are taken again."),
    (PUT_OFF, "Turns, arrivals and commits that failed and are tried again."),
    (SET_ASIDE, "Events that felled the engine or the process and went to a person instead."),
    (TIMERS_FIRED, "Timers and planned starts that became events."),
    (MESSAGES, "Attempts to send a message, by what became of it."),
    (CALLS, "Calls to plugins, by what became of them."),
    (HTTP, "Requests answered, by the route that matched."),
    (LOOP_ERRORS, "Passes of a loop that ended in an error, usually the database's."),
];

const HISTOGRAMS: &[(&str, &str)] = &[
    (TURN_SECONDS, "Working out one conversation's turn, before its commit."),
    (ARRIVAL_TO_TURN_SECONDS, "From the moment an event was received to its turn."),
    (COMMIT_SECONDS, "Committing a batch of turns to disk."),
    (COMMIT_TURNS, "Turns in one commit."),
    (SEND_SECONDS, "Handing one message to its channel."),
    (CALL_SECONDS, "Running one action of a plugin."),
    (HTTP_SECONDS, "Answering a request; an open page's stream ends when the page does."),
];

/// In seconds. A turn takes microseconds, a commit about a disk's sync, a provider up to its
/// patience of ten seconds: fine steps in the milliseconds, where people begin to notice.
const SECONDS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];
/// A batch doubles with load.
const TURNS_IN_BATCH: &[f64] =
    &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0];

pub(super) fn builder() -> PrometheusBuilder {
    PrometheusBuilder::new()
        .set_buckets(SECONDS)
        .and_then(|it| {
            it.set_buckets_for_metric(Matcher::Full(COMMIT_TURNS.into()), TURNS_IN_BATCH)
        })
        .expect("the buckets are not empty")
}

pub(super) fn describe(recorder: &PrometheusRecorder) {
    for (name, what) in COUNTERS {
        recorder.describe_counter(KeyName::from_const_str(name), None, (*what).into());
    }
    for (name, what) in HISTOGRAMS {
        recorder.describe_histogram(KeyName::from_const_str(name), None, (*what).into());
    }
}
