//! The page that Prometheus reads.

use std::io::Write;
use std::process::{Command, Stdio};

use axum::http::StatusCode;
use mendline::channels::Incoming;

use crate::doors::{ask, ask_from};
use crate::support::*;

/// A whole approval, with a phone, a stop and a request for a person along the way.
async fn converse(place: &Place) {
    place.ana_asks().await;
    let card = place.cards("dana").await.remove(0);
    place.taps("dana", &card.question, "approve", &[]).await;
    place.later(MINUTE_MS).await;
    place.reached_by("mina", &["sms"]).await;
    for words in ["my prescription was rejected", "pregabalin 75 mg", "No", "Ask now"] {
        place.writes("mina", "sms", words).await;
    }
    place.later(2 * HOUR_MS).await;
    place.does("mina", "sms", Incoming::Words("STOP".into())).await;
}

/// The number of a series, which must be there.
pub fn number(page: &str, series: &str) -> f64 {
    let line = page.lines().find_map(|it| it.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in:\n{page}")).parse().unwrap()
}

#[tokio::test]
async fn a_conversation_shows_in_numbers_and_in_no_word() {
    let place = place().await;
    converse(&place).await;
    let (status, page) = ask(&place.house, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    let payer = "payer=\"northwind-mutual-demo\"";
    let came = number(&page, &format!("mendline_arrivals_total{{{payer},source=\"web\"}}"));
    assert_eq!(came, 4.0);
    let turns = format!("mendline_turns_total{{{payer},flow=\"medication_approval\"}}");
    assert!(number(&page, &turns) >= 10.0, "{page}");
    let sent = format!("mendline_messages_total{{{payer},result=\"sent\"}}");
    assert!(number(&page, &sent) >= 8.0, "{page}");
    let call = format!("mendline_calls_total{{{payer},action=\"pbm.authorize\",result=\"done\"}}");
    assert_eq!(number(&page, &call), 1.0);
    assert!(number(&page, "mendline_turn_duration_seconds_count") >= 10.0);
    assert!(number(&page, "mendline_commit_batch_turns_count") >= 10.0);
    assert!(number(&page, "process_resident_memory_bytes") > 1e6);

    let private = [
        "Ana",
        "ana\"",
        "Whitfield",
        "mina",
        "Dana",
        "dana",
        "gabapentin",
        "pregabalin",
        "rejected",
        "DEMO-CA",
        "wrist",
        "STOP",
    ];
    for word in private {
        let line = page.lines().find(|it| it.contains(word));
        assert!(line.is_none(), "'{word}' is on the page: {}", line.unwrap_or_default());
    }
}

#[tokio::test]
async fn no_series_about_people_holds_two_payers_numbers() {
    let place = place().await;
    converse(&place).await;
    let (_, page) = ask(&place.house, "/metrics").await;
    // What is about the machine, the doors or the program belongs to no payer.
    let of_the_house = [
        "mendline_turn_duration",
        "mendline_arrival_to_turn",
        "mendline_commit",
        "mendline_send",
        "mendline_call_duration",
        "mendline_http",
        "mendline_loop",
        "mendline_ready",
        "mendline_build",
        "mendline_timers",
        "mendline_turn_conflicts",
        "mendline_put_off",
        "mendline_clock",
        "mendline_disk",
    ];
    for line in page.lines().filter(|it| it.starts_with("mendline_")) {
        let house = of_the_house.iter().any(|it| line.starts_with(it));
        assert!(house || line.contains("payer=\""), "whose is this? {line}");
        assert!(!house || !line.contains("payer=\""), "a payer in a number of the house: {line}");
    }
}

#[tokio::test]
async fn the_numbers_are_shown_to_this_machine_alone() {
    let place = place().await;
    assert_eq!(ask_from(&place.house, "127.0.0.1:9", "/metrics").await.0, StatusCode::OK);
    let (status, body) = ask_from(&place.house, "192.0.2.7:9", "/metrics").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(!body.contains("mendline_"), "{body}");
}

#[tokio::test]
async fn requests_are_counted_by_route_and_a_scanner_makes_no_new_ones() {
    let place = place().await;
    for path in ["/healthz", "/assets/secret-id", "/wp-admin", "/.env", "/chat"] {
        ask(&place.house, path).await;
    }
    let (_, page) = ask(&place.house, "/metrics").await;
    let health = "mendline_http_requests_total{method=\"GET\",route=\"/healthz\",code=\"200\"}";
    assert_eq!(number(&page, health), 1.0);
    let lost = "mendline_http_requests_total{method=\"GET\",route=\"unmatched\",code=\"404\"}";
    assert_eq!(number(&page, lost), 2.0);
    for word in ["secret-id", "wp-admin", ".env"] {
        assert!(!page.contains(word), "{page}");
    }
}

#[tokio::test]
async fn promtool_finds_nothing_to_say_about_the_page() {
    let place = place().await;
    converse(&place).await;
    let (_, page) = ask(&place.house, "/metrics").await;
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        assert!(std::env::var_os("CI").is_none(), "CI must have promtool (Debian: prometheus)");
        eprintln!(
            "\n*** promtool is not installed (Debian: prometheus): THE PAGE WAS NOT CHECKED ***\n"
        );
        return;
    };
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let out = promtool.wait_with_output().unwrap();
    let said = [out.stdout, out.stderr].map(|it| String::from_utf8(it).unwrap()).concat();
    assert!(out.status.success() && said.trim().is_empty(), "{said}\n{page}");
}
