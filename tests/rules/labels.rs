//! Rule 8: each reader her language, each channel no more than it may carry.

use crate::support::*;

const WORDS: [&str; 4] = ["mi receta fue rechazada", "lidocaine 5 %", "No", "Pedirlo ahora"];

async fn lucia_asks(place: &Place, channel: &str) {
    for words in WORDS {
        place.writes("lucia", channel, words).await;
        place.sees("lucia").await;
    }
}

#[tokio::test]
async fn rule_08_each_reader_gets_her_own_language_in_one_conversation() {
    let place = place().await;
    lucia_asks(&place, "web").await;
    let card = place.cards("dana").await.remove(0);
    let read = place.desk_lines("dana").await.join("\n");
    assert!(read.contains("Stopped because"), "{read}");
    let reason = serde_json::json!("DENY_BODY_PART");
    place.taps("dana", &card.question, "deny", &[("reason", reason)]).await;
    let read = place.sees("lucia").await;
    let end = read.iter().find(|it| it.contains("se aprobó")).unwrap_or_else(|| panic!("{read:?}"));
    assert!(end.contains("parte del cuerpo"), "the reason is in English: {end}");
    assert!(!read.join("\n").contains("medicine"), "{read:?}");
}

#[tokio::test]
async fn rule_08_a_phone_gets_only_the_private_form_of_what_names_a_medicine() {
    let place = place().await;
    place.reached_by("lucia", &["sms"]).await;
    lucia_asks(&place, "sms").await;
    let card = place.cards("dana").await.remove(0);
    assert!(
        place.desk_lines("dana").await.join("\n").contains("lidocaine"),
        "the desk may read it"
    );
    place.taps("dana", &card.question, "approve", &[]).await;
    let got = place.phone.of("lucia");
    assert!(got.len() >= 5, "{got:?}");
    for private in ["lidocaine", "meloxicam", "DEMO-CA", "PA-"] {
        assert!(!got.iter().any(|it| it.contains(private)), "{private} went by SMS: {got:?}");
    }
}
