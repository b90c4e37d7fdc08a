//! A house in a temporary place with the fictional claims, and ways to knock at its doors.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode, header};
use mendline::channels::{Channel, Incoming, Outgoing};
use mendline::clock::Virtual;
use mendline::house::House;
use mendline::open::{Parts, assemble};
use mendline::store::sqlite::SqliteStore;
use mendline::store::{EffectRef, Frozen, KeptFlow, Leaving, MessageRef, Store};
use mendline::vault::Vault;
use mendline::web::{Settings, invite_link, router_with};
use mendline::{catalog, host::Host, pump};
use mendline_engine::message::MessageKind;
use mendline_engine::time::Timestamp;
use mendline_pbm::Pbm;
use mendline_plugin::{Manifest, Plugin};
use tempfile::TempDir;
use tower::ServiceExt;

pub const PAYER: &str = "northwind-mutual-demo";
pub const ANA: &str = "ana";
/// 2026-11-18 09:00 in Chicago.
pub const START_MS: i64 = 1_795_014_000_000;

pub struct Place {
    pub house: Arc<House>,
    pub clock: Arc<Virtual>,
    pub router: axum::Router,
    _files: TempDir,
}

/// A house as a server has it; `demo` as the demo has it.
pub async fn place(demo: bool) -> Place {
    place_with(demo, Vec::new()).await
}

/// The same, with channels of the test's own.
pub async fn place_with(demo: bool, channels: Vec<Arc<dyn Channel>>) -> Place {
    let files = tempfile::tempdir().unwrap();
    let clock = Arc::new(Virtual::at(Timestamp(START_MS)));
    let house = open(files.path(), clock.clone(), channels, demo).await;
    let router = router_with(house.clone(), Settings::demo());
    Place { house, clock, router, _files: files }
}

async fn open(
    files: &Path,
    clock: Arc<Virtual>,
    channels: Vec<Arc<dyn Channel>>,
    demo: bool,
) -> Arc<House> {
    let vault = Arc::new(Vault::from_key([7; 32]));
    let store = SqliteStore::open(&files.join("mendline.db"), vault.clone()).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let pbm: Arc<dyn Plugin> = Arc::new(Pbm::open(None).await.unwrap());
    let manifest = Manifest::read(pbm.manifest()).unwrap();
    let mut host = Host::default();
    host.add("pbm", pbm);
    let catalog = catalog::gather(&[manifest]).unwrap();
    assemble(Parts { store, clock, vault, host, catalog, channels, demo })
}

/// An answer of the server.
pub struct Answer {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: Response<Body>) -> Answer {
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    /// The value of a hidden field on the page.
    pub fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let at = self.body.find(&start).unwrap_or_else(|| panic!("no field {name}")) + start.len();
        self.body[at..].split('"').next().unwrap().to_owned()
    }

    pub fn says(&self, words: &str) -> bool {
        self.body.contains(words)
    }
}

impl Place {
    pub async fn ask(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_as(path, "").await
    }

    pub async fn get_as(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::HOST, "localhost");
        let request = request.header(header::COOKIE, cookie).body(Body::empty());
        self.ask(request.unwrap()).await
    }

    pub async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Answer {
        self.post_from("127.0.0.1", path, cookie, form).await
    }

    /// A form that somebody sends from this address.
    pub async fn post_from(
        &self,
        from: &str,
        path: &str,
        cookie: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        let body: Vec<_> = form.iter().map(|(k, v)| format!("{k}={}", encoded(v))).collect();
        let request = Request::post(path)
            .header(header::HOST, "localhost")
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .extension(ConnectInfo(SocketAddr::from((from.parse::<IpAddr>().unwrap(), 40_000))));
        self.ask(request.body(Body::from(body.join("&"))).unwrap()).await
    }

    /// A fresh link's token.
    pub fn token(&self, person: &str) -> String {
        let link = invite_link(&self.house, PAYER, person, "http://localhost");
        link.split_once("invite=").unwrap().1.to_owned()
    }

    /// Enters by a fresh link; answers the cookie.
    pub async fn enter(&self, person: &str) -> String {
        let entered = self.post("/chat/enter", "", &[("invite", &self.token(person))]).await;
        assert_eq!(entered.status, StatusCode::SEE_OTHER);
        entered.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// The bot says something to Ana, as dispatch hands it over.
    pub async fn bot_says(&self, text: &str) {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let effect: EffectRef = format!("person/ana/1/0.{next}").parse().unwrap();
        let outgoing = Outgoing {
            key: MessageRef { payer: PAYER.into(), effect },
            person: ANA.into(),
            to: ANA.into(),
            frozen: Frozen {
                channel: "web".into(),
                text: text.into(),
                buttons: Vec::new(),
                numbers: Vec::new(),
                language: "en".into(),
                private: false,
            },
            question: None,
            deciding: None,
            speaker: None,
            zone: String::new(),
            leaving: Leaving { flow: None, kind: MessageKind::Reply },
            window_open: true,
            now_ms: START_MS,
        };
        self.house.channels["web"].send(&outgoing).await.unwrap();
    }

    /// Loads and publishes a flow of the house.
    pub async fn publish(&self, folder: &str) {
        let folder = format!("{}/flows/{folder}", env!("CARGO_MANIFEST_DIR"));
        let found = mendline::library::find(&[folder.into()]).unwrap();
        let shelf = mendline::library::shelve(found, &self.house.catalog);
        assert!(!shelf.has_errors(), "{:?}", shelf.findings);
        let program = shelf.flows[0].program.clone();
        let kept = KeptFlow {
            hash: program.hash.clone(),
            sources: Default::default(),
            program: program.clone(),
        };
        self.house.store.keep_flow(&kept).await.unwrap();
        self.house.flows.publish(Arc::new(program));
    }

    /// Ana writes, on some page of hers.
    pub async fn ana_writes(&self, words: &str) {
        let incoming = Incoming::Words(words.into());
        let line = Some(words.into());
        self.house.arrive(PAYER, "web", words, ANA, incoming, line).await.unwrap();
    }

    /// Messages on Ana's chat that were not reported as shown.
    pub async fn receipts_owed(&self) -> usize {
        self.house.store.acknowledge(PAYER, ANA, "web", 1_000).await.unwrap().len()
    }

    /// Lets the house do all that is due.
    pub async fn idle(&self) {
        pump::until_idle(&self.house).await.unwrap();
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|it| format!("%{it:02X}")).collect()
}
