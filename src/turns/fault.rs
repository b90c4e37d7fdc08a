//! When the engine itself falls, or the routing before it: a bug of ours costs one event, and a person comes. It must
//! never cost the house, or the next event, or anybody's privacy: what a panic says may hold
//! somebody's words, so only the place in the source is logged.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::pin::pin;
use std::sync::Once;

use futures::FutureExt as _;
use mendline_engine::catalog::Catalog;
use mendline_engine::core::Program;
use mendline_engine::effect::{Effect, Note, OpenHandoff};
use mendline_engine::event::Event;
use mendline_engine::message::{EffectKey, MessageKind};
use mendline_engine::state::{Hold, State};
use mendline_engine::turn::Turn;
use tracing::error;

use crate::phrases;

/// The desk where neither the flow nor the catalog names one.
const ANY_DESK: &str = "desk";

thread_local! {
    /// Whether the engine or the routing runs on this thread.
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// Where in the source it fell.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs the engine; `None` if it fell.
pub(super) fn guarded(conversation: &str, run: impl FnOnce() -> Turn) -> Option<Turn> {
    hush();
    QUIET.set(true);
    // The engine is pure: what it leaves behind half done is its own copy.
    let taken = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    let place = PLACE.take();
    match taken {
        Ok(taken) => Some(taken),
        Err(_) => {
            error!(conversation, place, "the engine fell; the event is set aside for a person");
            None
        }
    }
}

/// Routes an arrival; `None` if that fell.
pub(crate) async fn guarded_while<T>(seq: i64, run: impl Future<Output = T>) -> Option<T> {
    hush();
    // What it leaves behind half done was not committed.
    let mut run = pin!(AssertUnwindSafe(run).catch_unwind());
    let routed = poll_fn(|cx| {
        QUIET.set(true);
        let polled = run.as_mut().poll(cx);
        QUIET.set(false);
        polled
    });
    match routed.await {
        Ok(routed) => Some(routed),
        Err(_) => {
            error!(
                seq,
                place = PLACE.take(),
                "routing fell; the arrival is set aside for a person"
            );
            None
        }
    }
}

/// Keeps a panic's words out of the log while the engine runs, or somebody's words are read.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |info| {
            if QUIET.get() {
                PLACE.set(info.location().map(|it| format!("{}:{}", it.file(), it.line())));
            } else {
                usual(info);
            }
        }));
    });
}

/// What is committed in place of the turn: nothing moved, the event is done with, and a desk has
/// it. Whoever waits for an answer hears that a person looks, and is held for that person.
pub(super) fn set_aside(
    program: &Program,
    catalog: &Catalog,
    before: &State,
    event: &Event,
) -> Turn {
    let key = EffectKey { turn: before.turn, index: 0 };
    let desk = program.interrupts.human.clone();
    let desk = desk.or_else(|| catalog.desks.keys().next().cloned());
    let desk = desk.unwrap_or_else(|| ANY_DESK.to_owned());
    let held = before.holds.iter().any(|it| it.party.as_ref() == Some(&program.principal));
    let party = Some(program.principal.clone()).filter(|it| spoke(event, it) && !held);
    let mut effects = vec![
        Effect::OpenHandoff(OpenHandoff {
            desk: desk.clone(),
            party: party.clone(),
            why: "fault".to_owned(),
            says: None,
            save: None,
            closed: Vec::new(),
            retry: true,
            next: phrases::words(phrases::GOES_ON),
            due: None,
        }),
        Effect::Noted(Note::Fault { what: "the engine fell".to_owned() }),
    ];
    if let Some(party) = &party {
        let message = phrases::message(phrases::FAULT, party, MessageKind::Reply);
        effects.push(Effect::Send(message));
    }
    let mut state = before.clone();
    state.holds.push(Hold {
        handoff: key,
        desk,
        party,
        holder: None,
        anchor: None,
        why: "fault".to_owned(),
        resume: None,
        save: None,
    });
    state.turn += 1;
    Turn { state, effects, path: Vec::new() }
}

/// Whether the event is something that this party did, and waits for an answer to.
fn spoke(event: &Event, party: &str) -> bool {
    match event {
        Event::Started { words, .. } => words.is_some(),
        Event::Said { party: by, .. }
        | Event::Repair { party: by, .. }
        | Event::Danger { party: by } => by == party,
        Event::Tapped { actor, .. } => actor.party.as_deref() == Some(party),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use mendline_engine::load::{Source, load};

    use super::*;

    const FLOW: &str = "flow: a\nversion: 1\nabout: A.\nlanguages: [en]\nparties:\n  worker: { role: injured_worker }\n\
        outcomes:\n  done: { kind: success, say: Done. }\n  withdrawn: { kind: neutral, say: Stopped. }\n\
        start_when:\n  - says: [a]\nsteps:\n  - say: Hello.\n  - end: done\n";

    fn aside(event: &Event) -> Turn {
        let source = Source { file: "flow.yaml".into(), text: FLOW.into() };
        let loaded = load(&source, &[], &Catalog::default(), &[]);
        let program = loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.findings));
        set_aside(&program, &Catalog::default(), &State::default(), event)
    }

    #[test]
    fn an_engine_that_falls_answers_nothing() {
        assert_eq!(guarded("c1", || panic!("her words")), None);
    }

    #[test]
    fn whoever_wrote_hears_that_a_person_looks_and_is_held() {
        let said = Event::Said { party: "worker".into(), words: "hello".into(), question: None };
        let turn = aside(&said);
        assert_eq!(turn.state.turn, 1);
        assert_eq!(turn.state.holds[0].party.as_deref(), Some("worker"));
        assert!(matches!(&turn.effects[2], Effect::Send(it) if it.party == "worker"));
    }

    #[test]
    fn what_nobody_waits_for_is_a_task_and_holds_nobody() {
        let turn = aside(&Event::Due { timer: "silence".into(), generation: 1 });
        assert_eq!(turn.state.holds[0].party, None);
        assert!(!turn.effects.iter().any(|it| matches!(it, Effect::Send(_))));
    }
}
