//! People: what they chose stays theirs; which question has their attention.

use mendline::store::consent::{Act, Consent, Method};
use mendline::store::{Became, NewMessage, Person, PersonFact, Store};
use mendline_engine::effect::Closed;
use mendline_engine::event::Receipt;
use mendline_engine::message::{EffectKey, Message};

use crate::support::*;

crate::on_every_store! {
    a_person_is_read_back
    what_comes_from_outside_never_changes_what_she_chose
    rule_04_focus_is_the_question_last_shown
    rule_04_a_question_in_focus_keeps_it_until_it_is_closed
    rule_04_new_cards_never_take_focus
    rule_04_a_tap_moves_focus
    rule_04_a_question_is_dated_when_it_was_first_shown
    a_reminder_replaces_the_words_and_opens_nothing_new
    a_closed_question_says_how_it_was_closed
    a_token_is_spent_once
}

async fn fact(store: &dyn Store, id: &str, fact: PersonFact) {
    let accepted = store.accept(&arrival(ACME, ANA, id, "hello")).await.unwrap();
    let mut routed = routing(&waiting(store, accepted.seq).await);
    routed.facts = vec![fact];
    store.commit_person(routed).await.unwrap();
}

fn consent(act: Act) -> PersonFact {
    let given = Consent::to_everything("sms", Method::Word, "opted_in:1", "en");
    PersonFact::Consent(Box::new(Consent { act, ..given }))
}

fn ask(question: EffectKey, words: &str) -> Message {
    Message { question: Some(question), ..message("worker", words) }
}

/// A conversation that has asked Ana something, as its effect 0.0.
pub async fn asked(store: &dyn Store, id: &str, words: &str) {
    said(store, id, vec![to(ANA, 0, 0, ask(key(0, 0), words))]).await;
}

async fn shown(store: &dyn Store, id: &str) {
    let message = message_ref(ACME, id, 0, 0);
    store.freeze(&message, &frozen("web", "words")).await.unwrap();
    store.settle_message(&message, Became::Sent { shown: true }, after_ms(7)).await.unwrap();
}

async fn focus(store: &dyn Store) -> Option<String> {
    let row = store.focus(ACME, ANA, "web").await.unwrap();
    row.map(|it| it.question.to_string())
}

/// Takes a turn of the conversation that closes its question.
pub async fn close(store: &dyn Store, id: &str) {
    happen(store, ACME, id, &format!("close {id}")).await;
    let claimed = claim(store).await.into_iter().find(|it| it.conversation.id == id).unwrap();
    let mut taken = turn(&claimed);
    taken.closed = vec![(key(0, 0), Closed::Silence)];
    commit(store, taken).await;
}

async fn a_person_is_read_back(store: &dyn Store) {
    assert_eq!(store.person(ACME, ANA).await.unwrap(), None);
    let ana = Person { opted_out: vec!["sms".into()], ..person(ACME, ANA, "Ana") };
    store.know(&ana).await.unwrap();
    assert_eq!(store.person(ACME, ANA).await.unwrap(), Some(ana));
    assert_eq!(store.person("birch", ANA).await.unwrap(), None);
}

async fn what_comes_from_outside_never_changes_what_she_chose(store: &dyn Store) {
    store.know(&person(ACME, ANA, "Ana")).await.unwrap();
    fact(store, "1", PersonFact::Language("es".into())).await;
    fact(store, "2", consent(Act::Revoked)).await;
    let moved = Person { zone: "America/Denver".into(), ..person(ACME, ANA, "Ana") };
    store.know(&moved).await.unwrap();
    let known = store.person(ACME, ANA).await.unwrap().unwrap();
    assert_eq!((known.language.as_str(), known.zone.as_str()), ("es", "America/Denver"));
    assert_eq!(known.opted_out, ["sms"]);
    fact(store, "3", consent(Act::Given)).await;
    assert!(store.person(ACME, ANA).await.unwrap().unwrap().opted_out.is_empty());
}

async fn rule_04_focus_is_the_question_last_shown(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    assert_eq!(focus(store).await, None, "asked is not shown");
    shown(store, "c1").await;
    assert_eq!(focus(store).await.as_deref(), Some("c1/0.0"));
    assert_eq!(store.focus(ACME, ANA, "sms").await.unwrap(), None, "on that channel alone");
    assert_eq!(store.focus(ACME, DANA, "web").await.unwrap(), None);
}

async fn rule_04_a_question_in_focus_keeps_it_until_it_is_closed(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    asked(store, "c2", "which day?").await;
    shown(store, "c1").await;
    shown(store, "c2").await;
    assert_eq!(focus(store).await.as_deref(), Some("c1/0.0"));
    close(store, "c1").await;
    assert_eq!(focus(store).await, None);
    asked(store, "c3", "which pharmacy?").await;
    shown(store, "c3").await;
    assert_eq!(focus(store).await.as_deref(), Some("c3/0.0"));
}

async fn rule_04_new_cards_never_take_focus(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, card("approve?", key(0, 0)))]).await;
    shown(store, "c1").await;
    assert_eq!(focus(store).await, None);
    assert_eq!(store.cards(ACME, ANA).await.unwrap()[0].shown, Some(after_ms(7)));
}

async fn rule_04_a_tap_moves_focus(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    asked(store, "c2", "which day?").await;
    shown(store, "c1").await;
    let to = |question| PersonFact::Focus { channel: "web".into(), question };
    fact(store, "1", to(Some(effect("c2", 0, 0)))).await;
    assert_eq!(focus(store).await.as_deref(), Some("c2/0.0"));
    fact(store, "2", to(None)).await;
    assert_eq!(focus(store).await, None);
}

async fn rule_04_a_question_is_dated_when_it_was_first_shown(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    let name = effect("c1", 0, 0);
    let question = || store.question(ACME, &name, Some(ANA));
    assert_eq!(question().await.unwrap().unwrap().shown, None);
    shown(store, "c1").await;
    let again = Became::Reported(Receipt::Shown);
    let message = message_ref(ACME, "c1", 0, 0);
    store.settle_message(&message, again, after_ms(99)).await.unwrap();
    assert_eq!(question().await.unwrap().unwrap().shown, Some(after_ms(7)));
}

async fn a_reminder_replaces_the_words_and_opens_nothing_new(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    shown(store, "c1").await;
    happen(store, ACME, "c1", "n1").await;
    let mut taken = turn(&claim_one(store).await);
    let reminder = ask(key(0, 0), "still there? which medicine?");
    taken.messages =
        vec![NewMessage { due: Some(after_ms(50)), ..to(ANA, 1, 0, reminder.clone()) }];
    taken.now = after_ms(40);
    commit(store, taken).await;
    let row = store.question(ACME, &effect("c1", 0, 0), None).await.unwrap().unwrap();
    assert_eq!(row.message, reminder);
    assert_eq!((row.opened, row.due, row.shown), (NOW, Some(after_ms(50)), Some(after_ms(7))));
    assert_eq!(row.principal, ANA);
    assert_eq!(row.party, "worker");
}

async fn a_closed_question_says_how_it_was_closed(store: &dyn Store) {
    asked(store, "c1", "which medicine?").await;
    close(store, "c1").await;
    let row = store.question(ACME, &effect("c1", 0, 0), Some(ANA)).await.unwrap().unwrap();
    assert_eq!(row.closed, Some(Closed::Silence));
    assert_eq!(store.question("birch", &effect("c1", 0, 0), None).await.unwrap(), None);
    assert_eq!(store.question(ACME, &effect("c1", 0, 0), Some(DANA)).await.unwrap(), None);
}

async fn a_token_is_spent_once(store: &dyn Store) {
    assert!(store.spend(ACME, "digest", NOW).await.unwrap());
    assert!(!store.spend(ACME, "digest", after_ms(1)).await.unwrap());
    assert!(store.spend("birch", "digest", NOW).await.unwrap());
}
