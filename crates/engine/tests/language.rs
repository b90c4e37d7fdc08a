//! The flows of the house, from their files to their programs.

#![expect(clippy::unwrap_used, reason = "tests")]

mod house;

use std::collections::BTreeSet;

use house::{catalog, flow};
use mendline_engine::core::{Answers, Core, Program, RungDoes, Silence, SilenceThen, WaitFor};
use mendline_engine::label::{Label, Labels};
use mendline_engine::load::{Source, load};
use mendline_engine::parse;
use mendline_engine::report::Report;
use mendline_engine::scope::Scope;
use mendline_engine::text::{Path, Wording};
use mendline_engine::time::{Duration, Unit};
use mendline_engine::types::Type;

const FLOWS: [&str; 4] = ["medication-approval", "claim-status", "refill", "gather-information"];

fn program(name: &str) -> Program {
    let loaded = flow(name);
    assert_eq!(loaded.findings, [], "{name}");
    loaded.program.unwrap()
}

/// A step by its anchor.
fn at<'p>(program: &'p Program, anchor: &str) -> &'p Core {
    &program.steps[program.anchors[anchor]]
}

fn wordings(program: &Program) -> Vec<&Wording> {
    let mut all: Vec<&Wording> =
        program.outcomes.values().filter_map(|it| it.say.as_ref()).collect();
    for step in &program.steps {
        match step {
            Core::Say(it) => all.push(&it.wording),
            Core::Ask(it) => all.push(&it.wording),
            Core::Handoff(it) => all.extend(&it.why),
            Core::Decide(it) => {
                all.push(&it.wording);
                all.extend(it.keep_informed.iter().map(|it| &it.wording));
            }
            _ => {}
        }
    }
    all
}

fn labels(of: &[Label]) -> Labels {
    of.iter().copied().collect()
}

#[test]
fn every_flow_of_the_house_loads_clean() {
    for name in FLOWS {
        program(name);
    }
}

#[test]
fn every_text_of_the_house_exists_in_both_languages() {
    for name in FLOWS {
        for wording in wordings(&program(name)) {
            let languages: Vec<_> = wording.words.keys().map(String::as_str).collect();
            assert_eq!(languages, ["en", "es"], "{name} {}", wording.key);
            let private = wording.private.len();
            assert!(private == 0 || private == 2, "{name} {}", wording.key);
        }
    }
}

#[test]
fn a_program_survives_json() {
    for name in FLOWS {
        let program = program(name);
        let json = serde_json::to_string(&program).unwrap();
        assert_eq!(serde_json::from_str::<Program>(&json).unwrap(), program, "{name}");
    }
}

#[test]
fn every_jump_lands_on_a_step_and_every_anchor_on_its_own() {
    for name in FLOWS {
        let program = program(name);
        let size = program.steps.len();
        assert_eq!(program.spans.len(), size);
        for step in &program.steps {
            let goals = match step {
                Core::Branch { otherwise, .. } => vec![*otherwise],
                Core::Jump(to) => vec![*to],
                Core::Switch { cases, .. } => cases.iter().map(|it| it.1).collect(),
                Core::Call(it) => it.fails.into_iter().collect(),
                Core::Handoff(it) => vec![it.retry],
                Core::Decide(it) => {
                    let steps = it.choices.iter().filter_map(|it| it.steps);
                    steps.chain(it.nobody_decided).collect()
                }
                Core::Ask(it) => match &it.silence {
                    Some(Silence { then: SilenceThen::Go(to), .. }) => vec![*to],
                    _ => vec![],
                },
                _ => vec![],
            };
            assert!(goals.iter().all(|it| *it < size), "{name} {step:?}");
        }
        let last = program.steps.last();
        let ended = matches!(last, Some(Core::End { .. } | Core::Jump(_) | Core::AskAgain { .. }));
        assert!(ended, "{name} {last:?}");
    }
}

#[test]
fn rule_05_what_a_correction_of_the_medicine_clears() {
    let program = program("medication-approval");
    let derived = |field: &str| -> BTreeSet<&str> {
        program.derived[field].iter().map(String::as_str).collect()
    };
    let learned = ["check", "go_ahead", "decision", "asked", "answer", "auth"];
    assert_eq!(derived("drug"), BTreeSet::from(learned));
    assert_eq!(derived("decision"), BTreeSet::from(["asked", "answer", "auth"]));
    assert!(!program.derived.contains_key("at_counter"));
}

#[test]
fn rule_08_labels_join_through_results_and_only_manifests_lower_them() {
    let program = program("medication-approval");
    let both = labels(&[Label::Claim, Label::Health]);
    assert_eq!(program.fields["claim"].labels, both);
    assert_eq!(program.fields["drug"].labels, both);
    assert_eq!(program.fields["check"].labels, both);
    assert_eq!(program.fields["go_ahead"].labels, Labels::NONE);
    let catalog = catalog();
    let scope = Scope::of_program(&program, &catalog);
    let of = |path: &str| scope.resolve(&Path(path.to_owned())).unwrap();
    assert_eq!(of("auth.number"), (shape(Type::Text), labels(&[Label::Claim])));
    assert_eq!(of("decision.days"), (shape(Type::Integer), both));
    assert_eq!(of("decision.about.drug.name").1, both);
    assert!(scope.resolve(&Path("decision.dayz".to_owned())).is_err());
    // A question without a value in it, outside of every branch, is public.
    let Core::Ask(ask) = at(&program, "at_counter") else { panic!() };
    assert_eq!(ask.wording.labels, Labels::NONE);
    // The buttons of a list carry what they show.
    let Core::Ask(ask) = at(&program, "drug") else { panic!() };
    assert_eq!(ask.wording.labels, both);
    for wording in wordings(&program) {
        assert_eq!(wording.private_labels, Labels::NONE, "{}", wording.key);
    }
}

fn shape(ty: Type) -> mendline_engine::scope::Shape {
    mendline_engine::scope::Shape::Type(ty)
}

#[test]
fn rule_08_a_text_in_a_branch_carries_what_the_branch_looked_at() {
    let text = "flow: f\nversion: 1\nparties: { worker: { role: injured_worker } }\ndata:\n  \
                claim: { type: claim, from: worker.open_claim }\n  told: { type: boolean }\n\
                outcomes: { done: { kind: success } }\nsteps:\n  - when: claim.status == 'denied'\n    \
                steps:\n      - say: Hello.\n      - set: { told: 'true' }\n  - say: Goodbye.\n  \
                - end: done\n";
    let program = lowered(text);
    let says: Vec<_> = program
        .steps
        .iter()
        .filter_map(|it| if let Core::Say(it) = it { Some(it.wording.labels) } else { None })
        .collect();
    assert!(says[0].has(Label::Claim));
    assert_eq!(says[1], Labels::NONE);
    assert!(program.fields["told"].labels.has(Label::Claim));
}

/// Lowers a flow without asking the checker.
fn lowered(text: &str) -> Program {
    let mut report = Report::new("f");
    let flow = parse::flow(text, &mut report).unwrap();
    let catalog = catalog();
    let program =
        mendline_engine::lower::lower(&flow, &mut [], &catalog, String::new(), &mut report);
    assert_eq!(report.into_findings(), []);
    program
}

#[test]
fn the_decision_of_the_approval_is_lowered_whole() {
    let program = program("medication-approval");
    let Core::Decide(decide) = at(&program, "decision") else { panic!() };
    let keys: Vec<_> = decide.choices.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(keys, ["approve", "shorter", "period", "deny", "info", "not_mine"]);
    assert_eq!(decide.choices[0].label["es"], "Aprobar");
    assert_eq!(decide.choices[3].needs[0].list.as_deref(), Some("pbm.denial_reasons"));
    assert_eq!(decide.choices[3].needs[0].ty, Type::Reason);
    let period: Vec<_> = decide.choices[2].needs.iter().map(|it| it.ty.clone()).collect();
    assert_eq!(period, [Type::Date, Type::Date, Type::Integer, Type::Integer]);
    let within = decide.within.as_ref().unwrap();
    assert_eq!(within.rule.as_deref(), Some("decision_deadline"));
    assert_eq!(within.fallback, Some(Duration { amount: 2, unit: Unit::BusinessDay }));
    let ladder: Vec<_> = decide.escalate.iter().map(|it| (it.does, it.party.as_str())).collect();
    let (remind, ask) = (RungDoes::Remind, RungDoes::AlsoAsk);
    let (adjuster, supervisor) = ("adjuster", "supervisor");
    assert_eq!(
        ladder,
        [(remind, adjuster), (ask, supervisor), (remind, adjuster), (ask, supervisor)]
    );
    assert!(matches!(program.steps[decide.nobody_decided.unwrap()], Core::Handoff(_)));
    // The steps of a choice end by asking again.
    let info = decide.choices[4].steps.unwrap();
    assert!(matches!(&program.steps[info], Core::Run(it) if it.flow == "gather_information"));
    let again = &program.steps[info + 1];
    assert!(matches!(again, Core::AskAgain { anchor } if anchor == "decision"));
}

#[test]
fn a_failed_lookup_goes_to_a_person_who_may_give_its_value() {
    let program = program("medication-approval");
    let Core::Call(call) = at(&program, "check") else { panic!() };
    let Core::Handoff(handoff) = &program.steps[call.fails.unwrap()] else { panic!() };
    assert_eq!(handoff.save.as_deref(), Some("check"));
    assert_eq!(handoff.retry, program.anchors["check"]);
    assert_eq!(program.steps[call.fails.unwrap() + 1], Core::Jump(handoff.retry + 1));
}

#[test]
fn every_verb_lowers() {
    let text = "flow: verbs\nversion: 2\nparties: { worker: { role: injured_worker } }\ndata:\n  \
        claim: { type: claim, from: worker.open_claim }\n  words: { type: text }\n  \
        days: { type: integer }\n  day: { type: date }\n  got: { type: text }\n\
        outcomes: { done: { kind: success } }\nsteps:\n  \
        - ask: words\n    say: Why?\n    no_answer: { remind: [1 hour, 2 hours], then: end done }\n  \
        - ask: day\n    say: When?\n    no_answer: { after: 3 days, then: end done }\n  \
        - set: { days: 3 + 4 }\n  - { tell: worker, say: Hi. }\n  - wait: 2 days\n  \
        - wait: { until: day }\n  \
        - wait: { event: pharmacy.done, within: 1 week, save: got, else: [{ end: done }] }\n    name: fill\n  \
        - { remind: { at: day, run: refill } }\n  - { run: refill, with: { claim: claim } }\n  \
        - { handoff: { desk: claims_desk, why: Help., closed: [done] } }\n  - end: done\n";
    let program = lowered(text);
    let Core::Ask(ask) = at(&program, "words") else { panic!() };
    assert_eq!(ask.answers, Answers::Type(Type::Text));
    let silence = ask.silence.as_ref().unwrap();
    assert_eq!((silence.remind.len(), silence.after.amount), (2, 2));
    assert!(program.fields["words"].labels.has(Label::Health));
    let Core::Wait(wait) = at(&program, "fill") else { panic!() };
    assert!(matches!(&wait.until, WaitFor::Event { within: Some(_), save: Some(_), .. }));
    let anchors: Vec<_> = program.anchors.keys().map(String::as_str).collect();
    let want = [
        "claim",
        "claim.candidates",
        "claim.none",
        "claims_desk",
        "day",
        "fill",
        "refill",
        "wait",
        "wait_2",
        "words",
    ];
    assert_eq!(anchors, want);
    let scheduled = |it: &Core| matches!(it, Core::Schedule { flow, .. } if flow == "refill");
    assert!(program.steps.iter().any(scheduled));
    assert!(
        program.steps.iter().any(|it| matches!(it, Core::Set { field, .. } if field == "days"))
    );
}

#[test]
fn the_hash_names_the_sources_and_not_their_order() {
    let source = |file: &str, text: &str| Source { file: file.to_owned(), text: text.to_owned() };
    let text = "flow: f\nversion: 1\nparties: { worker: { role: injured_worker } }\n\
                outcomes: { done: { kind: success }, withdrawn: { kind: neutral } }\n\
                steps: [{ say: Hi. }, { end: done }]\n";
    let all = format!("languages: [en, es, fr]\n{text}");
    let es = source("es", "language: es\nflow: f\nsays: [{ of: Hi., say: Hola. }]\n");
    let fr = source("fr", "language: fr\nflow: f\nsays: [{ of: Hi., say: Salut. }]\n");
    let hash = |text: &str, words: &[Source]| {
        let loaded = load(&source("f", text), words, &catalog(), &[]);
        loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.findings)).hash
    };
    assert_eq!(hash(&all, &[es.clone(), fr.clone()]), hash(&all, &[fr, es]));
    assert_ne!(hash(text, &[]), hash(&text.replace("Hi.", "Ho."), &[]));
    assert_eq!(hash(text, &[]).len(), 64);
}
