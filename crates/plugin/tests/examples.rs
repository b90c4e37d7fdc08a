//! A plugin that does not keep its word is told so, in sentences.

use async_trait::async_trait;
use mendline_plugin::{
    Action, ActionError, Call, Example, Plugin, TypedAction, action, check_examples,
};
use serde::Deserialize;
use serde_json::json;

const TRUE_TO_ITS_WORD: &str = r#"
name = "sum"
version = "0.1.0"
summary = "Adds."
actions.add = { verb = "read", output = "integer", input.a.type = "integer", input.b.type = "integer" }
"#;

/// Adds, and says of one example whatever it is told to say.
struct Sum {
    manifest: &'static str,
    says_output: i64,
}

impl Plugin for Sum {
    fn manifest(&self) -> &'static str {
        self.manifest
    }

    fn actions(&self) -> Vec<Box<dyn Action>> {
        vec![action(Add { says_output: self.says_output })]
    }
}

struct Add {
    says_output: i64,
}

#[derive(Deserialize)]
struct Input {
    a: i64,
    b: i64,
}

#[async_trait]
impl TypedAction for Add {
    const NAME: &'static str = "add";
    type Input = Input;
    type Output = i64;

    fn examples(&self) -> Vec<Example> {
        let input = json!({ "a": 1, "b": 2 });
        vec![Example { says: "One and two.", input, output: json!(self.says_output) }]
    }

    async fn run(&self, _: &Call, input: Input) -> Result<i64, ActionError> {
        Ok(input.a + input.b)
    }
}

async fn wrong_with(manifest: &'static str, says_output: i64) -> Vec<String> {
    let call = Call { payer: "acme-demo".into(), key: "c/1".into(), now_ms: 0 };
    check_examples(&Sum { manifest, says_output }, &call).await
}

#[tokio::test]
async fn a_plugin_that_keeps_its_word_has_nothing_wrong() {
    assert_eq!(wrong_with(TRUE_TO_ITS_WORD, 3).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_example_that_does_not_hold_is_named() {
    assert_eq!(wrong_with(TRUE_TO_ITS_WORD, 4).await, ["add, \"One and two.\": attempt 1 gives 3"]);
}

#[tokio::test]
async fn a_manifest_that_does_not_fit_its_plugin_is_named() {
    for (manifest, says) in [
        ("name = 1", "plugin.toml cannot be read"),
        (
            "name = 'sum'\nversion = '1'\nsummary = ''",
            "add: in the plugin, but not in plugin.toml",
        ),
        (
            "name = 'sum'\nversion = '1'\nsummary = ''
             actions.sub = { verb = 'read', output = 'integer' }",
            "sub: in plugin.toml, but not in the plugin",
        ),
        (
            "name = 'sum'\nversion = '1'\nsummary = ''
             actions.add = { verb = 'write', output = 'integer', input.a.type = 'integer', input.b.type = 'integer' }",
            "add: a write needs a business key",
        ),
        (
            "name = 'sum'\nversion = '1'\nsummary = ''
             actions.add = { verb = 'write', output = 'integer', business_key = ['c'], inquire = 'asked', input.a.type = 'integer', input.b.type = 'integer' }",
            "add: the business key names 'c', which is no argument",
        ),
        (
            "name = 'sum'\nversion = '1'\nsummary = ''
             actions.add = { verb = 'write', output = 'integer', business_key = ['a'], inquire = 'add', input.a.type = 'integer', input.b.type = 'integer' }",
            "add: inquires 'add', which is no read of this plugin",
        ),
        (
            "name = 'sum'\nversion = '1'\nsummary = ''
             actions.add = { verb = 'read', output = 'fruit', input.a.type = 'integer', input.b.type = 'integer' }",
            "add (output): no record 'fruit' in this manifest",
        ),
        (
            "name = 'sum'\nversion = '1'\nsummary = ''
             actions.add = { verb = 'read', output = 'integer', input.a.type = 'integer' }",
            "add, \"One and two.\": 'b' is no argument of this action",
        ),
        (
            "name = 'sum'\nversion = '1'\nsummary = ''
             actions.add = { verb = 'read', output = 'text', input.a.type = 'integer', input.b.type = 'integer' }",
            "add, \"One and two.\": not a text",
        ),
        (
            "name = 'sum'\nversion = '1'\nsummary = ''
             sources.'worker.sum' = 'add'
             actions.add = { verb = 'read', output = 'integer', input.a.type = 'integer', input.b.type = 'integer' }",
            "worker.sum: 'add' is no fast read of this plugin",
        ),
    ] {
        let found = wrong_with(manifest, 3).await;
        assert!(found.iter().any(|it| it.starts_with(says)), "wanted {says:?}, found {found:?}");
    }
}
