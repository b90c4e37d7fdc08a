//! The doors that open on the web: the worker's chat, the pharmacist's page, the desk's place.
//!
//! A door verifies who knocks, hands what they did to the house, and shows what the house has
//! for them. It decides nothing and asks no conversation directly. Pages work before any script
//! runs; nothing private stands in a log, a title or an address.

pub mod acts;
pub mod assets;
pub mod attach;
pub mod chat;
pub mod cookie;
mod elsewhere;
pub mod guard;
pub mod invite;
mod known;
pub mod limits;
pub mod lines;
pub mod pages;
pub mod protocol;
pub mod proxy;
pub mod rx;
pub mod session;
pub mod socket;
pub mod watched;
pub mod words;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

pub use invite::invite_link;

use crate::config::Net;
use crate::house::House;
use crate::watch::door;

/// What an operator may set about the doors.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Payers whose prescriptions the pharmacist's door may look up.
    pub payers: Vec<String>,
    /// Payers whose people may come without a link: they say who they are, and a code goes to the
    /// contact on file.
    pub comes_without_link: Vec<String>,
    /// Pages that may frame the chat, as a `frame-ancestors` source list.
    pub frame_ancestors: String,
    /// Payer and person whose chat links the demo shows.
    pub demo_people: Vec<(String, String)>,
    /// Our own proxies: only their word on a visitor's address is believed.
    pub proxies: Vec<Net>,
    /// Messages one session may send in [`limits::SAYS_PER`]. The benchmark's workers type faster
    /// than people do.
    pub says_max: NonZeroU32,
}

impl Settings {
    /// What the demo needs: its two payers, and the links of its workers.
    pub fn demo() -> Settings {
        let (northwind, cedar) =
            ("northwind-mutual-demo".to_owned(), "cedar-casualty-demo".to_owned());
        Settings {
            // Whoever tries the widget does so from a page on this machine.
            frame_ancestors: "'self' http://localhost:* http://127.0.0.1:*".into(),
            demo_people: [(&northwind, "ana"), (&northwind, "lucia"), (&cedar, "abel")]
                .map(|(payer, person)| (payer.clone(), person.to_owned()))
                .into(),
            comes_without_link: vec![northwind.clone(), cedar.clone()],
            payers: vec![northwind, cedar],
            proxies: Vec::new(),
            says_max: limits::SAYS_MAX,
        }
    }

    /// A server's defaults: no payer, framed by nobody else.
    pub fn serve(payers: Vec<String>) -> Settings {
        Settings {
            payers,
            comes_without_link: Vec::new(),
            frame_ancestors: "'self'".into(),
            demo_people: Vec::new(),
            proxies: Vec::new(),
            says_max: limits::SAYS_MAX,
        }
    }
}

/// What the doors share.
#[derive(Clone)]
pub struct Web(Arc<Inner>);

/// The inside of [`Web`].
pub struct Inner {
    /// The house.
    pub house: Arc<House>,
    /// The operator's settings.
    pub settings: Settings,
    /// Open sockets by session.
    pub seats: session::Seats,
    /// How much each session may say.
    pub says: limits::BySession,
    /// How many prescriptions each address may look up.
    pub lookups: limits::ByAddress,
    /// How often an opened prescription may be looked at again.
    pub again: limits::ByAddress,
}

impl Deref for Web {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Every door, with the demo's settings in the demo and no payer elsewhere.
pub fn router(house: Arc<House>) -> Router {
    let settings = if house.demo { Settings::demo() } else { Settings::serve(Vec::new()) };
    router_with(house, settings)
}

/// Every door.
pub fn router_with(house: Arc<House>, settings: Settings) -> Router {
    router_beside(house, settings, Router::new())
}

/// Every door, and webhooks beside them.
pub fn router_beside(house: Arc<House>, settings: Settings, webhooks: Router) -> Router {
    let desk = crate::desk::routes::router(house.clone());
    let web = Web(Arc::new(Inner {
        house,
        says: limits::says(settings.says_max),
        settings,
        seats: session::Seats::default(),
        lookups: limits::per_minute(limits::RX_PER_MIN),
        again: limits::per_minute(limits::RX_AGAIN_PER_MIN),
    }));
    Router::new()
        .route("/", get(home))
        .route("/assets/{name}", get(assets::asset))
        .route("/widget.js", get(assets::widget))
        .route("/healthz", get(door::health))
        .route("/readyz", get(watched::ready))
        .route("/metrics", get(watched::metrics))
        .merge(chat::routes())
        .merge(attach::routes())
        .merge(elsewhere::routes())
        .merge(known::routes())
        .merge(socket::routes())
        .merge(rx::routes())
        .with_state(web.clone())
        .merge(desk)
        .merge(webhooks)
        .method_not_allowed_fallback(|| async { axum::http::StatusCode::METHOD_NOT_ALLOWED })
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES_MAX))
        .layer(from_fn_with_state(web.house.clone(), door::count))
        .layer(from_fn_with_state(web.clone(), guard::hold))
        .layer(from_fn_with_state(web.clone(), guard::dress))
        .layer(from_fn_with_state(web, proxy::believe))
        // Whether lengths could tell a page's secrets: another site cannot make a browser ask for
        // a private page, because our cookies stay away from what other sites send.
        .layer(CompressionLayer::new())
}

/// Serves every door on `listener` until `shutdown`; open requests are finished first.
pub async fn serve(
    router: Router,
    listener: tokio::net::TcpListener,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move { shutdown.cancelled().await })
        .await
}

async fn home(State(web): State<Web>) -> axum::response::Response {
    pages::home(web.house.demo)
}
