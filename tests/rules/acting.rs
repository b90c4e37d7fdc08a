//! Whoever acts for somebody else: within what was agreed, until it ends, and so that everybody sees
//! for whom.

use mendline::admin::{Answer, Ask, NewRepresentative, Office};
use mendline_engine::label::{Label, Labels};

use crate::support::*;

async fn asks(place: &Place, ask: Ask) -> Answer {
    let store = place.house.store.as_ref();
    let now = place.house.clock.now();
    let office = Office { store, house: Some(&place.house), now, who: "operator/test".into() };
    office.perform(ask).await.unwrap()
}

fn luis(place: &Place, scope: &[Label]) -> NewRepresentative {
    NewRepresentative {
        payer: PAYER.into(),
        person: "ana".into(),
        representative: "luis".into(),
        name: "Luis Example".into(),
        language: "en".into(),
        zone: "America/Los_Angeles".into(),
        scope: scope.iter().copied().collect::<Labels>(),
        until: place.house.clock.now().plus_ms(30 * 24 * HOUR_MS),
        why: "husband, form of 2026-11-02".into(),
    }
}

async fn acting(scope: &[Label]) -> Place {
    let place = place().await;
    mendline::directory::ensure_known(&place.house, PAYER, "ana").await.unwrap();
    let done = asks(&place, Ask::Represent(luis(&place, scope))).await;
    assert!(matches!(done, Answer::Done(_)), "{done:?}");
    place
}

const ALL: &[Label] = &[Label::Claim, Label::Health];

#[tokio::test]
async fn a_representative_asks_about_the_claim_of_whom_he_acts_for_and_the_card_says_so() {
    let place = acting(ALL).await;
    place.asks_for("luis", "gabapentin 300 mg").await;
    let card = place.cards("dana").await.remove(0);
    let read = place.desk_lines("dana").await.join("\n");
    assert!(read.contains("Luis (for Ana)") && read.contains("DEMO-CA-000123"), "{read}");
    place.taps("dana", &card.question, "approve", &[]).await;
    let told = place.sees("luis").await;
    assert!(told.iter().any(|it| it.contains("is approved")), "{told:?}");
}

#[tokio::test]
async fn beyond_the_scope_a_representative_is_told_nothing() {
    let place = acting(&[Label::Claim]).await;
    place.writes("luis", "web", "my prescription was rejected").await;
    let told = place.sees("luis").await;
    assert!(!told.is_empty(), "that there is something he may know");
    for private in ["gabapentin", "lidocaine", "ibuprofen", "300 mg"] {
        assert!(!told.join("\n").contains(private), "{private}: {told:?}");
    }
}

#[tokio::test]
async fn once_it_is_over_a_representative_is_a_stranger() {
    for ended in [false, true] {
        let place = acting(ALL).await;
        place.asks_for("luis", "gabapentin 300 mg").await;
        let before = place.sees("luis").await.len();
        if ended {
            let (payer, person) = (PAYER.to_owned(), "ana".to_owned());
            let representative = "luis".to_owned();
            asks(&place, Ask::EndRepresentation { payer, person, representative }).await;
        } else {
            place.later(31 * 24 * HOUR_MS).await;
        }
        for card in place.cards("dana").await {
            place.taps("dana", &card.question, "approve", &[]).await;
        }
        place.writes("luis", "web", "what is the status of my claim").await;
        let told = place.sees("luis").await;
        let new = &told[before..];
        assert!(new.iter().all(|it| !it.contains("gabapentin") && !it.contains("PA-")), "{new:?}");
        assert_eq!(new.last().map(String::as_str), Some(mendline::phrases::WAY_IN.1), "{new:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_agreed_is_refused() {
    let place = acting(ALL).await;
    let now = place.house.clock.now();
    for (it, why) in [
        (NewRepresentative { until: now, ..luis(&place, ALL) }, "over already"),
        (luis(&place, &[]), "something at least"),
        (luis(&place, &[Label::Legal]), "not legal"),
        (NewRepresentative { representative: "dana".into(), ..luis(&place, ALL) }, "adjuster"),
        (NewRepresentative { person: "nobody".into(), ..luis(&place, ALL) }, "known"),
    ] {
        place.writes("dana", "desk", "hello").await;
        let answer = asks(&place, Ask::Represent(it)).await;
        let Answer::Refused(said) = answer else { panic!("{answer:?}") };
        assert!(said.contains(why), "{said}");
    }
    let (payer, person) = (PAYER.to_owned(), None);
    let Answer::Representatives(all) = asks(&place, Ask::Representatives { payer, person }).await
    else {
        panic!()
    };
    assert_eq!(all.len(), 1);
    assert!(all[0].why.starts_with("husband") && all[0].who == "operator/test");
}
