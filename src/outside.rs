//! Channels that others run, as the configuration names them: how they are reached, who listens,
//! which webhooks are open, and whose visitors their strangers are.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;

use crate::channels::Channel;
use crate::channels::inward::{Ear, Gate};
use crate::config::Config;
use crate::links::Elsewhere;

/// Opens a channel's webhooks over the gate.
pub type Hooks = Box<dyn FnOnce(Arc<dyn Gate>) -> Router + Send>;

/// Everything outside that a server is connected to.
#[derive(Default)]
pub struct Outside {
    /// Ways of reaching people.
    pub channels: Vec<Arc<dyn Channel>>,
    /// What listens by itself.
    pub ears: Vec<Arc<dyn Ear>>,
    /// What is called.
    pub hooks: Vec<Hooks>,
    /// Channel to the payer whose visitors its strangers are.
    pub visitors: BTreeMap<String, String>,
    /// Where people may go on.
    pub elsewhere: Vec<Elsewhere>,
}

impl Outside {
    /// What the configuration names.
    pub fn of(_config: &Config) -> anyhow::Result<Outside> {
        Ok(Outside::default())
    }

    /// Every webhook, over this gate.
    pub fn webhooks(hooks: Vec<Hooks>, gate: &Arc<dyn Gate>) -> Router {
        hooks.into_iter().fold(Router::new(), |all, hook| all.merge(hook(gate.clone())))
    }
}
