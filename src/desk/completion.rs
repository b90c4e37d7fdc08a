//! What may complete a command that staff are typing in a chat app: the numbers of what waits, and
//! the codes of a card's reasons. Nothing private.

use super::commands::Seen;
use super::discreet;
use super::look::{self, Listed};
use super::queue::{Item, Row, Waiting};
use crate::channels::inward::{Completion, Typing};
use crate::house::House;
use crate::phrases::requests;
use crate::store::{Person, StoreError};

/// What may stand there for this member of staff.
pub async fn of(
    house: &House,
    person: &Person,
    channel: &str,
    (typing, begun): (Typing, &str),
) -> Result<Vec<Completion>, StoreError> {
    // The whole list shows what its numbers name; one that is narrowed down numbers nothing new.
    let shows = |_: &str| typing == Typing::Number && begun.is_empty();
    let Some(listed) = look::listed(house, person, channel, shows).await? else {
        return Ok(Vec::new());
    };
    let Listed { items, rows, shown } = &listed;
    let seen = Seen { shown, items, rows, zone: &person.zone, now: house.clock.now() };
    Ok(match typing {
        Typing::Number => numbers(seen, requests::is_spanish(&person.language)),
        Typing::Reason(number) => codes(seen, number),
    })
}

fn numbers(seen: Seen<'_>, spanish: bool) -> Vec<Completion> {
    let named = seen.items.iter().zip(seen.rows).filter(|(_, row)| row.number > 0);
    let one = |(item, row): (&Item, &Row)| {
        let label = format!("{}. {}", row.number, discreet::label(item, seen, spanish));
        Completion { value: row.number.to_string(), label }
    };
    named.map(one).collect()
}

/// The codes alone: their words speak of health.
fn codes(seen: Seen<'_>, number: u32) -> Vec<Completion> {
    let at = usize::try_from(number).ok().and_then(|it| it.checked_sub(1));
    let token = at.and_then(|it| seen.shown.get(it)).filter(|it| !it.is_empty());
    let item = token.and_then(|it| seen.items.iter().find(|item| item.token() == *it));
    let Some(Item { waiting: Waiting::Card(row), .. }) = item else { return Vec::new() };
    let needs = row.message.buttons.iter().flat_map(|it| &it.needs);
    let codes = needs.flat_map(|it| &it.reasons).map(|it| it.code.clone());
    codes.map(|code| Completion { value: code.clone(), label: code }).collect()
}
