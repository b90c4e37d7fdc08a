//! What must never be in a log (DESIGN 1.11), tried with everything that logs: refusals, things
//! withheld, a decision that is not allowed, an engine that falls.

use std::io::Write;
use std::sync::{Arc, Mutex};

use mendline::channels::Incoming;
use mendline_plugin::ActionError;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

#[tokio::test]
async fn rule_12_no_name_word_or_medicine_is_ever_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _quiet_again = tracing::subscriber::set_default(subscriber);
    let unknown = Stub::new(|_, _| Err(ActionError::Unknown("the line broke".into())));
    let inquire = Stub::new(|_, _| Err(ActionError::Unavailable("away".into())));
    let stubs = [("authorize", unknown), ("inquire_authorization", inquire)];
    let place = place_with(stubs).await;
    place.reached_by("ana", &["sms"]).await;
    for words in ["my prescription was rejected", "gabapentin 300 mg", "No", "Ask now"] {
        place.writes("ana", "sms", words).await;
    }
    let card = place.cards("dana").await.remove(0);
    place.taps("priya", &card.question, "approve", &[]).await; // not allowed, and logged
    place.taps("dana", &card.question, "approve", &[]).await; // unknown in the end
    for _ in 0..10 {
        place.later(2 * MINUTE_MS).await;
    }
    place.does("ana", "sms", Incoming::Words("STOP".into())).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for logged in ["somebody may not do this", "nobody knows whether this was done"] {
        assert!(text.contains(logged), "the search finds what is logged: {logged}");
    }
    for private in ["Ana", "Whitfield", "Dana", "gabapentin", "rejected", "DEMO-CA", "wrist"] {
        let line = text.lines().find(|it| it.contains(private));
        assert!(line.is_none(), "'{private}' was logged: {}", line.unwrap_or_default());
    }
}
