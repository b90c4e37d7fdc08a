//! What is always in reach: a call, who can see this, a person for what is not words.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use mendline::channels::Incoming;
use mendline::channels::inward::{Came, Gate, Media, NoFile, Said};
use mendline::gate::Doorkeeper;
use mendline::store::reach::Whose;
use mendline::understand::When;
use mendline::{links, phrases, pump};
use mendline_engine::event::DeskAction;
use mendline_engine::time::Timestamp;

use crate::support::{HOUR_MS, PAYER, Place, START, Stub, person, place, place_with};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";

async fn last(place: &Place) -> String {
    place.sees("ana").await.last().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_call_is_promised_by_a_moment_and_a_person_has_it_to_do() {
    let place = place().await;
    place.writes("ana", "web", "please call me").await;
    let said = last(&place).await;
    assert!(said.contains("ends in 10") && !said.contains("5550110"), "{said}");
    let tasks = place.handoffs().await;
    assert_eq!(tasks.len(), 1);
    let now = Timestamp::parse(START).unwrap();
    assert_eq!(tasks[0].open.due, Some(now.plus_ms(HOUR_MS)), "an hour of office time");
    assert_eq!(tasks[0].open.party, None, "nobody is held by it");
    assert_eq!(place.of("ana").await.state.fields["phone"], "+12135550110");
    place.writes("ana", "web", "call me!").await;
    assert_eq!(place.handoffs().await.len(), 1, "one task");
    assert_eq!(last(&place).await, phrases::always::CALL_KNOWN.1);
}

#[tokio::test]
async fn a_call_is_promised_for_the_day_that_she_names() {
    for (when, day) in [(When::Today, "2026-11-18"), (When::Tomorrow, "2026-11-19")] {
        let place = place().await;
        place.does("ana", "web", Incoming::CallMe { when }).await;
        let due = place.handoffs().await[0].open.due.unwrap();
        // 17:00 in Los Angeles.
        assert_eq!(due.to_string()[..13], format!("{}T01", next(day)), "{when:?}");
    }
}

fn next(day: &str) -> String {
    let day: chrono::NaiveDate = day.parse().unwrap();
    day.succ_opt().unwrap().to_string()
}

#[tokio::test]
async fn a_call_changes_nothing_of_the_matter_that_she_is_in() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    let asked = place.of("ana").await;
    place.writes("ana", "web", "can somebody call me tomorrow?").await;
    assert!(last(&place).await.contains("November 19"));
    let still = place.house.store.conversation(PAYER, &asked.id).await.unwrap().unwrap();
    assert_eq!((still.state.position, still.state.turn), (asked.state.position, asked.state.turn));
    place.writes("ana", "web", "gabapentin 300 mg").await;
    assert!(last(&place).await.contains("Are you at the pharmacy"), "her question is still hers");
}

#[tokio::test]
async fn rule_10_a_person_who_has_her_talk_in_hand_reads_that_she_wants_a_call() {
    let place = place().await;
    place.writes("ana", "web", "a person").await;
    let task = place.handoffs().await.remove(0);
    let take = Incoming::Desk { handoff: task.handoff, action: DeskAction::Take };
    place.does("robin", "desk", take).await;
    let lines = place.sees("ana").await.len();
    place.writes("ana", "web", "call me").await;
    assert_eq!(place.sees("ana").await.len(), lines + 1, "the bot is mute: only her own line");
    let tasks = place.handoffs().await;
    assert_eq!(tasks.len(), 1);
    assert!(tasks[0].drafts.iter().any(|it| it.to_string().contains("call me")));
}

#[tokio::test]
async fn whoever_has_no_number_on_file_is_asked_for_it_by_a_person() {
    let nobody = Stub::new(|_, _| Ok(person("ana", "injured_worker")));
    let place = place_with([("person", nobody)]).await;
    place.writes("ana", "web", "call me").await;
    let lines = place.sees("ana").await;
    assert!(lines.contains(&phrases::always::NO_NUMBER.1.to_owned()), "{lines:?}");
    assert_eq!(place.handoffs().await.len(), 1);
}

#[tokio::test]
async fn who_can_see_this_names_the_parties_of_her_flow_and_nobody_by_name() {
    let place = place().await;
    place.writes("ana", "web", "my prescription was rejected").await;
    place.sees("ana").await;
    let asked = place.of("ana").await;
    place.writes("ana", "web", "who can see this?").await;
    let said = last(&place).await;
    for line in ["You: ", "Your claims adjuster: ", "Your pharmacy: ", "Your employer: nothing."] {
        assert!(said.contains(line), "{line}: {said}");
    }
    for name in ["Ana", "Dana", "Whitfield", "Sam", "Example", "DEMO-"] {
        assert!(!said.contains(name), "{name}: {said}");
    }
    let still = place.house.store.conversation(PAYER, &asked.id).await.unwrap().unwrap();
    assert_eq!(still.state.position, asked.state.position);
    place.writes("lucia", "web", "¿Quién puede ver esto?").await;
    let spanish = place.sees("lucia").await.pop().unwrap();
    assert!(spanish.contains("Su empleador: nada."), "{spanish}");
}

struct Front {
    place: Place,
    gate: Arc<dyn Gate>,
}

/// Ana has linked her phone.
async fn front() -> Front {
    let place = place().await;
    place.house.links.begin("https://care.example.test");
    let visitors = BTreeMap::from([("sms".to_owned(), PAYER.to_owned())]);
    let gate: Arc<dyn Gate> = Arc::new(Doorkeeper::of(place.house.clone(), visitors));
    let front = Front { place, gate };
    mendline::directory::ensure_known(&front.place.house, PAYER, "ana").await.unwrap();
    let code = links::code_for(&front.place.house, &hers(), "sms").await.unwrap();
    front.came("+12135550107", "SM0", Said::Link(code)).await;
    front
}

fn hers() -> Whose {
    Whose { payer: PAYER.into(), person: "ana".into() }
}

impl Front {
    async fn came(&self, address: &str, id: &str, said: Said) {
        let (address, id) = (address.to_owned(), id.to_owned());
        let it = Came { channel: "sms", address, id, said, language: None };
        self.gate.came(it).await.unwrap();
        pump::until_idle(&self.place.house).await.unwrap();
    }

    async fn sends(
        &self,
        id: &str,
        file: Result<Vec<u8>, NoFile>,
        caption: Option<&str>,
    ) -> String {
        self.place.phone.files.lock().unwrap().insert(id.into(), file);
        let caption = caption.map(str::to_owned);
        let said = Said::Media { kind: Media::Photo, file: id.into(), caption };
        self.came("+12135550107", id, said).await;
        self.place.phone.of("ana").last().cloned().unwrap_or_default()
    }

    async fn kept(&self) -> usize {
        self.place.house.store.files().of(&hers(), 50).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_picture_is_kept_for_a_person_who_looks_at_it_and_she_is_told_so() {
    let front = front().await;
    let before = front.place.phone.of("ana").len();
    front.sends("ME1", Ok(PNG.to_vec()), None).await;
    let got = front.place.phone.of("ana")[before..].join(" ");
    assert!(got.contains("I cannot read pictures") && got.contains("a person"), "{got}");
    assert!(!got.contains("ME1") && !got.to_lowercase().contains("png"), "nothing of it: {got}");
    assert_eq!(front.kept().await, 1);
    let tasks = front.place.handoffs().await;
    assert_eq!((tasks.len(), tasks[0].principal.as_str()), (1, "ana"));
    assert!(tasks[0].open.party.is_some(), "she can be written to");
    // The same webhook once more.
    front
        .came(
            "+12135550107",
            "ME1",
            Said::Media { kind: Media::Photo, file: "ME1".into(), caption: None },
        )
        .await;
    assert_eq!((front.kept().await, front.place.handoffs().await.len()), (1, 1));
    // A second page goes to the same person.
    let said = front.sends("ME2", Ok(PNG.to_vec()), None).await;
    assert_eq!(said, phrases::always::FILE_PASSED.1);
    assert_eq!((front.kept().await, front.place.handoffs().await.len()), (2, 1));
}

#[tokio::test]
async fn the_words_beside_a_picture_are_heard_too() {
    let front = front().await;
    front.sends("ME1", Ok(PNG.to_vec()), Some("I want to die")).await;
    assert!(front.place.phone.of("ana").contains(&phrases::DANGER.1.to_owned()));
    assert_eq!(front.kept().await, 1);
}

#[tokio::test]
async fn what_cannot_be_taken_is_said_and_kept_nowhere() {
    let front = front().await;
    let large = vec![0xff; mendline::media::FILE_BYTES_MAX + 1];
    for (id, file, why) in [
        ("1", Ok(Vec::new()), NoFile::Empty),
        ("2", Ok(large), NoFile::TooLarge),
        ("3", Err(NoFile::TooLarge), NoFile::TooLarge),
        ("4", Ok(b"<svg><script/></svg>".to_vec()), NoFile::OtherKind),
        ("5", Err(NoFile::NotFetched), NoFile::NotFetched),
    ] {
        assert_eq!(front.sends(id, file, None).await, phrases::always::no_file(why).1, "{id}");
    }
    assert_eq!((front.kept().await, front.place.handoffs().await.len()), (0, 0));
}

#[tokio::test]
async fn nobody_sends_more_than_a_days_share() {
    let front = front().await;
    for number in 0..21 {
        front.sends(&format!("ME{number}"), Ok(PNG.to_vec()), None).await;
    }
    assert_eq!(front.kept().await, 20);
    let got = front.place.phone.of("ana");
    assert_eq!(got.last().unwrap(), phrases::always::no_file(NoFile::TooMuch).1);
}

#[tokio::test]
async fn rule_14_a_strangers_picture_is_not_even_fetched() {
    let front = front().await;
    let said = Said::Media { kind: Media::Photo, file: "ME1".into(), caption: None };
    front.came("+12135550199", "SM9", said).await;
    assert_eq!(front.place.phone.fetched.load(Ordering::SeqCst), 0);
    assert!(front.place.handoffs().await.is_empty());
}

#[tokio::test]
async fn on_a_phone_neither_digits_nor_parties_are_told() {
    let front = front().await;
    for (id, words) in [("SM1", "call me"), ("SM2", "who can see this")] {
        let incoming = Incoming::Words(words.into());
        front.came("+12135550107", id, Said::Incoming { incoming, line: None }).await;
        let got = front.place.phone.of("ana").pop().unwrap();
        for private in ["ends in", "adjuster", "claim"] {
            assert!(!got.contains(private), "{words}: {got}");
        }
        assert!(got.contains("https://care.example.test/chat?invite="), "{got}");
    }
}
