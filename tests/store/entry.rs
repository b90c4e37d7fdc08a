//! How staff get in, as the store keeps it: one subject a person, one use a code, nothing typed
//! shown to anybody else.

use mendline::store::entry::{Footing, How, Lockout};
use mendline::store::reach::Whose;
use mendline::store::{AuditEntry, Session, Store, StoreError};
use serde_json::json;

use crate::support::*;

crate::on_every_store! {
    a_person_is_one_subjects_and_a_subject_is_one_person
    a_session_stands_as_it_was_said_and_ends_with_the_others
    a_code_of_a_time_is_taken_once
    too_many_wrong_tries_are_none_for_a_while
    a_recovery_code_is_used_up
    what_somebody_typed_is_kept_for_her_and_for_a_while
    rule_12_who_is_forgotten_leaves_no_way_in
    what_happened_lately_is_found_by_what_it_was
}

const LOCKOUT: Lockout = Lockout { tries_max: 3, lock_ms: 1_000 };

fn whose(person: &str) -> Whose {
    Whose { payer: ACME.into(), person: person.into() }
}

async fn a_person_is_one_subjects_and_a_subject_is_one_person(store: &dyn Store) {
    let entry = store.entry();
    assert_eq!(entry.known("s1").await.unwrap(), None);
    let dana = entry.bind("s1", &whose(DANA), NOW).await.unwrap();
    assert_eq!(entry.bind("s1", &whose(DANA), NOW).await.unwrap(), dana);
    assert_eq!(entry.known("s1").await.unwrap(), Some(dana.clone()));
    assert!(matches!(entry.bind("s2", &whose(DANA), NOW).await, Err(StoreError::Conflict)));
    assert!(matches!(entry.bind("s1", &whose(ANA), NOW).await, Err(StoreError::Conflict)));
    assert_eq!(entry.known("s2").await.unwrap(), None);
    assert_eq!(entry.unbind(&whose(DANA)).await.unwrap(), Some(dana.login.clone()));
    assert_eq!(entry.unbind(&whose(DANA)).await.unwrap(), None);
    let again = entry.bind("s2", &whose(DANA), NOW).await.unwrap();
    assert_ne!(again.login, dana.login, "an account is a subject's");
}

async fn session(store: &dyn Store, digest: &str, person: &str) {
    let session = Session {
        kind: format!("staff/{person}"),
        payer: ACME.into(),
        person: person.into(),
        csrf: "c".into(),
        began: NOW,
        last_seen: NOW,
    };
    store.put_session(digest, &session).await.unwrap();
}

async fn a_session_stands_as_it_was_said_and_ends_with_the_others(store: &dyn Store) {
    let entry = store.entry();
    assert_eq!(entry.footing("d1").await.unwrap(), None);
    session(store, "d1", DANA).await;
    session(store, "d2", DANA).await;
    session(store, "d3", ANA).await;
    let plain = entry.footing("d1").await.unwrap();
    assert_eq!(plain, Some(Footing::by_password(How::Local)), "as an older release wrote it");
    let footing = Footing {
        how: How::Provider,
        vouched: Some(NOW),
        stepped: Some(after_ms(5)),
        hint: Some("a.b.c".into()),
    };
    entry.put_footing("d1", &whose(DANA), &footing).await.unwrap();
    // Another person's name changes nothing.
    entry.put_footing("d1", &whose(ANA), &Footing::by_password(How::Local)).await.unwrap();
    assert_eq!(entry.footing("d1").await.unwrap(), Some(footing.clone()));
    // Whoever writes the session again, an older release too, leaves it as it stands.
    session(store, "d1", DANA).await;
    assert_eq!(entry.footing("d1").await.unwrap(), Some(footing));
    assert_eq!(entry.end_sessions(&whose(DANA), Some("d1")).await.unwrap(), 1);
    assert!(store.session("d2", NOW, 1_000).await.unwrap().is_none());
    assert_eq!(entry.end_sessions(&whose(DANA), None).await.unwrap(), 1);
    assert!(store.session("d3", NOW, 1_000).await.unwrap().is_some());
}

async fn a_code_of_a_time_is_taken_once(store: &dyn Store) {
    let entry = store.entry();
    assert_eq!(entry.factor(&whose(DANA)).await.unwrap(), None);
    entry.put_factor(&whose(DANA), b"secret", &[], 10).await.unwrap();
    assert_eq!(entry.factor(&whose(DANA)).await.unwrap().as_deref(), Some(&b"secret"[..]));
    assert_eq!(entry.factor(&whose(ANA)).await.unwrap(), None);
    let passed = async |step: i64| entry.pass_factor(&whose(DANA), step).await.unwrap();
    assert!(!passed(10).await, "the code that set it up");
    assert!(passed(12).await);
    assert!(!passed(12).await && !passed(11).await);
    assert!(passed(13).await);
    assert!(entry.drop_factor(&whose(DANA)).await.unwrap());
    assert!(!entry.drop_factor(&whose(DANA)).await.unwrap());
    assert_eq!(entry.factor(&whose(DANA)).await.unwrap(), None);
}

async fn too_many_wrong_tries_are_none_for_a_while(store: &dyn Store) {
    let entry = store.entry();
    entry.put_factor(&whose(DANA), b"secret", &[], 0).await.unwrap();
    let tries =
        async |ms: i64| entry.try_factor(&whose(DANA), after_ms(ms), LOCKOUT).await.unwrap();
    assert!(tries(0).await && tries(0).await && tries(0).await);
    assert!(!tries(0).await && !tries(999).await);
    assert!(tries(1_000).await && tries(1_000).await);
    assert!(entry.pass_factor(&whose(DANA), 1).await.unwrap(), "a right one begins anew");
    assert!(tries(1_000).await && tries(1_000).await && tries(1_000).await);
    assert!(!tries(1_000).await);
    assert!(!entry.try_factor(&whose(ANA), NOW, LOCKOUT).await.unwrap(), "she has none");
}

async fn a_recovery_code_is_used_up(store: &dyn Store) {
    let entry = store.entry();
    let codes = ["one".to_owned(), "two".to_owned()];
    entry.put_factor(&whose(DANA), b"secret", &codes, 0).await.unwrap();
    let used =
        async |person: &str, code: &str| entry.use_recovery(&whose(person), code).await.unwrap();
    assert!(!used(ANA, "one").await && !used(DANA, "three").await);
    assert!(used(DANA, "one").await);
    assert!(!used(DANA, "one").await);
    entry.put_factor(&whose(DANA), b"another", &["four".to_owned()], 0).await.unwrap();
    assert!(!used(DANA, "two").await, "new codes take the place of the old");
    assert!(used(DANA, "four").await);
}

async fn what_somebody_typed_is_kept_for_her_and_for_a_while(store: &dyn Store) {
    let entry = store.entry();
    let body = json!({ "need.days": "14" });
    entry.keep_form("f1", &whose(DANA), &body, NOW, 1_000).await.unwrap();
    let kept = async |person: &str, ms: i64| {
        entry.kept_form("f1", &whose(person), after_ms(ms)).await.unwrap()
    };
    assert_eq!(kept(DANA, 999).await, Some(body));
    assert_eq!(kept(DANA, 1_000).await, None);
    assert_eq!(kept(ANA, 0).await, None);
}

async fn rule_12_who_is_forgotten_leaves_no_way_in(store: &dyn Store) {
    let entry = store.entry();
    entry.bind("s1", &whose(DANA), NOW).await.unwrap();
    entry.put_factor(&whose(DANA), b"secret", &["one".to_owned()], 0).await.unwrap();
    entry.keep_form("f1", &whose(DANA), &json!("typed"), NOW, 1_000).await.unwrap();
    store.forget(ACME, DANA).await.unwrap();
    assert_eq!(entry.known("s1").await.unwrap(), None);
    assert!(!entry.drop_factor(&whose(DANA)).await.unwrap());
    assert!(!entry.use_recovery(&whose(DANA), "one").await.unwrap());
    assert_eq!(entry.kept_form("f1", &whose(DANA), NOW).await.unwrap(), None);
}

async fn what_happened_lately_is_found_by_what_it_was(store: &dyn Store) {
    for (payer, who, what, ms) in [
        (ACME, DANA, "emergency_login", 0),
        (ACME, ANA, "emergency_login", 10),
        (ACME, DANA, "login", 20),
        ("birch", "sam", "emergency_login", 30),
    ] {
        let (payer, who, what) = (payer.into(), who.into(), what.into());
        let entry = AuditEntry { payer, who, what, conversation: None, at: after_ms(ms) };
        store.audit(&entry).await.unwrap();
    }
    let lately = async |since: i64, limit: u32| {
        let entry = store.entry();
        let found = entry.lately(ACME, "emergency_login", after_ms(since), limit).await.unwrap();
        found.into_iter().map(|it| it.0).collect::<Vec<_>>()
    };
    assert_eq!(lately(0, 9).await, [ANA, DANA]);
    assert_eq!(lately(1, 9).await, [ANA]);
    assert_eq!(lately(0, 1).await, [ANA]);
}
