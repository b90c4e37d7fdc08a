//! What somebody agreed to, on channels that others run: kept with its evidence, asked for before
//! we begin, taken back by a word.

use mendline::admin::{Answer, Ask, NewConsent, Office};
use mendline::channels::Incoming;
use mendline::phrases;
use mendline::store::Proof;
use mendline::store::consent::{Act, Kept, Method};
use mendline::store::reach::Whose;

use crate::support::*;

const PHONE: &str = "+12135550107";

fn ana() -> Whose {
    Whose { payer: PAYER.into(), person: "ana".into() }
}

async fn kept(place: &Place) -> Vec<Kept> {
    place.house.store.reach().consents(&ana()).await.unwrap()
}

/// Ana opens the link from her chat on her phone.
async fn links(place: &Place) {
    mendline::directory::ensure_known(&place.house, PAYER, "ana").await.unwrap();
    let (channel, address) = ("sms".to_owned(), PHONE.to_owned());
    place.does("ana", "sms", Incoming::Linked { channel, address, how: Proof::Link }).await;
}

#[tokio::test]
async fn linking_is_a_consent_with_its_wording_time_method_and_language() {
    let place = place().await;
    links(&place).await;
    let all = kept(&place).await;
    let it = &all[0];
    assert_eq!((it.act, it.method, it.channel.as_str()), (Act::Given, Method::Link, "sms"));
    assert_eq!(it.wording, phrases::version(phrases::LINKED));
    assert_eq!((it.at, it.language.as_str()), (place.house.clock.now(), "en"));
    assert_eq!(it.evidence.as_ref().unwrap().address.as_deref(), Some(PHONE));
}

#[tokio::test]
async fn rule_06_an_opt_out_is_confirmed_once_at_once_and_where_it_came_from() {
    let place = place().await;
    links(&place).await;
    place.later(13 * HOUR_MS).await; // 22:00: she is not to be woken, and just wrote
    let (before, lines) = (place.phone.of("ana").len(), place.sees("ana").await.len());
    place.writes("ana", "sms", "Cancel").await;
    place.later(1_000).await;
    place.writes("ana", "sms", "STOP!").await;
    let got = place.phone.of("ana");
    assert_eq!(got[before..], [phrases::OPTED_OUT.1.to_owned()]);
    assert_eq!(place.sees("ana").await.len(), lines, "it is not said anywhere else");
    let revoked: Vec<_> =
        kept(&place).await.into_iter().filter(|it| it.act == Act::Revoked).collect();
    assert_eq!(revoked.len(), 2, "each is kept");
    let words = revoked[0].evidence.as_ref().unwrap().words.as_deref();
    assert_eq!((revoked[0].method, words), (Method::Word, Some("Cancel")));
    place.writes("ana", "sms", "start").await;
    let given = kept(&place).await.pop().unwrap();
    assert_eq!((given.act, given.ended), (Act::Given, None));
}

#[tokio::test]
async fn a_question_about_stopping_a_medicine_is_no_opt_out() {
    let place = place().await;
    links(&place).await;
    place.writes("ana", "sms", "stop taking it?").await;
    assert!(kept(&place).await.iter().all(|it| it.act == Act::Given));
}

#[tokio::test]
async fn rule_06_nobody_is_written_to_first_who_did_not_agree() {
    let place = place().await;
    mendline::directory::ensure_known(&place.house, PAYER, "ana").await.unwrap();
    let row = place.house.store.person(PAYER, "ana").await.unwrap().unwrap();
    let addresses = [("sms".to_owned(), PHONE.to_owned())].into();
    place.house.store.know(&mendline::store::Person { addresses, ..row }).await.unwrap();
    place.writes("ana", "sms", "my prescription was rejected").await;
    let answered = place.phone.of("ana").len();
    assert_eq!(answered, 1, "whoever writes is answered");
    place.later(3 * HOUR_MS).await;
    assert_eq!(place.phone.of("ana").len(), answered, "and not reminded");
    agrees(&place.house, PAYER, "ana", "sms").await;
    place.writes("ana", "sms", "help me please").await;
    let answered = place.phone.of("ana").len();
    place.later(24 * HOUR_MS).await;
    assert!(place.phone.of("ana").len() > answered, "now she is");
}

#[tokio::test]
async fn the_first_text_message_says_who_writes_what_it_costs_and_how_to_end_it_and_no_other_does()
{
    let place = place().await;
    links(&place).await;
    place.writes("ana", "sms", "my prescription was rejected").await;
    let got = place.phone.of("ana");
    for needed in ["Mendline", "notices about", "How often", "Msg & data rates", "HELP", "STOP"] {
        assert!(got[0].contains(needed), "{needed}: {}", got[0]);
    }
    assert!(got.len() > 1 && got[1..].iter().all(|it| !it.contains("data rates")), "{got:?}");
}

#[tokio::test]
async fn help_on_a_phone_is_answered_with_a_name_a_number_and_how_to_stop() {
    let place = place().await;
    let phone = Some("+1 555 0100".to_owned());
    place.house.links.call_it(mendline::links::Programme { name: "Care Line".into(), phone });
    links(&place).await;
    place.writes("ana", "sms", "STOP").await;
    let before = place.phone.of("ana").len();
    place.writes("ana", "sms", "HELP").await;
    let got = place.phone.of("ana");
    assert_eq!(got.len(), before + 1, "also to whoever opted out");
    for needed in ["Care Line", "+1 555 0100", "STOP"] {
        assert!(got[before].contains(needed), "{needed}: {}", got[before]);
    }
}

#[tokio::test]
async fn what_was_agreed_on_paper_is_noted_with_its_reason_and_by_whom_is_in_the_audit() {
    let place = place().await;
    mendline::directory::ensure_known(&place.house, PAYER, "ana").await.unwrap();
    let (store, now) = (place.house.store.as_ref(), place.house.clock.now());
    let office = Office { store, house: None, now, who: "operator/test".into() };
    let note = |person: &str, given| NewConsent {
        payer: PAYER.into(),
        person: person.into(),
        channel: "sms".into(),
        purpose: "care_updates".into(),
        given,
        language: "es".into(),
        why: "form of 2026-11-02".into(),
    };
    for given in [true, false] {
        let done = office.perform(Ask::Consent(note("ana", given))).await.unwrap();
        assert!(matches!(done, Answer::Done(_)), "{done:?}");
    }
    let unknown = office.perform(Ask::Consent(note("nobody", true))).await.unwrap();
    assert!(matches!(unknown, Answer::Refused(_)), "{unknown:?}");
    let (payer, person) = (PAYER.to_owned(), "ana".to_owned());
    let all = office.perform(Ask::Consents { payer, person }).await.unwrap();
    let Answer::Consents(all) = all else { panic!() };
    assert_eq!(all[0].evidence.as_ref().unwrap().words.as_deref(), Some("form of 2026-11-02"));
    assert_eq!((all.len(), all[0].method), (2, Method::Staff));
    assert!(all[0].ended.is_some() || all[1].ended.is_some());
}
