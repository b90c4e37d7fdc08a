//! What people agreed to and took back: kept with what proves it, and what follows for a channel.

use mendline::store::consent::{Act, Consent, Evidence, Kept, Method};
use mendline::store::reach::Whose;
use mendline::store::{PersonFact, Session, Store};
use mendline_engine::consent::{DETAILS, EVERYTHING};

use crate::support::*;

crate::on_every_store! {
    what_somebody_agreed_to_is_kept_with_what_proves_it
    rule_06_what_is_taken_back_ends_what_was_given_and_closes_the_channel
    rule_06_only_everything_opens_a_channel_that_was_closed
    a_purpose_is_taken_back_by_itself
    rule_12_a_consent_survives_forgetting_without_what_proves_it
    an_address_is_introduced_once
    nothing_that_was_made_before_counts_any_more
}

fn ana() -> Whose {
    Whose { payer: ACME.into(), person: ANA.into() }
}

fn consent(act: Act, purpose: &str) -> Consent {
    let evidence = Evidence { address: Some("+15555550107".into()), words: Some("yes".into()) };
    let given = Consent::to_everything("sms", Method::Word, "opted_in:1", "es");
    Consent { act, purpose: purpose.into(), evidence, ..given }
}

/// Ana does it at this moment.
async fn acts(store: &dyn Store, at_ms: i64, act: Act, purpose: &str) {
    store.know(&person(ACME, ANA, "Ana")).await.unwrap();
    let id = format!("{at_ms}");
    let accepted = store.accept(&arrival(ACME, ANA, &id, "hello")).await.unwrap();
    let mut routed = routing(&waiting(store, accepted.seq).await);
    routed.now = after_ms(at_ms);
    routed.facts = vec![PersonFact::Consent(Box::new(consent(act, purpose)))];
    store.commit_person(routed).await.unwrap();
}

async fn kept(store: &dyn Store) -> Vec<Kept> {
    store.reach().consents(&ana()).await.unwrap()
}

/// Whether the channel is closed, and for what it is open.
async fn stands(store: &dyn Store) -> (bool, Vec<String>) {
    let ana = store.person(ACME, ANA).await.unwrap().unwrap();
    let looked = store.people(&[(ACME.into(), ANA.into())]).await.unwrap();
    assert_eq!(looked[0].as_ref(), Some(&ana), "however she is read");
    (ana.opted_out == ["sms"], ana.consents.get("sms").cloned().unwrap_or_default())
}

async fn what_somebody_agreed_to_is_kept_with_what_proves_it(store: &dyn Store) {
    acts(store, 5, Act::Given, EVERYTHING).await;
    let all = kept(store).await;
    let it = &all[0];
    assert_eq!((all.len(), it.act, it.method), (1, Act::Given, Method::Word));
    assert_eq!((it.wording.as_str(), it.language.as_str()), ("opted_in:1", "es"));
    assert_eq!((it.at, it.ended), (after_ms(5), None));
    let evidence = it.evidence.as_ref().unwrap();
    assert_eq!(evidence.address.as_deref(), Some("+15555550107"));
    assert_eq!(stands(store).await, (false, vec![EVERYTHING.to_owned()]));
}

async fn rule_06_what_is_taken_back_ends_what_was_given_and_closes_the_channel(store: &dyn Store) {
    acts(store, 1, Act::Given, EVERYTHING).await;
    acts(store, 2, Act::Given, "refills").await;
    acts(store, 3, Act::Revoked, EVERYTHING).await;
    assert_eq!(stands(store).await, (true, vec![]));
    let ended: Vec<_> = kept(store).await.into_iter().map(|it| (it.act, it.ended)).collect();
    let at = Some(after_ms(3));
    assert_eq!(ended, [(Act::Given, at), (Act::Given, at), (Act::Revoked, None)]);
    // Who took it back twice is closed as before, and both are kept.
    acts(store, 4, Act::Revoked, EVERYTHING).await;
    assert_eq!((stands(store).await.0, kept(store).await.len()), (true, 4));
}

async fn rule_06_only_everything_opens_a_channel_that_was_closed(store: &dyn Store) {
    acts(store, 1, Act::Revoked, EVERYTHING).await;
    acts(store, 2, Act::Given, DETAILS).await;
    assert_eq!(stands(store).await, (true, vec![DETAILS.to_owned()]));
    acts(store, 3, Act::Given, EVERYTHING).await;
    assert!(!stands(store).await.0);
}

async fn a_purpose_is_taken_back_by_itself(store: &dyn Store) {
    acts(store, 1, Act::Given, "refills").await;
    acts(store, 2, Act::Given, "surveys").await;
    acts(store, 3, Act::Revoked, "surveys").await;
    assert_eq!(stands(store).await, (false, vec!["refills".to_owned()]));
}

async fn rule_12_a_consent_survives_forgetting_without_what_proves_it(store: &dyn Store) {
    acts(store, 1, Act::Given, EVERYTHING).await;
    store.forget(ACME, ANA).await.unwrap();
    let all = kept(store).await;
    assert_eq!((all.len(), all[0].wording.as_str()), (1, "opted_in:1"));
    assert_eq!(all[0].evidence, None, "it lay under her key");
}

async fn an_address_is_introduced_once(store: &dyn Store) {
    let reach = store.reach();
    let told = async |channel, to| reach.introduced(&ana(), channel, to).await.unwrap();
    assert!(!told("sms", "+15555550107").await);
    for _ in 0..2 {
        reach.introduce(&ana(), "sms", "+15555550107", NOW).await.unwrap();
    }
    assert!(told("sms", "+15555550107").await);
    assert!(!told("sms", "+15555550108").await && !told("whatsapp", "+15555550107").await);
}

async fn nothing_that_was_made_before_counts_any_more(store: &dyn Store) {
    store.know(&person(ACME, ANA, "Ana")).await.unwrap();
    let session = |kind: &str, person: &str| Session {
        kind: kind.into(),
        payer: ACME.into(),
        person: person.into(),
        csrf: "c".into(),
        began: NOW,
        last_seen: NOW,
    };
    for (digest, kind, person) in
        [("hers", "worker", ANA), ("other", "worker", DANA), ("desk", "staff/ana", ANA)]
    {
        store.put_session(digest, &session(kind, person)).await.unwrap();
    }
    assert_eq!(store.reach().links_from(&ana()).await.unwrap(), None);
    let accepted = store.accept(&arrival(ACME, ANA, "1", "hello")).await.unwrap();
    let mut routed = routing(&waiting(store, accepted.seq).await);
    routed.facts = vec![PersonFact::NothingBefore(after_ms(9))];
    store.commit_person(routed).await.unwrap();
    for (digest, is_there) in [("hers", false), ("other", true), ("desk", true)] {
        assert_eq!(store.reach().is_session(digest).await.unwrap(), is_there, "{digest}");
    }
    assert_eq!(store.reach().links_from(&ana()).await.unwrap(), Some(after_ms(9)));
}
