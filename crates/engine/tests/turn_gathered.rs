//! What a choice did not give is left out of a call; what was found out stands on the next card.

mod support;

use std::collections::BTreeMap;

use mendline_engine::catalog::Input;
use mendline_engine::condition::Expr;
use mendline_engine::core::{Core, FieldSpec};
use mendline_engine::effect::Effect;
use mendline_engine::event::Event;
use mendline_engine::label::Labels;
use mendline_engine::state::Rest;
use mendline_engine::text::Path;
use mendline_engine::types::Type;
use serde_json::{Value, json};
use support::*;

/// Up to the open decision, in a flow that keeps what was found out in `answer`.
fn asking() -> Play {
    let mut play = Play::at_decision();
    let spec = play.program.fields["drug"].clone();
    let spec = FieldSpec { ty: Type::Text, ..spec };
    play.program.fields.insert("answer".into(), spec);
    for step in &mut play.program.steps {
        if let Core::Run(run) = step {
            run.keep = vec![("answer".into(), "found".into())];
        }
    }
    play
}

/// The adjuster asks, and the other flow ends with these fields.
fn asks(play: &mut Play, fields: BTreeMap<String, Value>) {
    play.taps_with("adjuster", "info", &[("question", json!("Which dose?"))]);
    let Some(Rest::Running { run }) = play.rest().cloned() else { panic!() };
    play.turn(Event::ChildEnded { run, outcome: "done".into(), fields });
}

fn fact(play: &Play) -> Option<Value> {
    let Some(Rest::Deciding(open)) = play.rest() else { panic!("not deciding") };
    let card = open.card.card.as_ref().expect("a decision has a card");
    card.facts.get("answer").map(|it| it.value.clone())
}

#[test]
fn rule_05_what_was_found_out_is_a_fact_of_the_next_card() {
    let mut play = asking();
    assert_eq!(fact(&play), None);
    asks(
        &mut play,
        BTreeMap::from([("found".into(), json!("300 mg")), ("other".into(), json!(1))]),
    );
    assert_eq!(fact(&play), Some(json!("300 mg")));
    assert!(!play.state.fields.contains_key("other"));
}

#[test]
fn rule_05_what_was_not_found_out_this_time_is_not_left_over_from_the_last_time() {
    let mut play = asking();
    asks(&mut play, BTreeMap::from([("found".into(), json!("300 mg"))]));
    asks(&mut play, BTreeMap::new());
    assert_eq!(fact(&play), None);
}

/// The arguments of the last call, after the adjuster approved.
fn approved_with(argument: &str, optional: bool) -> Option<Value> {
    let mut play = Play::at_decision();
    let input = Input { ty: Type::Date, optional, grants: Labels::NONE };
    let action = play.catalog.actions.get_mut("pbm.authorize").expect("in the catalog");
    action.input.insert("until".into(), input);
    for step in &mut play.program.steps {
        if let Core::Call(call) = step
            && call.action == "pbm.authorize"
        {
            let reads = vec![Path(argument.to_owned())];
            call.with.push(("until".into(), Expr { reads, ..expr(argument) }));
        }
    }
    play.taps("adjuster", "approve");
    play.effects.iter().find_map(|(_, effect)| match effect {
        Effect::Call { input, .. } => Some(input.clone()),
        _ => None,
    })
}

#[test]
fn an_optional_argument_that_the_choice_did_not_give_is_left_out() {
    let input = approved_with("decision.until", true).unwrap();
    assert!(input.get("until").is_none());
    assert_eq!(input["days"], json!(30));
}

#[test]
fn an_argument_that_is_needed_or_whose_field_is_unknown_is_never_left_out() {
    assert_eq!(approved_with("decision.until", false), None);
    assert_eq!(approved_with("auth.until", true), None);
}
