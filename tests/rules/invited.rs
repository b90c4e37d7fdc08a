//! Her link, sent where she is on file: to nobody who did not agree, at no hour that wakes her.

use mendline::admin::{Answer, Ask, Office};

use crate::support::*;

async fn invite(place: &Place, person: &str, channel: &str) -> Answer {
    let office = Office {
        store: place.house.store.as_ref(),
        house: Some(&place.house),
        now: place.house.clock.now(),
        who: "operator/test".into(),
    };
    let (payer, person, channel) = (PAYER.into(), person.into(), channel.into());
    let answer = office.perform(Ask::Invite { payer, person, channel }).await.unwrap();
    place.later(1_000).await;
    answer
}

fn refused(answer: &Answer) -> &str {
    match answer {
        Answer::Refused(why) => why,
        other => panic!("it was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn an_invitation_goes_to_the_contact_on_file_and_says_who_writes_and_nothing_of_health() {
    let place = place().await;
    place.house.links.begin("https://care.example.com");
    agrees(&place.house, PAYER, "ana", "sms").await;
    assert!(matches!(invite(&place, "ana", "sms").await, Answer::Done(_)));
    let got = place.phone.of("ana");
    assert_eq!(got.len(), 1, "{got:?}");
    assert!(got[0].contains("https://care.example.com/chat?invite="), "{}", got[0]);
    for needed in ["Mendline", "STOP", "for you alone"] {
        assert!(got[0].contains(needed), "{needed}: {}", got[0]);
    }
    for private in ["medicine", "claim", "injury", "prescription"] {
        assert!(!got[0].to_lowercase().contains(private), "{private}: {}", got[0]);
    }
}

#[tokio::test]
async fn rule_06_nobody_is_invited_who_did_not_agree_or_ended_it_or_sleeps() {
    let place = place().await;
    place.house.links.begin("https://care.example.com");
    let said = invite(&place, "ana", "sms").await;
    assert!(refused(&said).contains("mendline consent add --channel sms"), "{said:?}");
    agrees(&place.house, PAYER, "ana", "sms").await;
    place.later(13 * HOUR_MS).await; // 22:00
    invite(&place, "ana", "sms").await;
    assert!(place.phone.of("ana").is_empty(), "it waits for the morning");
    place.later(11 * HOUR_MS).await;
    assert_eq!(place.phone.of("ana").len(), 1);
    place.writes("ana", "sms", "STOP").await;
    let got = place.phone.of("ana").len();
    assert!(refused(&invite(&place, "ana", "sms").await).contains("only she"));
    assert_eq!(place.phone.of("ana").len(), got);
}

#[tokio::test]
async fn whom_nobody_knows_and_what_is_not_set_up_is_said() {
    let place = place().await;
    assert!(refused(&invite(&place, "nobody-at-all", "sms").await).contains("knows nobody"));
    assert!(refused(&invite(&place, "ana", "email").await).contains("docs/channels.md"));
}
