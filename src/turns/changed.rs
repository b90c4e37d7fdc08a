//! Other people in a role than those who were asked (rule 11). Seen when a conversation's next
//! event is applied, so that nobody decides on a card that is not theirs any more.

use mendline_engine::core::{Core, Program};
use mendline_engine::message::MessageKind;
use mendline_engine::state::{Position, Rest, State};

use super::Work;
use crate::directory::Directory;
use crate::phrases;
use crate::store::NewMessage;

/// Parties with something open before a person who does not hold the role now, each with that
/// person. One that nobody holds is told once: its handoff stands until somebody deals with it.
pub(super) fn parties(
    program: &Program,
    state: &State,
    directory: &Directory,
) -> Vec<(String, String)> {
    // Without a claim nobody can be looked up, which says nothing about who holds a role.
    if directory.claim.is_none() {
        return Vec::new();
    }
    let reported = state.holds.iter().any(|it| it.why == "no_party");
    let mut changed = Vec::new();
    for party in asked(program, state) {
        let former = state.parties.get(&party).and_then(|it| it.person.clone());
        let now = directory.parties.get(&party).map(|it| &it.person);
        let Some(former) = former.filter(|it| Some(it) != now && *party != program.principal)
        else {
            continue;
        };
        if now.is_some() || !reported {
            changed.push((party, former));
        }
    }
    changed
}

/// The parties that have a card or a question before them.
fn asked(program: &Program, state: &State) -> Vec<String> {
    let Position::At { anchor, rest } = &state.position else { return Vec::new() };
    match rest {
        Rest::Deciding(open) => open.holders.clone(),
        Rest::Asking(_) => {
            match program.anchors.get(anchor).and_then(|it| program.steps.get(*it)) {
                Some(Core::Ask(ask)) => vec![ask.party.clone()],
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

impl Work<'_> {
    /// Whoever had it before hears that it is somebody else's now.
    pub(super) fn tell_former(&mut self, party: &str, person: String) {
        let message = phrases::message(phrases::MOVED_ON, party, MessageKind::Proactive);
        self.commit.messages.push(NewMessage {
            key: self.free,
            person,
            message,
            due: None,
            posted: None,
        });
        self.free.index += 1;
    }
}
