//! Whose an address is: linked by proof, taken back, never two people's.

use serde_json::json;

use mendline::store::reach::{NewCode, Whose};
use mendline::store::{Person, PersonFact, Proof, Store};

use crate::support::*;

crate::on_every_store! {
    rule_12_an_address_is_found_by_its_keyed_index_and_read_back
    an_address_that_is_proved_to_be_somebodys_stays_hers
    an_address_that_was_taken_back_is_nobodys
    rule_14_a_code_counts_once_in_time_and_on_its_channel
    who_is_forgotten_leaves_no_address
    whoever_was_last_on_a_channel_is_there
    rule_04_menus_of_an_address_are_changed_by_one_at_a_time
    when_an_address_wrote_last_is_kept
}

async fn fact(store: &dyn Store, person: &str, id: &str, fact: PersonFact) {
    store
        .know(&Person { person: person.into(), ..crate::support::person(ACME, person, "P") })
        .await
        .unwrap();
    let accepted = store.accept(&arrival(ACME, person, id, "hello")).await.unwrap();
    let mut routed = routing(&waiting(store, accepted.seq).await);
    routed.facts = vec![fact];
    store.commit_person(routed).await.unwrap();
}

fn linked(address: &str, how: Proof) -> PersonFact {
    PersonFact::Linked { channel: "telegram".into(), address: address.into(), how }
}

async fn whose(store: &dyn Store, address: &str) -> Option<String> {
    store.reach().whose("telegram", address).await.unwrap().map(|it| it.person)
}

async fn addresses(store: &dyn Store, person: &str) -> Option<String> {
    let person = store.person(ACME, person).await.unwrap().unwrap();
    person.addresses.get("telegram").cloned()
}

async fn rule_12_an_address_is_found_by_its_keyed_index_and_read_back(store: &dyn Store) {
    fact(store, ANA, "1", linked("777", Proof::Link)).await;
    assert_eq!(whose(store, "777").await.as_deref(), Some(ANA));
    assert_eq!(whose(store, "778").await, None);
    assert_eq!(store.reach().whose("discord", "777").await.unwrap(), None);
    assert_eq!(addresses(store, ANA).await.as_deref(), Some("777"));
    // A second one on the same channel takes its place.
    fact(store, ANA, "2", linked("778", Proof::Link)).await;
    assert_eq!((whose(store, "777").await, whose(store, "778").await), (None, Some(ANA.into())));
    assert_eq!(addresses(store, ANA).await.as_deref(), Some("778"));
}

async fn an_address_that_is_proved_to_be_somebodys_stays_hers(store: &dyn Store) {
    fact(store, ANA, "1", linked("777", Proof::Link)).await;
    fact(store, DANA, "2", linked("777", Proof::Link)).await;
    assert_eq!(whose(store, "777").await.as_deref(), Some(ANA));
    assert_eq!(addresses(store, DANA).await, None);
}

async fn an_address_that_was_taken_back_is_nobodys(store: &dyn Store) {
    fact(store, ANA, "1", linked("777", Proof::Link)).await;
    fact(store, ANA, "2", PersonFact::Unlinked { channel: "telegram".into() }).await;
    assert_eq!((whose(store, "777").await, addresses(store, ANA).await), (None, None));
    fact(store, DANA, "3", linked("777", Proof::Link)).await;
    assert_eq!(whose(store, "777").await.as_deref(), Some(DANA));
}

async fn rule_14_a_code_counts_once_in_time_and_on_its_channel(store: &dyn Store) {
    let reach = store.reach();
    let ana = Whose { payer: ACME.into(), person: ANA.into() };
    let code = |digest: &str| NewCode {
        digest: digest.into(),
        whose: ana.clone(),
        channel: "telegram".into(),
        expires: after_ms(1_000),
    };
    reach.put_code(&code("d1"), NOW).await.unwrap();
    assert_eq!(reach.use_code("other", "telegram", "777", NOW).await.unwrap(), None);
    assert_eq!(reach.use_code("d1", "discord", "777", NOW).await.unwrap(), None);
    assert_eq!(reach.use_code("d1", "telegram", "777", NOW).await.unwrap(), Some(ana.clone()));
    // The provider brings the same act again; somebody else comes with the same link.
    assert_eq!(reach.use_code("d1", "telegram", "777", NOW).await.unwrap(), Some(ana.clone()));
    assert_eq!(reach.use_code("d1", "telegram", "778", NOW).await.unwrap(), None);
    reach.put_code(&code("d2"), NOW).await.unwrap();
    assert_eq!(reach.use_code("d2", "telegram", "777", after_ms(1_000)).await.unwrap(), None);
}

async fn who_is_forgotten_leaves_no_address(store: &dyn Store) {
    fact(store, ANA, "1", linked("777", Proof::Link)).await;
    store.forget(ACME, ANA).await.unwrap();
    assert_eq!(whose(store, "777").await, None);
}

async fn whoever_was_last_on_a_channel_is_there(store: &dyn Store) {
    fact(store, ANA, "1", PersonFact::At { channel: "telegram".into() }).await;
    assert_eq!(store.person(ACME, ANA).await.unwrap().unwrap().at.as_deref(), Some("telegram"));
    let ask = mendline::store::Ask {
        payer: ACME.into(),
        person: ANA.into(),
        channel: "telegram".into(),
        named: Vec::new(),
    };
    let looks = store.look(&[ask]).await.unwrap();
    assert_eq!(looks[0].person.as_ref().unwrap().at.as_deref(), Some("telegram"));
}

async fn rule_04_menus_of_an_address_are_changed_by_one_at_a_time(store: &dyn Store) {
    let reach = store.reach();
    let ana = Whose { payer: ACME.into(), person: ANA.into() };
    assert_eq!(reach.menus(&ana, "telegram").await.unwrap(), None, "no address");
    fact(store, ANA, "1", linked("777", Proof::Link)).await;
    assert_eq!(reach.menus(&ana, "telegram").await.unwrap(), Some((None, 0)));
    let menus = json!({ "step": 1 });
    assert!(reach.keep_menus(&ana, "telegram", 0, &menus).await.unwrap());
    assert!(!reach.keep_menus(&ana, "telegram", 0, &json!({ "step": 2 })).await.unwrap());
    assert_eq!(reach.menus(&ana, "telegram").await.unwrap(), Some((Some(menus), 1)));
}

async fn when_an_address_wrote_last_is_kept(store: &dyn Store) {
    let reach = store.reach();
    assert_eq!(reach.heard("whatsapp", "1").await.unwrap(), None);
    reach.hear("whatsapp", "1", after_ms(9)).await.unwrap();
    // Two servers may hear in another order than it was said.
    reach.hear("whatsapp", "1", after_ms(3)).await.unwrap();
    assert_eq!(reach.heard("whatsapp", "1").await.unwrap(), Some(after_ms(9)));
    assert_eq!(reach.heard("whatsapp", "2").await.unwrap(), None);
}
