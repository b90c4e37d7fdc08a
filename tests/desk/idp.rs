//! An identity provider on this machine, that says what a test wants it to say. It checks what a
//! provider checks: the client, the address to come back to, the code and its proof.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mendline::clock::{Clock, Virtual};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const CLIENT: &str = "mendline";
pub const SECRET: &str = "the provider's secret for us";
pub const PUBLIC_URL: &str = "http://localhost:8080";
const BACK: &str = "http://localhost:8080/desk/sign-in/back";

/// How a token is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lie {
    None,
    Nonce,
    NoNonce,
    Audience,
    SecondAudience,
    AuthorizedParty,
    Issuer,
    Expired,
    FromTheFuture,
    AlgorithmNone,
    SharedSecret,
    ForeignKey,
    Signature,
    NoToken,
}

pub struct Idp {
    pub issuer: String,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

struct Inner {
    issuer: String,
    clock: Arc<Virtual>,
    key: Mutex<Key>,
    codes: Mutex<BTreeMap<String, Grant>>,
    tokens: Mutex<BTreeMap<String, Value>>,
    lie: Mutex<Lie>,
    /// Claims that are said only at the userinfo endpoint.
    apart: Mutex<Vec<&'static str>>,
    next: AtomicU32,
}

struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

#[derive(Clone)]
struct Grant {
    challenge: String,
    claims: Value,
}

/// What a browser was sent there with.
#[derive(Clone, Debug)]
pub struct Asked(pub BTreeMap<String, String>);

impl Asked {
    pub fn of(way: &str) -> Asked {
        let (_, query) = way.split_once('?').unwrap_or_else(|| panic!("no question in {way}"));
        Asked(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl Idp {
    pub async fn start(clock: Arc<Virtual>) -> Idp {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            issuer: issuer.clone(),
            clock,
            key: Mutex::new(key("first")),
            codes: Mutex::default(),
            tokens: Mutex::default(),
            lie: Mutex::new(Lie::None),
            apart: Mutex::default(),
            next: AtomicU32::new(0),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(inner.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Idp { issuer, inner, serving }
    }

    pub fn lies(&self, lie: Lie) {
        *self.inner.lie.lock().unwrap() = lie;
    }

    pub fn rotates_keys(&self, id: &str) {
        *self.inner.key.lock().unwrap() = key(id);
    }

    pub fn says_apart(&self, claims: Vec<&'static str>) {
        *self.inner.apart.lock().unwrap() = claims;
    }

    pub async fn goes_down(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }

    /// Somebody is sent here and is who she says; answers where her browser goes back to, without
    /// the host. Claims beside the subject as given; `auth_time` is now unless it is among them.
    pub fn lets_on(&self, way: &str, subject: &str, claims: Value) -> String {
        let asked = Asked::of(way);
        assert!(way.starts_with(&format!("{}/authorize?", self.issuer)), "{way}");
        assert_eq!(asked.get("client_id"), CLIENT);
        assert_eq!(asked.get("response_type"), "code");
        assert_eq!(asked.get("redirect_uri"), BACK, "a foreign address is refused");
        assert_eq!(asked.get("code_challenge_method"), "S256");
        assert!(asked.get("scope").split(' ').any(|it| it == "openid"));
        let mut all = json!({
            "sub": subject,
            "nonce": asked.get("nonce"),
            "auth_time": self.inner.clock.now().0 / 1_000,
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        let code = format!("code-{}", self.inner.next.fetch_add(1, Ordering::SeqCst));
        let challenge = asked.get("code_challenge").to_owned();
        self.inner.codes.lock().unwrap().insert(code.clone(), Grant { challenge, claims: all });
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", asked.get("state"))
            .append_pair("iss", &self.issuer)
            .finish();
        format!("/desk/sign-in/back?{query}")
    }

    /// It says no.
    pub fn turns_away(&self, way: &str, error: &str) -> String {
        let state = Asked::of(way).get("state").to_owned();
        format!("/desk/sign-in/back?error={error}&state={state}")
    }
}

fn key(id: &str) -> Key {
    let chance = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &chance).unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &chance).unwrap();
    Key { id: id.to_owned(), pair }
}

async fn configuration(State(idp): State<Arc<Inner>>) -> Json<Value> {
    let at = |path: &str| format!("{}/{path}", idp.issuer);
    Json(json!({
        "issuer": idp.issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "end_session_endpoint": at("out"),
        "jwks_uri": at("jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // It offers what nobody should take.
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
    }))
}

async fn jwks(State(idp): State<Arc<Inner>>) -> Json<Value> {
    let key = idp.key.lock().unwrap();
    let point = key.pair.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    Json(json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.id, "x": x, "y": y },
    ] }))
}

async fn token(
    State(idp): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let refused =
        |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    if !is_client(&headers) {
        return refused("invalid_client");
    }
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    // A code is good for one use, whatever comes of it.
    let Some(grant) = idp.codes.lock().unwrap().remove(field("code")) else {
        return refused("invalid_grant");
    };
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
    if proof != grant.challenge || field("redirect_uri") != BACK {
        return refused("invalid_grant");
    }
    let access = format!("access-{}", idp.next.fetch_add(1, Ordering::SeqCst));
    idp.tokens.lock().unwrap().insert(access.clone(), grant.claims.clone());
    let mut answer = json!({ "access_token": access, "token_type": "Bearer", "expires_in": 300 });
    if let Some(token) = id_token(&idp, grant.claims) {
        answer["id_token"] = json!(token);
    }
    Json(answer).into_response()
}

fn is_client(headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let given = given.and_then(|it| it.strip_prefix("Basic ")).unwrap_or_default();
    let given = String::from_utf8(STANDARD.decode(given).unwrap_or_default()).unwrap();
    let coded = |it: &str| form_urlencoded::byte_serialize(it.as_bytes()).collect::<String>();
    given == format!("{}:{}", coded(CLIENT), coded(SECRET))
}

fn id_token(idp: &Inner, mut claims: Value) -> Option<String> {
    let lie = *idp.lie.lock().unwrap();
    let now = idp.clock.now().0 / 1_000;
    for apart in idp.apart.lock().unwrap().iter() {
        claims.as_object_mut().unwrap().remove(*apart);
    }
    claims["iss"] = json!(idp.issuer);
    claims["aud"] = json!(CLIENT);
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + 300);
    let key = idp.key.lock().unwrap();
    let mut head = json!({ "alg": "ES256", "kid": key.id, "typ": "JWT" });
    match lie {
        Lie::Nonce => claims["nonce"] = json!("another"),
        Lie::NoNonce => drop(claims.as_object_mut().unwrap().remove("nonce")),
        Lie::Audience => claims["aud"] = json!("another"),
        Lie::SecondAudience => claims["aud"] = json!([CLIENT, "another"]),
        Lie::AuthorizedParty => claims["azp"] = json!("another"),
        Lie::Issuer => claims["iss"] = json!("https://login.example.com"),
        Lie::Expired => claims["exp"] = json!(now - 61),
        Lie::FromTheFuture => claims["iat"] = json!(now + 120),
        Lie::AlgorithmNone => head = json!({ "alg": "none" }),
        Lie::SharedSecret => head = json!({ "alg": "HS256" }),
        Lie::NoToken => return None,
        Lie::None | Lie::ForeignKey | Lie::Signature => {}
    }
    let coded = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
    let said = format!("{}.{}", coded(&head), coded(&claims));
    let foreign = self::key("foreign");
    let pair = if lie == Lie::ForeignKey { &foreign.pair } else { &key.pair };
    let mut signature = match lie {
        Lie::AlgorithmNone => Vec::new(),
        Lie::SharedSecret => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
            ring::hmac::sign(&key, said.as_bytes()).as_ref().to_vec()
        }
        _ => pair.sign(&SystemRandom::new(), said.as_bytes()).unwrap().as_ref().to_vec(),
    };
    if lie == Lie::Signature {
        signature[0] ^= 1;
    }
    Some(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

async fn userinfo(State(idp): State<Arc<Inner>>, headers: HeaderMap) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let given = given.and_then(|it| it.strip_prefix("Bearer ")).unwrap_or_default();
    match idp.tokens.lock().unwrap().get(given) {
        Some(claims) => Json(claims.clone()).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}
