//! Coming in without a link: facts, then a code to the contact on file; nobody learns which part was
//! wrong, and nobody tries for long.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::http::StatusCode;
use mendline::channels::{Channel, Incoming, Outgoing, Profile, SendError, Sent};
use mendline::identity::{CODE_MS, TRIES_MS};
use mendline::library;
use mendline::store::Person;
use mendline::web::session::IDLE_MS;
use mendline_engine::time::Timestamp;

use crate::house::{ANA, Answer, PAYER, Place, place, place_with};

const HOME: &str = "198.51.100.7";
/// What is on file of Ana.
const ANA_IS: [(&str, &str); 3] = [("claim", "0123"), ("born", "1984-03-12"), ("zip", "90012")];

/// A phone that takes everything: to whom, and what.
#[derive(Default)]
struct Phone(Mutex<Vec<(String, String)>>);

#[async_trait]
impl Channel for Phone {
    fn profile(&self) -> Profile {
        Profile { name: "sms", text_chars_max: 1600, buttons: false, level: 1, intrudes: true }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let got = (outgoing.to.clone(), outgoing.frozen.text.clone());
        self.0.lock().unwrap().push(got);
        Ok(Sent::as_shown())
    }
}

struct Door {
    place: Place,
    phone: Arc<Phone>,
}

async fn door() -> Door {
    let phone = Arc::new(Phone::default());
    let place = place_with(false, vec![phone.clone()]).await;
    place.house.links.begin("http://localhost:8080");
    Door { place, phone }
}

impl Door {
    /// Says who she is, from somewhere; answers the cookie of what waits then.
    async fn says(&self, from: &str, facts: &[(&str, &str)]) -> (Answer, String) {
        let answer = self.place.post_from(from, "/chat/find", "", facts).await;
        self.place.idle().await;
        let cookie = cookie(&answer, "mendline_code").unwrap_or_default();
        (answer, cookie)
    }

    async fn gives(&self, cookie: &str, code: &str) -> Answer {
        let answer = self.place.post_from(HOME, "/chat/code", cookie, &[("code", code)]).await;
        self.place.idle().await;
        answer
    }

    /// What went out so far.
    fn sent(&self) -> Vec<(String, String)> {
        self.phone.0.lock().unwrap().clone()
    }

    /// The newest code that went out.
    fn code(&self) -> String {
        let (_, text) = self.sent().pop().expect("a code was sent");
        text.rsplit_once('#').unwrap().1.to_owned()
    }

    fn later(&self, ms: i64) {
        self.place.clock.set(Timestamp(self.place.house.clock.now().0 + ms));
    }
}

/// A cookie that an answer sets.
fn cookie(answer: &Answer, name: &str) -> Option<String> {
    let all = answer.headers.get_all("set-cookie").into_iter().filter_map(|it| it.to_str().ok());
    let pairs = all.filter_map(|it| it.split(';').next());
    pairs.filter(|it| it.starts_with(&format!("{name}="))).map(str::to_owned).next()
}

fn with(name: &'static str, value: &'static str) -> [(&'static str, &'static str); 3] {
    ANA_IS.map(|(it, was)| (it, if it == name { value } else { was }))
}

#[tokio::test]
async fn whoever_is_on_file_gets_a_code_at_the_contact_on_file_and_comes_in() {
    let door = door().await;
    // 23:00 for her: a code that was asked for wakes nobody.
    door.later(16 * 60 * 60 * 1_000);
    let (asked, waits) = door.says(HOME, &ANA_IS).await;
    assert_eq!((asked.status, asked.header("location")), (StatusCode::SEE_OTHER, "/chat/code"));
    let (to, text) = door.sent().pop().unwrap();
    assert_eq!(to, "+12135550110", "what is on file, whatever she writes");
    let code = door.code();
    assert!(code.len() == 6 && code.bytes().all(|it| it.is_ascii_digit()), "{code}");
    assert!(text.ends_with(&format!("\n@localhost #{code}")), "a phone fills it in: {text}");
    for private in ["claim", "medic", "Ana", "DEMO"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
    let page = door.place.get_as("/chat/code", &waits).await;
    assert!(page.says("autocomplete=\"one-time-code\""));
    let entered = door.gives(&waits, &code).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
    let hers = cookie(&entered, "mendline_chat").unwrap();
    assert!(door.place.get_as("/chat", &hers).await.says("Hello Ana"));
}

#[tokio::test]
async fn rule_12_right_and_wrong_read_the_same_and_only_who_is_on_file_is_sent_anything() {
    let door = door().await;
    let mut pages = BTreeSet::new();
    for (nth, facts) in [
        ANA_IS,
        with("claim", "DEMO-CA-000123"),
        with("claim", "9999"),
        with("born", "1984-03-13"),
        with("born", "no day"),
        with("zip", "90013"),
    ]
    .iter()
    .enumerate()
    {
        let (asked, waits) = door.says(&format!("198.51.100.{nth}"), facts).await;
        assert_eq!((asked.status, asked.header("location")), (StatusCode::SEE_OTHER, "/chat/code"));
        pages.insert(door.place.get_as("/chat/code", &waits).await.body);
        let (from, code) = (format!("203.0.113.{nth}"), [("code", "000000")]);
        let refused = door.place.post_from(&from, "/chat/code", &waits, &code).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        pages.insert(refused.body);
    }
    assert_eq!(pages.len(), 2, "one page that waits, and one that did not work");
    assert_eq!(door.sent().len(), 2);
    assert!(door.sent().iter().all(|(to, _)| to == "+12135550110"));
}

#[tokio::test]
async fn after_three_tries_of_one_identity_or_from_one_address_nobody_is_compared_any_more() {
    let door = door().await;
    let wrong = with("born", "1984-03-13");
    for nth in 0..3 {
        let (asked, _) = door.says(&format!("198.51.100.{nth}"), &wrong).await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER);
    }
    let (locked, _) = door.says("198.51.100.9", &ANA_IS).await;
    assert_eq!(locked.status, StatusCode::TOO_MANY_REQUESTS, "however right it is now");
    assert!(locked.says("15 minutes") && locked.says("/chat/call-me"));
    assert!(door.sent().is_empty());
    for nth in ["9990", "9991", "9992"] {
        door.says("203.0.113.1", &[("claim", nth), ("born", "1984-03-12"), ("zip", "1")]).await;
    }
    let other = [("claim", "0202"), ("born", "1979-11-02"), ("zip", "78701")];
    assert_eq!(door.says("203.0.113.1", &other).await.0.status, StatusCode::TOO_MANY_REQUESTS);
    door.later(TRIES_MS);
    let (asked, _) = door.says("203.0.113.1", &ANA_IS).await;
    assert_eq!((asked.status, door.sent().len()), (StatusCode::SEE_OTHER, 1));
}

#[tokio::test]
async fn a_code_counts_once_for_five_minutes_and_only_while_it_is_the_newest() {
    let door = door().await;
    let (_, first) = door.says(HOME, &ANA_IS).await;
    let old = door.code();
    let (_, second) = door.says(HOME, &ANA_IS).await;
    let new = door.code();
    assert_eq!(door.gives(&first, &old).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(door.gives(&second, &new).await.status, StatusCode::SEE_OTHER);
    assert_eq!(door.gives(&second, &new).await.status, StatusCode::UNPROCESSABLE_ENTITY, "again");
    door.later(TRIES_MS);
    let (_, third) = door.says(HOME, &ANA_IS).await;
    door.later(CODE_MS);
    assert_eq!(door.gives(&third, &door.code()).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn after_three_wrong_codes_a_person_is_to_call_her() {
    let door = door().await;
    door.place.publish("talk-to-a-person").await;
    let (_, waits) = door.says(HOME, &ANA_IS).await;
    let wrong = if door.code() == "000000" { "000001" } else { "000000" };
    for _ in 0..2 {
        assert_eq!(door.gives(&waits, wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(door.gives(&waits, wrong).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(door.gives(&waits, &door.code()).await.status, StatusCode::TOO_MANY_REQUESTS);
    let tasks = door.place.house.store.handoffs(PAYER, &["claims_desk".to_owned()]).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].principal, ANA);
}

#[tokio::test]
async fn whoever_is_locked_out_may_leave_a_number_and_a_person_calls() {
    let door = door().await;
    door.place.publish("talk-to-a-person").await;
    let call = async |phone: &str| {
        door.place.post_from(HOME, "/chat/call-me", "", &[("phone", phone)]).await
    };
    assert_eq!(call("12").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for _ in 0..2 {
        assert!(call("+1 213 555 0199").await.says("A person will call you"));
    }
    door.place.idle().await;
    let tasks = door.place.house.store.handoffs(PAYER, &["claims_desk".to_owned()]).await.unwrap();
    let callers: BTreeSet<_> = tasks.iter().map(|it| it.principal.clone()).collect();
    assert_eq!(callers.len(), 1, "one caller, however often");
    let caller = callers.first().unwrap();
    let caller = door.place.house.store.person(PAYER, caller).await.unwrap().unwrap();
    assert!(caller.name.contains("+1 213 555 0199") && caller.role == "visitor");
}

#[tokio::test]
async fn a_locked_page_is_opened_by_a_code_on_the_device_that_was_hers() {
    let door = door().await;
    let entered = door.place.post("/chat/enter", "", &[("invite", &door.place.token(ANA))]).await;
    let chat = cookie(&entered, "mendline_chat").unwrap();
    let device = cookie(&entered, "mendline_device").unwrap();
    let both = format!("{chat}; {device}");
    let csrf = door.place.get_as("/chat", &both).await.field("csrf");
    door.later(IDLE_MS + 1_000);
    let locked = door.place.get_as("/chat", &both).await;
    assert!(locked.says("locked") && locked.says("/chat/code/send"));
    let asked = door.place.post("/chat/code/send", &both, &[]).await;
    door.place.idle().await;
    let waits = cookie(&asked, "mendline_code").unwrap();
    let entered = door.gives(&waits, &door.code()).await;
    assert!(cookie(&entered, "mendline_chat").is_some());
    // Nobody who is not known here is sent anything.
    let forged = door.place.post("/chat/code/send", "mendline_device=forged", &[]).await;
    assert_eq!(forged.header("location"), "/chat/find");
    // Whoever leaves, leaves nothing.
    let hers = cookie(&entered, "mendline_chat").unwrap();
    assert!(!csrf.is_empty());
    let csrf = door.place.get_as("/chat", &hers).await.field("csrf");
    let left = door.place.post("/chat/leave", &hers, &[("csrf", &csrf)]).await;
    assert_eq!(cookie(&left, "mendline_device").as_deref(), Some("mendline_device="));
}

#[tokio::test]
async fn where_no_code_can_be_sent_none_is_offered() {
    let place = place(false).await;
    assert!(!place.get("/chat").await.says("/chat/find"));
    assert_eq!(place.get("/chat/find").await.header("location"), "/chat");
}

#[tokio::test]
async fn rule_14_who_says_not_to_be_her_ends_her_pages_and_the_links_that_were_made() {
    let door = door().await;
    let hers = door.place.enter(ANA).await;
    let (before, house) = (door.place.token(ANA), &door.place.house);
    door.later(1_000);
    let not_me = Incoming::NotMe { channel: "sms".into() };
    house.arrive(PAYER, "sms", "1", ANA, not_me, None).await.unwrap();
    door.place.idle().await;
    assert!(door.place.get_as("/chat", &hers).await.says("locked"));
    let entered = door.place.post("/chat/enter", "", &[("invite", &before)]).await;
    assert!(entered.says("used already") && entered.status == StatusCode::GONE);
    door.later(1_000);
    assert!(door.place.enter(ANA).await.contains("mendline_chat="), "a new one is hers");
}

#[tokio::test]
async fn whoever_was_asked_by_text_finds_the_question_in_her_chat_when_she_comes_in() {
    let door = door().await;
    let (place, house) = (&door.place, &door.place.house);
    for flow in library::shelve(library::shipped(), &house.catalog).flows {
        house.store.keep_flow(&flow).await.unwrap();
        house.flows.publish(Arc::new(flow.program));
    }
    let row = mendline::directory::ensure_known(house, PAYER, ANA).await.unwrap().unwrap();
    let addresses = [("sms".to_owned(), ANA.to_owned()), ("web".to_owned(), ANA.to_owned())];
    house.store.know(&Person { addresses: addresses.into(), ..row }).await.unwrap();
    let words = Incoming::Words("my prescription was rejected".into());
    house.arrive(PAYER, "sms", "asks", ANA, words, None).await.unwrap();
    place.idle().await;
    assert!(door.sent().iter().any(|(_, text)| text.contains("I have a question")));
    let cookie = place.enter(ANA).await;
    place.idle().await;
    assert!(place.get_as("/chat", &cookie).await.says("Which medicine do you need?"));
}
