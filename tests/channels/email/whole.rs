//! The whole house with mail as a channel: what people write, what they get, and what the links in
//! it do when somebody other than they opens them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use mail_parser::MessageParser;
use mendline::channels::Incoming;
use mendline::channels::email::{EmailChannel, EmailEar};
use mendline::channels::inward::{Ear, Gate};
use mendline::clock::Virtual;
use mendline::config::Config;
use mendline::desk::accounts::{DEMO_PASSWORD, seed_demo};
use mendline::gate::Doorkeeper;
use mendline::host::Host;
use mendline::house::House;
use mendline::open::{Parts, assemble};
use mendline::outside::Outside;
use mendline::store::reach::Whose;
use mendline::store::sqlite::SqliteStore;
use mendline::store::{Account, Conversation, Store};
use mendline::{catalog, directory, library, links, phrases, pump, web};
use mendline_engine::time::Timestamp;
use mendline_pbm::Pbm;
use mendline_plugin::{Manifest, Plugin};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::hears::folder;
use super::server::{PASSWORD, Server, USER};
use super::support::{ANA, HOST, Nowhere, OWN, settings, vault};

const PAYER: &str = "northwind-mutual-demo";
const DANA: &str = "dana@example.org";
/// 2026-11-18 09:00 in Los Angeles, a Wednesday.
const START: &str = "2026-11-18T17:00:00Z";

struct Whole {
    house: Arc<House>,
    clock: Arc<Virtual>,
    router: axum::Router,
    server: Server,
    ear: EmailEar,
    gate: Arc<dyn Gate>,
    drop: TempDir,
    next: AtomicU32,
    _files: TempDir,
}

async fn whole() -> Whole {
    whole_with(json!({})).await
}

async fn whole_with(more: Value) -> Whole {
    let (files, drop, server) = (tempfile::tempdir().unwrap(), folder(), Server::begin().await);
    let mut all = json!({ "drop": drop.path(), "username": USER, "password": PASSWORD });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut settings = settings(all);
    settings.port = Some(server.port);
    let clock = Arc::new(Virtual::at(Timestamp::parse(START).unwrap()));
    let vault = vault();
    let channel = Arc::new(EmailChannel::new(&settings, vault.clone()).unwrap());
    let ear = EmailEar::new(&settings, vault.clone()).every(Duration::from_millis(1));
    let store = SqliteStore::open(&files.path().join("house.db"), vault.clone()).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let pbm: Arc<dyn Plugin> = Arc::new(Pbm::open(None).await.unwrap());
    let catalog = catalog::gather(&[Manifest::read(pbm.manifest()).unwrap()]).unwrap();
    let mut host = Host::default();
    host.add("pbm", pbm);
    let house = assemble(Parts {
        store,
        clock: clock.clone(),
        vault,
        host,
        catalog,
        channels: vec![channel.clone()],
        demo: false,
    });
    for flow in library::shelve(library::shipped(), &house.catalog).flows {
        house.store.keep_flow(&flow).await.unwrap();
        house.flows.publish(Arc::new(flow.program));
    }
    seed_demo(house.store.as_ref()).await.unwrap();
    let dana = house.store.account("dana").await.unwrap().unwrap();
    house.store.put_account(&Account { demo: false, ..dana }).await.unwrap();
    house.links.begin("https://care.example.test");
    let visitors = [("email".to_owned(), PAYER.to_owned())].into();
    let gate: Arc<dyn Gate> = Arc::new(Doorkeeper::of(house.clone(), visitors));
    channel.meet(gate.clone());
    let router = web::router(house.clone());
    let next = AtomicU32::new(0);
    Whole { house, clock, router, server, ear, gate, drop, next, _files: files }
}

impl Whole {
    fn next(&self) -> u32 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    async fn settle(&self) {
        pump::until_idle(&self.house).await.unwrap();
    }

    /// A mail is delivered, and the house does all that follows.
    async fn delivered(&self, mail: &str) {
        let new = self.drop.path().join("new");
        std::fs::write(new.join(format!("{:04}.mail", self.next())), mail).unwrap();
        let until = CancellationToken::new();
        let listening = self.ear.listen(self.gate.clone(), Arc::new(Nowhere), until.clone());
        let emptied = async {
            while std::fs::read_dir(&new).unwrap().count() > 0 {
                // Whoever arrives is put on disk by this very task.
                tokio::task::yield_now().await;
            }
            until.cancel();
        };
        let (listened, ()) = tokio::join!(listening, emptied);
        listened.unwrap();
        self.settle().await;
    }

    /// Somebody writes a mail that her provider vouches for.
    async fn mails(&self, from: &str, words: &str) {
        let domain = from.split('@').nth(1).unwrap();
        let proof = format!("Authentication-Results: {HOST}; dmarc=pass header.from={domain}\n");
        self.delivered(&format!("{proof}{}", self.mail(from, words))).await;
    }

    fn mail(&self, from: &str, words: &str) -> String {
        let id = self.next();
        format!(
            "From: {from}\nTo: {OWN}\nSubject: Re: Request\nIn-Reply-To: <x@example.com>\n\
             Message-ID: <{id}@{from}>\n\n{words}\n"
        )
    }

    /// Somebody takes a link from where she is verified and opens it: her mail program writes what
    /// it says.
    async fn links(&self, person: &str, address: &str) {
        directory::ensure_known(&self.house, PAYER, person).await.unwrap();
        let config = format!(
            "public_url = 'https://care.example.test'\n[payers.{PAYER}]\n[email]\nfrom = '{OWN}'\n\
             host = 'localhost'\ntls = 'none'\ndrop = '/nowhere'\nauthserv = '{HOST}'\n"
        );
        let outside = Outside::of(&Config::of(&config, []).unwrap(), &vault()).unwrap();
        let whose = Whose { payer: PAYER.into(), person: person.into() };
        let there = links::there(&self.house, &whose, &outside.elsewhere[0]).await.unwrap();
        let (to, body) = there.link.split_once("&body=").unwrap();
        assert_eq!(to, "mailto:care@example.com?subject=Mendline");
        self.mails(address, &body.replace("%20", " ")).await;
    }

    /// Ana does something in her own chat.
    async fn ana(&self, words: &str) {
        let (id, said) = (format!("w{}", self.next()), Incoming::Words(words.into()));
        self.house.arrive(PAYER, "web", &id, "ana", said, Some(words.into())).await.unwrap();
        self.settle().await;
        let store = &self.house.store;
        let lines = store.lines_after(PAYER, "ana", "web", 0, 500).await.unwrap();
        let last = lines.last().unwrap().seq;
        for message in store.acknowledge(PAYER, "ana", "web", last).await.unwrap() {
            let shown = mendline_engine::event::Receipt::Shown;
            let became = mendline::store::Became::Reported(shown);
            store.settle_message(&message, became, self.house.clock.now()).await.unwrap();
        }
        self.settle().await;
    }

    /// Ana asks for an approval: waiting at the counter, or at home.
    async fn ana_asks_from(&self, counter: &str) {
        for words in ["my prescription was rejected", "gabapentin 300 mg", counter, "Ask now"] {
            self.ana(words).await;
        }
    }

    async fn ana_asks(&self) {
        self.ana_asks_from("Yes, I am waiting").await;
    }

    async fn later(&self, ms: i64) {
        self.clock.set(self.house.clock.now().plus_ms(ms));
        self.settle().await;
    }

    /// Subject and plain text of every mail to an address, oldest first.
    fn got(&self, address: &str) -> Vec<(String, String)> {
        let mails = self.server.got().into_iter().filter(|it| it.to == address);
        let read = |it: super::server::Got| {
            let mail = MessageParser::default().parse(&it.mail).unwrap();
            (mail.subject().unwrap().to_owned(), mail.body_text(0).unwrap().into_owned())
        };
        mails.map(read).collect()
    }

    /// Every link in every mail, from its page.
    fn hrefs(&self) -> Vec<String> {
        let mut links = Vec::new();
        for it in self.server.got() {
            let mail = MessageParser::default().parse(&it.mail).unwrap();
            let page = mail.body_html(0).unwrap().into_owned();
            let found = page.split("href=\"").skip(1).map(|it| it.split('"').next().unwrap());
            links.extend(found.map(|it| it.replace("&amp;", "&")));
        }
        links
    }

    async fn ask(&self, request: axum::http::request::Builder, body: Body) -> (StatusCode, String) {
        let request = request.header(header::HOST, "care.example.test").body(body).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let cookie = answer.headers().get(header::SET_COOKIE);
        let cookie = cookie.map_or("", |it| it.to_str().unwrap()).to_owned();
        let (head, body) = answer.into_parts();
        to_bytes(body, 1 << 20).await.unwrap();
        (head.status, cookie.split(';').next().unwrap_or_default().to_owned())
    }

    async fn posts(&self, path: &str, form: &str) -> (StatusCode, String) {
        let kind = "application/x-www-form-urlencoded";
        let request = Request::post(path).header(header::CONTENT_TYPE, kind);
        self.ask(request, Body::from(form.to_owned())).await
    }

    /// Somebody opens every link of every mail, as programs do before people see them.
    async fn opens_all(&self, cookie: &str) {
        for link in self.hrefs() {
            let path = link.strip_prefix("https://care.example.test").unwrap();
            for request in [Request::get(path), Request::head(path)] {
                let request = request.header(header::COOKIE, cookie);
                let (status, _) = self.ask(request, Body::empty()).await;
                assert!(!status.is_server_error(), "{link}: {status}");
            }
        }
        self.settle().await;
    }

    async fn request(&self) -> Conversation {
        let all = self.house.store.cards(PAYER, "dana").await.unwrap();
        let [card] = all.as_slice() else { panic!("{} cards", all.len()) };
        let id = &card.question.conversation;
        self.house.store.conversation(PAYER, id).await.unwrap().unwrap()
    }

    async fn address(&self, person: &str) -> Option<String> {
        let person = self.house.store.person(PAYER, person).await.unwrap().unwrap();
        person.addresses.get("email").cloned()
    }
}

fn english(phrase: phrases::Phrase) -> String {
    phrase.1.to_owned()
}

#[tokio::test]
async fn an_address_becomes_hers_by_a_link_from_her_chat_and_she_goes_on_by_mail() {
    let it = whole().await;
    it.links("ana", ANA).await;
    assert_eq!(it.address("ana").await.as_deref(), Some(ANA));
    assert!(it.got(ANA)[0].1.starts_with(&english(phrases::LINKED)));
    it.mails(ANA, "what is the status of my claim").await;
    let got = it.got(ANA);
    assert!(got.len() > 1, "she is answered where she wrote");
    for (subject, text) in &got {
        for private in ["DEMO-", "gabapentin", "Ana"] {
            assert!(!subject.contains(private) && !text.contains(private), "{subject} {text}");
        }
    }
    let leads = |it: &&(String, String)| it.1.contains("https://care.example.test/chat?invite=");
    let (subject, _) = got.iter().find(leads).expect("what is private is a link away");
    assert!(subject.starts_with("Request "), "{subject}");
}

#[tokio::test]
async fn rule_14_whoever_opens_the_links_of_a_card_decides_nothing() {
    let it = whole().await;
    it.links("dana", DANA).await;
    it.ana_asks().await;
    let (subject, card) = it.got(DANA).pop().unwrap();
    assert!(subject.contains(", due "), "{subject}");
    for private in ["DEMO-", "gabapentin", "Ana", "invite=", "Approve"] {
        assert!(!card.contains(private) && !subject.contains(private), "{private}: {card}");
    }
    let form = format!("login=dana&password={DEMO_PASSWORD}");
    let (entered, dana) = it.posts("/desk/login", &form).await;
    assert_eq!(entered, StatusCode::SEE_OTHER);
    let before = it.request().await;
    assert!(it.hrefs().iter().any(|it| it.contains("/desk/card/")), "{card}");
    // A scanner that knows nobody, and a mail program in the browser where Dana is logged in.
    it.opens_all("").await;
    it.opens_all(&dana).await;
    assert_eq!(it.request().await.state, before.state);
}

#[tokio::test]
async fn rule_14_whoever_opens_the_link_into_a_chat_first_spends_nothing() {
    let it = whole().await;
    it.links("ana", ANA).await;
    it.mails(ANA, "what is the status of my claim").await;
    it.opens_all("").await;
    let links = it.hrefs();
    let invite = links.iter().find_map(|it| it.split_once("invite=")).unwrap().1;
    let form = format!("invite={invite}");
    let (status, cookie) = it.posts("/chat/enter", &form).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(!cookie.is_empty(), "she is the first who uses her link");
    let (_, cookie) = it.posts("/chat/enter", &form).await;
    assert!(cookie.is_empty(), "and the last");
}

#[tokio::test]
async fn rule_04_no_word_by_mail_decides() {
    let it = whole().await;
    it.links("dana", DANA).await;
    it.ana_asks().await;
    let before = it.request().await;
    for words in ["approve", "Approve", "1", "/approve 1", "yes", "ok"] {
        it.mails(DANA, words).await;
    }
    assert_eq!(it.request().await.state.position, before.state.position);
    let last = it.got(DANA).pop().unwrap().1;
    assert!(last.contains("Words alone decide nothing"), "{last}");
}

#[tokio::test]
async fn rule_14_a_forged_sender_is_a_stranger_and_learns_nothing() {
    let it = whole().await;
    it.links("ana", ANA).await;
    it.delivered(&it.mail(ANA, "what is the status of my claim")).await;
    let forged = format!("Authentication-Results: {HOST}; dmarc=fail\n");
    it.delivered(&format!("{forged}{}", it.mail(ANA, "my prescription was rejected"))).await;
    let got: Vec<_> = it.got(ANA).into_iter().map(|(_, text)| text).collect();
    assert_eq!(got.len(), 3);
    for text in &got[1..] {
        assert!(text.starts_with(&english(phrases::WAY_IN)), "{text}");
    }
    let lines = it.house.store.lines_after(PAYER, "ana", "web", 0, 500).await.unwrap();
    assert!(lines.is_empty(), "nothing was done in her name");
}

#[tokio::test]
async fn stop_ends_it_whoever_vouches_for_it() {
    let it = whole().await;
    it.links("dana", DANA).await;
    it.delivered(&it.mail(DANA, "STOP")).await;
    it.ana_asks().await;
    assert_eq!(it.got(DANA).len(), 2, "that she was linked, that it is over, and nothing more");
    it.request().await;
}

#[tokio::test]
async fn an_address_that_bounces_is_written_to_no_more() {
    let it = whole().await;
    it.links("ana", ANA).await;
    let mail = it.server.got().pop().unwrap().mail;
    let id = mail.split("Message-ID: ").nth(1).unwrap_or_else(|| panic!("{mail}"));
    let id = id.trim_start().split('>').next().unwrap();
    it.delivered(&format!(
        "From: MAILER-DAEMON@{HOST}\nContent-Type: multipart/report; boundary=b\n\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n\
         Final-Recipient: rfc822; {ANA}\nAction: failed\nStatus: 5.1.1\n\n--b\n\
         Content-Type: text/rfc822-headers\n\nMessage-ID: {id}>\n\n--b--\n"
    ))
    .await;
    assert_eq!(it.address("ana").await, None);
}

#[tokio::test]
async fn a_mailbox_that_is_not_there_costs_nobody_her_message() {
    let it = whole().await;
    it.links("ana", ANA).await;
    it.server.refuses_once("RCPT", "550 5.1.1 no such user");
    it.mails(ANA, "what is the status of my claim").await;
    // That the address is gone is handed in beside the sending.
    for _ in 0..10_000 {
        if it.address("ana").await.is_none() {
            break;
        }
        it.settle().await;
    }
    assert_eq!(it.address("ana").await, None);
    // Nothing of it had left: whoever looks next finds the way into her secure chat.
    it.later(MINUTE_MS).await;
    let lines = it.house.store.lines_after(PAYER, "ana", "web", 0, 500).await.unwrap();
    let said = lines[0].body["text"].as_str().unwrap_or_default();
    assert!(said.contains("is accepted"), "{lines:?}");
}

const MINUTE_MS: i64 = 60 * 1_000;

#[tokio::test]
async fn what_can_wait_leaves_at_the_times_of_the_day_and_stands_at_the_desk_meanwhile() {
    let it = whole_with(json!({ "digests": ["09:30", "15:00"] })).await;
    it.links("dana", DANA).await;
    assert_eq!(it.got(DANA).len(), 1, "an answer waits for nothing");
    it.ana_asks_from("No").await;
    it.request().await;
    assert_eq!(it.got(DANA).len(), 1);
    it.later(29 * MINUTE_MS).await;
    assert_eq!(it.got(DANA).len(), 1);
    it.later(MINUTE_MS).await;
    assert!(it.got(DANA).len() > 1, "it is half past nine");
}

#[tokio::test]
async fn what_somebody_waits_for_at_a_counter_leaves_at_once() {
    let it = whole_with(json!({ "digests": ["09:30", "15:00"] })).await;
    it.links("dana", DANA).await;
    it.ana_asks_from("Yes, I am waiting").await;
    assert!(it.got(DANA).len() > 1);
}
