//! Everything that a batch writes, a statement a table, all in one script.
//!
//! Each room fills in its rows; [`Writes::run`] writes them in an order in which no row needs one
//! that comes later.

use std::collections::{BTreeMap, BTreeSet};

use mendline_engine::time::Timestamp;

use super::going::Going;
use super::rows::{Cell, Column, Rows};
use super::script::Script;
use super::{Connection, consents, focus, handoffs, people, reach};
use crate::store::{HandoffChange, PersonFact, StoreError};

use Column::{Bytes, Int, Text};

const CONVERSATION: &[Column] = &[
    Text("payer"),
    Text("id"),
    Text("principal"),
    Text("flow"),
    Text("flow_hash"),
    Text("parent"),
    Int("turn"),
    Bytes("state_ct"),
    Int("began"),
    Int("ended"),
    Int("record_seq"),
    Text("record_hash"),
];
const EVENT: &[Column] = &[
    Text("payer"),
    Int("n"),
    Text("source"),
    Text("id"),
    Int("part"),
    Int("origin"),
    Text("conversation"),
    Text("person"),
    Text("key_person"),
    Bytes("body_ct"),
    Int("received"),
    Int("done_at"),
    Bytes("answer_ct"),
];
const DONE: &[Column] = &[Text("payer"), Int("seq"), Int("done_at"), Bytes("answer_ct")];
const RECORD: &[Column] =
    &[Text("payer"), Text("conversation"), Int("seq"), Int("at"), Bytes("body_ct"), Text("hash")];
const MESSAGE: &[Column] = &[
    Text("payer"),
    Int("n"),
    Text("effect"),
    Text("lane"),
    Text("person"),
    Text("key_person"),
    Text("question"),
    Int("focuses"),
    Int("urgent"),
    Bytes("message_ct"),
    Int("due"),
    Text("status"),
    Text("channel"),
    Bytes("frozen_ct"),
    Int("settled_at"),
    Text("notice"),
];
const QUESTION: &[Column] = &[
    Text("payer"),
    Text("question"),
    Text("person"),
    Text("conversation"),
    Text("key_person"),
    Text("party"),
    Int("is_decide"),
    Bytes("message_ct"),
    Int("opened"),
    Int("due"),
];
const CLOSED: &[Column] = &[
    Text("payer"),
    Text("question"),
    Int("closed_at"),
    Bytes("closed_ct"),
    Text("person"),
    Text("channel"),
];
const READ: &[Column] = &[Text("payer"), Text("notice"), Text("message"), Int("at")];
const CALL: &[Column] = &[
    Text("payer"),
    Text("effect"),
    Text("conversation"),
    Text("key_person"),
    Text("action"),
    Int("is_write"),
    Bytes("input_ct"),
    Int("due"),
];
const TIMER: &[Column] =
    &[Text("payer"), Text("conversation"), Text("name"), Int("generation"), Int("due")];
const CLEARED: &[Column] = &[Text("payer"), Text("conversation"), Text("name")];
const START: &[Column] = &[Text("payer"), Text("conversation"), Int("due"), Bytes("event_ct")];
const IDENTIFIER: &[Column] = &[Text("payer"), Text("idx"), Text("conversation")];
const FATE: &[Column] = &[
    Text("payer"),
    Text("effect"),
    Text("status"),
    Text("why"),
    Int("due"),
    Int("attempts"),
    Int("changed"),
    Int("settled_at"),
];
const SHOWN: &[Column] = &[Text("payer"), Text("question"), Text("person"), Int("shown")];
const REPORTED: &[Column] = &[Text("payer"), Text("message")];
const FROZEN: &[Column] = &[Text("payer"), Text("effect"), Text("channel"), Bytes("frozen_ct")];
const LINE: &[Column] = &[
    Text("payer"),
    Text("person"),
    Text("channel"),
    Int("seq"),
    Text("key"),
    Text("message"),
    Text("question"),
    Text("key_person"),
    Bytes("body_ct"),
    Int("at"),
];
const RETURNED: &[Column] =
    &[Text("payer"), Text("effect"), Int("due"), Int("attempts"), Int("settled_at")];

/// The rows of a batch.
pub(super) struct Writes {
    pub(super) begun: Rows,
    pub(super) events: Rows,
    pub(super) done: Rows,
    pub(super) record: Rows,
    pub(super) messages: Rows,
    pub(super) closed: Rows,
    pub(super) calls: Rows,
    pub(super) timers: Rows,
    pub(super) cleared: Rows,
    pub(super) starts: Rows,
    pub(super) identifiers: Rows,
    pub(super) fates: Rows,
    pub(super) shown: Rows,
    pub(super) reported: Rows,
    pub(super) read: Rows,
    pub(super) frozen: Rows,
    pub(super) lines: Rows,
    pub(super) returned: Rows,
    /// By payer, question and person: a second one in the same batch replaces the first.
    questions: BTreeMap<(String, String, String), (bool, [Cell; 10])>,
    /// Focus that moves to a question that was shown, in order.
    focused: Vec<focus::Move>,
    /// What is rare is written one by one.
    pub(super) facts: Vec<(String, String, PersonFact)>,
    pub(super) reached: Vec<reach::Change>,
    pub(super) agreed: Vec<consents::Change>,
    pub(super) handoffs: Vec<handoffs::Changed>,
    /// How many rows went into the numbered tables.
    n: i64,
}

impl Default for Writes {
    fn default() -> Writes {
        Writes {
            begun: Rows::new(CONVERSATION),
            events: Rows::new(EVENT),
            done: Rows::new(DONE),
            record: Rows::new(RECORD),
            messages: Rows::new(MESSAGE),
            closed: Rows::new(CLOSED),
            calls: Rows::new(CALL),
            timers: Rows::new(TIMER),
            cleared: Rows::new(CLEARED),
            starts: Rows::new(START),
            identifiers: Rows::new(IDENTIFIER),
            fates: Rows::new(FATE),
            shown: Rows::new(SHOWN),
            reported: Rows::new(REPORTED),
            read: Rows::new(READ),
            frozen: Rows::new(FROZEN),
            lines: Rows::new(LINE),
            returned: Rows::new(RETURNED),
            questions: BTreeMap::new(),
            focused: Vec::new(),
            facts: Vec::new(),
            reached: Vec::new(),
            agreed: Vec::new(),
            handoffs: Vec::new(),
            n: 0,
        }
    }
}

impl Writes {
    /// The next number of a row whose order is kept.
    pub(super) fn next(&mut self) -> i64 {
        self.n += 1;
        self.n
    }

    /// A question as put to a person. Of two in one batch the later counts, unless it only asks
    /// for more about a card.
    pub(super) fn question(&mut self, key: (String, String, String), card: bool, row: [Cell; 10]) {
        let stands = self.questions.get(&key).is_some_and(|(earlier, _)| *earlier && !card);
        if !stands {
            self.questions.insert(key, (card, row));
        }
    }

    pub(super) fn focus(&mut self, to: focus::Move) {
        self.focused.push(to);
    }

    /// Writes it all.
    pub(super) async fn run(self, connection: &mut Connection) -> Result<(), StoreError> {
        let (script, handoffs) = self.script();
        script.run(connection).await?;
        for it in &handoffs {
            handoffs::change(connection, it).await?;
        }
        Ok(())
    }

    /// Writes it all and ends the transaction.
    pub(super) async fn commit(self, mut going: Going<'_>) -> Result<(), StoreError> {
        let (mut script, handoffs) = self.script();
        if !handoffs.is_empty() {
            going.run(script).await?;
            for it in &handoffs {
                handoffs::change(&mut going, it).await?;
            }
            script = Script::default();
        }
        going.commit(script).await.map(drop)
    }

    /// Everything as one script, but for the handoffs, which are rare and ask in between.
    fn script(self) -> (Script, Vec<handoffs::Changed>) {
        let mut script = Script::default();
        let mut questions = Rows::new(QUESTION);
        self.questions.into_values().for_each(|(_, row)| questions.push(row));
        for (rows, statement) in [
            (self.begun, BEGIN_CONVERSATIONS),
            (self.events, PUT_EVENTS),
            (self.done, FINISH_EVENTS),
            (self.record, APPEND_RECORD),
            (self.messages, PUT_MESSAGES),
            (questions, PUT_QUESTIONS),
            (self.closed.clone(), CLOSE_QUESTIONS),
            (self.closed.clone(), RELEASE_HELD),
            (self.closed.clone(), CLOSE_STANDING),
            (self.closed, FREE_FOCUS),
            (self.calls, PUT_CALLS),
            (self.cleared, CLEAR_TIMERS),
            (self.timers, SET_TIMERS),
            (self.starts, PUT_STARTS),
            (self.identifiers, PUT_IDENTIFIERS),
            (self.lines, PUT_LINES),
            (self.frozen, FREEZE),
            (self.fates, SETTLE),
            (self.reported, REPORT_LINES),
            (self.read.clone(), RELEASE_COPIES),
            (self.read.clone(), CLOSE_COPIES),
            (self.read, KEEP_READ),
            (self.shown, SHOW_QUESTIONS),
            (self.returned, SETTLE_CALLS),
        ] {
            script.add(rows, &[], statement);
        }
        focus::move_all(&mut script, self.focused);
        for (payer, person, fact) in &self.facts {
            people::change(&mut script, payer, person, fact);
        }
        for change in self.reached {
            change.put(&mut script);
        }
        for change in self.agreed {
            change.put(&mut script);
        }
        (script, self.handoffs)
    }

    /// A handoff's change, with whom it is sealed for.
    pub(super) fn handoff(
        &mut self,
        sealer: std::sync::Arc<super::seal::Sealer>,
        payer: &str,
        conversation: &str,
        change: &HandoffChange,
        now: Timestamp,
    ) {
        self.handoffs.push(handoffs::Changed {
            sealer,
            payer: payer.into(),
            conversation: conversation.into(),
            change: change.clone(),
            now,
        });
    }
}

const BEGIN_CONVERSATIONS: &str = "
    insert into conversations (payer, id, principal, flow, flow_hash, parent, turn, state_ct, began, turned, ended, record_seq, record_hash)
    select payer, id, principal, flow, flow_hash, parent, turn, state_ct, began, began, ended, record_seq, record_hash from v";
const PUT_EVENTS: &str = "
    insert into inbox (payer, source, id, part, origin, conversation, person, key_person, body_ct, received, done_at, answer_ct)
    select payer, source, id, part, origin, conversation, person, key_person, body_ct, received, done_at, answer_ct
    from v where true order by n on conflict do nothing";
const FINISH_EVENTS: &str = "
    update inbox set done_at = v.done_at, answer_ct = v.answer_ct
    from v where inbox.seq = v.seq and inbox.payer = v.payer";
const APPEND_RECORD: &str = "
    insert into record (payer, conversation, seq, at, body_ct, hash)
    select payer, conversation, seq, at, body_ct, hash from v";
const PUT_MESSAGES: &str = "
    insert into outbox (payer, effect, lane, person, key_person, question, focuses, urgent, message_ct, status, channel, frozen_ct, due, committed, changed, settled_at, notice)
    select payer, effect, lane, person, key_person, question, focuses, urgent, message_ct, status, channel, frozen_ct, due, due, due, settled_at, notice
    from v where true order by n";
const PUT_QUESTIONS: &str = "
    insert into questions (payer, question, person, conversation, key_person, party, is_decide, message_ct, opened, due)
    select payer, question, person, conversation, key_person, party, is_decide, message_ct, opened, due from v where true
    on conflict (payer, question, person) do update
    set party = excluded.party, is_decide = excluded.is_decide, message_ct = excluded.message_ct, due = excluded.due
    where excluded.is_decide >= questions.is_decide";
const CLOSE_QUESTIONS: &str = "
    update questions set closed_at = v.closed_at, closed_ct = v.closed_ct
    from v where questions.payer = v.payer and questions.question = v.question and questions.closed_at is null";
/// What is held for the morning and asks a closed question is looked at now: it will not go out,
/// and must not keep back what comes after it.
const RELEASE_HELD: &str = "
    update outbox set due = v.closed_at
    from v where outbox.payer = v.payer and outbox.question = v.question
      and outbox.status = 'held' and outbox.settled_at is null and outbox.frozen_ct is null";
/// Where it stands in a chat app, that it is over is shown there.
const CLOSE_STANDING: &str = "
    update standing set since = v.closed_at, due = v.closed_at,
        elsewhere = case when v.person = standing.person and v.channel <> standing.channel
                         then 1 else 0 end
    from v where standing.payer = v.payer and standing.question = v.question and standing.due is null";
/// What she has read is not said to her again: what is held for the morning is looked at now, and
/// will not go out.
const RELEASE_COPIES: &str = "
    update outbox set due = v.at
    from v where outbox.payer = v.payer and outbox.notice = v.notice and outbox.effect <> v.message
      and outbox.status = 'held' and outbox.settled_at is null and outbox.frozen_ct is null";
/// Copies of it that stand in other chats are closed there; what she has read stays as it stands.
const CLOSE_COPIES: &str = "
    update standing set since = v.at, due = v.at, elsewhere = 1
    from v where standing.payer = v.payer and standing.question = v.notice
      and standing.message <> v.message and standing.due is null";
const KEEP_READ: &str = "
    delete from standing where (payer, question, message) in (select payer, notice, message from v)";
const FREE_FOCUS: &str = "
    delete from focus where (payer, question) in (select payer, question from v)";
const PUT_CALLS: &str = "
    insert into calls (payer, effect, conversation, key_person, action, is_write, input_ct, due)
    select payer, effect, conversation, key_person, action, is_write, input_ct, due from v";
const CLEAR_TIMERS: &str = "
    delete from timers where (payer, conversation, name) in (select payer, conversation, name from v)";
/// One of the same name and an older generation is replaced.
const SET_TIMERS: &str = "
    insert into timers (payer, conversation, name, generation, due)
    select payer, conversation, name, generation, due from v where true
    on conflict (payer, conversation, name) do update
    set generation = excluded.generation, due = excluded.due
    where excluded.generation >= timers.generation";
const PUT_STARTS: &str = "
    insert into starts (payer, conversation, due, event_ct)
    select payer, conversation, due, event_ct from v";
const PUT_IDENTIFIERS: &str = "
    insert into identifiers (payer, idx, conversation)
    select payer, idx, conversation from v where true on conflict do nothing";
const PUT_LINES: &str = "
    insert into lines (payer, person, channel, seq, key, message, question, key_person, body_ct, at)
    select payer, person, channel, seq, key, message, question, key_person, body_ct, at from v";
const FREEZE: &str = "
    update outbox set channel = v.channel, frozen_ct = v.frozen_ct
    from v where outbox.payer = v.payer and outbox.effect = v.effect and outbox.settled_at is null";
const SETTLE: &str = "
    update outbox set status = v.status, why = coalesce(v.why, outbox.why), due = coalesce(v.due, outbox.due),
        attempts = outbox.attempts + v.attempts, changed = v.changed, leased_until = null,
        settled_at = coalesce(outbox.settled_at, v.settled_at)
    from v where outbox.payer = v.payer and outbox.effect = v.effect";
const REPORT_LINES: &str = "
    update lines set reported = 1
    from v where lines.payer = v.payer and lines.message = v.message";
const SHOW_QUESTIONS: &str = "
    update questions set shown = coalesce(questions.shown, v.shown)
    from v where questions.payer = v.payer and questions.question = v.question and questions.person = v.person";
const SETTLE_CALLS: &str = "
    update calls set due = coalesce(v.due, calls.due),
        attempts = calls.attempts + case when calls.is_write = 1 then 0 else v.attempts end,
        settled_at = v.settled_at, leased_until = null
    from v where calls.payer = v.payer and calls.effect = v.effect";

/// Names that were seen in a batch, so that a second one is told apart.
pub(super) type Seen = BTreeSet<(String, String)>;
