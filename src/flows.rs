//! Flows that can be started, and every version that a conversation is pinned to.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use mendline_engine::core::Program;

/// The library: names to the version that new conversations get, hashes to every version.
#[derive(Default)]
pub struct Flows {
    current: RwLock<BTreeMap<String, Arc<Program>>>,
    kept: RwLock<BTreeMap<String, Arc<Program>>>,
}

impl Flows {
    /// Makes a version the one that new conversations get.
    pub fn publish(&self, program: Arc<Program>) {
        self.keep(program.clone());
        let mut current = self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        current.insert(program.flow.clone(), program);
    }

    /// Keeps a version for the conversations pinned to it.
    pub fn keep(&self, program: Arc<Program>) {
        let mut kept = self.kept.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.insert(program.hash.clone(), program);
    }

    /// The version that new conversations of a flow get.
    pub fn current(&self, name: &str) -> Option<Arc<Program>> {
        let current = self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        current.get(name).cloned()
    }

    /// Every flow that can be started, by name.
    pub fn all(&self) -> Vec<Arc<Program>> {
        let current = self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        current.values().cloned().collect()
    }

    /// A version by hash.
    pub fn version(&self, hash: &str) -> Option<Arc<Program>> {
        let kept = self.kept.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.get(hash).cloned()
    }
}
