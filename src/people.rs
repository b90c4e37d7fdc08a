//! Person turns: what one arrival means for the person who made it, and where it goes.
//!
//! Precedence (rule 4): danger, "stop" and its relatives, a hold, the focus, the router. Facts
//! about a person change here and reach conversations as events. Nothing is decided here.

mod always;
mod fallen;
mod reach;
mod staff;
mod taps;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use mendline_engine::core::Program;
use mendline_engine::event::{Actor, Event, Repair};
use mendline_engine::message::{Message, MessageKind};
use mendline_engine::state::{Position, Rest};
use serde_json::json;
use tracing::warn;

use crate::channels::Incoming;
use crate::directory;
use crate::house::House;
use crate::phrases;
use crate::store::representative::Standing;
use crate::store::{
    Ask, Conversation, Look, NewConversation, PersonCommit, PersonFact, QuestionRow, StoreError,
    Unrouted,
};
use crate::trace;
use crate::turns::fault;
use crate::understand;

/// The role of somebody of whom nothing is known but an address.
pub const VISITOR: &str = "visitor";
/// The role of those whose claims these are.
const WORKER: &str = "injured_worker";
/// What a button that asks for a call says to whoever holds the talk.
const CALL_ME: &str = "call me";
/// The flow that takes people who want a person and have no matter open.
const PERSON_FLOW: &str = "talk_to_a_person";
/// Arrivals routed in one pass.
const ROUTE_MAX: u32 = 64;

/// Routes the arrivals that wait; answers how many.
pub async fn route(house: &House) -> Result<usize, StoreError> {
    let arrivals = house.store.unrouted(ROUTE_MAX).await?;
    if arrivals.is_empty() {
        return Ok(0);
    }
    if house.watch.careful.is_on() {
        return fallen::one_by_one(house, arrivals).await;
    }
    route_all(house, arrivals).await
}

async fn route_all(house: &House, arrivals: Vec<Unrouted>) -> Result<usize, StoreError> {
    let asks: Vec<_> = arrivals.iter().map(ask).collect();
    let looks = house.store.look(&asks).await?;
    let mut routed = 0;
    for (arrival, look) in arrivals.into_iter().zip(looks) {
        let seq = arrival.seq;
        let (payer, began) = (arrival.payer.clone(), SystemTime::now());
        let routing = route_one(house, arrival, &look).await;
        trace::thread::routed(house, &payer, seq, began).await;
        match routing {
            Ok(commit) => routed += usize::from(write(house, commit).await?),
            Err(error) => {
                house.watch.metrics.put_off("arrival");
                warn!(seq, "arrival put off: {error:#}");
            }
        }
    }
    Ok(routed)
}

/// Commits a person turn; answers whether it was not done already.
async fn write(house: &House, commit: PersonCommit) -> Result<bool, StoreError> {
    let settles = commit.settled.is_some() || !commit.says.is_empty();
    let person = (commit.payer.clone(), commit.person.clone());
    match house.store.commit_person(commit).await {
        // Another replica was first with this one.
        Err(StoreError::Conflict) => return Ok(false),
        done => done?,
    }
    if settles {
        house.wake.tell(crate::wake::News { payer: person.0, person: Some(person.1) });
    }
    Ok(true)
}

fn ask(arrival: &Unrouted) -> Ask {
    Ask {
        payer: arrival.payer.clone(),
        person: arrival.person.clone(),
        channel: arrival.source.clone(),
        named: names(&arrival.incoming).into_iter().collect(),
    }
}

/// The conversation that an arrival names.
pub fn names(incoming: &Incoming) -> Option<String> {
    match incoming {
        Incoming::Tap { question, .. } => Some(question.conversation.clone()),
        Incoming::Desk { handoff, .. } => Some(handoff.conversation.clone()),
        Incoming::Happened { conversation, .. } => Some(conversation.clone()),
        Incoming::Words(_)
        | Incoming::Repair(_)
        | Incoming::Language(_)
        | Incoming::Linked { .. }
        | Incoming::Left { .. }
        | Incoming::NotMe { .. }
        | Incoming::CallMe { .. }
        | Incoming::WhoSees
        | Incoming::Media
        | Incoming::File { .. }
        | Incoming::SendCode { .. }
        | Incoming::SendInvitation { .. }
        | Incoming::Start { .. } => None,
    }
}

/// What one arrival means, given all that was looked up for it. One that fells this is set aside.
pub async fn route_one(
    house: &House,
    arrival: Unrouted,
    look: &Look,
) -> anyhow::Result<PersonCommit> {
    match fault::guarded_while(arrival.seq, meaning(house, &arrival, look)).await {
        Some(routed) => routed,
        None => Ok(fallen::aside(house, &arrival)),
    }
}

async fn meaning(house: &House, arrival: &Unrouted, look: &Look) -> anyhow::Result<PersonCommit> {
    house.seams.poison_routing.taste(&arrival.incoming);
    let known = match &look.person {
        Some(person) => Some(person.clone()),
        None => directory::ensure_known(house, &arrival.payer, &arrival.person).await?,
    };
    let language = known.as_ref().map_or("en", |it| it.language.as_str()).to_owned();
    let at = known.as_ref().and_then(|it| it.at.clone());
    let zone = known.as_ref().map(|it| it.zone.clone()).unwrap_or_default();
    let opted_out = known.as_ref().is_some_and(|it| it.opted_out.contains(&arrival.source));
    let acts_for = match &known {
        Some(it) => directory::acts_for(house, it).await?,
        None => None,
    };
    let addresses = known.as_ref().map(|it| it.addresses.clone()).unwrap_or_default();
    let (name, role) = known.map(|it| (it.name, it.role)).unzip();
    let name = name.unwrap_or_default();
    let router = Router {
        house,
        arrival,
        look,
        language,
        name,
        role,
        at,
        zone,
        opted_out,
        addresses,
        acts_for,
    };
    let mut commit = PersonCommit {
        seq: arrival.seq,
        payer: arrival.payer.clone(),
        person: arrival.person.clone(),
        now: house.clock.now(),
        events: Vec::new(),
        begins: Vec::new(),
        facts: Vec::new(),
        says: Vec::new(),
        settled: None,
    };
    commit.facts.extend(router.moved());
    match arrival.incoming.clone() {
        Incoming::Words(words) => router.words(words, &mut commit).await?,
        Incoming::Linked { channel, address, how } => {
            router.linked(channel, address, how, &mut commit);
        }
        Incoming::Left { channel } => router.left(channel, &mut commit),
        Incoming::NotMe { channel } => router.not_me(channel, &mut commit),
        Incoming::SendCode { channel, address, code } => {
            let links = &house.links;
            let message = phrases::code(&links.programme(), &code, links.host().as_deref());
            commit.says.push(phrases::bound(message, &channel, Some(&address)));
        }
        Incoming::SendInvitation { channel, address } => {
            router.invitation(&channel, &address, &mut commit);
        }
        Incoming::File { kept } => router.file(kept, &mut commit).await?,
        Incoming::Media => commit.says.push(router.say(phrases::NOT_WORDS, MessageKind::Reply)),
        Incoming::Tap { question, choice, with } => {
            router.tap(question, choice, with, &mut commit).await?;
        }
        Incoming::Repair(repair) => router.repair(repair, &mut commit).await?,
        Incoming::CallMe { when } => router.call_me(when, CALL_ME, &mut commit).await?,
        Incoming::WhoSees => router.who_sees(&mut commit).await?,
        Incoming::Language(language) => {
            commit.facts.push(PersonFact::Language(language.clone()));
            if let Some(open) = router.open().into_iter().next() {
                let party = router.party(&open).await?;
                let repair = Repair::Language { language };
                commit.events.push((open.id, Event::Repair { party, repair }));
            }
        }
        Incoming::Desk { handoff, action } => {
            let event = Event::Desk { handoff: handoff.key, actor: router.actor(), action };
            router.to_known(handoff.conversation, event, &mut commit);
        }
        Incoming::Start { flow, fields } => match house.flows.current(&flow) {
            Some(program) => commit.begins.push(router.begin(&program, fields, None)),
            None => commit.settled = Some(json!("no_such_flow")),
        },
        Incoming::Happened { conversation, name, data } => {
            let event = Event::Happened { name, data };
            router.to_known(conversation, event, &mut commit);
        }
    }
    router.goes_on(&mut commit).await?;
    Ok(commit)
}

struct Router<'a> {
    house: &'a House,
    arrival: &'a Unrouted,
    look: &'a Look,
    language: String,
    name: String,
    /// Absent when the claim system does not know this person.
    role: Option<String>,
    /// The channel that she used last.
    at: Option<String>,
    /// Hers, where it is known.
    zone: String,
    /// Whether she closed the channel on which she writes now.
    opted_out: bool,
    /// Where she is reached.
    addresses: BTreeMap<String, String>,
    /// For whom she acts, if she is somebody's representative.
    acts_for: Option<Standing>,
}

impl Router<'_> {
    /// That she uses another channel than before: she is answered where she is. Whoever never left
    /// our own pages is there.
    fn moved(&self) -> Option<PersonFact> {
        let source = self.arrival.source.as_str();
        let channel = self.house.channels.get(source)?;
        let goes = matches!(self.arrival.incoming, Incoming::Left { .. } | Incoming::NotMe { .. });
        let is_there = match &self.at {
            Some(at) => at == source,
            None => !channel.profile().intrudes,
        };
        (!is_there && !goes).then(|| PersonFact::At { channel: source.to_owned() })
    }

    /// Somebody of whom nothing is known but an address; or a representative of nobody any more.
    fn is_visitor(&self) -> bool {
        match self.role.as_deref() {
            Some(VISITOR) => true,
            Some(directory::REPRESENTATIVE) => self.acts_for.is_none(),
            _ => false,
        }
    }

    fn is_worker(&self) -> bool {
        self.role.as_deref() == Some(WORKER)
    }

    async fn words(&self, words: String, commit: &mut PersonCommit) -> anyhow::Result<()> {
        let open = self.open();
        if understand::is_danger(&words) {
            return self.danger(open, commit).await;
        }
        if self.rules_of_the_channel(&words, commit) {
            return Ok(());
        }
        if self.is_visitor() {
            commit.says.push(self.say(phrases::WAY_IN, MessageKind::Reply));
            return Ok(());
        }
        if self.command(&words, commit).await? {
            return Ok(());
        }
        if self.is_worker() {
            if let Some(when) = understand::wants_call(&words) {
                return self.call_me(when, &words, commit).await;
            }
            if understand::asks_who_sees(&words) {
                return self.who_sees(commit).await;
            }
        }
        let flows = self.flows();
        // Whoever wants a person while a matter is open wants one in that matter, and the
        // conversation hears that by itself.
        let wanted = understand::wanted(&words, &flows)
            .filter(|it| open.is_empty() || it.program.flow != PERSON_FLOW);
        if let Some(focus) = self.focus() {
            let here = open.iter().find(|it| it.id == focus.question.conversation);
            let other = wanted
                .as_ref()
                .filter(|it| it.plain && here.is_none_or(|c| c.flow != it.program.flow));
            if other.is_none() {
                commit.events.push(said(focus, words));
                return Ok(());
            }
        }
        if let Some(wanted) = wanted {
            return self.want(&wanted.program, words, open, commit).await;
        }
        match open.into_iter().next() {
            Some(open) => {
                let party = self.party(&open).await?;
                let event = Event::Said { party, words, question: None };
                commit.events.push((open.id, event));
            }
            None => commit.says.push(self.nothing_open(&flows).await?),
        }
        Ok(())
    }

    /// The flows that this person's words may start: an adjuster's "approve" asks for no medicine.
    fn flows(&self) -> Vec<Arc<Program>> {
        let mut flows = self.house.flows.all();
        if let Some(role) = &self.role {
            // Whoever acts for a worker may begin what she may.
            let role = if self.acts_for.is_some() { WORKER } else { role.as_str() };
            flows.retain(|it| it.parties.get(&it.principal).is_some_and(|it| it.role == role));
        }
        flows
    }

    /// Words that belong nowhere: what waits for this person, else what the house can do. A bare
    /// "approve" decides nothing (rule 4).
    async fn nothing_open(&self, flows: &[Arc<Program>]) -> Result<Message, StoreError> {
        let Unrouted { payer, person, .. } = self.arrival;
        let cards = self.house.store.cards(payer, person).await?;
        let helps = cards.is_empty() && !flows.is_empty();
        Ok(if helps { self.menu(flows) } else { phrases::cards(cards.len()) })
    }

    /// The person asked for a flow: the one that is open goes on, else a new one begins, and its
    /// first question may take the floor from the one that has it.
    async fn want(
        &self,
        program: &Arc<Program>,
        words: String,
        open: Vec<Conversation>,
        commit: &mut PersonCommit,
    ) -> anyhow::Result<()> {
        if let Some(same) = open.into_iter().find(|it| it.flow == program.flow) {
            let party = self.party(&same).await?;
            let event = if self.mentions_more(&words, program) {
                Event::Said { party, words, question: None }
            } else {
                Event::Repair { party, repair: Repair::Return }
            };
            commit.events.push((same.id, event));
            return Ok(());
        }
        let channel = self.arrival.source.clone();
        commit.facts.push(PersonFact::Focus { channel, question: None });
        commit.begins.push(self.begin(program, BTreeMap::new(), Some(words)));
        Ok(())
    }

    /// Whether words say more than that the flow is wanted: then the conversation should hear them.
    fn mentions_more(&self, words: &str, program: &Program) -> bool {
        let folded = understand::fold(words);
        let mut examples = program.start_when.says.values().flatten();
        !examples.any(|it| understand::fold(it) == folded) && !words.starts_with('/')
    }

    async fn danger(
        &self,
        open: Vec<Conversation>,
        commit: &mut PersonCommit,
    ) -> anyhow::Result<()> {
        commit.says.push(self.say(phrases::DANGER, MessageKind::Safety));
        for it in &open {
            let party = self.party(it).await?;
            commit.events.push((it.id.clone(), Event::Danger { party }));
        }
        if open.is_empty()
            && let Some(program) = self.house.flows.current(PERSON_FLOW)
        {
            let begin = self.begin(&program, BTreeMap::new(), None);
            let event = Event::Danger { party: program.principal.clone() };
            commit.events.push((begin.id.clone(), event));
            commit.begins.push(begin);
        }
        Ok(())
    }

    /// An event for a conversation that the arrival names. One that does not exist, or is
    /// another payer's, is the same to the asker.
    fn to_known(&self, conversation: String, event: Event, commit: &mut PersonCommit) {
        match self.is_known(&conversation) {
            true => commit.events.push((conversation, event)),
            false => commit.settled = Some(json!(taps::NO_SUCH_CHOICE)),
        }
    }

    fn is_known(&self, conversation: &str) -> bool {
        self.look.named.iter().chain(&self.look.open).any(|it| it.id == conversation)
    }

    fn focus(&self) -> Option<&QuestionRow> {
        self.look.focus.as_ref()
    }

    fn open(&self) -> Vec<Conversation> {
        let open = self.look.open.iter().filter(|it| it.state.position != Position::Ended);
        open.filter(|it| !is_parent(it)).cloned().collect()
    }

    async fn party(&self, conversation: &Conversation) -> anyhow::Result<String> {
        let program = crate::turns::version(self.house, &conversation.flow_hash).await?;
        Ok(program.principal.clone())
    }

    fn actor(&self) -> Actor {
        // The party and the authorities are filled in when the turn is taken.
        Actor {
            person: self.arrival.person.clone(),
            name: self.name.clone(),
            party: None,
            authorities: Vec::new(),
        }
    }

    fn begin(
        &self,
        program: &Program,
        fields: BTreeMap<String, serde_json::Value>,
        words: Option<String>,
    ) -> NewConversation {
        NewConversation {
            id: self.house.seams.ids.next(),
            flow_hash: program.hash.clone(),
            flow: program.flow.clone(),
            principal: self.arrival.person.clone(),
            parent: None,
            event: Event::Started { fields, words },
            at: self.house.clock.now(),
        }
    }

    fn say(&self, phrase: phrases::Phrase, kind: MessageKind) -> Message {
        phrases::message(phrase, "worker", kind)
    }

    /// "I can help with …", from the first example of each flow. That one can have a person the
    /// menu says itself.
    fn menu(&self, flows: &[Arc<Program>]) -> Message {
        let language = self.language.as_str();
        let examples: Vec<_> = flows
            .iter()
            .filter(|it| it.flow != PERSON_FLOW)
            .filter_map(|it| {
                let says = &it.start_when.says;
                says.get(language).or_else(|| says.values().next())?.first().cloned()
            })
            .collect();
        phrases::menu(&examples)
    }
}

/// Whether a conversation only waits for the one it runs.
fn is_parent(conversation: &Conversation) -> bool {
    matches!(&conversation.state.position, Position::At { rest: Rest::Running { .. }, .. })
}

fn said(focus: &QuestionRow, words: String) -> (String, Event) {
    let question = Some(focus.question.key);
    let event = Event::Said { party: focus.party.clone(), words, question };
    (focus.question.conversation.clone(), event)
}
