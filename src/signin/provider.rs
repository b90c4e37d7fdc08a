//! The identity provider, by OpenID Connect: where people are sent, and what their coming back
//! proves. Discovery, keys and ID tokens are the library's; which of them count is said here.
//!
//! It decides nothing about who may do what, keeps nothing of anybody, and names nobody in a log.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use mendline_engine::time::Timestamp;
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreGenderClaim,
    CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Alg,
};
use openidconnect::{
    AccessToken, AdditionalClaims, AuthType, AuthenticationContextClass, AuthorizationCode,
    ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope,
    SignatureVerificationError, SubjectIdentifier, TokenResponse as _, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use ureq::Agent;

use super::groups::{Claims, find};
use super::http;
use super::settings::{Settings, is_here, trusted};
use super::trip::{Trip, Why};
use super::{MINUTE_MS, StepUp};

/// The door that people come back to.
pub const BACK: &str = "/desk/sign-in/back";
/// What is asked for beside `openid`: a name, and an email where domains are named.
const SCOPES: [&str; 2] = ["profile", "email"];
/// How long what the provider says of itself is believed. A key that is not among it is looked
/// for at once.
const FRESH_MS: i64 = 10 * MINUTE_MS;
/// How far the provider's clock may be from ours.
const SKEW_MS: i64 = MINUTE_MS;
/// Asks the provider to say when it was that somebody proved who she is; with `prompt=login` it is
/// now.
const MAX_AGE: Duration = Duration::from_secs(5 * 60);
/// How long all questions of one trip may take together: less than the patience for a page.
const PATIENCE: Duration = Duration::from_secs(12);
/// Signatures that count: by a key that the provider alone has. No `none`, no shared secret.
const ALGORITHMS: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why the provider's word was not had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It does not answer, or nothing that makes sense.
    #[error("the provider does not answer: {0}")]
    Away(&'static str),
    /// What came back proves nothing; a code for the audit.
    #[error("nothing is proved: {0}")]
    Unproved(&'static str),
}

/// What a trip proved.
#[derive(Clone, Debug, PartialEq)]
pub struct Proven {
    /// The digest of issuer and subject: who it is, for ever.
    pub subject: String,
    /// Everything the provider says of her.
    pub claims: Claims,
    /// The ID token, to be shown when she logs out.
    pub hint: String,
}

/// The provider.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    settings: Settings,
    issuer: IssuerUrl,
    secret: ClientSecret,
    client_id: ClientId,
    back: RedirectUrl,
    out: PostLogoutRedirectUrl,
    agent: Agent,
    known: Mutex<Option<(Timestamp, Arc<ProviderMetadataWithLogout>)>>,
}

/// What a token says beside the standard claims.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct More(Map<String, Value>);

impl AdditionalClaims for More {}

impl Provider {
    /// The provider that the configuration names; asks it nothing yet.
    pub fn of(settings: &Settings, public_url: &str) -> anyhow::Result<Provider> {
        let issuer = settings.issuer.clone().context("`sign_in.issuer` is not set")?;
        let agent = http::agent(is_here(&trusted(&issuer).context("`sign_in.issuer`")?));
        let client_id = settings.client_id.clone().context("`sign_in.client_id` is not set")?;
        let base = public_url.trim_end_matches('/');
        Ok(Provider(Arc::new(Inner {
            issuer: IssuerUrl::new(issuer)?,
            secret: ClientSecret::new(settings.client_secret()?.expose().to_owned()),
            client_id: ClientId::new(client_id),
            back: RedirectUrl::new(format!("{base}{BACK}"))?,
            out: PostLogoutRedirectUrl::new(format!("{base}/desk/login"))?,
            agent,
            known: Mutex::default(),
            settings: settings.clone(),
        })))
    }

    /// What the operator said of it.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        self.0.settings.name.as_deref().unwrap_or("your organization")
    }

    /// Whether this is how it names itself.
    pub fn is_called(&self, issuer: &str) -> bool {
        self.0.issuer.as_str() == issuer
    }

    /// How long its word counts, in milliseconds.
    pub fn recheck_ms(&self) -> i64 {
        i64::from(self.0.settings.recheck_minutes) * MINUTE_MS
    }

    /// The address to which a browser is sent.
    pub async fn way(&self, trip: &Trip, now: Timestamp) -> Result<String, Fault> {
        let trip = trip.clone();
        self.ask(move |it| Ok(it.way(&it.client(it.fresh(now)?), &trip))).await
    }

    /// What a code that came back proves.
    pub async fn prove(&self, code: &str, trip: &Trip, now: Timestamp) -> Result<Proven, Fault> {
        let (code, trip) = (AuthorizationCode::new(code.to_owned()), trip.clone());
        self.ask(move |it| it.prove(code, &trip, now)).await
    }

    /// Where somebody who logged out here can log out there, if the provider has such a place.
    pub async fn way_out(&self, hint: Option<String>, now: Timestamp) -> Option<String> {
        let way = self.ask(move |it| {
            let known = it.fresh(now)?;
            let out = known.additional_metadata().end_session_endpoint.clone();
            Ok(out.filter(|it| trusted(it.as_str()).is_ok()).map(|out| {
                let hint = hint.and_then(|it| it.parse::<CoreIdToken>().ok());
                let request = LogoutRequest::from(out)
                    .set_client_id(it.client_id.clone())
                    .set_post_logout_redirect_uri(it.out.clone());
                let request = match &hint {
                    Some(hint) => request.set_id_token_hint(hint),
                    None => request,
                };
                request.http_get_url().to_string()
            }))
        });
        way.await.ok().flatten()
    }

    /// Runs questions to the provider off the loops' way, and not for ever.
    async fn ask<T: Send + 'static>(
        &self,
        questions: impl FnOnce(&Inner) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let inner = self.0.clone();
        let asking = tokio::task::spawn_blocking(move || questions(&inner));
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Fault::Away("the question failed")),
            Err(_) => Err(Fault::Away("no answer in time")),
        }
    }
}

impl Inner {
    /// What the provider says of itself, asked again when that is old.
    fn fresh(&self, now: Timestamp) -> Result<Arc<ProviderMetadataWithLogout>, Fault> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((since, it)) if since <= now && now.0 - since.0 <= FRESH_MS => Ok(it),
            _ => self.discover(now),
        }
    }

    fn discover(&self, now: Timestamp) -> Result<Arc<ProviderMetadataWithLogout>, Fault> {
        let ask = |request| http::ask(&self.agent, request);
        let found = ProviderMetadataWithLogout::discover(&self.issuer, &ask);
        let found = Arc::new(found.map_err(|_| Fault::Away("discovery"))?);
        let token = found.token_endpoint().map(|it| it.as_str());
        let about = found.userinfo_endpoint().map(|it| it.as_str());
        let way = found.authorization_endpoint().as_str();
        let all = [Some(way), token, about].into_iter().flatten();
        if token.is_none() || all.map(trusted).any(|it| it.is_err()) {
            return Err(Fault::Away("its addresses"));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((now, found.clone()));
        Ok(found)
    }

    fn client(&self, known: Arc<ProviderMetadataWithLogout>) -> Client {
        let (id, secret) = (self.client_id.clone(), Some(self.secret.clone()));
        let client = CoreClient::from_provider_metadata((*known).clone(), id, secret);
        let client = client.set_redirect_uri(self.back.clone());
        // Basic is what every provider takes, unless it says that it does not.
        let basic = known.token_endpoint_auth_methods_supported().is_none_or(|all| {
            all.is_empty() || all.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        client.set_auth_type(if basic { AuthType::BasicAuth } else { AuthType::RequestBody })
    }

    fn way(&self, client: &Client, trip: &Trip) -> String {
        let (state, nonce) = (trip.state.clone(), trip.nonce.clone());
        let verifier = PkceCodeVerifier::new(trip.verifier.clone());
        let mut way = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let more = self.settings.scopes.iter().map(String::as_str);
        for scope in SCOPES.into_iter().chain(more) {
            way = way.add_scope(Scope::new(scope.to_owned()));
        }
        way = match trip.why {
            Why::In => way,
            Why::Again => way.add_prompt(CoreAuthPrompt::None),
            Why::Up => {
                let wanted = self.settings.step_up.acr_values.iter();
                let way = way.add_prompt(CoreAuthPrompt::Login).set_max_age(MAX_AGE);
                wanted.fold(way, |way, acr| {
                    way.add_auth_context_value(AuthenticationContextClass::new(acr.clone()))
                })
            }
        };
        way.url().0.to_string()
    }

    fn prove(&self, code: AuthorizationCode, trip: &Trip, now: Timestamp) -> Result<Proven, Fault> {
        let ask = |request| http::ask(&self.agent, request);
        let client = self.client(self.fresh(now)?);
        let request = client.exchange_code(code).map_err(|_| Fault::Away("its addresses"))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(trip.verifier.clone()));
        let answer = request.request(&ask).map_err(|it| refusal(&it))?;
        let token = answer.id_token().ok_or(Fault::Unproved("no_id_token"))?;
        let mut client = client;
        if self.verify(&client, token, trip, now) == Err(Fault::Unproved("unknown_key")) {
            // It may have changed its keys since we looked.
            client = self.client(self.discover(now)?);
        }
        self.verify(&client, token, trip, now)?;
        let mut claims = said(token)?;
        let subject = text(&claims, "sub").ok_or(Fault::Unproved("no_subject"))?.to_owned();
        if trip.why == Why::Up {
            is_second_factor(&self.settings.step_up, &claims, trip)?;
        }
        if self.says_too_little(&claims) {
            self.ask_more(&client, answer.access_token().clone(), &subject, &mut claims)?;
        }
        Ok(Proven { subject: self.digest(&subject), claims, hint: token.to_string() })
    }

    /// Whether an ID token is the provider's, for us, for this trip, and of now.
    fn verify(
        &self,
        client: &Client,
        token: &CoreIdToken,
        trip: &Trip,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let issued = move |at: DateTime<Utc>| match at.timestamp_millis() - now.0 <= SKEW_MS {
            true => Ok(()),
            false => Err("issued later than now".to_owned()),
        };
        let verifier: CoreIdTokenVerifier<'_> = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_issue_time_verifier_fn(issued)
            .set_time_fn(move || {
                DateTime::from_timestamp_millis(now.0 - SKEW_MS).unwrap_or(DateTime::<Utc>::MAX_UTC)
            });
        token.claims(&verifier, &Nonce::new(trip.nonce.clone())).map_err(|it| unproved(&it))?;
        let claims = said(token)?;
        match text(&claims, "azp") {
            Some(azp) if azp != self.client_id.as_str() => Err(Fault::Unproved("audience")),
            _ => Ok(()),
        }
    }

    /// Whether the token leaves out what is needed: some providers say it only when asked.
    fn says_too_little(&self, claims: &Claims) -> bool {
        let Settings { groups_claim, person_claim, email_domains, .. } = &self.settings;
        let email = (!email_domains.is_empty()).then_some("email_verified");
        let needed = [Some(groups_claim.as_str()), person_claim.as_deref(), email];
        let nameless = !claims.contains_key("name") && !claims.contains_key("given_name");
        nameless || needed.into_iter().flatten().any(|it| find(claims, it).is_none())
    }

    /// Asks the provider for more about a subject; what the token says stays as it is.
    fn ask_more(
        &self,
        client: &Client,
        access: AccessToken,
        subject: &str,
        claims: &mut Claims,
    ) -> Result<(), Fault> {
        let subject = SubjectIdentifier::new(subject.to_owned());
        let Ok(request) = client.user_info(access, Some(subject)) else { return Ok(()) };
        let ask = |request| http::ask(&self.agent, request);
        let more: UserInfoClaims<More, CoreGenderClaim> =
            request.request(&ask).map_err(|_| Fault::Away("userinfo"))?;
        let Ok(Value::Object(more)) = serde_json::to_value(&more) else { return Ok(()) };
        for (name, value) in more {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// Who somebody is, for ever. A length stands before the issuer, so that no two pairs are
    /// written the same.
    fn digest(&self, subject: &str) -> String {
        let mut digest = Sha256::new();
        digest.update((self.issuer.as_str().len() as u64).to_be_bytes());
        digest.update(self.issuer.as_str());
        digest.update(subject);
        crate::vault::hex(&digest.finalize())
    }
}

/// Whether the provider says that a second factor was shown, and on this trip.
fn is_second_factor(wanted: &StepUp, claims: &Claims, trip: &Trip) -> Result<(), Fault> {
    let at_ms = claims.get("auth_time").and_then(Value::as_i64).map(|it| it * 1_000);
    if at_ms.is_none_or(|it| it < trip.began.0 - SKEW_MS) {
        return Err(Fault::Unproved("auth_time"));
    }
    let acr = text(claims, "acr").unwrap_or_default();
    if !wanted.acr_values.is_empty() && !wanted.acr_values.iter().any(|it| it == acr) {
        return Err(Fault::Unproved("acr"));
    }
    let amr = claims.get("amr").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let named = |it: &String| amr.iter().any(|found| found == it.as_str());
    if !wanted.amr.is_empty() && !wanted.amr.iter().any(named) {
        return Err(Fault::Unproved("amr"));
    }
    Ok(())
}

fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// Everything that a token says.
fn said(token: &CoreIdToken) -> Result<Claims, Fault> {
    let token = token.to_string();
    let payload = token.split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(payload).ok();
    let claims = payload.and_then(|it| serde_json::from_slice(&it).ok());
    claims.ok_or(Fault::Unproved("unreadable"))
}

/// Why no token came.
fn refusal<E, R>(error: &openidconnect::RequestTokenError<E, R>) -> Fault
where
    E: std::error::Error + 'static,
    R: openidconnect::ErrorResponse + 'static,
{
    use openidconnect::RequestTokenError as It;
    match error {
        It::ServerResponse(_) => Fault::Unproved("code_refused"),
        It::Parse(..) => Fault::Unproved("unreadable"),
        It::Request(_) => Fault::Away("token"),
        It::Other(_) => Fault::Away("token"),
    }
}

/// Why a token proves nothing, without what stands in it.
fn unproved(error: &ClaimsVerificationError) -> Fault {
    use ClaimsVerificationError as It;
    use SignatureVerificationError as Signature;
    Fault::Unproved(match error {
        It::Expired(_) => "expired",
        It::InvalidAudience(_) => "audience",
        It::InvalidIssuer(_) => "issuer",
        It::InvalidNonce(_) => "nonce",
        It::SignatureVerification(Signature::NoMatchingKey) => "unknown_key",
        It::SignatureVerification(
            Signature::DisallowedAlg(_) | Signature::NoSignature | Signature::UnsupportedAlg(_),
        ) => "algorithm",
        It::SignatureVerification(_) => "signature",
        _ => "claims",
    })
}
