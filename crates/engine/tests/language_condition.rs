//! Conditions: what they give, and what is found in them before they run.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use mendline_engine::catalog::Catalog;
use mendline_engine::condition::{self, Expr, ExprError, Problem};
use mendline_engine::label::Labels;
use mendline_engine::scope::{Scope, ScopeField, shape_of};
use mendline_engine::surface::{At, Span};
use mendline_engine::types::{Member, Record, Type};
use serde_json::{Value, json};

fn catalog() -> Catalog {
    let member = |ty| Member { ty, labels: Labels::NONE, optional: false };
    let members = [
        ("number", member(Type::Text)),
        ("since", member(Type::Date)),
        ("parts", member(Type::List(Box::new(Type::Text)))),
    ];
    let members = members.into_iter().map(|(name, it)| (name.to_owned(), it)).collect();
    let claim = Record { show: "{number}".to_owned(), members };
    Catalog { records: BTreeMap::from([("claim".to_owned(), claim)]), ..Catalog::default() }
}

fn compiled(source: &str) -> Result<Expr, Vec<Problem>> {
    let catalog = catalog();
    let fields = [
        ("days", Type::Integer),
        ("dose", Type::Number),
        ("choice", Type::Choice(vec!["send".to_owned(), "stop".to_owned()])),
        ("sure", Type::Boolean),
        ("claim", Type::Record("claim".to_owned())),
        ("decision", Type::Record("decision".to_owned())),
    ];
    let field = |(name, ty): (&str, Type)| {
        let shape = shape_of(name, &ty);
        let labels = Labels::NONE;
        (name.to_owned(), ScopeField { shape, declared: labels, labels, lowered: BTreeMap::new() })
    };
    let scope = Scope {
        catalog: &catalog,
        fields: fields.into_iter().map(field).collect(),
        parties: vec!["worker".to_owned()],
        decisions: BTreeMap::new(),
    };
    let length = u32::try_from(source.chars().count()).unwrap();
    let at = Span { line: 7, column: 11, length };
    condition::compile(&At { it: source.to_owned(), at }, &scope).map(|(expr, _)| expr)
}

fn value(source: &str, fields: Value) -> Result<Value, ExprError> {
    let fields: BTreeMap<String, Value> = serde_json::from_value(fields).unwrap();
    compiled(source).unwrap().eval(&fields)
}

#[test]
fn a_condition_reads_fields_and_members() {
    let yes = Ok(json!(true));
    assert_eq!(value("days > 30", json!({"days": 31})), yes);
    assert_eq!(value("days + 1", json!({"days": 31})), Ok(json!(32)));
    assert_eq!(value("choice == 'stop'", json!({"choice": "send"})), Ok(json!(false)));
    assert_eq!(value("claim.number", json!({"claim": {"number": "X"}})), Ok(json!("X")));
    assert_eq!(value("size(claim.parts) == 2", json!({"claim": {"parts": [1, 2]}})), yes);
    let knee = json!({"claim": {"parts": ["knee"]}});
    assert_eq!(value("claim.parts.exists(p, p == 'knee')", knee), yes);
    assert_eq!(value("dose > 3", json!({"dose": 3.5})), yes);
    assert_eq!(value("dose > 3.0", json!({"dose": 4})), yes);
    let since = json!({"claim": {"since": "2026-01-31"}});
    assert_eq!(value("claim.since < '2026-02-01'", since), yes);
}

#[test]
fn a_missing_field_is_an_error_and_never_false() {
    let missing = |name: &str| Err(ExprError::Missing(name.to_owned()));
    assert_eq!(value("days > 30", json!({})), missing("days"));
    assert_eq!(value("days > 30", json!({"days": null})), missing("days"));
    let null = json!({"claim": {"number": null}});
    assert_eq!(value("claim.number == 'x'", null), missing("number"));
    assert_eq!(value("claim.number", json!({})), missing("claim.number"));
}

#[test]
fn known_asks_whether_there_is_a_value() {
    let source = "known(claim.since) && !known(days)";
    assert_eq!(value(source, json!({"claim": {"since": "2026-01-01"}})), Ok(json!(true)));
    assert_eq!(value(source, json!({"claim": {"since": null}})), Ok(json!(false)));
    assert_eq!(value(source, json!({})), Ok(json!(false)));
    assert_eq!(value("known(choice) && choice == 'stop'", json!({})), Ok(json!(false)));
}

#[test]
fn an_expression_survives_json_and_still_runs() {
    let expr = compiled("days > 30 && known(claim)").unwrap();
    let again: Expr = serde_json::from_str(&serde_json::to_string(&expr).unwrap()).unwrap();
    assert_eq!(expr, again);
    let fields = BTreeMap::from([("days".to_owned(), json!(40)), ("claim".to_owned(), json!({}))]);
    assert_eq!(again.eval(&fields), Ok(json!(true)));
}

#[test]
fn a_condition_knows_what_it_reads_and_gives() {
    let expr = compiled("known(claim.since) && days > 3").unwrap();
    let reads: Vec<_> = expr.reads.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(reads, ["claim.since", "days"]);
    assert_eq!(expr.ty, Type::Boolean);
    assert_eq!(compiled("worker.first_name").unwrap().ty, Type::Text);
}

#[test]
fn what_is_wrong_is_found_where_it_stands() {
    // Source, code, column and length of the caret (the expression starts at column 11), help.
    let cases = [
        ("dayz > 30", "D101", 11, 4, "did you mean 'days'?"),
        ("days > 1 && claim.numbr == 'x'", "D102", 29, 5, "did you mean 'number'?"),
        ("claim.numbr", "D102", 17, 5, "did you mean 'number'?"),
        ("days == 'x'", "D103", 11, 11, "write the number without quotes"),
        ("choice == 'stopp'", "D104", 21, 7, "did you mean 'stop'?"),
        ("'ñandú' == 'é' && dayz > 1", "D101", 29, 4, "did you mean 'days'?"),
        ("sure && days", "D103", 19, 4, "compare it with == first, or name another field"),
        ("now() > days", "D106", 11, 3, "known"),
        ("claim == null", "D103", 20, 4, "ask known(field)"),
        ("dose * 2 > 1", "D103", 11, 4, "reckon in whole numbers"),
        ("decision.reason == 'x'", "D103", 11, 22, "compare the reason's code"),
        ("worker.shoe", "D102", 18, 4, "it has: person"),
    ];
    for (source, code, column, length, help) in cases {
        let found = compiled(source).expect_err(source).remove(0);
        let seen = (found.code, found.at.line, found.at.column, found.at.length);
        assert_eq!(seen, (code, 7, column, length), "{source}: {}", found.message);
        assert!(found.help.contains(help), "{source}: {}", found.help);
    }
}

#[test]
fn an_expression_that_does_not_parse_is_one_problem() {
    assert_eq!(compiled("days >").unwrap_err()[0].code, "D107");
    assert_eq!(compiled("").unwrap_err()[0].code, "D107");
    for deep in ["(", "!", "-", "[", "size(", "sure ? sure : "] {
        assert_eq!(compiled(&deep.repeat(30)).unwrap_err()[0].code, "D107", "{deep}");
        assert_eq!(compiled(&deep.repeat(10)).unwrap_err()[0].code, "D107", "{deep}");
    }
    let long = format!("{}sure", "sure && ".repeat(60));
    assert_eq!(compiled(&long).unwrap().ty, Type::Boolean);
    assert_eq!(compiled(&"days + ".repeat(300)).unwrap_err()[0].code, "D107");
}
