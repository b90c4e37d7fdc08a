//! A plugin without a house: ask the domain pack what a medicine needs, say yes to it, and say yes
//! again.
//!
//! ```text
//! cargo run --example plugin_alone
//! ```

use anyhow::{Context, Result};
use mendline_pbm::{Pbm, example_call};
use mendline_plugin::{ActionError, Call, Plugin};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let pbm = Pbm::open(None).await.context("opening a store in memory")?;

    let claims = run(&pbm, "look/1", "open_claims", json!({ "person": "ana" })).await?;
    let claim = &claims[0];
    let drug = &claim["medications"][0];
    println!("{} on claim {}: {}", claim["worker_name"], claim["number"], drug["name"]);

    let asked = json!({ "claim": claim, "drug": drug });
    let coverage = run(&pbm, "look/2", "check_coverage", asked.clone()).await?;
    println!("before: {}, because {}", coverage["status"], coverage["reason"]["words"]["en"]);

    let yes = json!({ "claim": claim, "drug": drug, "days": 30, "by": "Dana Whitfield" });
    let first = run(&pbm, "conversation-1/7.0", "authorize", yes.clone()).await?;
    println!("Dana says yes: {}, until {}", first["number"], first["until"]);

    let again = run(&pbm, "conversation-1/7.0", "authorize", yes.clone()).await?;
    println!("the same call again: {} (the same answer)", again["number"]);

    match run(&pbm, "conversation-2/3.0", "authorize", yes).await {
        Err(error @ ActionError::Refused { .. }) => println!("somebody else says yes: {error}"),
        other => anyhow::bail!("two people authorized one fill: {other:?}"),
    }

    let coverage = run(&pbm, "look/3", "check_coverage", asked).await?;
    println!("after: {}", coverage["status"]);
    Ok(())
}

/// Calls an action as the house does: by name, with a key that is the same at every attempt.
async fn run(pbm: &Pbm, key: &str, action: &str, input: Value) -> Result<Value, ActionError> {
    let actions = pbm.actions();
    let Some(action) = actions.iter().find(|it| it.name() == action) else {
        return Err(ActionError::Input(format!("no action '{action}'")));
    };
    action.run(&Call { key: key.into(), ..example_call() }, input).await
}
