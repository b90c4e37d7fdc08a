//! From words to answers and repairs.

use mendline_engine::listen::{Heard, Offer, Spoken, choice, fold, named, repair, value};
use mendline_engine::types::Type;
use serde_json::{Value, json};

fn offers(labels: &[&str]) -> Vec<Offer> {
    let offer =
        |label: &&str| Offer { key: fold(label).replace(' ', "-"), labels: vec![(*label).into()] };
    labels.iter().map(offer).collect()
}

fn today() -> chrono::NaiveDate {
    "2026-07-02".parse().expect("a day")
}

#[test]
fn words_are_folded() {
    assert_eq!(fold("¿Cuál  es, señor?"), "cual es senor");
}

#[test]
fn a_choice_is_heard_by_label_number_part_and_typo() {
    let drugs = offers(&["gabapentin 300 mg", "ibuprofen 600 mg", "tramadol 50 mg"]);
    for (words, heard) in [
        ("Ibuprofen 600 mg", Heard::Exactly(1)),
        ("the second one", Heard::Exactly(1)),
        ("la segunda", Heard::Exactly(1)),
        ("3", Heard::Exactly(2)),
        ("ibuprofen please", Heard::Likely(1)),
        ("I need my ibuprofin", Heard::Likely(1)),
        ("it is the tramadol that my doctor gave me", Heard::Likely(2)),
        ("not the tramadol", Heard::Nothing),
        ("7", Heard::Nothing),
        ("aspirin", Heard::Nothing),
        ("", Heard::Nothing),
    ] {
        assert_eq!(choice(words, &drugs), heard, "{words}");
    }
}

#[test]
fn yes_and_no_count_only_where_the_labels_begin_so() {
    let yes_no = offers(&["Yes, I am waiting", "No"]);
    assert_eq!(choice("yep", &yes_no), Heard::Exactly(0));
    assert_eq!(choice("no, gracias", &yes_no), Heard::Exactly(1));
    assert_eq!(choice("yep", &offers(&["Ask now", "Not now"])), Heard::Nothing);
}

#[test]
fn two_that_fit_are_told_apart_by_asking() {
    let drugs = offers(&["gabapentin 300 mg", "gabapentin 600 mg"]);
    assert_eq!(choice("gabapentin", &drugs), Heard::Several(vec![0, 1]));
    assert_eq!(choice("gabapentin 600", &drugs), Heard::Likely(1));
}

#[test]
fn values_are_read_from_words() {
    for (words, ty, heard) in [
        ("30 days", Type::Integer, Some(json!(30))),
        ("thirty", Type::Integer, Some(json!(30))),
        ("10 to 20", Type::Integer, None),
        ("-5.5", Type::Integer, None),
        ("1,200.5", Type::Number, Some(json!(1200.5))),
        ("sí", Type::Boolean, Some(json!(true))),
        ("$182.4", Type::Money, Some(json!("182.40 USD"))),
        ("182.40 EUR", Type::Money, None),
        ("11/18/2026", Type::Date, Some(json!("2026-11-18"))),
        ("November 18th, 2026", Type::Date, Some(json!("2026-11-18"))),
        ("18 de noviembre de 2026", Type::Date, Some(json!("2026-11-18"))),
        ("tomorrow", Type::Date, Some(json!("2026-07-03"))),
        ("2026-02-30", Type::Date, None),
        ("  my knee hurts ", Type::Text, Some(json!("my knee hurts"))),
        ("   ", Type::Text, None),
    ] {
        assert_eq!(value(words, &ty, today()), heard, "{words}");
    }
    let long: String = "x".repeat(2001);
    assert_eq!(value(&long, &Type::Text, today()), None::<Value>);
}

#[test]
fn repairs_are_heard_in_both_languages() {
    let correct = |called: Option<&str>, words: Option<&str>| Spoken::Correct {
        called: called.map(str::to_owned),
        words: words.map(str::to_owned),
    };
    for (words, heard) in [
        ("help", Spoken::Help),
        ("¿Qué puedo hacer?", Spoken::Help),
        ("say that again please", Spoken::Repeat),
        ("otra vez", Spoken::Repeat),
        ("I want to talk to a person", Spoken::Human),
        ("a person", Spoken::Human),
        ("Quiero hablar con alguien", Spoken::Human),
        ("agent", Spoken::Human),
        ("never mind", Spoken::Cancel),
        ("Cancelar, por favor", Spoken::Cancel),
        ("no, I meant ibuprofen", correct(None, Some("ibuprofen"))),
        ("quise decir ibuprofeno", correct(None, Some("ibuprofeno"))),
        ("change the medicine", correct(Some("medicine"), None)),
        ("change my medicine to tramadol", correct(Some("medicine"), Some("tramadol"))),
        ("wrong drug", correct(Some("drug"), None)),
        ("cambiar la medicina", correct(Some("medicina"), None)),
        ("change my answer", correct(None, None)),
    ] {
        assert_eq!(repair(words), Some(heard), "{words}");
    }
}

#[test]
fn an_answer_that_contains_a_repair_word_is_none() {
    for words in [
        "please help me understand why my nurse said no",
        "the pharmacist is a nice person and she said it again",
        "gabapentin",
        "yes",
        "stop taking it?",
        "",
    ] {
        assert_eq!(repair(words), None, "{words}");
    }
}

#[test]
fn fields_are_found_by_what_people_call_them() {
    let fields = [("drug".to_owned(), vec!["drug".to_owned(), "medicine".to_owned()])];
    assert_eq!(named("Medicine", &fields), Some("drug"));
    assert_eq!(named("the pharmacy", &fields), None);
}
