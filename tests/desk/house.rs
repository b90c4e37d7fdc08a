//! A whole house in a temporary place: real flows, fictional claims, and staff who knock.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use mendline::channels::Incoming;
use mendline::clock::Virtual;
use mendline::desk::accounts::{DEMO_PASSWORD, seed_demo};
use mendline::host::Host;
use mendline::house::House;
use mendline::open::{Parts, assemble};
use mendline::store::Store;
use mendline::store::sqlite::SqliteStore;
use mendline::vault::Vault;
use mendline::{catalog, flows::Flows, pump, web};
use mendline_engine::catalog::Catalog;
use mendline_engine::load::{Source, load};
use mendline_engine::time::Timestamp;
use mendline_pbm::Pbm;
use mendline_plugin::{Manifest, Plugin};
use tempfile::TempDir;
use tower::ServiceExt;

pub const PAYER: &str = "northwind-mutual-demo";
/// 2026-11-18 09:00 in Los Angeles, a Wednesday.
pub const START: &str = "2026-11-18T17:00:00Z";

pub struct Place {
    pub house: Arc<House>,
    pub clock: Arc<Virtual>,
    router: axum::Router,
    _files: TempDir,
}

/// The demo's house, its staff seeded.
pub async fn place() -> Place {
    place_as(true).await
}

pub async fn place_as(demo: bool) -> Place {
    let files = tempfile::tempdir().unwrap();
    let clock = Arc::new(Virtual::at(Timestamp::parse(START).unwrap()));
    let vault = Arc::new(Vault::from_key([7; 32]));
    let store = SqliteStore::open(&files.path().join("mendline.db"), vault.clone()).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let pbm: Arc<dyn Plugin> = Arc::new(Pbm::open(None).await.unwrap());
    let catalog = catalog::gather(&[Manifest::read(pbm.manifest()).unwrap()]).unwrap();
    let mut host = Host::default();
    host.add("pbm", pbm);
    let flows = read_flows(&catalog);
    let clock_too = clock.clone();
    let house = assemble(Parts {
        store,
        clock: clock_too,
        vault,
        host,
        catalog,
        channels: Vec::new(),
        demo,
    });
    flows.all().into_iter().for_each(|it| house.flows.publish(it));
    for program in house.flows.all() {
        let kept = mendline::store::KeptFlow {
            hash: program.hash.clone(),
            sources: Default::default(),
            program: (*program).clone(),
        };
        house.store.keep_flow(&kept).await.unwrap();
    }
    seed_demo(house.store.as_ref()).await.unwrap();
    let router = web::router(house.clone());
    Place { house, clock, router, _files: files }
}

fn read_flows(catalog: &Catalog) -> Flows {
    let names = [
        "medication_approval",
        "gather_information",
        "refill",
        "claim_status",
        "call_me",
        "look_at_file",
    ];
    let others: Vec<String> = names.iter().map(|&it| it.into()).collect();
    let flows = Flows::default();
    for name in names {
        let folder = format!("{}/flows/{}", env!("CARGO_MANIFEST_DIR"), name.replace('_', "-"));
        let read = |file: &str| {
            let path = format!("{folder}/{file}");
            Source { text: std::fs::read_to_string(&path).unwrap(), file: path }
        };
        let loaded = load(&read("flow.yaml"), &[read("flow.es.yaml")], catalog, &others);
        let program = loaded.program.unwrap_or_else(|| panic!("{name}: {:?}", loaded.findings));
        flows.publish(Arc::new(program));
    }
    flows
}

/// An answer of the server.
pub struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    /// The cookie of this name, as a browser sends it back.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let set = self.headers.get_all("set-cookie").into_iter();
        let set = set.map(|it| it.to_str().unwrap().split(';').next().unwrap().to_owned());
        set.into_iter()
            .find(|it| it.split_once('=').is_some_and(|(is, v)| is == name && !v.is_empty()))
    }

    /// The value of the first hidden field of this name.
    pub fn field(&self, name: &str) -> String {
        self.after(&format!("name=\"{name}\""), "value=\"").unwrap_or_default()
    }

    /// The first link on the page that begins like this.
    pub fn link(&self, begins: &str) -> String {
        let at = self.body.find(&format!("href=\"{begins}"));
        let at = at.unwrap_or_else(|| panic!("no link {begins} on\n{}", self.body));
        self.body[at + 6..].split('"').next().unwrap().to_owned()
    }

    fn after(&self, mark: &str, then: &str) -> Option<String> {
        let rest = &self.body[self.body.find(mark)?..];
        let rest = &rest[rest.find(then)? + then.len()..];
        rest.split('"').next().map(str::to_owned)
    }

    #[track_caller]
    pub fn says(&self, words: &str) {
        assert!(self.body.contains(words), "'{words}' is not on\n{}", self.body);
    }

    #[track_caller]
    pub fn says_not(&self, words: &str) {
        assert!(!self.body.contains(words), "'{words}' is on\n{}", self.body);
    }
}

/// An answer that is no page.
pub struct Bytes {
    pub status: StatusCode,
    headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Bytes {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }
}

impl Place {
    /// Asks, while the house goes on with its work.
    async fn ask(&self, request: Request<Body>) -> Answer {
        let Bytes { status, headers, bytes } = self.ask_bytes(request).await;
        Answer { status, headers, body: String::from_utf8(bytes).unwrap() }
    }

    pub async fn get_bytes(&self, path: &str, cookie: &str) -> Bytes {
        let request = Request::get(path).header(header::HOST, "localhost");
        let request = request.header(header::COOKIE, cookie).body(Body::empty());
        self.ask_bytes(request.unwrap()).await
    }

    async fn ask_bytes(&self, request: Request<Body>) -> Bytes {
        let answered = std::sync::atomic::AtomicBool::new(false);
        let asked = async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            answered.store(true, std::sync::atomic::Ordering::SeqCst);
            response
        };
        // Work is never dropped in the middle: a lease would stay on what it had in hand.
        let working = async {
            while !answered.load(std::sync::atomic::Ordering::SeqCst) {
                pump::until_idle(&self.house).await.unwrap();
                tokio::task::yield_now().await;
            }
            pump::until_idle(&self.house).await.unwrap();
        };
        let (response, ()) = futures::join!(asked, working);
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        Bytes { status: head.status, headers: head.headers, bytes: bytes.to_vec() }
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::HOST, "localhost");
        let request = request.header(header::COOKIE, cookie).body(Body::empty());
        self.ask(request.unwrap()).await
    }

    pub async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Answer {
        let body: Vec<_> = form.iter().map(|(k, v)| format!("{}={}", coded(k), coded(v))).collect();
        let request = Request::post(path)
            .header(header::HOST, "localhost")
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request.body(Body::from(body.join("&"))).unwrap()).await
    }

    pub async fn try_login(&self, login: &str, password: &str) -> Answer {
        self.post("/desk/login", "", &[("login", login), ("password", password)]).await
    }

    /// Logs in; answers the cookie.
    pub async fn login(&self, login: &str) -> String {
        let entered = self.try_login(login, DEMO_PASSWORD).await;
        assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.body);
        entered.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// Ana writes, and the house does all that follows.
    pub async fn worker(&self, person: &str, words: &str) {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let id = format!("w{next}");
        let said = Incoming::Words(words.into());
        self.house.arrive(PAYER, "web", &id, person, said, Some(words.into())).await.unwrap();
        pump::until_idle(&self.house).await.unwrap();
        self.sees(person).await;
    }

    /// Her page shows every line that is there; answers the last.
    pub async fn sees(&self, person: &str) -> String {
        let store = &self.house.store;
        let lines = store.lines_after(PAYER, person, "web", 0, 500).await.unwrap();
        let Some(last) = lines.last() else { return String::new() };
        let now = self.house.clock.now();
        for message in store.acknowledge(PAYER, person, "web", last.seq).await.unwrap() {
            let shown = mendline_engine::event::Receipt::Shown;
            let became = mendline::store::Became::Reported(shown);
            store.settle_message(&message, became, now).await.unwrap();
        }
        pump::until_idle(&self.house).await.unwrap();
        last.body["text"].as_str().unwrap_or_default().to_owned()
    }

    /// A worker asks for an approval; the adjuster has a card afterwards.
    pub async fn asks_for(&self, person: &str, drug: &str, counter: &str) {
        self.worker(person, "my prescription was rejected").await;
        self.worker(person, drug).await;
        self.worker(person, counter).await;
        self.worker(person, "Ask now").await;
    }

    pub async fn ana_at_the_counter(&self) {
        self.asks_for("ana", "gabapentin 300 mg", "Yes, I am waiting").await;
    }
}

fn coded(text: &str) -> String {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.~".contains(&it);
    text.bytes()
        .map(|it| if plain(it) { char::from(it).to_string() } else { format!("%{it:02X}") })
        .collect()
}
