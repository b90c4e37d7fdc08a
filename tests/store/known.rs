//! One-time codes, tries, who acts for whom, and who was told what, on both databases.

use mendline::store::reach::{NewChallenge, Whose};
use mendline::store::representative::Representative;
use mendline::store::{Became, Store};
use mendline_engine::label::{Label, Labels};

use crate::support::*;

crate::on_every_store! {
    rule_14_a_one_time_code_counts_once_in_time_and_while_it_is_the_newest
    rule_14_a_code_for_nobody_opens_nothing
    so_many_tries_in_a_span_and_no_more
    a_try_that_was_right_ends_the_count
    somebody_acts_for_somebody_from_then_until_then
    who_acts_for_somebody_may_be_ended_and_changed
    rule_12_forgetting_takes_why_somebody_acted
    what_reached_somebody_is_read_back_in_order
}

const MOST: (i64, i64) = (3, 900_000);

fn ana() -> Whose {
    Whose { payer: ACME.into(), person: ANA.into() }
}

fn challenge(digest: &str, whose: Option<Whose>) -> NewChallenge {
    let expires = after_ms(300_000);
    NewChallenge { digest: digest.into(), whose, code: format!("code {digest}"), expires }
}

async fn rule_14_a_one_time_code_counts_once_in_time_and_while_it_is_the_newest(store: &dyn Store) {
    let reach = store.reach();
    let give = async |digest: &str, code: &str, at| {
        reach.use_challenge(digest, code, after_ms(at)).await.unwrap()
    };
    reach.put_challenge(&challenge("a", Some(ana())), NOW).await.unwrap();
    assert_eq!(reach.challenged("a").await.unwrap(), Some(ana()));
    reach.put_challenge(&challenge("b", Some(ana())), NOW).await.unwrap();
    assert_eq!(give("a", "code a", 1).await, None, "there is a newer one");
    assert_eq!(give("b", "code a", 1).await, None);
    assert_eq!(give("b", "code b", 300_000).await, None, "too late");
    assert_eq!(give("b", "code b", 299_999).await, Some(ana()));
    assert_eq!(give("b", "code b", 299_999).await, None, "again");
    let bo = Whose { payer: ACME.into(), person: "bo".into() };
    reach.put_challenge(&challenge("c", Some(bo.clone())), NOW).await.unwrap();
    reach.put_challenge(&challenge("d", Some(ana())), NOW).await.unwrap();
    assert_eq!(give("c", "code c", 1).await, Some(bo), "another person's is left alone");
}

async fn rule_14_a_code_for_nobody_opens_nothing(store: &dyn Store) {
    let reach = store.reach();
    for digest in ["a", "b"] {
        reach.put_challenge(&challenge(digest, None), NOW).await.unwrap();
        assert_eq!(reach.challenged(digest).await.unwrap(), None);
        let code = format!("code {digest}");
        assert_eq!(reach.use_challenge(digest, &code, NOW).await.unwrap(), None);
    }
}

async fn so_many_tries_in_a_span_and_no_more(store: &dyn Store) {
    let reach = store.reach();
    let once = async |idx: &str, at| reach.try_once(idx, after_ms(at), MOST).await.unwrap();
    assert_eq!(once("a", 0).await, Some(2));
    assert_eq!(once("a", 600_000).await, Some(1));
    assert_eq!(once("b", 600_000).await, Some(2), "each is counted by itself");
    assert_eq!(once("a", 700_000).await, Some(0));
    assert_eq!(once("a", 700_001).await, None);
    // It begins anew with the last one that was allowed, and trying on does not move that.
    assert_eq!(once("a", 1_599_999).await, None);
    assert_eq!(once("a", 1_600_000).await, Some(2));
}

async fn a_try_that_was_right_ends_the_count(store: &dyn Store) {
    let reach = store.reach();
    for _ in 0..3 {
        reach.try_once("a", NOW, MOST).await.unwrap();
    }
    reach.tried_well("a").await.unwrap();
    assert_eq!(reach.try_once("a", NOW, MOST).await.unwrap(), Some(2));
}

fn luis(scope: Labels, until_ms: i64) -> Representative {
    Representative {
        payer: ACME.into(),
        person: ANA.into(),
        representative: "luis".into(),
        scope,
        since: NOW,
        until: after_ms(until_ms),
        ended: None,
        who: "operator/uid-1".into(),
        why: "husband".into(),
    }
}

fn claim_alone() -> Labels {
    Labels::NONE.with(Label::Claim)
}

async fn acts(store: &dyn Store, at_ms: i64) -> Option<Labels> {
    let luis = Whose { payer: ACME.into(), person: "luis".into() };
    let acts = store.reach().acts_for(&luis, after_ms(at_ms)).await.unwrap();
    acts.inspect(|it| assert_eq!(it.person, ANA)).map(|it| it.scope)
}

async fn somebody_acts_for_somebody_from_then_until_then(store: &dyn Store) {
    store.reach().represent(&luis(claim_alone(), 100), after_ms(10)).await.unwrap();
    for (at_ms, scope) in
        [(9, None), (10, Some(claim_alone())), (99, Some(claim_alone())), (100, None)]
    {
        assert_eq!(acts(store, at_ms).await, scope, "at {at_ms}");
    }
    let birch = Whose { payer: "birch".into(), person: "luis".into() };
    assert_eq!(store.reach().acts_for(&birch, after_ms(50)).await.unwrap(), None);
}

async fn who_acts_for_somebody_may_be_ended_and_changed(store: &dyn Store) {
    let reach = store.reach();
    let more = claim_alone().with(Label::Health);
    reach.represent(&luis(claim_alone(), 100), NOW).await.unwrap();
    reach.represent(&luis(more, 200), after_ms(10)).await.unwrap();
    assert_eq!(acts(store, 150).await, Some(more));
    assert!(reach.end_representation(&ana(), "luis", after_ms(160)).await.unwrap());
    assert!(!reach.end_representation(&ana(), "luis", after_ms(161)).await.unwrap());
    assert_eq!(acts(store, 161).await, None);
    let all = reach.representatives(ACME, Some(ANA)).await.unwrap();
    let ends: Vec<_> = all.iter().map(|it| it.ended).collect();
    assert_eq!(ends, [Some(after_ms(10)), Some(after_ms(160))], "both are kept");
    assert_eq!(reach.representatives(ACME, None).await.unwrap(), all);
    assert!(reach.representatives(ACME, Some(DANA)).await.unwrap().is_empty());
}

async fn rule_12_forgetting_takes_why_somebody_acted(store: &dyn Store) {
    store.know(&person(ACME, ANA, "Ana")).await.unwrap();
    store.reach().represent(&luis(claim_alone(), 100), NOW).await.unwrap();
    let why = async || store.reach().representatives(ACME, None).await.unwrap()[0].why.clone();
    assert_eq!(why().await, "husband");
    store.forget(ACME, ANA).await.unwrap();
    assert_eq!(why().await, "");
}

async fn what_reached_somebody_is_read_back_in_order(store: &dyn Store) {
    store.know(&person(ACME, ANA, "Ana")).await.unwrap();
    let words = ["one", "two", "three"].map(|it| message("worker", it));
    let messages = (0..).zip(words).map(|(index, it)| to(ANA, 0, index, it)).collect();
    said(store, "c1", messages).await;
    for (index, became) in [
        (0, Became::Sent { shown: true }),
        (1, Became::Withheld("opted_out".into())),
        (2, Became::Maybe),
    ] {
        let key = message_ref(ACME, "c1", 0, index);
        store.freeze(&key, &frozen("sms", "words")).await.unwrap();
        store.settle_message(&key, became, after_ms(i64::from(index))).await.unwrap();
    }
    let told = store.reach().told(&ana()).await.unwrap();
    let read: Vec<_> = told
        .iter()
        .map(|it| (it.effect.as_str(), it.status.as_str(), it.channel.as_str()))
        .collect();
    assert_eq!(read, [("0.0", "shown", "sms"), ("0.2", "maybe", "sms")]);
    assert_eq!(told[0].what.as_ref().unwrap().frozen.as_ref().unwrap().text, "words");
    let dana = Whose { payer: ACME.into(), person: DANA.into() };
    assert!(store.reach().told(&dana).await.unwrap().is_empty());
    store.forget(ACME, ANA).await.unwrap();
    assert!(store.reach().told(&ana()).await.unwrap().iter().all(|it| it.what.is_none()));
}
