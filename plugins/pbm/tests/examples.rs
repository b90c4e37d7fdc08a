//! The pack keeps its word: manifest, examples and answers agree.

use mendline_pbm::{Pbm, example_call};
use mendline_plugin::check_examples;

#[tokio::test]
async fn the_manifest_the_examples_and_the_answers_agree() {
    let pbm = Pbm::open(None).await.unwrap();
    assert_eq!(check_examples(&pbm, &example_call()).await, Vec::<String>::new());
}
