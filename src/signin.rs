//! How staff prove who they are: an identity provider, passwords of this house, a second factor.
//!
//! A person is known by the provider's issuer and its subject, never by an equal email or name.
//! What a provider says counts only in an ID token that was asked for by this very browser, for
//! this house, and that verifies. Nobody is told why somebody was not let in; the audit is.

pub mod amount;
pub mod enter;
pub mod groups;
mod http;
pub mod provider;
pub mod settings;
pub mod totp;
pub mod trip;

use std::sync::{LazyLock, OnceLock};

use anyhow::Context as _;
use mendline_engine::message::Card;
use mendline_engine::time::Timestamp;

pub use provider::Provider;
pub use settings::{Local, Settings, StepUp};

use crate::store::entry::{Footing, How};

/// The ways in where nobody set any: passwords of this house.
static OPEN: LazyLock<Ways> =
    LazyLock::new(|| Ways { provider: None, local: Local::Open, step_up: StepUp::default() });

/// The ways in of a running house.
#[derive(Default)]
pub struct SignIn(OnceLock<Ways>);

impl SignIn {
    /// Says which ways there are; the first word counts.
    pub fn begin(&self, ways: Ways) {
        // Said twice only by a mistake in the order of starting, and then the same.
        let _ = self.0.set(ways);
    }

    /// The ways there are.
    pub fn ways(&self) -> &Ways {
        self.0.get().unwrap_or(&OPEN)
    }
}

/// The ways in.
pub struct Ways {
    /// The identity provider.
    pub provider: Option<Provider>,
    /// What passwords of this house are for.
    pub local: Local,
    /// When a second factor is asked for.
    pub step_up: StepUp,
}

impl Ways {
    /// What the configuration names.
    pub fn of(settings: Option<&Settings>, public_url: &str) -> anyhow::Result<Ways> {
        let Some(settings) = settings else {
            let (local, step_up) = (Local::Open, StepUp::default());
            return Ok(Ways { provider: None, local, step_up });
        };
        let provider = settings.issuer.is_some();
        let provider = provider.then(|| Provider::of(settings, public_url)).transpose();
        Ok(Ways {
            provider: provider.context("[sign_in]")?,
            local: settings.local(),
            step_up: settings.step_up.clone(),
        })
    }

    /// Whether any card may need a second factor.
    pub fn may_need_step_up(&self) -> bool {
        self.step_up.always || self.step_up.above.is_some()
    }

    /// Whether a card may be decided only after a second factor.
    pub fn needs_step_up(&self, card: &Card) -> bool {
        let StepUp { always, above, .. } = &self.step_up;
        *always || above.as_ref().is_some_and(|it| it.is_passed_by(card))
    }

    /// Whether a second factor that was shown still counts.
    pub fn is_stepped_up(&self, footing: &Footing, now: Timestamp) -> bool {
        let lasts_ms = i64::from(self.step_up.lasts_minutes) * MINUTE_MS;
        footing.stepped.is_some_and(|it| it <= now && now.0 - it.0 <= lasts_ms)
    }

    /// Whether a session of this kind may go on: its way in is still one, and a provider has
    /// vouched for her lately, give or take `grace_ms`.
    pub fn lets_on(&self, footing: &Footing, now: Timestamp, grace_ms: i64) -> bool {
        match (footing.how, &self.provider) {
            (How::Provider, Some(_)) => !self.is_stale(footing, now.plus_ms(-grace_ms)),
            (How::Provider, None) => false,
            (How::Local | How::Emergency, _) => self.local != Local::Closed,
        }
    }

    /// Whether the provider should be asked about her again.
    pub fn is_stale(&self, footing: &Footing, now: Timestamp) -> bool {
        let Some(provider) = &self.provider else { return false };
        let since = footing.vouched.map_or(i64::MAX, |it| now.0 - it.0);
        footing.how == How::Provider && since > provider.recheck_ms()
    }
}

/// A minute, in milliseconds.
pub const MINUTE_MS: i64 = 60_000;
