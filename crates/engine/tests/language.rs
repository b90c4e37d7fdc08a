//! The flows of the house, from their files to their programs.

#![expect(clippy::unwrap_used, reason = "tests")]

mod house;

use house::flow;
use mendline_engine::core::{Core, Program};

fn program(name: &str) -> Program {
    let loaded = flow(name);
    for finding in &loaded.findings {
        println!("{finding:?}");
    }
    assert_eq!(loaded.findings, [], "{name}");
    loaded.program.unwrap()
}

#[test]
fn every_flow_of_the_house_loads_clean() {
    for name in ["medication-approval", "claim-status", "refill", "gather-information"] {
        let program = program(name);
        let anchored =
            program.anchors.values().filter(|pc| !matches!(program.steps[**pc], Core::Say(_)));
        assert!(anchored.count() > 0);
    }
}
