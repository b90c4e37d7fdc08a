//! A Bot API that we did not write: npm's telegram-test-api, which `tests/peers/telegram` starts and
//! names in `MENDLINE_TELEGRAM_PEER`. Without it there is nothing to test here, and that script says
//! so loudly.

use std::sync::Arc;
use std::time::Duration;

use mendline::channels::inward::{Ear, Said};
use mendline::channels::telegram::{TelegramChannel, TelegramEar, Waits};
use mendline::channels::{Channel, Incoming, tap};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::fake::{Kept, Shelf, TOKEN, api, outgoing};

/// Acts in Ana's place, or looks at what she was sent.
async fn as_ana(url: &str, method: &str, body: Value) -> Value {
    let url = format!("{url}/{method}");
    let asked = tokio::task::spawn_blocking(move || {
        let mut answer =
            ureq::post(url).header("content-type", "application/json").send(body.to_string())?;
        answer.body_mut().read_to_string()
    });
    serde_json::from_str(&asked.await.unwrap().unwrap()).unwrap()
}

#[tokio::test]
async fn a_question_goes_out_and_its_tap_comes_back() {
    let Ok(url) = std::env::var("MENDLINE_TELEGRAM_PEER") else { return };
    let (gate, place) = (Kept::default(), Shelf::default());
    let short = Duration::from_millis(20);
    let waits = Waits { poll: short, first: short, most: short };
    let ear = TelegramEar::new(api(&url), &[]).unwrap().waiting(waits);
    let until = CancellationToken::new();
    let (stop, to) = (until.clone(), gate.clone());
    let listening =
        tokio::spawn(async move { ear.listen(Arc::new(to), Arc::new(place), stop).await });

    let from = json!({ "id": 5550101, "first_name": "Ana", "is_bot": false });
    let chat = json!({ "id": 5550101, "first_name": "Ana", "type": "private" });
    let said = json!({ "botToken": TOKEN, "date": 0, "from": from, "chat": chat, "text": "hello" });
    as_ana(&url, "sendMessage", said).await;
    let came = gate.until(1).await;
    assert_eq!(came[0].address, "5550101");
    assert!(
        matches!(&came[0].said, Said::Incoming { incoming: Incoming::Words(it), .. } if it == "hello")
    );

    let mut question = outgoing("0190a3c2-7b1e-7cc3-9d6f-2f1f4b0d9a11/17.3", "Shall I ask now?");
    question.question = Some(question.key.effect.clone());
    question.frozen.buttons = vec![("send".into(), "Ask now".into()), ("stop".into(), "No".into())];
    let channel = TelegramChannel::new(api(&url));
    assert!(channel.send(&question).await.unwrap().shown);
    let seen = as_ana(&url, "getUpdates", json!({ "token": TOKEN, "chatId": 5550101 })).await;
    let message = &seen["result"][0]["message"];
    assert_eq!(message["text"], "Shall I ask now?");
    let rows = message["reply_markup"]["inline_keyboard"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0][0]["text"]), (2, &json!("Ask now")));

    let data = &rows[0][0]["callback_data"];
    let tap = json!({
        "botToken": TOKEN, "date": 0, "from": from, "data": data,
        "message": { "message_id": 2, "date": 0, "chat": chat, "reply_markup": message["reply_markup"] },
    });
    as_ana(&url, "sendCallback", tap).await;
    let came = gate.until(2).await;
    let Said::Incoming { incoming: Incoming::Tap { question: named, choice, .. }, line } =
        &came[1].said
    else {
        panic!("a tap")
    };
    assert_eq!((Some(named), line.as_deref()), (question.question.as_ref(), Some("Ask now")));
    assert_eq!(tap::choice_of(choice, ["send", "stop"]), Some("send"));
    until.cancel();
    listening.await.unwrap().unwrap();
}
