use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn question(number: u32) -> EffectRef {
    format!("c{number}/1.0").parse().unwrap()
}

fn choices(many: usize) -> Vec<String> {
    (0..many).map(|it| format!("choice-{it}")).collect()
}

fn chosen(number: u32, choice: &str) -> Answer {
    Answer::Choice { question: question(number), choice: choice.into() }
}

#[test]
fn the_first_menu_begins_at_one() {
    let mut menus = Menus::default();
    assert_eq!(menus.offered(&question(1), &choices(3)), [1, 2, 3]);
    assert_eq!(menus.answer(2), chosen(1, "choice-1"));
    assert_eq!(menus.answer(4), Answer::Nothing);
    assert_eq!(menus.answer(0), Answer::Nothing);
}

#[test]
fn rule_04_numbers_are_not_used_again_while_an_older_menu_can_be_answered() {
    let mut menus = Menus::default();
    menus.offered(&question(1), &choices(3));
    assert_eq!(menus.offered(&question(2), &choices(2)), [4, 5]);
    assert_eq!(menus.answer(1), chosen(1, "choice-0"));
    assert_eq!(menus.answer(4), chosen(2, "choice-0"));
}

#[test]
fn a_number_sent_twice_does_not_answer_the_next_question() {
    let mut menus = Menus::default();
    menus.offered(&question(1), &choices(2));
    menus.close(&question(1));
    assert_eq!(menus.offered(&question(2), &choices(2)), [3, 4]);
    assert_eq!(menus.answer(1), Answer::Over { question: question(1) });
}

#[test]
fn numbers_stay_small_from_question_to_question() {
    let mut menus = Menus::default();
    let mut largest = 0;
    for number in 1..100 {
        largest = largest.max(*menus.offered(&question(number), &choices(2)).last().unwrap());
        menus.close(&question(number));
    }
    assert_eq!(largest, 4);
}

#[test]
fn a_question_that_is_offered_again_keeps_its_numbers() {
    let mut menus = Menus::default();
    menus.offered(&question(1), &choices(2));
    let numbers = menus.offered(&question(2), &choices(2));
    assert_eq!(menus.offered(&question(2), &choices(2)), numbers);
}

#[test]
fn other_choices_of_the_same_question_are_another_menu() {
    let mut menus = Menus::default();
    menus.offered(&question(1), &choices(2));
    assert_eq!(menus.offered(&question(1), &choices(3)), [3, 4, 5]);
    assert_eq!(menus.answer(1), Answer::Over { question: question(1) });
}

#[test]
fn the_oldest_of_too_many_menus_can_be_answered_by_number_no_more() {
    let mut menus = Menus::default();
    for number in 0..=20 {
        menus.offered(&question(number), &choices(2));
    }
    assert_eq!(menus.open().count(), OPEN_MAX);
    assert_eq!(menus.answer(1), Answer::Over { question: question(0) });
}

#[test]
fn a_word_that_ends_the_channel_is_no_choice() {
    for label in ["End", "CANCEL", " stop. ", "Opt-out", "Quit!", "Cancelar", "No más", "baja"] {
        assert_eq!(forbidden(label), Some(Forbidden::Stops), "{label}");
    }
    for label in ["Help", "INFO", "Start"] {
        assert_eq!(forbidden(label), Some(Forbidden::Answered), "{label}");
    }
    for label in ["End the request", "Not now", "Yes", "No", "Need information", "Cancel it", ""] {
        assert_eq!(forbidden(label), None, "{label}");
    }
}

#[derive(Clone, Debug)]
enum Act {
    Offer(u32, usize),
    Close(u32),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (0..30u32, 1..8usize).prop_map(|(question, many)| Act::Offer(question, many)),
        (0..30u32).prop_map(Act::Close),
    ];
    prop::collection::vec(act, 0..120)
}

proptest! {
    /// A number means one choice of one question, and that does not change while it is open; it
    /// is not given to the menu that comes right after.
    #[test]
    fn a_number_never_means_two_things(acts in acts()) {
        let mut menus = Menus::default();
        let mut meant: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut just_closed: Vec<u32> = Vec::new();
        for act in acts {
            match act {
                Act::Offer(number, many) => {
                    let known = meant.get(&number).filter(|it| it.len() == many).cloned();
                    let numbers = menus.offered(&question(number), &choices(many));
                    if let Some(known) = known {
                        prop_assert_eq!(&known, &numbers);
                    } else {
                        prop_assert!(numbers.iter().all(|it| !just_closed.contains(it)));
                        just_closed.clear();
                    }
                    meant.insert(number, numbers);
                    let open: Vec<_> = menus.open().cloned().collect();
                    meant.retain(|it, _| open.contains(&question(*it)));
                }
                Act::Close(number) => {
                    menus.close(&question(number));
                    just_closed.extend(meant.remove(&number).unwrap_or_default());
                }
            }
            for (number, numbers) in &meant {
                for (at, it) in numbers.iter().enumerate() {
                    prop_assert_eq!(menus.answer(*it), chosen(*number, &format!("choice-{at}")));
                }
            }
            let kept = serde_json::to_string(&menus).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Menus>(&kept).unwrap(), &menus);
        }
    }
}
