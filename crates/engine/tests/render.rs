//! What readers see, in both languages.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use mendline_engine::catalog::Catalog;
use mendline_engine::label::{Label, Labels};
use mendline_engine::message::{Button, Message, MessageKind};
use mendline_engine::render::{
    FORMATS, Form, Reader, check_format, render, render_form, render_text, show_record, write_value,
};
use mendline_engine::text::{Part, Path, Slot, Template, Typed, Values, Wording};
use mendline_engine::time::zone::zone;
use mendline_engine::types::{Member, Record, Type};
use serde_json::{Value, json};

fn write(value: Value, ty: &Type, format: &str, language: &str) -> String {
    let reader = Reader { language, zone: zone("America/Los_Angeles") };
    write_value(&value, ty, Some(format).filter(|it| !it.is_empty()), reader)
}

/// `Take {drug}.` in pieces.
fn template(source: &str) -> Template {
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once('{') {
        let (slot, tail) = after.split_once('}').unwrap();
        let (path, format) = match slot.split_once(" | ") {
            Some((path, format)) => (path, Some(format.to_owned())),
            None => (slot, None),
        };
        parts.push(Part::Words(before.to_owned()));
        parts.push(Part::Value(Slot { path: Path(path.to_owned()), format }));
        rest = tail;
    }
    parts.push(Part::Words(rest.to_owned()));
    Template { source: source.to_owned(), parts }
}

fn wording(words: &[(&str, &str)], private: &[(&str, &str)]) -> Wording {
    let all = |it: &[(&str, &str)]| {
        it.iter().map(|(lang, text)| ((*lang).to_owned(), template(text))).collect()
    };
    Wording {
        key: "drug.say".to_owned(),
        words: all(words),
        private: all(private),
        labels: Labels::NONE.with(Label::Health),
        private_labels: Labels::NONE,
    }
}

fn values(all: &[(&str, Type, Value)]) -> Values {
    let typed = |ty: &Type, value: &Value| Typed { ty: ty.clone(), value: value.clone() };
    all.iter().map(|(path, ty, value)| (Path((*path).to_owned()), typed(ty, value))).collect()
}

fn message(wording: Wording, values: Values) -> Message {
    let button = |key: &str, label: &str, value: Value| Button {
        key: key.to_owned(),
        label: BTreeMap::from([("en".to_owned(), label.to_owned())]),
        value,
        needs: Vec::new(),
    };
    Message {
        party: "worker".to_owned(),
        kind: MessageKind::Reply,
        wording,
        values,
        buttons: vec![
            button("later", "Later", Value::Null),
            button("1", "gabapentin", json!({"name": "gabapentin"})),
        ],
        question: None,
        card: None,
        notice: None,
    }
}

#[test]
fn every_type_is_written_as_people_of_both_languages_write_it() {
    let texts = Type::List(Box::new(Type::Text));
    for (value, ty, format, en, es) in [
        (json!("2026-11-18"), Type::Date, "", "November 18, 2026", "18 de noviembre de 2026"),
        (json!("2026-11-18"), Type::Date, "short", "Nov 18", "18 nov"),
        (
            json!("2026-11-18"),
            Type::Date,
            "weekday",
            "Wednesday, November 18",
            "miércoles 18 de noviembre",
        ),
        (json!("2026-11-18T23:00:00Z"), Type::Instant, "time", "3:00 PM", "3:00 p. m."),
        (json!("2026-11-18T20:05:00Z"), Type::Instant, "time", "12:05 PM", "12:05 p. m."),
        (json!("2026-11-18T08:05:00Z"), Type::Instant, "time", "12:05 AM", "12:05 a. m."),
        // In the reader's zone it is still the day before.
        (
            json!("2026-11-18T05:00:00Z"),
            Type::Instant,
            "date",
            "November 17, 2026",
            "17 de noviembre de 2026",
        ),
        (
            json!("2026-11-18T21:00:00Z"),
            Type::Instant,
            "weekday",
            "Wednesday, November 18 at 1:00 PM",
            "miércoles 18 de noviembre a la 1:00 p. m.",
        ),
        (
            json!("2026-11-18T23:00:00Z"),
            Type::Instant,
            "short",
            "Nov 18, 3:00 PM",
            "18 nov, 3:00 p. m.",
        ),
        (json!("182.40 USD"), Type::Money, "", "$182.40", "$182.40"),
        (json!("1182.4 USD"), Type::Money, "", "$1,182.40", "$1,182.40"),
        (json!("-5 USD"), Type::Money, "", "-$5.00", "-$5.00"),
        (json!("5 EUR"), Type::Money, "", "5.00 EUR", "5.00 EUR"),
        (json!(1_234_567), Type::Integer, "", "1,234,567", "1,234,567"),
        (json!(1234), Type::Integer, "plain", "1234", "1234"),
        (json!(-1234.5), Type::Number, "", "-1,234.5", "-1,234.5"),
        (json!(true), Type::Boolean, "", "yes", "sí"),
        (json!(["a", "b", "c"]), texts.clone(), "", "a, b and c", "a, b y c"),
        (json!(["a", "ibuprofeno"]), texts.clone(), "list", "a and ibuprofeno", "a e ibuprofeno"),
        (json!(["a", "hielo"]), texts.clone(), "list", "a and hielo", "a y hielo"),
        (json!(["a", "ocho"]), texts.clone(), "or", "a or ocho", "a u ocho"),
        (json!(["a"]), texts.clone(), "", "a", "a"),
        (json!([]), texts.clone(), "", "", ""),
        (json!(["a", "b"]), texts.clone(), "lines", "- a\n- b", "- a\n- b"),
        (json!("not_mine"), Type::Choice(vec![]), "", "not mine", "not mine"),
        (json!("ana"), Type::Text, "capital", "Ana", "Ana"),
        (json!("pa-1"), Type::Text, "upper", "PA-1", "PA-1"),
        (
            json!({"code": "X", "words": {"en": "not related", "es": "sin relación"}}),
            Type::Reason,
            "",
            "not related",
            "sin relación",
        ),
        (
            json!("not on the formulary"),
            Type::Reason,
            "",
            "not on the formulary",
            "not on the formulary",
        ),
        (Value::Null, Type::Date, "", "…", "…"),
    ] {
        assert_eq!(write(value.clone(), &ty, format, "en"), en, "{value} {format}");
        assert_eq!(write(value.clone(), &ty, format, "es"), es, "{value} {format}");
    }
}

#[test]
fn a_number_takes_the_word_that_the_language_asks_for() {
    for (n, language, forms, expected) in [
        (json!(1), "en", "day days", "1 day"),
        (json!(0), "en", "day days", "0 days"),
        (json!(30), "en", "day days", "30 days"),
        (json!(1.5), "en", "day days", "1.5 days"),
        (json!(1), "es", "día días", "1 día"),
        (json!(7), "es", "día días", "7 días"),
        (json!(0), "es", "día días", "0 días"),
        (json!(2), "en", "business day / business days", "2 business days"),
        (json!(3), "pl", "dzień dni dni dnia", "3 dni"),
        (json!(1), "pl", "dzień dni dni dnia", "1 dzień"),
    ] {
        let written = write(n, &Type::Integer, &format!("count: {forms}"), language);
        assert_eq!(written, expected);
    }
    let list = Type::List(Box::new(Type::Text));
    assert_eq!(write(json!(["a", "b"]), &list, "count: pill pills", "en"), "2 pills");
}

#[test]
fn a_value_is_never_read_as_a_template_and_carries_no_control_characters() {
    let values = values(&[
        ("drug", Type::Text, json!("{secret}\u{7} {x | upper}\u{202E}\r\nend")),
        ("secret", Type::Text, json!("SECRET")),
    ]);
    let wording = wording(&[("en", "Take {drug}.")], &[]);
    let text = render_text(&wording, &values, "en", "UTC");
    assert_eq!(text, "Take {secret} {x | upper}\nend.");
}

#[test]
fn a_language_that_is_missing_falls_back_and_says_so() {
    let both = message(wording(&[("en", "Hello"), ("es", "Hola")], &[]), Values::new());
    let one = message(
        wording(&[("en", "On {d}")], &[]),
        values(&[("d", Type::Date, json!("2026-11-18"))]),
    );
    let of = |message: &Message, language| {
        let it = render(message, false, language, "UTC", None);
        (it.text, it.language)
    };
    assert_eq!(of(&both, "es-MX"), ("Hola".to_owned(), "es".to_owned()));
    // The date is in the language of the words around it.
    assert_eq!(of(&one, "es"), ("On November 18, 2026".to_owned(), "en".to_owned()));
}

#[test]
fn a_preview_leaves_open_what_is_still_to_be_given() {
    let wording = wording(&[("en", "Not approved: {decision.reason}.")], &[]);
    assert_eq!(render_text(&wording, &Values::new(), "en", "UTC"), "Not approved: ….");
}

#[test]
fn rule_14_a_private_form_has_the_link_and_none_of_the_words() {
    let all = values(&[("drug", Type::Text, json!("gabapentin"))]);
    let bare = message(wording(&[("en", "Take {drug}")], &[]), all.clone());
    let link = Some("https://example.com/l/1");
    let hint = render(&bare, true, "es", "UTC", link);
    assert_eq!(hint.text, "Tiene un mensaje. Puede leerlo aquí: https://example.com/l/1");
    assert!(hint.buttons.is_empty());
    let update = render_form(&bare, Form::Update, "en", "UTC", link);
    assert_eq!(update.text, "There is an update on your request. Details: https://example.com/l/1");

    let own = message(wording(&[("en", "Take {drug}")], &[("en", "News for you")]), all.clone());
    let private = render(&own, true, "en", "UTC", link);
    assert_eq!(private.text, "News for you\nhttps://example.com/l/1");
    assert_eq!(private.buttons, [("later".to_owned(), "Later".to_owned())]);

    // A private form with labels of its own goes only where somebody compared the levels.
    let mut labelled = own.clone();
    labelled.wording.private_labels = Labels::NONE.with(Label::Claim);
    assert!(render(&labelled, true, "en", "UTC", None).text.starts_with("There is a message"));
    assert_eq!(render_form(&labelled, Form::Private, "en", "UTC", None).text, "News for you");
}

#[test]
fn a_choice_reads_as_its_button_does() {
    let all = values(&[("when", Type::Choice(vec!["later".to_owned()]), json!("later"))]);
    let message = message(wording(&[("en", "You said {when}.")], &[]), all);
    assert_eq!(render(&message, false, "en", "UTC", None).text, "You said Later.");
}

#[test]
fn a_record_shows_itself_and_a_missing_member_leaves_no_gap() {
    let member = |ty| Member { ty, labels: Labels::NONE, optional: true };
    let members = BTreeMap::from([
        ("name".to_owned(), member(Type::Text)),
        ("strength".to_owned(), member(Type::Text)),
        ("filled".to_owned(), member(Type::Date)),
    ]);
    let show = "{name} {strength} ({filled | short})".to_owned();
    let catalog = Catalog {
        records: BTreeMap::from([("medication".to_owned(), Record { show, members })]),
        ..Catalog::default()
    };
    let ty = Type::Record("medication".to_owned());
    let full = json!({"name": "gabapentin", "strength": "{300} mg", "filled": "2026-11-02"});
    assert_eq!(show_record(&catalog, &ty, &full), "gabapentin {300} mg (Nov 2)");
    let some = json!({"name": "gabapentin", "filled": "2026-11-02"});
    assert_eq!(show_record(&catalog, &ty, &some), "gabapentin (Nov 2)");
    let list = Type::List(Box::new(ty));
    assert_eq!(
        show_record(&catalog, &list, &json!([some, some])),
        "gabapentin (Nov 2) and gabapentin (Nov 2)"
    );
}

#[test]
fn a_format_that_does_not_fit_is_refused_before_and_harmless_after() {
    assert!(check_format("long", &Type::Date).is_ok());
    assert!(check_format("long", &Type::Money).is_err());
    assert!(check_format("count", &Type::Integer).is_err());
    assert!(check_format("count: day days", &Type::Integer).is_ok());
    assert!(check_format("short: x", &Type::Date).is_err());
    assert!(check_format("loud", &Type::Text).is_err());
    assert_eq!(write(json!("5 USD"), &Type::Money, "long", "en"), "$5.00");
    let every = [
        Type::Text,
        Type::Integer,
        Type::Number,
        Type::Boolean,
        Type::Money,
        Type::Date,
        Type::Instant,
        Type::Choice(vec![]),
        Type::Reason,
        Type::List(Box::new(Type::Text)),
    ];
    for spec in FORMATS {
        let given = if spec.takes_words { format!("{}: a b", spec.name) } else { spec.name.into() };
        assert!(every.iter().any(|ty| check_format(&given, ty).is_ok()), "{given} fits nothing");
    }
}
