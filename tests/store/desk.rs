//! What staff find before them, and what is noted when they look.

use std::collections::BTreeMap;

use mendline::store::{
    Account, AuditEntry, HandoffChange, KeptFlow, NewMessage, Session, StaffRead, Store,
};
use mendline_engine::core::{InterruptSpec, Program, Triggers};
use mendline_engine::effect::{Closed, OpenHandoff};
use mendline_engine::surface::Identity;
use serde_json::json;

use crate::support::*;

crate::on_every_store! {
    cards_are_first_due_first_and_only_while_open
    every_holder_has_a_copy_and_one_close_ends_them_all
    a_handoff_is_before_its_desk_until_it_is_closed
    what_a_holder_should_see_comes_in_order
    every_staff_read_is_noted
    security_events_are_noted
    an_account_is_found_by_its_login
    a_session_ends_when_it_is_idle_or_told_to
    a_flow_version_is_kept_once
    counts_say_how_much_waits
}

async fn cards_are_first_due_first_and_only_while_open(store: &dyn Store) {
    for (id, due) in [("c1", None), ("c2", Some(90)), ("c3", Some(20))] {
        let card = to(DANA, 0, 0, card(id, key(0, 0)));
        let due = due.map(after_ms);
        said(store, id, vec![NewMessage { due, ..card }]).await;
    }
    let held = || async {
        let cards = store.cards(ACME, DANA).await.unwrap();
        cards.into_iter().map(|it| it.question.conversation).collect::<Vec<_>>()
    };
    assert_eq!(held().await, ["c3", "c2", "c1"]);
    happen(store, ACME, "c3", "n1").await;
    let mut taken = turn(&claim_one(store).await);
    taken.closed = vec![(key(0, 0), Closed::Recalled)];
    commit(store, taken).await;
    assert_eq!(held().await, ["c2", "c1"]);
    assert!(store.cards(ACME, ANA).await.unwrap().is_empty());
    assert!(store.cards("birch", DANA).await.unwrap().is_empty());
}

async fn every_holder_has_a_copy_and_one_close_ends_them_all(store: &dyn Store) {
    let copy = |person, index| to(person, 0, index, card("approve?", key(0, 0)));
    said(store, "c1", vec![copy(DANA, 0), copy("sam", 1)]).await;
    assert_eq!(store.cards(ACME, DANA).await.unwrap().len(), 1);
    assert_eq!(store.cards(ACME, "sam").await.unwrap().len(), 1);
    happen(store, ACME, "c1", "n1").await;
    let mut taken = turn(&claim_one(store).await);
    let why = Closed::Answered { by: "Dana".into(), choice: "approve".into() };
    taken.closed = vec![(key(0, 0), why.clone())];
    commit(store, taken).await;
    for person in [DANA, "sam"] {
        assert!(store.cards(ACME, person).await.unwrap().is_empty());
        let row = store.question(ACME, &effect("c1", 0, 0), Some(person)).await.unwrap().unwrap();
        assert_eq!(row.closed.as_ref(), Some(&why));
    }
}

fn open(desk: &str) -> OpenHandoff {
    OpenHandoff {
        desk: desk.into(),
        party: Some("worker".into()),
        why: "asked".into(),
        says: None,
        save: None,
        closed: vec![],
        retry: false,
        next: BTreeMap::new(),
        due: None,
    }
}

async fn handed_off(store: &dyn Store, id: &str, desk: &str) {
    begin(store, ACME, ANA, id, "hello").await;
    let mut taken = turn(&claim_one(store).await);
    let (key, open) = (key(0, 0), open(desk));
    taken.handoffs = vec![HandoffChange::Open { key, open, person: Some(ANA.into()) }];
    commit(store, taken).await;
}

async fn change(store: &dyn Store, id: &str, n: &str, changes: Vec<HandoffChange>) {
    happen(store, ACME, id, n).await;
    let mut taken = turn(&claim_one(store).await);
    taken.handoffs = changes;
    taken.now = after_ms(9);
    commit(store, taken).await;
}

async fn a_handoff_is_before_its_desk_until_it_is_closed(store: &dyn Store) {
    handed_off(store, "c1", "pharmacy_desk").await;
    handed_off(store, "c2", "claims_desk").await;
    let desk = ["pharmacy_desk".to_owned()];
    let queue = store.handoffs(ACME, &desk).await.unwrap();
    assert_eq!(queue.len(), 1);
    assert_eq!(queue[0].handoff, effect("c1", 0, 0));
    assert_eq!(queue[0].open, open("pharmacy_desk"));
    assert_eq!((queue[0].person.as_deref(), queue[0].principal.as_str()), (Some(ANA), ANA));
    assert_eq!(queue[0].holder, None);
    assert!(store.handoffs("birch", &desk).await.unwrap().is_empty());
    assert!(store.handoffs(ACME, &[]).await.unwrap().is_empty());

    let holder = (DANA.to_owned(), "Dana Example".to_owned());
    let taken = HandoffChange::Taken { key: key(0, 0), holder: holder.clone() };
    change(store, "c1", "n1", vec![taken]).await;
    assert_eq!(store.handoffs(ACME, &desk).await.unwrap()[0].holder, Some(holder.clone()));
    change(store, "c1", "n2", vec![HandoffChange::Close { key: key(0, 0) }]).await;
    assert!(store.handoffs(ACME, &desk).await.unwrap().is_empty());
    let closed = store.handoff(ACME, &effect("c1", 0, 0)).await.unwrap().unwrap();
    assert_eq!((closed.closed, closed.holder), (Some(after_ms(9)), Some(holder)));
    assert_eq!(store.handoff("birch", &effect("c1", 0, 0)).await.unwrap(), None);
}

async fn what_a_holder_should_see_comes_in_order(store: &dyn Store) {
    handed_off(store, "c1", "pharmacy_desk").await;
    let draft = |n: i32| HandoffChange::Draft { key: key(0, 0), draft: json!({ "n": n }) };
    change(store, "c1", "n1", vec![draft(1), draft(2)]).await;
    change(store, "c1", "n2", vec![draft(3)]).await;
    let row = store.handoff(ACME, &effect("c1", 0, 0)).await.unwrap().unwrap();
    assert_eq!(row.drafts, [json!({ "n": 1 }), json!({ "n": 2 }), json!({ "n": 3 })]);
}

async fn every_staff_read_is_noted(store: &dyn Store) {
    let read = |what: &str| StaffRead {
        payer: ACME.into(),
        staff: DANA.into(),
        conversation: "c1".into(),
        what: what.into(),
        at: NOW,
    };
    for what in ["card", "timeline", "card"] {
        store.note_read(&read(what)).await.unwrap();
    }
    let noted = store.reads(ACME, "c1").await.unwrap();
    assert_eq!(noted, [read("card"), read("timeline"), read("card")]);
    assert_eq!(store.reads("birch", "c1").await.unwrap(), []);
}

async fn security_events_are_noted(store: &dyn Store) {
    let entry = AuditEntry {
        payer: ACME.into(),
        who: "unknown".into(),
        what: "login_failed".into(),
        conversation: None,
        at: NOW,
    };
    store.audit(&entry).await.unwrap();
    store.audit(&entry).await.unwrap();
}

async fn an_account_is_found_by_its_login(store: &dyn Store) {
    let dana = Account {
        login: "dana".into(),
        payer: ACME.into(),
        person: DANA.into(),
        password: "$argon2id$…".into(),
        roles: vec!["adjuster".into(), "desk:claims_desk".into()],
        demo: true,
    };
    assert_eq!(store.account("dana").await.unwrap(), None);
    store.put_account(&dana).await.unwrap();
    assert_eq!(store.account(" Dana ").await.unwrap(), Some(dana.clone()));
    assert_eq!(store.account("da-na").await.unwrap(), None);
    let replaced = Account { password: "$other".into(), ..dana };
    store.put_account(&replaced).await.unwrap();
    assert_eq!(store.account("dana").await.unwrap(), Some(replaced));
}

async fn a_session_ends_when_it_is_idle_or_told_to(store: &dyn Store) {
    const IDLE_MS: i64 = 900_000;
    let session = Session {
        kind: "staff".into(),
        payer: ACME.into(),
        person: DANA.into(),
        csrf: "token".into(),
        began: NOW,
        last_seen: NOW,
    };
    store.put_session("digest", &session).await.unwrap();
    assert_eq!(store.session("other", NOW, IDLE_MS).await.unwrap(), None);
    let later = after_ms(IDLE_MS);
    let before = store.session("digest", later, IDLE_MS).await.unwrap();
    assert_eq!(before, Some(session.clone()), "it answers as it was before the touch");
    let latest = later.plus_ms(IDLE_MS);
    let touched = store.session("digest", latest, IDLE_MS).await.unwrap();
    assert_eq!(touched, Some(Session { last_seen: later, ..session.clone() }));
    let idle = latest.plus_ms(IDLE_MS + 1);
    assert_eq!(store.session("digest", idle, IDLE_MS).await.unwrap(), None);
    assert_eq!(store.session("digest", NOW, IDLE_MS).await.unwrap(), None, "and stays ended");
    store.put_session("digest", &session).await.unwrap();
    store.end_session("digest").await.unwrap();
    assert_eq!(store.session("digest", NOW, IDLE_MS).await.unwrap(), None);
}

fn program() -> Program {
    Program {
        flow: "refill".into(),
        version: 1,
        hash: "h1".into(),
        languages: vec!["en".into()],
        identity: Identity::Verified,
        purpose: None,
        parties: BTreeMap::new(),
        principal: "worker".into(),
        fields: BTreeMap::new(),
        outcomes: BTreeMap::new(),
        start_when: Triggers::default(),
        steps: vec![],
        spans: vec![],
        anchors: BTreeMap::new(),
        derived: BTreeMap::new(),
        interrupts: InterruptSpec::default(),
        moved: BTreeMap::new(),
    }
}

async fn a_flow_version_is_kept_once(store: &dyn Store) {
    let sources = BTreeMap::from([("flow.yaml".to_owned(), "flow: refill".to_owned())]);
    let flow = KeptFlow { hash: "h1".into(), sources, program: program() };
    assert_eq!(store.kept_flow("h1").await.unwrap(), None);
    store.keep_flow(&flow).await.unwrap();
    let other = KeptFlow { sources: BTreeMap::new(), ..flow.clone() };
    store.keep_flow(&other).await.unwrap();
    assert_eq!(store.kept_flow("h1").await.unwrap(), Some(flow));
}

async fn counts_say_how_much_waits(store: &dyn Store) {
    said(store, "c1", vec![to(ANA, 0, 0, message("worker", "hello"))]).await;
    store.accept(&arrival(ACME, ANA, "1", "more")).await.unwrap();
    let counts = store.counts(after_ms(500)).await.unwrap();
    assert_eq!(counts["conversations"], 1);
    assert_eq!(counts["messages_due"], 1);
    assert_eq!(counts["unrouted"], 1);
    assert_eq!(counts["events_waiting"], 0);
    assert_eq!(counts["oldest_waiting_ms"], 500);
}
