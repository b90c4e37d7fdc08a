//! Who takes part, and what they do: workers, adjusters, supervisors, the desk. They mostly do
//! what they are asked, and often enough something else, twice, late, or on the wrong card.

use std::collections::BTreeMap;

use mendline::channels::Incoming;
use mendline::directory;
use mendline::store::consent::{Consent, Method};
use mendline::store::reach::Whose;
use mendline::store::{EffectRef, Person};
use mendline_engine::event::Repair;
use serde_json::{Value, json};

use crate::channel::{SMS, TELEGRAM};
use crate::run::{Outcome, Run};
use crate::staff;
use crate::world::Act;

pub const NORTH: &str = "northwind-mutual-demo";
pub const CEDAR: &str = "cedar-casualty-demo";

/// Workers with claims of every kind, by payer.
const WORKERS: &[(&str, &[&str])] = &[
    (
        NORTH,
        &["ana", "ana", "lucia", "theo", "mina", "jorge", "hugo", "ivy", "ivy", "noor", "olive"],
    ),
    (CEDAR, &["abel", "carmen", "dev", "elle", "gia"]),
];
/// Who decides, by payer.
pub const STAFF: &[(&str, &[&str])] =
    &[(NORTH, &["dana", "priya", "sam"]), (CEDAR, &["morgan", "tess", "lee"])];
/// Who sits at the desks.
pub const AGENTS: &[&str] = &["robin", "alex"];

/// What begins a matter.
const OPENINGS: &[&str] = &[
    "my prescription was rejected",
    "my prescription was rejected",
    "my prescription was rejected",
    "is my medicine approved",
    "what is the status of my claim",
    "I need a refill",
    "/refill",
    "a person",
    "tengo dolor",
];
/// What people say in the middle of one.
const ASIDES: &[&str] = &[
    "gabapentin",
    "meloxicam",
    "naproxen",
    "ibuprofen",
    "No",
    "yes",
    "Ask now",
    "a person",
    "cancel",
    "stop",
    "STOP",
    "start",
    "help",
    "repeat that",
    "I meant ibuprofen",
    "that was wrong",
    "when will I hear",
    "what is the status of my claim",
    "I took too many",
    "hablo español",
];

/// A question as somebody has it before her eyes.
#[derive(Clone, Debug)]
pub struct Asked {
    pub question: EffectRef,
    pub buttons: Vec<(String, String)>,
}

/// A worker.
#[derive(Clone, Debug)]
pub struct Worker {
    pub payer: &'static str,
    pub id: &'static str,
    pub channel: &'static str,
    /// What she was asked and has not answered, the last one last.
    pub asked: Vec<Asked>,
    /// What she has answered.
    pub answered: Vec<Asked>,
    /// What she may answer where no buttons are shown: her medicines, and the usual words.
    words: Vec<String>,
    seen: i64,
    phoned: usize,
}

/// Answers before a card, and some.
const PEACEFUL_ACTS: usize = 6;

/// What one answers to the usual questions.
const ANSWERS: &[&str] = &["No", "Yes, I am waiting", "Ask now", "Ask now", "Yes, please"];

impl Worker {
    /// The question is the last before her eyes now.
    fn hears(&mut self, asked: Asked) {
        self.asked.retain(|it| it.question != asked.question);
        self.asked.push(asked);
    }
}

#[derive(Default)]
pub struct Cast {
    pub workers: Vec<Worker>,
}

impl Cast {
    /// One to four workers, some on a phone.
    pub async fn draw(run: &Run<'_>) -> Cast {
        let world = &run.world;
        let mut cast = Cast::default();
        let phones = world.lock().weather.phones;
        let calm = std::mem::replace(&mut world.lock().calm, true);
        for _ in 0..=world.below(3) {
            let (payer, ids) = WORKERS[usize::from(world.below(4) == 0)];
            let id = ids[world.below(ids.len())];
            if cast.workers.iter().any(|it| it.id == id) {
                continue;
            }
            let channel = match world.below(10) {
                0..3 => "web",
                _ if !phones => "web",
                3..8 => SMS,
                _ => TELEGRAM,
            };
            // Some are on the web and on a phone.
            let both = channel != "web" && world.below(2) == 0;
            let (asked, answered) = (Vec::new(), Vec::new());
            let words = words(run, payer, id);
            let (seen, phoned) = (0, 0);
            cast.workers.push(Worker { payer, id, channel, asked, answered, words, seen, phoned });
            let house = run.replicas[0].as_ref().expect("all are alive yet").house.clone();
            let known = directory::ensure_known(&house, payer, id).await.unwrap().unwrap();
            let mut addresses = BTreeMap::from([(channel.to_owned(), id.to_owned())]);
            if both {
                addresses.insert("web".into(), id.into());
            }
            run.store.know(&Person { addresses, ..known }).await.unwrap();
            let agreed = Consent::to_everything(channel, Method::Staff, "test:1", "en");
            let whose = Whose { payer: payer.into(), person: id.into() };
            run.store.reach().agree(&whose, &agreed, house.clock.now()).await.unwrap();
            world.note(|| format!("cast      {id} of {payer} on {channel}"));
        }
        world.lock().calm = calm;
        cast
    }

    /// Those who decide at these workers' payers.
    pub fn staff(&self) -> Vec<(&'static str, &'static str)> {
        let payers: Vec<_> = self.workers.iter().map(|it| it.payer).collect();
        let staff = STAFF.iter().filter(|(payer, _)| payers.contains(payer));
        staff.flat_map(|(payer, all)| all.iter().map(|it| (*payer, *it))).collect()
    }
}

fn words(run: &Run<'_>, payer: &str, person: &str) -> Vec<String> {
    let claims = run.backdrop.reads.read(payer, "pbm.open_claims", json!({ "person": person }));
    let claims = claims.unwrap_or_default();
    let drugs = claims.as_array().into_iter().flatten();
    let drugs = drugs.filter_map(|it| it["medications"].as_array()).flatten();
    let drugs = drugs.filter_map(|it| it["name"].as_str());
    drugs.chain(ANSWERS.iter().copied()).map(str::to_owned).collect()
}

impl Run<'_> {
    pub async fn someone_acts(&mut self) {
        match self.world.below(10) {
            0..6 if self.worker_acts() => {}
            0..9 => staff::decides(self).await,
            _ => staff::at_the_desk(self).await,
        }
        self.hand_in_last().await;
    }

    /// One of them asks for an approval in peace, so that what follows happens around a card.
    pub async fn begins_in_peace(&mut self) {
        let calm = std::mem::replace(&mut self.world.lock().calm, true);
        let words = OPENINGS[0];
        for _ in 0..PEACEFUL_ACTS {
            let worker = self.cast.workers[0].clone();
            let (incoming, line) = match self.cast.workers[0].asked.pop() {
                Some(asked) => self.answer(&worker, &asked, false),
                None => (Incoming::Words(words.into()), Some(words.to_owned())),
            };
            self.act(worker.payer, worker.channel, worker.id, incoming, line);
            self.hand_in_everything().await;
            self.quiet().await;
            if self.cast.workers[0].asked.is_empty() {
                break;
            }
        }
        self.world.lock().calm = calm;
    }

    /// Answers whether anybody had a mind to.
    fn worker_acts(&mut self) -> bool {
        let world = self.world.clone();
        let mut who = world.below(self.cast.workers.len());
        // Whoever was asked something is likelier to speak.
        if self.cast.workers[who].asked.is_empty() {
            who = world.below(self.cast.workers.len());
        }
        let worker = self.cast.workers[who].clone();
        let spoken = |words: &str| (Incoming::Words(words.into()), Some(words.to_owned()));
        let (incoming, line) = match world.below(20) {
            // What was just asked is mostly answered.
            0..15 if !worker.asked.is_empty() => {
                let last = self.cast.workers[who].asked.pop().expect("something was asked");
                self.cast.workers[who].answered.push(last.clone());
                self.answer(&worker, &last, false)
            }
            15 if !worker.answered.is_empty() => {
                let old = &worker.answered[world.below(worker.answered.len())];
                self.answer(&worker, old, true)
            }
            0..8 if worker.answered.is_empty() => spoken(OPENINGS[world.below(OPENINGS.len())]),
            0..2 => spoken(OPENINGS[world.below(OPENINGS.len())]),
            2..15 => return false,
            15..17 => spoken(ASIDES[world.below(ASIDES.len())]),
            17 if worker.channel != "web" => spoken(["STOP", "START"][world.below(2)]),
            17 => {
                let number = world.name("");
                spoken(&format!("I wonder about {number}"))
            }
            18 => (Incoming::Repair(self.repair()), None),
            _ => {
                let languages = ["en", "es"];
                (Incoming::Language(languages[world.below(2)].into()), None)
            }
        };
        self.act(worker.payer, worker.channel, worker.id, incoming, line);
        true
    }

    /// A tap, or where there are no buttons the words on one.
    fn answer(&self, worker: &Worker, asked: &Asked, any: bool) -> (Incoming, Option<String>) {
        let world = &self.world;
        if asked.buttons.is_empty() {
            let words = worker.words[world.below(worker.words.len())].clone();
            return (Incoming::Words(words.clone()), Some(words));
        }
        // The first choice leads on; now and then another.
        let at = if any || world.below(3) == 0 { world.below(asked.buttons.len()) } else { 0 };
        let (choice, label) = asked.buttons[at].clone();
        if worker.channel != "web" || world.below(6) == 0 {
            return (Incoming::Words(label.clone()), Some(label));
        }
        let question = asked.question.clone();
        (Incoming::Tap { question, choice, with: BTreeMap::new() }, Some(label))
    }

    fn repair(&self) -> Repair {
        match self.world.below(5) {
            0 => Repair::Help,
            1 => Repair::Repeat,
            2 => Repair::Human,
            3 => Repair::Cancel,
            _ => Repair::Correct { field: "drug".into(), words: None },
        }
    }

    /// Somebody does something; the client keeps it until it is taken.
    pub fn act(
        &mut self,
        payer: &str,
        source: &str,
        person: &str,
        incoming: Incoming,
        line: Option<String>,
    ) {
        let id = self.world.name("a");
        let outline = json!(incoming).to_string();
        self.world.note(|| format!("act       {id} {person} on {source}: {outline}"));
        let act = Act {
            payer: payer.into(),
            source: source.into(),
            id,
            person: person.into(),
            incoming,
            line,
            seq: None,
            under_way: false,
        };
        let mut world = self.world.lock();
        world.acts.push(act);
    }

    /// Hands in what was done last, if it is not late; what is late comes after something else.
    async fn hand_in_last(&mut self) {
        let last = self.world.lock().acts.len();
        if last == 0 || self.world.below(8) == 0 {
            return;
        }
        if self.world.lock().acts[last - 1].seq.is_none() {
            self.hand_in(last - 1).await;
        }
    }

    /// A client that got no answer hands in again; an impatient one does so anyway.
    pub async fn comes_again(&mut self) {
        let many = self.world.lock().acts.len();
        if many == 0 {
            return;
        }
        let open = self.world.lock().acts.iter().position(|it| it.seq.is_none() && !it.under_way);
        let any = self.world.below(many);
        let act = if self.world.below(3) > 0 { open.unwrap_or(any) } else { any };
        self.hand_in(act).await;
    }

    async fn hand_in(&mut self, number: usize) {
        let replica = self.world.below(self.replicas.len());
        let Some(awake) = self.awake(replica) else { return };
        let house = awake.house.clone();
        let act = {
            let mut world = self.world.lock();
            world.acts[number].under_way = true;
            world.acts[number].clone()
        };
        let work = async move {
            let Act { payer, source, id, person, incoming, line, .. } = act;
            let took = house.arrive(&payer, &source, &id, &person, incoming, line).await;
            Outcome::Arrived(number, took.map(|it| it.seq))
        };
        self.work(replica, Box::pin(work)).await;
    }

    pub async fn hand_in_everything(&mut self) {
        let many = self.world.lock().acts.len();
        for number in 0..many {
            if self.world.lock().acts[number].seq.is_none() {
                self.hand_in(number).await;
            }
        }
    }

    /// In half of the runs the desks deal with everything that stands there, and time passes again.
    pub async fn desks_clear(&mut self) {
        if self.world.below(2) == 0 {
            return;
        }
        staff::clears(self).await;
        self.hand_in_everything().await;
        self.rest().await;
    }

    /// Somebody looks at her page or her phone.
    pub async fn someone_looks(&mut self) {
        let replica = self.world.below(self.replicas.len());
        if self.awake(replica).is_none() {
            return;
        }
        let who = self.world.below(self.cast.workers.len());
        self.looks(replica, who).await;
    }

    pub async fn everybody_looks(&mut self, replica: usize) -> bool {
        let mut news = false;
        for who in 0..self.cast.workers.len() {
            news |= self.looks(replica, who).await;
        }
        if !self.world.lock().calm {
            return news;
        }
        let reports = std::mem::take(&mut self.world.lock().reports);
        for key in reports {
            news = true;
            let became = mendline::store::Became::Reported(mendline_engine::event::Receipt::Shown);
            let now = mendline_engine::time::Timestamp(self.world.now());
            self.store.settle_message(&key, became, now).await.unwrap();
        }
        news
    }

    /// The page shows its new lines and says so; answers whether that was news.
    async fn looks(&mut self, replica: usize, who: usize) -> bool {
        let worker = self.cast.workers[who].clone();
        let delivered = self.world.lock().delivered.clone();
        for it in &delivered[worker.phoned.min(delivered.len())..] {
            if it.person == worker.id && it.question.is_some() {
                let question = it.question.clone().expect("just looked");
                let buttons = it.buttons.clone();
                self.cast.workers[who].hears(Asked { question, buttons });
            }
        }
        self.cast.workers[who].phoned = delivered.len();
        let lines = self.store.lines_after(worker.payer, worker.id, "web", worker.seen, 500).await;
        let lines = lines.unwrap();
        for line in &lines {
            let Some(question) = line.body["question"].as_str() else { continue };
            let buttons = line.body["buttons"].as_array().into_iter().flatten();
            let text = |it: &Value, of: &str| it[of].as_str().unwrap_or_default().to_owned();
            let buttons = buttons.map(|it| (text(it, "key"), text(it, "label"))).collect();
            let question = question.parse().unwrap();
            self.cast.workers[who].hears(Asked { question, buttons });
        }
        let Some(last) = lines.last().map(|it| it.seq) else { return false };
        let Some(awake) = self.awake(replica) else { return false };
        let house = awake.house.clone();
        let work = async move {
            let shown = house.store.acknowledge(worker.payer, worker.id, "web", last).await;
            let shown = match shown {
                Ok(shown) => shown,
                Err(error) => return Outcome::Looked(Err(error)),
            };
            for key in &shown {
                let became =
                    mendline::store::Became::Reported(mendline_engine::event::Receipt::Shown);
                let now = house.clock.now();
                if let Err(error) = house.store.settle_message(key, became, now).await {
                    return Outcome::Looked(Err(error));
                }
            }
            Outcome::Looked(Ok(!shown.is_empty()))
        };
        let done = self.work(replica, Box::pin(work)).await;
        if done.is_some() && !self.failed {
            // A page that got an error says again what it has shown.
            self.cast.workers[who].seen = last;
        }
        done.unwrap_or(false)
    }
}
