//! Who was told what, when and where, and on what terms a channel carries more.

use mendline::admin::{Answer, Ask, Disclosure, Look, Office};
use mendline::channels::Incoming;
use mendline::clearance::Settings;
use mendline::store::Proof;
use mendline::store::consent::{Consent, Method};
use mendline::store::reach::Whose;
use mendline_engine::consent::DETAILS;
use mendline_engine::render::Form;

use crate::support::*;

const PHONE: &str = "+12135550107";

async fn disclosed(place: &Place, look: Look) -> Vec<Disclosure> {
    let store = place.house.store.as_ref();
    let now = place.house.clock.now();
    let office = Office { store, house: Some(&place.house), now, who: "operator/test".into() };
    match office.perform(Ask::Disclosures(look)).await.unwrap() {
        Answer::Disclosures(all) => all,
        other => panic!("{other:?}"),
    }
}

fn to(person: &str) -> Look {
    Look { payer: PAYER.into(), person: Some(person.into()), address: None, words: None }
}

fn at(address: &str) -> Look {
    Look { payer: PAYER.into(), person: None, address: Some(address.into()), words: None }
}

async fn links(place: &Place) {
    links_as(place, "ana").await;
}

async fn links_as(place: &Place, person: &str) {
    mendline::directory::ensure_known(&place.house, PAYER, person).await.unwrap();
    place.house.links.begin("https://care.example.test");
    let (channel, address) = ("sms".to_owned(), PHONE.to_owned());
    place.does(person, "sms", Incoming::Linked { channel, address, how: Proof::Link }).await;
}

#[tokio::test]
async fn what_somebody_was_told_is_answered_with_form_level_and_digest_and_without_words() {
    let place = place().await;
    links(&place).await;
    for words in ["my prescription was rejected", "gabapentin 300 mg", "No"] {
        place.writes("ana", "sms", words).await;
    }
    place.ana_asks().await;
    let all = disclosed(&place, to("ana")).await;
    let of = |channel: &str, form: Form| {
        all.iter()
            .any(|it| it.channel == channel && it.what.as_ref().is_some_and(|it| it.form == form))
    };
    assert!(
        of("web", Form::Full) && (of("sms", Form::Update) || of("sms", Form::Private)),
        "{all:#?}"
    );
    for it in &all {
        let what = it.what.as_ref().unwrap();
        let most = if it.channel == "sms" { 1 } else { 3 };
        assert!(what.level <= most && what.digest.len() == 64 && what.words.is_none(), "{it:?}");
    }
    assert!(all.windows(2).all(|it| it[0].at <= it[1].at), "in order");
    let shown = serde_json::to_string(&all).unwrap();
    assert!(!shown.contains("gabapentin") && !shown.contains("DEMO-"), "{shown}");
    let why = Look { words: Some("request 17 of 2026-11-20".into()), ..to("ana") };
    let words = disclosed(&place, why).await;
    assert!(words.iter().any(|it| {
        let words = it.what.as_ref().and_then(|it| it.words.as_deref());
        words.is_some_and(|it| it.contains("gabapentin"))
    }));
}

#[tokio::test]
async fn an_address_answers_for_the_time_in_which_it_was_hers() {
    let place = place().await;
    links(&place).await;
    place.writes("ana", "sms", "my prescription was rejected").await;
    let before = disclosed(&place, at(PHONE)).await;
    assert!(before.len() >= 2 && before.iter().all(|it| it.channel == "sms" && it.person == "ana"));
    place.later(HOUR_MS).await;
    place.does("ana", "sms", Incoming::NotMe { channel: "sms".into() }).await;
    place.later(HOUR_MS).await;
    place.writes("ana", "web", "a person").await;
    let after = disclosed(&place, at(PHONE)).await;
    assert_eq!(after.len(), before.len(), "it is known after it was given back: {after:#?}");
    assert!(disclosed(&place, at("+12135550188")).await.is_empty());
    let elsewhere = Look { payer: "cedar-casualty-demo".into(), ..at(PHONE) };
    assert!(disclosed(&place, elsewhere).await.is_empty(), "another payer learns nothing");
}

#[tokio::test]
async fn rule_12_of_whoever_is_forgotten_only_that_something_was_said_is_left() {
    let place = place().await;
    links(&place).await;
    place.house.store.forget(PAYER, "ana").await.unwrap();
    let all = disclosed(&place, to("ana")).await;
    assert!(!all.is_empty() && all.iter().all(|it| it.what.is_none()));
}

/// A number of days that is the claim's and nobody's health: level 2.
const DAYS: &str = r#"
flow: days_off
version: 1
about: A worker says for how many days there was no work.
languages: [en]
identity: matched
parties:
  worker: { role: injured_worker }
data:
  days: { type: integer, privacy: claim }
outcomes:
  told: { kind: success, say: "Write to me any time." }
  withdrawn: { kind: neutral, say: "All right." }
start_when:
  - says: ["days without work"]
steps:
  - ask: days
    say: How many days was it?
    no_answer: { remind: [2 hours], then: end withdrawn }
  - say: { text: "So it was {days} days.", private: "There is an update." }
  - end: told
"#;

/// What Rae reads on her phone before the agreement's last day is over, and after it.
#[tokio::test]
async fn a_raised_channel_falls_back_by_itself_when_its_agreement_ends() {
    let place = place().await;
    let settings: Settings =
        toml::from_str("[sms]\nlevel = 2\nagreement = \"BAA 7\"\nuntil = \"2026-11-19\"\n")
            .unwrap();
    place.house.clearance.set(settings);
    place.publish(flow(DAYS, &place.house.catalog)).await;
    links_as(&place, "rae").await;
    let whose = Whose { payer: PAYER.into(), person: "rae".into() };
    let given = Consent::to_everything("sms", Method::Staff, "", "en");
    let details = Consent { purpose: DETAILS.into(), ..given };
    place.house.store.reach().agree(&whose, &details, place.house.clock.now()).await.unwrap();
    for words in ["days without work", "12"] {
        place.writes("rae", "sms", words).await;
    }
    let levels = |all: &[Disclosure]| -> Vec<u8> {
        let phone = all.iter().filter(|it| it.channel == "sms");
        phone.filter_map(|it| Some(it.what.as_ref()?.level)).collect()
    };
    let raised = disclosed(&place, to("rae")).await;
    assert!(levels(&raised).contains(&2), "{raised:#?}");
    assert!(levels(&raised).iter().all(|it| *it <= 2), "and no more");
    place.later(48 * HOUR_MS).await;
    let before = disclosed(&place, to("rae")).await.len();
    for words in ["days without work", "12"] {
        place.writes("rae", "sms", words).await;
    }
    let after = disclosed(&place, to("rae")).await;
    let new = levels(&after[before..]);
    assert!(!new.is_empty() && new.iter().all(|it| *it <= 1), "{:#?}", &after[before..]);
}
