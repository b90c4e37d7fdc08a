//! What comes over channels that others run: whose it is, how an address becomes somebody's, what
//! strangers are told.

use std::collections::BTreeMap;
use std::sync::Arc;

use mendline::channels::Incoming;
use mendline::channels::inward::{Came, Gate, Media, Said};
use mendline::gate::Doorkeeper;
use mendline::links;
use mendline::store::reach::Whose;
use mendline::{phrases, pump};

use crate::support::{PAYER, Place, place};

const ANA: &str = "+12135550107";
const STRANGER: &str = "+12135550199";

struct Front {
    place: Place,
    gate: Arc<dyn Gate>,
    next: std::sync::atomic::AtomicU32,
}

async fn front() -> Front {
    let place = place().await;
    place.house.links.begin("https://care.example.test");
    let visitors = BTreeMap::from([("sms".to_owned(), PAYER.to_owned())]);
    let gate = Arc::new(Doorkeeper::of(place.house.clone(), visitors));
    Front { place, gate, next: Default::default() }
}

impl Front {
    async fn came(&self, address: &str, said: Said) {
        let id = format!("SM{}", self.next.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        self.came_as(address, &id, said).await;
    }

    async fn came_as(&self, address: &str, id: &str, said: Said) {
        let (address, id) = (address.to_owned(), id.to_owned());
        let it = Came { channel: "sms", address, id, said, language: None };
        self.gate.came(it).await.unwrap();
        pump::until_idle(&self.place.house).await.unwrap();
    }

    async fn writes(&self, address: &str, words: &str) {
        let incoming = Incoming::Words(words.into());
        self.came(address, Said::Incoming { incoming, line: Some(words.into()) }).await;
    }

    /// Ana, who is in her verified chat, takes a code from there to her phone.
    async fn link(&self) -> String {
        mendline::directory::ensure_known(&self.place.house, PAYER, "ana").await.unwrap();
        let whose = Whose { payer: PAYER.into(), person: "ana".into() };
        let code = links::code_for(&self.place.house, &whose, "sms").await.unwrap();
        self.came(ANA, Said::Link(code.clone())).await;
        code
    }

    /// The numbers of each question that Ana was asked on her phone.
    async fn numbers(&self) -> Vec<Vec<u32>> {
        let conversation = self.place.of("ana").await.id;
        let all = self.place.house.store.messages(PAYER, &conversation).await.unwrap();
        let frozen = all.into_iter().filter(|it| it.person == "ana").filter_map(|it| it.frozen);
        frozen.map(|it| it.numbers).filter(|it| !it.is_empty()).collect()
    }

    fn ana_got(&self) -> Vec<String> {
        self.place.phone.of("ana")
    }

    /// What visitors got, of whom there is one at most.
    fn visitors_got(&self) -> Vec<String> {
        let all = self.place.phone.all().into_iter();
        all.filter(|(who, _)| who.starts_with("visitor-")).map(|(_, it)| it).collect()
    }
}

fn english(phrase: phrases::Phrase) -> String {
    phrase.1.to_owned()
}

/// The same, as the first words that a phone gets.
fn first(phrase: phrases::Phrase) -> String {
    let first = phrases::first(&mendline::links::Programme::default(), "en");
    format!("{first}\n\n{}", english(phrase))
}

#[tokio::test]
async fn rule_14_a_stranger_is_told_the_way_in_and_nothing_about_anyone() {
    let front = front().await;
    front.writes(STRANGER, "what is the status of claim DEMO-CA-000123, Ana Example").await;
    front.writes(STRANGER, "my prescription was rejected").await;
    assert_eq!(front.visitors_got(), [english(phrases::WAY_IN), english(phrases::WAY_IN)]);
    assert!(front.ana_got().is_empty());
}

#[tokio::test]
async fn start_opens_what_stop_closed_and_is_else_a_word_like_any_other() {
    let front = front().await;
    front.writes(STRANGER, "/start").await;
    assert_eq!(front.visitors_got(), [english(phrases::WAY_IN)], "she was never away");
    front.link().await;
    front.writes(ANA, "STOP").await;
    front.writes(ANA, "what is the status of my claim").await;
    assert_eq!(front.ana_got(), [first(phrases::LINKED), english(phrases::OPTED_OUT)]);
    front.writes(ANA, "sí").await;
    assert_eq!(front.ana_got().last(), Some(&english(phrases::OPTED_IN)));
    front.writes(ANA, "sí").await;
    let again = front.ana_got().into_iter().filter(|it| *it == english(phrases::OPTED_IN));
    assert_eq!(again.count(), 1, "a yes is an answer");
}

#[tokio::test]
async fn a_stranger_in_danger_is_met_at_once_and_a_person_is_called() {
    let front = front().await;
    front.writes(STRANGER, "I want to die").await;
    assert_eq!(front.visitors_got()[0], english(phrases::DANGER));
    assert!(!front.place.handoffs().await.is_empty(), "a person is called");
}

#[tokio::test]
async fn an_address_becomes_hers_by_a_link_from_her_chat_and_she_goes_on_there() {
    let front = front().await;
    front.link().await;
    assert_eq!(front.ana_got(), [first(phrases::LINKED)]);
    front.writes(ANA, "what is the status of my claim").await;
    let got = front.ana_got();
    assert!(got.len() > 1, "she is answered where she wrote");
    assert!(got.iter().all(|it| !it.contains("DEMO-CA")), "no claim on a phone: {got:?}");
    assert!(
        got[1..].iter().any(|it| it.contains("https://care.example.test/chat?invite=")),
        "what may not be said there is a link away: {got:?}"
    );
    // Back at her own page she is answered there; what was open on the phone goes on here.
    front.place.writes("ana", "web", "a person").await;
    assert_eq!(front.ana_got()[got.len()..], [english(phrases::CONTINUED)]);
}

#[tokio::test]
async fn rule_14_a_code_that_was_used_or_made_up_links_nobody_and_says_nothing() {
    let front = front().await;
    let code = front.link().await;
    front.came(STRANGER, Said::Link(code)).await;
    front.came(STRANGER, Said::Link("made-up".into())).await;
    assert_eq!(front.visitors_got(), [english(phrases::WAY_IN), english(phrases::WAY_IN)]);
    front.writes(STRANGER, "what is the status of my claim").await;
    assert_eq!(front.visitors_got().len(), 3);
    assert_eq!(front.visitors_got()[2], english(phrases::WAY_IN));
}

#[tokio::test]
async fn whoever_says_not_to_be_her_is_unlinked_learns_nothing_and_she_is_told_elsewhere() {
    let front = front().await;
    front.link().await;
    front.writes(ANA, "Wrong number!").await;
    assert_eq!(front.visitors_got(), [english(phrases::WAY_IN)]);
    assert_eq!(front.ana_got(), [first(phrases::LINKED)], "nothing more goes to that phone");
    let lines = front.place.sees("ana").await;
    assert!(lines.contains(&english(phrases::UNLINKED)), "{lines:?}");
    front.writes(ANA, "my prescription was rejected").await;
    assert_eq!(front.visitors_got().len(), 2, "it is a stranger's phone now");
    let ana = front.place.house.store.person(PAYER, "ana").await.unwrap().unwrap();
    assert!(!ana.consents.contains_key("sms"), "and agreed to nothing");
}

#[tokio::test]
async fn what_a_provider_brings_twice_happens_once() {
    let front = front().await;
    front.link().await;
    let said = || Said::Incoming {
        incoming: Incoming::Words("my prescription was rejected".into()),
        line: None,
    };
    front.came_as(ANA, "SM-same", said()).await;
    let got = front.ana_got();
    front.came_as(ANA, "SM-same", said()).await;
    assert_eq!(front.ana_got(), got);
}

#[tokio::test]
async fn a_phone_that_gave_up_its_number_is_written_to_no_more() {
    let front = front().await;
    front.link().await;
    front.came(ANA, Said::Gone).await;
    let person = front.place.house.store.person(PAYER, "ana").await.unwrap().unwrap();
    assert_eq!(person.addresses.get("sms"), None);
}

#[tokio::test]
async fn a_picture_is_answered_honestly_and_the_words_beside_it_count() {
    let front = front().await;
    front.link().await;
    let photo = |caption: Option<&str>| Said::Media {
        kind: Media::Photo,
        file: "ME1".into(),
        caption: caption.map(Into::into),
    };
    front.came(ANA, photo(None)).await;
    assert_eq!(front.ana_got().last(), Some(&english(phrases::NOT_WORDS)));
    front.came(ANA, photo(Some("what is the status of my claim"))).await;
    assert_ne!(front.ana_got().last(), Some(&english(phrases::NOT_WORDS)));
}

#[tokio::test]
async fn what_is_written_where_others_read_along_is_not_kept() {
    let front = front().await;
    front.link().await;
    let got = front.ana_got();
    front.came(ANA, Said::InPublic).await;
    assert_eq!(front.ana_got(), got);
}

#[tokio::test]
async fn a_flood_from_one_address_is_dropped() {
    let front = front().await;
    let began = std::time::Instant::now();
    for _ in 0..200 {
        let incoming = Incoming::Words("hello".into());
        let id = format!("F{}", front.next.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        let said = Said::Incoming { incoming, line: None };
        let it = Came { channel: "sms", address: STRANGER.into(), id, said, language: None };
        front.gate.came(it).await.unwrap();
    }
    // The gate's own clock is real: one more a second while this lasts.
    let lasted = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    pump::until_idle(&front.place.house).await.unwrap();
    let got = front.visitors_got().len();
    assert!((60..=60 + lasted).contains(&got), "{got} in {lasted} s");
}

#[tokio::test]
async fn rule_04_a_number_means_the_choice_that_was_shown_under_it_and_nothing_later() {
    let front = front().await;
    front.link().await;
    front.writes(ANA, "what is the status of my claim").await;
    let asked = front.place.of("ana").await;
    assert_eq!(front.numbers().await, [[1, 2]]);
    front.came(ANA, Said::Numbered(2)).await;
    let answered = front.place.house.store.conversation(PAYER, &asked.id).await.unwrap().unwrap();
    assert_ne!(answered.state.position, asked.state.position, "2 is an answer");
    front.writes(ANA, "what is the status of my claim").await;
    let second = front.place.of("ana").await;
    assert_ne!(second.id, asked.id);
    assert_eq!(front.numbers().await, [[3, 4]]);
    // Out of impatience she sent her answer twice; it must not answer what was asked since.
    front.came(ANA, Said::Numbered(2)).await;
    assert_eq!(front.place.of("ana").await.state.position, second.state.position);
    front.came(ANA, Said::Numbered(4)).await;
    assert_ne!(front.place.of("ana").await.state.position, second.state.position);
}

#[tokio::test]
async fn an_adjuster_is_told_on_her_phone_what_waits_at_the_desk_and_nothing_of_it() {
    let front = front().await;
    mendline::directory::ensure_known(&front.place.house, PAYER, "dana").await.unwrap();
    let whose = Whose { payer: PAYER.into(), person: "dana".into() };
    let code = links::code_for(&front.place.house, &whose, "sms").await.unwrap();
    front.came(STRANGER, Said::Link(code)).await;
    assert_eq!(front.place.phone.of("dana"), [first(phrases::STAFF_LINKED)]);
    front.place.ana_asks().await;
    let told = front.place.phone.of("dana");
    assert!(told.len() > 1, "a card is announced");
    for it in &told[1..] {
        assert!(it.contains("https://care.example.test/desk/card/"), "{it}");
        for private in ["DEMO-", "gabapentin", "Ana", "invite="] {
            assert!(!it.contains(private), "{private} on a phone: {it}");
        }
    }
    assert_eq!(front.place.cards("dana").await.len(), 1, "it waits at the desk");
}
