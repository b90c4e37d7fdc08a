//! Plugins in this process, behind one contract: owned JSON in, owned JSON out.

use std::collections::BTreeMap;
use std::sync::Arc;

use mendline_plugin::{Action, ActionError, Call, Plugin};
use serde_json::Value;

/// The native host.
#[derive(Default)]
pub struct Host {
    actions: BTreeMap<String, Box<dyn Action>>,
    plugins: Vec<Arc<dyn Plugin>>,
}

impl Host {
    /// Adds a plugin's actions under `plugin.action`.
    pub fn add(&mut self, name: &str, plugin: Arc<dyn Plugin>) {
        for action in plugin.actions() {
            self.actions.insert(format!("{name}.{}", action.name()), action);
        }
        self.plugins.push(plugin);
    }

    /// Puts another action in the place of one.
    pub fn replace(&mut self, name: String, action: Box<dyn Action>) {
        self.actions.insert(name, action);
    }

    /// Runs one action.
    pub async fn run(&self, action: &str, call: &Call, input: Value) -> Result<Value, ActionError> {
        match self.actions.get(action) {
            Some(it) => it.run(call, input).await,
            None => Err(ActionError::Input(format!("no action '{action}'"))),
        }
    }

    /// Every plugin, for its manifest.
    pub fn plugins(&self) -> &[Arc<dyn Plugin>] {
        &self.plugins
    }
}
