//! What a plugin is made of.
//!
//! A plugin is a manifest and some actions. An action takes owned JSON and gives owned JSON,
//! so it can live in this process, in a WASM component or behind HTTP, and a flow cannot tell
//! which. This crate knows nothing of the house.

mod examples;
mod kind;
mod manifest;

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use examples::check_examples;
pub use manifest::{ActionToml, InputToml, Manifest, MemberToml, ReasonToml, RecordToml};

/// A bundle of actions, with a `plugin.toml` that says what they take, give and need.
pub trait Plugin: Send + Sync {
    /// The text of `plugin.toml`.
    fn manifest(&self) -> &'static str;
    /// Its actions.
    fn actions(&self) -> Vec<Box<dyn Action>>;
}

/// One thing a flow can ask for. Write [`TypedAction`]s; this is their erased form.
#[async_trait]
pub trait Action: Send + Sync {
    /// Its name without the plugin's: `check_coverage`.
    fn name(&self) -> &'static str;
    /// Shown in the docs, and run as a test. An action without examples does not exist.
    fn examples(&self) -> Vec<Example>;
    /// Acts. May be called again with the same [`Call::key`]: a write then answers as it did the
    /// first time and changes nothing.
    async fn run(&self, call: &Call, input: Value) -> Result<Value, ActionError>;
}

/// An action over its own types.
#[async_trait]
pub trait TypedAction: Send + Sync {
    /// Its name without the plugin's.
    const NAME: &'static str;
    /// What it takes.
    type Input: DeserializeOwned + Send;
    /// What it gives.
    type Output: Serialize;

    /// See [`Action::examples`].
    fn examples(&self) -> Vec<Example>;
    /// See [`Action::run`].
    async fn run(&self, call: &Call, input: Self::Input) -> Result<Self::Output, ActionError>;
}

/// Who calls, when, and under which key.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The payer whose claims these are. An action sees no other's.
    pub payer: String,
    /// `conversation/turn.index`: the same for every attempt.
    pub key: String,
    /// Now, in milliseconds since the Unix epoch. Actions read no clock of their own.
    pub now_ms: i64,
}

/// An input and the output it must give.
pub struct Example {
    /// What it shows, as a sentence.
    pub says: &'static str,
    /// The input.
    pub input: Value,
    /// The output.
    pub output: Value,
}

/// Why an action gave nothing, sorted by what the caller does next.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ActionError {
    /// The flow passed something this action cannot take. Never retried.
    #[error("bad input: {0}")]
    Input(String),
    /// It was understood and refused; nothing changed. A stable code, and words for staff.
    #[error("refused ({code}): {message}")]
    Refused {
        /// `already_authorized`, `claim_closed`.
        code: String,
        /// Without private content.
        message: String,
    },
    /// Something outside is down and nothing was changed. Retried by dispatch.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// It may have been done. Dispatch repeats it under the same key, or asks `inquire`.
    #[error("unknown whether done: {0}")]
    Unknown(String),
}

/// Erases a [`TypedAction`].
pub fn action<T: TypedAction + 'static>(typed: T) -> Box<dyn Action> {
    Box::new(Erased(typed))
}

struct Erased<T>(T);

#[async_trait]
impl<T: TypedAction> Action for Erased<T> {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn examples(&self) -> Vec<Example> {
        self.0.examples()
    }

    async fn run(&self, call: &Call, input: Value) -> Result<Value, ActionError> {
        let input =
            serde_json::from_value(input).map_err(|error| ActionError::Input(error.to_string()))?;
        let output = self.0.run(call, input).await?;
        Ok(serde_json::to_value(output).expect("outputs are plain data"))
    }
}
