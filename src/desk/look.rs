//! What waits for a member of staff, looked up, for the page and for the chat.

use std::collections::BTreeMap;

use super::numbers::Numbers;
use super::queue::{self, Item, Row, Waiting};
use super::{accounts, card};
use crate::house::House;
use crate::store::reach::Whose;
use crate::store::{Person, StoreError};

/// Numbers that two servers give in the same moment are few; this bounds a mistake.
const TRIES_MAX: usize = 8;
/// New things that one list shows: as many as Discord suggests at once, and a screen on a phone.
/// What is not among them is not numbered, and is counted only.
const LISTED_MAX: usize = 25;

/// What waits for somebody who serves these desks, what is due first first.
pub async fn items(
    house: &House,
    whose: &Whose,
    desks: &[String],
) -> Result<Vec<Item>, StoreError> {
    let (store, payer) = (&house.store, &whose.payer);
    let mut items = Vec::new();
    let mut people: BTreeMap<String, Option<Person>> = BTreeMap::new();
    let cards = store.cards(payer, &whose.person).await?;
    let handoffs = store.handoffs(payer, desks).await?;
    let principals = cards.iter().map(|it| &it.principal);
    for id in principals.chain(handoffs.iter().map(|it| &it.principal)) {
        if !people.contains_key(id) {
            people.insert(id.clone(), store.person(payer, id).await?);
        }
    }
    let name = |id: &str| {
        let person = people.get(id).and_then(Option::as_ref);
        person.map_or_else(|| "Somebody".to_owned(), |it| it.first_name.clone())
    };
    for row in cards {
        let claim = row.message.card.as_ref().and_then(card::claim);
        let worker = name(&row.principal);
        let conversation = store.conversation(payer, &row.question.conversation).await?;
        let counter = conversation.is_some_and(|it| queue::at_counter(&it.state.fields));
        items.push(Item { waiting: Waiting::Card(Box::new(row)), worker, claim, counter });
    }
    for row in handoffs.into_iter().filter(|it| it.closed.is_none()) {
        let conversation = store.conversation(payer, &row.handoff.conversation).await?;
        let fields = conversation.map(|it| it.state.fields).unwrap_or_default();
        let claim = fields.get("claim").and_then(|it| it["number"].as_str()).map(str::to_owned);
        let worker = name(&row.principal);
        let waiting = Waiting::Handoff(Box::new(row));
        items.push(Item { waiting, worker, claim, counter: false });
    }
    queue::sort(&mut items);
    Ok(items)
}

/// What waits for somebody in a chat app, under the numbers that it has there.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What, what is due first first.
    pub items: Vec<Item>,
    /// The same as rows; what has no number there has the number 0.
    pub rows: Vec<Row>,
    /// What each number names there.
    pub shown: Vec<String>,
}

/// What waits for a member of staff in a chat app; nothing for whoever is none any more, or has
/// proved no address there. What `shows` says of its token is shown now, and gets a number.
pub async fn listed(
    house: &House,
    person: &Person,
    channel: &str,
    shows: impl Fn(&str) -> bool,
) -> Result<Option<Listed>, StoreError> {
    let whose = Whose { payer: person.payer.clone(), person: person.person.clone() };
    let roles = house.store.entry().roles(&whose, house.demo).await?;
    let Some((kept, rev)) = house.store.reach().menus(&whose, channel).await? else {
        return Ok(None);
    };
    if roles.is_empty() {
        return Ok(None);
    }
    let items = items(house, &whose, &accounts::desks(&roles)).await?;
    let open: Vec<_> = items.iter().map(Item::token).collect();
    let shown = open.iter().filter(|it| shows(it)).take(LISTED_MAX);
    let shown: Vec<_> = shown.cloned().collect();
    let numbers = give(house, &whose, channel, (kept, rev), (&shown, &open)).await?;
    let mut rows = queue::rows(&items, house.clock.now(), &person.zone);
    for row in &mut rows {
        row.number = numbers.of(&row.token).unwrap_or(0);
    }
    Ok(Some(Listed { items, rows, shown: numbers.shown() }))
}

/// Gives numbers to what is shown, and keeps them before anybody reads them.
async fn give(
    house: &House,
    whose: &Whose,
    channel: &str,
    (mut kept, mut rev): (Option<serde_json::Value>, i64),
    (shown, open): (&[String], &[String]),
) -> Result<Numbers, StoreError> {
    let reach = house.store.reach();
    for _ in 0..TRIES_MAX {
        let before = Numbers::read(kept);
        if shown.is_empty() {
            return Ok(before);
        }
        let mut numbers = before.clone();
        numbers.give(shown, open, house.clock.now());
        if numbers == before
            || reach.keep_menus(whose, channel, rev, &serde_json::json!(numbers)).await?
        {
            return Ok(numbers);
        }
        let Some(again) = reach.menus(whose, channel).await? else { break };
        (kept, rev) = again;
    }
    Err(StoreError::Conflict)
}
