//! The medication approval as the turn sees it, built by hand.

use std::collections::{BTreeMap, BTreeSet};

use mendline_engine::catalog::{ActionSpec, ActionVerb, Catalog, Reason};
use mendline_engine::condition::{Cache, Expr};
use mendline_engine::core::*;
use mendline_engine::effect::{Effect, Note, OpenHandoff, Verdict, VerdictKind};
use mendline_engine::env::{Env, PartyEnv};
use mendline_engine::event::*;
use mendline_engine::label::Labels;
use mendline_engine::message::{EffectKey, Message};
use mendline_engine::rules::RulePacks;
use mendline_engine::state::{Position, Rest, State};
use mendline_engine::surface::{Identity, OutcomeKind, Span};
use mendline_engine::text::{Path, Wording};
use mendline_engine::time::calendar::Calendars;
use mendline_engine::time::{Duration, Timestamp, Unit};
use mendline_engine::turn::turn;
use mendline_engine::types::{Member, Record, Type, Words};
use serde_json::{Value, json};

/// Thursday 2026-07-02, 16:30 in Chicago: before a long weekend.
pub const START: Timestamp = Timestamp(1_783_027_800_000);

pub fn minutes(amount: u32) -> Duration {
    Duration { amount, unit: Unit::Minute }
}

pub fn hours(amount: u32) -> Duration {
    Duration { amount, unit: Unit::Hour }
}

pub fn days(amount: u32) -> Duration {
    Duration { amount, unit: Unit::Day }
}

pub fn business_minutes(amount: u32) -> Duration {
    Duration { amount, unit: Unit::BusinessMinute }
}

pub fn expr(source: &str) -> Expr {
    let known =
        ["check", "decision", "claim", "drug", "at_counter", "go_ahead", "worker", "broken"];
    let reads = known.iter().filter(|it| source.contains(**it));
    Expr {
        source: source.to_owned(),
        at: Span::default(),
        reads: reads.map(|it| Path((*it).to_owned())).collect(),
        ty: if source == "check.days_supply" { Type::Integer } else { Type::Boolean },
        labels: Labels::NONE,
        cache: Cache::default(),
    }
}

pub fn wording(key: &str, words: &str) -> Wording {
    let template = mendline_engine::template::parse(words).unwrap();
    Wording {
        key: key.to_owned(),
        words: BTreeMap::from([("en".to_owned(), template)]),
        private: BTreeMap::new(),
        labels: Labels::NONE,
        private_labels: Labels::NONE,
    }
}

pub fn words(text: &str) -> Words {
    BTreeMap::from([("en".to_owned(), text.to_owned()), ("es".to_owned(), format!("{text} (es)"))])
}

pub fn say(party: &str, text: &str) -> Core {
    let (party, wording) = (party.to_owned(), wording("say", text));
    Core::Say(Say { party, wording, not_read: None })
}

pub fn ask(field: &str, text: &str, answers: Answers, silence: Option<Silence>) -> Core {
    Core::Ask(Ask {
        anchor: field.to_owned(),
        field: field.to_owned(),
        party: "worker".to_owned(),
        wording: wording(&format!("{field}.say"), text),
        answers,
        silence,
        not_read: None,
    })
}

pub fn keys(choices: &[(&str, &str)]) -> Answers {
    let spec = |(key, label): &(&str, &str)| ChoiceSpec { key: (*key).into(), label: words(label) };
    Answers::Keys(choices.iter().map(spec).collect())
}

pub fn call(anchor: &str, action: &str, with: &[(&str, &str)], save: Option<&str>) -> Core {
    Core::Call(Call {
        anchor: anchor.to_owned(),
        action: action.to_owned(),
        with: with.iter().map(|(name, source)| ((*name).to_owned(), expr(source))).collect(),
        save: save.map(str::to_owned),
        fails: None,
    })
}

pub fn end(outcome: &str) -> Core {
    Core::End { outcome: outcome.to_owned() }
}

pub fn need(name: &str, ty: Type, list: Option<&str>) -> Need {
    Need { name: name.to_owned(), ty, list: list.map(str::to_owned), below: None }
}

pub fn choice(key: &str, label: &str, needs: Vec<Need>, set: &[(&str, &str)]) -> DecideChoice {
    DecideChoice {
        key: key.to_owned(),
        label: words(label),
        needs,
        set: set.iter().map(|(name, source)| ((*name).to_owned(), expr(source))).collect(),
        steps: None,
    }
}

/// Steps of the approval by name, so that tests can put others in their place.
pub const CLAIM: Pc = 0;
pub const DRUG: Pc = 1;
pub const CHECK: Pc = 2;
pub const DECISION: Pc = 12;
pub const INFO: Pc = 21;
pub const LEFT: Pc = 23;

fn decide() -> Decide {
    let rung = |after, when: Option<&str>, does, party: &str| Rung {
        after,
        when: when.map(expr),
        does,
        party: party.to_owned(),
    };
    let here = Some("at_counter == \"here\"");
    let mut info =
        choice("info", "Need information", vec![need("question", Type::Text, None)], &[]);
    info.steps = Some(INFO);
    let below = Some(expr("check.days_supply"));
    let fewer = Need { below, ..need("days", Type::Integer, None) };
    Decide {
        anchor: "decision".to_owned(),
        party: "adjuster".to_owned(),
        wording: wording(
            "decision.say",
            "{worker.first_name}, claim {claim.number}: {drug}, {check.days_supply} days. Stopped \
             because: {check.reason}.",
        ),
        choices: vec![
            choice("approve", "Approve", vec![], &[("days", "check.days_supply")]),
            choice("shorter", "Approve fewer days", vec![fewer], &[]),
            choice(
                "deny",
                "Not for this claim",
                vec![need("reason", Type::Reason, Some("pbm.denial_reasons"))],
                &[],
            ),
            info,
        ],
        authority: Some("approve_medication".to_owned()),
        within: Some(Within {
            rule: Some("decision_deadline".to_owned()),
            fallback: Some(Duration { amount: 2, unit: Unit::BusinessDay }),
            from: None,
        }),
        escalate: vec![
            rung(minutes(10), here, RungDoes::Remind, "adjuster"),
            rung(minutes(20), here, RungDoes::AlsoAsk, "supervisor"),
            rung(business_minutes(30), None, RungDoes::Remind, "adjuster"),
            rung(business_minutes(60), None, RungDoes::AlsoAsk, "supervisor"),
        ],
        keep_informed: vec![KeepInformed {
            party: "worker".to_owned(),
            every: days(1),
            wording: wording(
                "inform",
                "Still waiting for a decision on {drug}. {decision.holder} has it.",
            ),
        }],
        nobody_decided: None,
    }
}

fn steps() -> Vec<Core> {
    let left = |remind: Vec<Duration>| {
        let after = *remind.last().unwrap();
        Some(Silence { remind, after, then: SilenceThen::Go(LEFT) })
    };
    let branch = |source: &str, otherwise| Core::Branch { condition: expr(source), otherwise };
    let cases = [("covered", 4), ("too_soon", 6), ("needs_approval", 8)];
    vec![
        /* 0 */
        call("claim", "pbm.open_claim", &[("person", "worker.person")], Some("claim")),
        /* 1 */
        ask(
            "drug",
            "Which medicine do you need?",
            Answers::List(Path("claim.medications".into())),
            left(vec![hours(2), days(1)]),
        ),
        /* 2 */
        call("check", "pbm.check_coverage", &[("claim", "claim"), ("drug", "drug")], Some("check")),
        /* 3 */
        Core::Switch {
            path: Path("check.status".into()),
            cases: cases.iter().map(|(key, pc)| ((*key).to_owned(), *pc)).collect(),
            labels: Labels::NONE,
        },
        /* 4 */ say("worker", "{drug} is covered. Your pharmacy can fill it now."),
        /* 5 */ end("covered"),
        /* 6 */ say("worker", "You can fill {drug} from {check.next_fill_date}."),
        /* 7 */ end("too_soon"),
        /* 8 */
        ask(
            "at_counter",
            "Are you at the pharmacy right now?",
            keys(&[("here", "Yes, I am waiting"), ("later", "No")]),
            Some(Silence {
                remind: vec![],
                after: minutes(10),
                then: SilenceThen::Take(json!("later")),
            }),
        ),
        /* 9 */
        ask(
            "go_ahead",
            "{drug} needs an OK. Shall I ask now?",
            keys(&[("send", "Ask now"), ("stop", "Not now")]),
            left(vec![hours(2)]),
        ),
        /* 10 */ branch("go_ahead == \"stop\"", 12),
        /* 11 */ end("withdrawn"),
        /* 12 */ Core::Decide(Box::new(decide())),
        /* 13 */ branch("decision.choice == \"deny\"", 16),
        /* 14 */ say("worker", "{drug} was not approved: {decision.reason}."),
        /* 15 */ end("denied"),
        /* 16 */
        call(
            "auth",
            "pbm.authorize",
            &[("claim", "claim"), ("days", "decision.days")],
            Some("auth"),
        ),
        /* 17 */
        say("pharmacy", "Authorization {auth.number}, claim {claim.number}: {drug}."),
        /* 18 */
        say("worker", "{drug} is approved for {decision.days} days, number {auth.number}."),
        /* 19 */ end("approved"),
        /* 20 */ Core::Jump(19),
        /* 21 */
        Core::Run(Run {
            anchor: "info".into(),
            flow: "gather_information".into(),
            with: vec![],
            save: None,
            keep: vec![],
        }),
        /* 22 */ Core::AskAgain { anchor: "decision".into() },
        /* 23 */ end("left"),
        /* 24 */ end("withdrawn"),
    ]
}

fn fields() -> BTreeMap<String, FieldSpec> {
    let record = |name: &str| Type::Record(name.to_owned());
    let choice = |keys: &[&str]| Type::Choice(keys.iter().map(|it| (*it).to_owned()).collect());
    let all = [
        ("claim", record("claim")),
        ("drug", record("medication")),
        ("check", record("pbm.coverage")),
        ("at_counter", choice(&["here", "later"])),
        ("go_ahead", choice(&["send", "stop"])),
        ("decision", record("decision")),
        ("auth", record("pbm.authorization")),
    ];
    let spec = |ty: Type, name: &str| FieldSpec {
        ty,
        labels: Labels::NONE,
        spoken: name.replace('_', " "),
    };
    all.into_iter().map(|(name, ty)| (name.to_owned(), spec(ty, name))).collect()
}

/// The medication approval.
pub fn approval() -> Program {
    let party = |role: &str, of: Option<&str>, optional| PartySpec {
        role: role.to_owned(),
        of: of.map(str::to_owned),
        optional,
    };
    let outcome =
        |kind, say: Option<&str>| OutcomeSpec { kind, say: say.map(|it| wording("outcome", it)) };
    let steps = steps();
    let mut anchors = BTreeMap::new();
    for (pc, step) in steps.iter().enumerate() {
        let anchor = match step {
            Core::Ask(it) => &it.anchor,
            Core::Call(it) => &it.anchor,
            Core::Decide(it) => &it.anchor,
            Core::Run(it) => &it.anchor,
            Core::Wait(it) => &it.anchor,
            Core::Handoff(it) => &it.anchor,
            _ => continue,
        };
        anchors.insert(anchor.clone(), pc);
    }
    let derived: BTreeSet<String> =
        ["check", "go_ahead", "decision", "auth"].iter().map(|it| (*it).to_owned()).collect();
    Program {
        flow: "medication_approval".into(),
        version: 1,
        hash: "0".into(),
        languages: vec!["en".into(), "es".into()],
        identity: Identity::Verified,
        purpose: None,
        parties: BTreeMap::from([
            ("worker".into(), party("injured_worker", None, false)),
            ("adjuster".into(), party("adjuster", Some("claim"), false)),
            ("supervisor".into(), party("supervisor", Some("claim"), false)),
            ("pharmacy".into(), party("pharmacy", Some("claim"), true)),
        ]),
        principal: "worker".into(),
        fields: fields(),
        outcomes: BTreeMap::from([
            ("approved".into(), outcome(OutcomeKind::Success, None)),
            ("covered".into(), outcome(OutcomeKind::Success, None)),
            ("too_soon".into(), outcome(OutcomeKind::Neutral, None)),
            (
                "withdrawn".into(),
                outcome(OutcomeKind::Neutral, Some("All right. Nothing was sent.")),
            ),
            ("denied".into(), outcome(OutcomeKind::Neutral, None)),
            ("left".into(), outcome(OutcomeKind::Failure, Some("I have closed this for now."))),
        ]),
        start_when: Triggers::default(),
        spans: vec![Span::default(); steps.len()],
        steps,
        anchors,
        derived: BTreeMap::from([("drug".into(), derived)]),
        interrupts: InterruptSpec {
            correct: vec!["drug".into()],
            cancel: Some(24),
            cancel_asks: true,
            human: Some("pharmacy_desk".into()),
            help: None,
            not_understood: None,
        },
        moved: BTreeMap::new(),
    }
}

/// What the approval may name.
pub fn catalog() -> Catalog {
    let action = |verb| ActionSpec {
        input: BTreeMap::new(),
        output: Type::Text,
        labels: Labels::NONE,
        lowers: BTreeMap::new(),
        verb,
        fast: false,
        business_key: vec![],
        inquire: None,
    };
    let member = |ty| Member { ty, labels: Labels::NONE, optional: false };
    let text = || member(Type::Text);
    let medication = || Type::Record("medication".to_owned());
    let record = |show: &str, members: Vec<(&str, Member)>| Record {
        show: show.to_owned(),
        members: members.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
    };
    let reason = |code: &str, label: &str, only_in: Option<Vec<String>>| Reason {
        code: code.to_owned(),
        label: words(label),
        words: words(&format!("because of: {label}")),
        only_in,
    };
    Catalog {
        actions: BTreeMap::from([
            ("pbm.open_claim".into(), action(ActionVerb::Read)),
            ("pbm.check_coverage".into(), action(ActionVerb::Read)),
            ("pbm.authorize".into(), action(ActionVerb::Write)),
        ]),
        records: BTreeMap::from([
            (
                "claim".into(),
                record(
                    "claim {number}",
                    vec![
                        ("number", text()),
                        ("medications", member(Type::List(Box::new(medication())))),
                    ],
                ),
            ),
            (
                "medication".into(),
                record("{name} {strength}", vec![("name", text()), ("strength", text())]),
            ),
            (
                "pbm.coverage".into(),
                record(
                    "{status}",
                    vec![
                        ("status", text()),
                        ("days_supply", member(Type::Integer)),
                        ("reason", member(Type::Reason)),
                        ("next_fill_date", member(Type::Date)),
                    ],
                ),
            ),
            ("pbm.authorization".into(), record("{number}", vec![("number", text())])),
        ]),
        reasons: BTreeMap::from([(
            "pbm.denial_reasons".to_owned(),
            vec![
                reason("DENY_BODY_PART", "Not related to the injury", None),
                reason("DENY_MEDICAL", "Not medically necessary", Some(vec!["CA".into()])),
            ],
        )]),
        desks: BTreeMap::from([("pharmacy_desk".to_owned(), words("Pharmacy desk"))]),
        authorities: vec!["approve_medication".into()],
        ..Catalog::default()
    }
}

pub fn claim() -> Value {
    json!({ "number": "WC-1001", "medications": [
        { "name": "gabapentin", "strength": "300 mg" },
        { "name": "ibuprofen", "strength": "600 mg" },
        { "name": "tramadol", "strength": "50 mg" },
    ]})
}

pub fn coverage(status: &str) -> Value {
    json!({ "status": status, "days_supply": 30, "reason": "not on the formulary",
        "next_fill_date": "2026-07-20" })
}
