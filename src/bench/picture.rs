//! The figures as a picture: bars for how much, each with its number, and what it is held against.

use std::fmt::Write as _;

use super::goals::{FASTEST, FASTEST_POSTGRES, RESTATE};
use super::report::{Report, thousands};

/// Measures in pixels.
const WIDTH: f64 = 900.0;
const LABEL: f64 = 400.0;
const NUMBER: f64 = 110.0;
const BAR: f64 = 18.0;
const STEP: f64 = 26.0;
const HEAD: f64 = 40.0;

/// Whose figure a bar is.
#[derive(Clone, Copy)]
enum Whose {
    Ours,
    /// What the disk allows.
    Limit,
    Peer,
}

struct Bar {
    label: String,
    value: f64,
    whose: Whose,
}

struct Chart {
    title: &'static str,
    unit: &'static str,
    bars: Vec<Bar>,
}

/// The whole picture, as SVG. Colours follow the reader's light or dark.
pub(super) fn svg(report: &Report) -> String {
    let charts: Vec<_> = [throughput(report), latency(report), growth(report)].into();
    let charts: Vec<_> = charts.into_iter().filter(|it| !it.bars.is_empty()).collect();
    let height: f64 =
        charts.iter().map(|it| HEAD + STEP * it.bars.len() as f64).sum::<f64>() + STEP;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>Mendline's figures beside what the disk allows and what others reach</title>\n\
         <style>text{{fill:#1d2733}}.t{{font-weight:600;font-size:15px}}.o{{fill:#1f6f8b}}.l{{fill:#9fb3bf}}\
         .p{{fill:#c98a4b}}.b{{fill:#fff}}@media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.b{{fill:#14191f}}}}\
         </style>\n<rect class=\"b\" width=\"{WIDTH}\" height=\"{height}\"/>\n"
    );
    let mut top = 0.0;
    for chart in &charts {
        draw(&mut text, chart, top);
        top += HEAD + STEP * chart.bars.len() as f64;
    }
    text.push_str("</svg>\n");
    text
}

fn draw(text: &mut String, chart: &Chart, top: f64) {
    let Chart { title, unit, bars } = chart;
    let most = bars.iter().map(|it| it.value).fold(f64::MIN_POSITIVE, f64::max);
    let y = top + HEAD - 14.0;
    writeln!(text, "<text class=\"t\" x=\"12\" y=\"{y:.0}\">{title} ({unit})</text>")
        .expect("a string takes any text");
    for (nth, bar) in bars.iter().enumerate() {
        let y = top + HEAD + STEP * nth as f64;
        let long = (bar.value / most * (WIDTH - LABEL - NUMBER)).max(1.0);
        let class = match bar.whose {
            Whose::Ours => "o",
            Whose::Limit => "l",
            Whose::Peer => "p",
        };
        let (middle, number) = (y + 14.0, LABEL + long + 8.0);
        let label = escaped(&bar.label);
        let said = said(bar.value);
        writeln!(
            text,
            "<text x=\"{:.0}\" y=\"{middle:.0}\" text-anchor=\"end\">{label}</text>\
             <rect class=\"{class}\" x=\"{LABEL}\" y=\"{y:.0}\" width=\"{long:.1}\" height=\"{BAR}\" rx=\"2\"/>\
             <text x=\"{number:.0}\" y=\"{middle:.0}\">{said}</text>",
            LABEL - 8.0,
        )
        .expect("a string takes any text");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn said(value: f64) -> String {
    if value >= 100.0 { thousands(value.round() as usize) } else { format!("{value:.2}") }
}

/// Every load, its limit, and the peers that were measured separately.
fn throughput(report: &Report) -> Chart {
    let mut bars = Vec::new();
    for row in report.rows.iter().filter(|it| it.users > 1) {
        let name = row.name.clone();
        bars.push(Bar { label: name, value: row.turns_a_second, whose: Whose::Ours });
        if !row.web {
            let label = "what the same rows allow there".into();
            bars.push(Bar { label, value: row.limit, whose: Whose::Limit });
        }
        for it in &row.beside {
            let (label, value) = (format!("{}, in the same rounds", it.name), it.turns_a_second);
            bars.push(Bar { label, value, whose: Whose::Peer });
        }
    }
    if !bars.is_empty() {
        for (name, value) in [FASTEST, FASTEST_POSTGRES, RESTATE] {
            let label = format!("{name}, separately");
            bars.push(Bar { label, value, whose: Whose::Peer });
        }
    }
    Chart { title: "Turns, every one on disk", unit: "a second", bars }
}

fn latency(report: &Report) -> Chart {
    let halves = report.rows.iter().filter_map(|row| Some((row, row.half.as_ref()?)));
    let bars = halves.map(|(row, half)| Bar {
        label: row.name.clone(),
        value: half.p99_ms,
        whose: Whose::Ours,
    });
    Chart { title: "p99 at half load", unit: "ms; the goal is 25", bars: bars.collect() }
}

fn growth(report: &Report) -> Chart {
    let bars = report.parked.iter().map(|it| Bar {
        label: format!("among {} conversations that wait", thousands(it.count)),
        value: it.cpu_ms * 1000.0,
        whose: Whose::Ours,
    });
    Chart { title: "Processor time of a turn", unit: "µs", bars: bars.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::Row;

    #[test]
    fn the_longest_bar_is_the_largest_figure_and_nothing_breaks_out() {
        let row = |name: &str, users, turns_a_second| Row {
            name: name.into(),
            users,
            turns_a_second,
            limit: 40_000.0,
            ..Row::default()
        };
        let rows = vec![row("one & only", 1, 900.0), row("a<b & c", 32, 20_000.0)];
        let svg = svg(&Report { rows, ..Report::default() });
        assert!(svg.contains("a&lt;b &amp; c") && !svg.contains("one &amp; only"), "{svg}");
        assert!(svg.contains(&format!("width=\"{:.1}\"", WIDTH - LABEL - NUMBER)), "{svg}");
        assert!(svg.contains(">40,000</text>") && svg.contains(">20,000</text>"), "{svg}");
    }
}
