//! The page that Prometheus reads: what was counted, and beside it what stands now. What stands is
//! asked for when somebody reads, so that a payer without anything waiting does not keep a number
//! of yesterday.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::process;
use crate::house::House;
use crate::store::health::Wait;
use crate::watch::ready;

/// The media type of the text format.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether a number only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
}

/// One name with its numbers.
#[derive(Debug)]
pub(super) struct Family {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    series: Vec<(Vec<(&'static str, String)>, f64)>,
}

impl Family {
    /// One number without labels.
    pub(super) fn one(name: &'static str, kind: Kind, help: &'static str, value: f64) -> Family {
        Family { name, kind, help, series: vec![(Vec::new(), value)] }
    }

    /// A number by one label.
    fn gauge(
        name: &'static str,
        help: &'static str,
        label: &'static str,
        series: impl IntoIterator<Item = (String, f64)>,
    ) -> Family {
        let series = series.into_iter().map(|(it, value)| (vec![(label, it)], value)).collect();
        Family { name, kind: Kind::Gauge, help, series }
    }

    fn write(&self, page: &mut String) {
        if self.series.is_empty() {
            return;
        }
        let kind = if self.kind == Kind::Counter { "counter" } else { "gauge" };
        let Family { name, help, .. } = self;
        let mut line = |text: std::fmt::Arguments<'_>| {
            page.write_fmt(text).expect("a string takes any text");
        };
        line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        for (labels, value) in &self.series {
            let labels: Vec<_> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
                .collect();
            let braces =
                if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            line(format_args!("{name}{braces} {value}\n"));
        }
        page.push('\n');
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Everything, now.
pub async fn page(house: &House) -> String {
    let mut page = house.watch.metrics.render();
    let now = waiting(house).await.into_iter().chain(standing(house).await);
    for family in now.chain(process::families()) {
        family.write(&mut page);
    }
    page
}

/// What waits by payer: a name, what it says, what is counted, and whether by number or by age.
const WAITING: &[(&str, &str, Wait, By)] = &[
    ("mendline_inbox_waiting", "Arrivals and events without their turn.", Wait::Inbox, By::Count),
    (
        "mendline_inbox_oldest_age_seconds",
        "How long the oldest of them waits.",
        Wait::Inbox,
        By::Age,
    ),
    ("mendline_outbox_waiting", "Messages on their way.", Wait::Outbox, By::Count),
    (
        "mendline_outbox_oldest_age_seconds",
        "How long the oldest of them waits.",
        Wait::Outbox,
        By::Age,
    ),
    ("mendline_outbox_held", "Messages held until quiet hours end.", Wait::Held, By::Count),
    ("mendline_dead_letters", "Messages that were given up.", Wait::Dead, By::Count),
    ("mendline_maybe_letters", "Messages that may have arrived.", Wait::Maybe, By::Count),
    ("mendline_calls_open", "Calls to plugins without their result.", Wait::Calls, By::Count),
    (
        "mendline_calls_oldest_age_seconds",
        "How long the oldest of them waits.",
        Wait::Calls,
        By::Age,
    ),
    (
        "mendline_due_waiting",
        "Timers and starts that are due and not fired.",
        Wait::Overdue,
        By::Count,
    ),
    ("mendline_due_oldest_age_seconds", "How late the latest of them is.", Wait::Overdue, By::Age),
    ("mendline_handoffs_open", "Handoffs that no person gave back.", Wait::Handoffs, By::Count),
    (
        "mendline_handoffs_oldest_age_seconds",
        "How long the oldest of them is open.",
        Wait::Handoffs,
        By::Age,
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Count,
    Age,
}

/// What waits. A database that does not answer leaves these out, and `mendline_ready` says so.
async fn waiting(house: &House) -> Vec<Family> {
    let now = house.clock.now();
    let Ok(standing) = house.store.health().standing(now).await else { return Vec::new() };
    let payers: BTreeSet<&str> = standing.iter().map(|it| it.payer.as_str()).collect();
    let number = |payer: &str, what: Wait, by: By| {
        let of = standing.iter().find(|it| it.payer == payer && it.what == what);
        of.map_or(0.0, |it| match by {
            By::Count => it.count as f64,
            By::Age => now.0.saturating_sub(it.since.0).max(0) as f64 / 1_000.0,
        })
    };
    let family = |(name, help, what, by): &(&'static str, &'static str, Wait, By)| {
        let series = payers.iter().map(|it| ((*it).to_owned(), number(it, *what, *by)));
        Family::gauge(name, help, "payer", series)
    };
    WAITING.iter().map(family).collect()
}

async fn standing(house: &House) -> Vec<Family> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let checks = ready::look(house).await;
    let yes = |it: bool| if it { 1.0 } else { 0.0 };
    vec![
        Family::gauge("mendline_build_info", "The version that runs.", "version", [(version, 1.0)]),
        Family::gauge(
            "mendline_ready",
            "Whether this check of /readyz passes.",
            "check",
            checks.iter().map(|it| (it.name.to_owned(), yes(it.well))),
        ),
        Family::one(
            "mendline_clock_distrusted_seconds",
            Kind::Gauge,
            "How far the machine's clock is ahead where it jumped and is not followed.",
            house.clock.distrusted_ms() as f64 / 1_000.0,
        ),
        Family::gauge(
            "mendline_loop_last_pass_age_seconds",
            "How long ago this loop came round last.",
            "loop",
            house.watch.loops.ages().into_iter().map(|(it, age)| (it.into(), age.as_secs_f64())),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_break_out_of_its_quotes() {
        let mut page = String::new();
        Family::gauge("a_b", "What.", "payer", [("x\"} 1\nb\\".to_owned(), 2.0)]).write(&mut page);
        let said = "# HELP a_b What.\n# TYPE a_b gauge\na_b{payer=\"x\\\"} 1\\nb\\\\\"} 2\n\n";
        assert_eq!(page, said);
    }

    #[test]
    fn what_has_no_number_is_not_mentioned() {
        let mut page = String::new();
        Family::gauge("a", "What.", "payer", []).write(&mut page);
        assert_eq!(page, "");
    }
}
