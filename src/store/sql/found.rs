//! What the jobs of a batch concern, read before anything is written: one script of looks, each
//! only where a job needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mendline_engine::time::Timestamp;
use sqlx::Row as _;

use super::batch::Job;
use super::going::Going;
use super::keys::{Keys, Wanted};
use super::rows::{Column, Rows};
use super::script::{Place, Script};
use super::{DbRow, LOCKED, care, count, db, flag, settle};
use crate::store::{InboxBody, Leaving, NewConversation, NewLine, Pause, StoreError, TurnCommit};
use crate::vault::Vault;

use Column::{Int, Text};

/// Payer and name.
pub(super) type Name = (String, String);

/// An arrival that waits for its person turn.
pub(super) struct Arrived {
    pub(super) source: String,
    pub(super) id: String,
    pub(super) received: Timestamp,
    pub(super) done: bool,
}

/// A message as far as settling it needs.
pub(super) struct Sending {
    pub(super) lane: String,
    pub(super) person: String,
    pub(super) key_person: String,
    pub(super) channel: Option<String>,
    pub(super) question: Option<String>,
    /// What must be read, by the message that says it first.
    pub(super) notice: Option<String>,
    pub(super) focuses: bool,
    pub(super) status: String,
    pub(super) open: bool,
    /// Whether it stands in its reader's chat.
    pub(super) lined: bool,
}

/// An open call.
pub(super) struct Calling {
    pub(super) key_person: String,
    /// Attempts at it that were begun.
    pub(super) attempts: u32,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// Conversations: whom they are for.
    pub(super) principals: BTreeMap<Name, String>,
    /// Arrivals, by payer and number.
    pub(super) arrivals: BTreeMap<(String, i64), Arrived>,
    /// Events that wait: payer and number to conversation and row name.
    pub(super) waiting: BTreeMap<(String, i64), (String, String)>,
    pub(super) messages: BTreeMap<Name, Sending>,
    pub(super) calls: BTreeMap<Name, Calling>,
    /// What becomes of messages in this batch.
    pub(super) fates: BTreeMap<Name, settle::Fate>,
    /// Lines that are there: payer, person, channel, key to their number.
    pub(super) lines: BTreeMap<[String; 4], i64>,
    /// What is paused, where a job lets messages leave.
    pub(super) pauses: Vec<Pause>,
}

const NAMED: &[Column] = &[Text("payer"), Text("name")];
const NUMBERED: &[Column] = &[Text("payer"), Int("seq")];
const KEYED: &[Column] = &[Text("payer"), Text("person"), Text("channel"), Text("key")];

impl Found {
    /// Looks all of it up, with the keys of whom the jobs themselves name. The first that a
    /// transaction asks.
    pub(super) async fn look(
        going: &mut Going<'_>,
        vault: &Vault,
        jobs: &[Arc<Job>],
    ) -> Result<(Found, Keys), StoreError> {
        let (mut found, mut keys) = (Found::default(), Keys::default());
        found.know_principals(jobs);
        let mut wanted = Wanted::default();
        found.want(jobs, &mut wanted);
        let mut script = Script::default();
        let principals = found.ask_principals(jobs, &mut script);
        let arrivals = Found::ask_arrivals(jobs, &mut script);
        let waiting = Found::ask_waiting(jobs, &mut script);
        let messages = Found::ask_messages(jobs, &mut script);
        let calls = Found::ask_calls(jobs, &mut script);
        let lines = Found::ask_lines(jobs, &mut script);
        let pauses = Found::ask_pauses(jobs, &mut script);
        let known = keys.ask(&wanted, &mut script);
        let mut answers = going.run(script).await?;
        found.read_principals(&answers.take(principals))?;
        found.read_arrivals(&answers.take(arrivals))?;
        found.read_waiting(&answers.take(waiting))?;
        found.read_messages(&answers.take(messages))?;
        found.read_calls(&answers.take(calls))?;
        found.read_lines(&answers.take(lines))?;
        if let Some(pauses) = pauses {
            found.pauses = care::read_pauses(&answers.take(pauses))?;
        }
        keys.read_all(vault, &answers.take(known))?;
        let mut wanted = Wanted::default();
        found.want(jobs, &mut wanted);
        keys.complete(going, vault, wanted).await?;
        Ok((found, keys))
    }

    /// Whom a conversation is for, where the jobs say so themselves.
    fn know_principals(&mut self, jobs: &[Arc<Job>]) {
        let mut begins = |payer: &str, news: &[NewConversation]| {
            for it in news {
                self.principals.insert((payer.into(), it.id.clone()), it.principal.clone());
            }
        };
        for job in jobs {
            match job.as_ref() {
                Job::Person(it) => begins(&it.payer, &it.begins),
                Job::Turn(it) => begins(&it.payer, &it.begins),
                Job::Carry(it) => {
                    begins(&it.person.payer, &it.person.begins);
                    it.turns.iter().for_each(|turn| begins(&turn.payer, &turn.begins));
                }
                _ => {}
            }
        }
        for job in jobs {
            let turns = match job.as_ref() {
                Job::Turn(it) => std::slice::from_ref(it.as_ref()),
                Job::Carry(it) => it.turns.as_slice(),
                _ => &[],
            };
            for it in turns {
                let name = (it.payer.clone(), it.conversation.clone());
                self.principals.insert(name, it.principal.clone());
            }
        }
    }

    fn ask_principals(&self, jobs: &[Arc<Job>], script: &mut Script) -> Place {
        let mut names: BTreeSet<Name> = BTreeSet::new();
        for job in jobs {
            names.extend(conversations_of(job));
        }
        names.retain(|it| !self.principals.contains_key(it));
        let rows = named(names);
        script.add(
            rows,
            &[],
            "select c.payer as payer, c.id as name, c.principal as principal
             from v join conversations c on c.payer = v.payer and c.id = v.name",
        )
    }

    fn read_principals(&mut self, rows: &[DbRow]) -> Result<(), StoreError> {
        for row in rows {
            self.principals.insert(name(row)?, row.try_get("principal")?);
        }
        Ok(())
    }

    fn ask_arrivals(jobs: &[Arc<Job>], script: &mut Script) -> Place {
        let mut rows = Rows::new(NUMBERED);
        for job in jobs {
            if let Job::Person(it) = job.as_ref() {
                rows.push([it.payer.as_str().into(), it.seq.into()]);
            }
        }
        script.add(
            rows,
            &[],
            format!(
                "select mine.payer as payer, mine.seq as seq, mine.source as source,
                        mine.id as id, mine.received as received, mine.done_at as done
                 from v join inbox mine on mine.seq = v.seq and mine.payer = v.payer
                 where mine.conversation is null order by mine.seq {LOCKED}"
            ),
        )
    }

    fn read_arrivals(&mut self, rows: &[DbRow]) -> Result<(), StoreError> {
        for row in rows {
            let arrived = Arrived {
                source: row.try_get("source")?,
                id: row.try_get("id")?,
                received: Timestamp(row.try_get("received")?),
                done: row.try_get::<Option<i64>, _>("done")?.is_some(),
            };
            self.arrivals.insert((row.try_get("payer")?, row.try_get("seq")?), arrived);
        }
        Ok(())
    }

    fn ask_waiting(jobs: &[Arc<Job>], script: &mut Script) -> Place {
        let mut rows = Rows::new(NUMBERED);
        for job in jobs {
            let turns = match job.as_ref() {
                Job::Turn(it) => std::slice::from_ref(it.as_ref()),
                Job::Carry(it) => it.turns.as_slice(),
                _ => &[],
            };
            for it in turns {
                for (seq, _) in it.done.iter().filter(|(seq, _)| *seq > 0) {
                    rows.push([it.payer.as_str().into(), (*seq).into()]);
                }
            }
        }
        script.add(
            rows,
            &[],
            "select i.payer as payer, i.seq as seq, i.conversation as conversation,
                    i.source as source, i.id as id, i.part as part
             from v join inbox i on i.seq = v.seq and i.payer = v.payer
             where i.conversation is not null and i.done_at is null",
        )
    }

    fn read_waiting(&mut self, rows: &[DbRow]) -> Result<(), StoreError> {
        for row in rows {
            let (source, id): (String, String) = (row.try_get("source")?, row.try_get("id")?);
            let part: i64 = row.try_get("part")?;
            let conversation: String = row.try_get("conversation")?;
            let place = (row.try_get("payer")?, row.try_get("seq")?);
            self.waiting.insert(place, (conversation, format!("{source}/{id}/{part}")));
        }
        Ok(())
    }

    fn ask_messages(jobs: &[Arc<Job>], script: &mut Script) -> Place {
        let keys = jobs.iter().filter_map(|job| match job.as_ref() {
            Job::Freeze(key, _) | Job::Settle(key, ..) => Some(key),
            Job::Line(line) => line.message.as_ref(),
            _ => None,
        });
        let names = keys.map(|it| (it.payer.clone(), it.effect.to_string())).collect();
        script.add(
            named(names),
            &[],
            format!(
                "select mine.payer as payer, mine.effect as name, mine.lane, mine.person,
                        mine.key_person, mine.channel, mine.question, mine.notice, mine.focuses, mine.status,
                        mine.settled_at,
                        exists (select 1 from lines l
                                where l.payer = mine.payer and l.message = mine.effect) as lined
                 from v join outbox mine on mine.payer = v.payer and mine.effect = v.name
                 order by mine.seq {LOCKED}"
            ),
        )
    }

    fn read_messages(&mut self, rows: &[DbRow]) -> Result<(), StoreError> {
        for row in rows {
            let sending = Sending {
                lane: row.try_get("lane")?,
                person: row.try_get("person")?,
                key_person: row.try_get("key_person")?,
                channel: row.try_get("channel")?,
                question: row.try_get("question")?,
                notice: row.try_get("notice")?,
                focuses: flag(row, "focuses")?,
                status: row.try_get("status")?,
                open: row.try_get::<Option<i64>, _>("settled_at")?.is_none(),
                lined: db::is_true(row, "lined")?,
            };
            self.messages.insert(name(row)?, sending);
        }
        Ok(())
    }

    fn ask_calls(jobs: &[Arc<Job>], script: &mut Script) -> Place {
        let names = jobs.iter().filter_map(|job| match job.as_ref() {
            Job::Return { payer, call, .. } => Some((payer.clone(), call.to_string())),
            _ => None,
        });
        script.add(
            named(names.collect()),
            &[],
            format!(
                "select mine.payer as payer, mine.effect as name, mine.key_person as key_person,
                        mine.attempts as attempts
                 from v join calls mine on mine.payer = v.payer and mine.effect = v.name
                 where mine.settled_at is null order by mine.payer, mine.effect {LOCKED}"
            ),
        )
    }

    fn read_calls(&mut self, rows: &[DbRow]) -> Result<(), StoreError> {
        for row in rows {
            let calling = Calling {
                key_person: row.try_get("key_person")?,
                attempts: count(row, "attempts")?,
            };
            self.calls.insert(name(row)?, calling);
        }
        Ok(())
    }

    fn ask_lines(jobs: &[Arc<Job>], script: &mut Script) -> Place {
        let mut rows = Rows::new(KEYED);
        for job in jobs {
            if let Job::Line(line) = job.as_ref() {
                let [payer, person, channel, key] = line_key(line);
                rows.push([payer.into(), person.into(), channel.into(), key.into()]);
            }
        }
        script.add(
            rows,
            &[],
            "select l.payer as payer, l.person as person, l.channel as channel, l.key as key, l.seq as seq
             from v join lines l on l.payer = v.payer and l.person = v.person
                 and l.channel = v.channel and l.key = v.key",
        )
    }

    fn read_lines(&mut self, rows: &[DbRow]) -> Result<(), StoreError> {
        for row in rows {
            let key = [
                row.try_get("payer")?,
                row.try_get("person")?,
                row.try_get("channel")?,
                row.try_get("key")?,
            ];
            self.lines.insert(key, row.try_get("seq")?);
        }
        Ok(())
    }

    fn ask_pauses(jobs: &[Arc<Job>], script: &mut Script) -> Option<Place> {
        let posts = |job: &Arc<Job>| match job.as_ref() {
            Job::Carry(it) => {
                it.turns.iter().flat_map(|it| &it.messages).any(|it| it.posted.is_some())
            }
            Job::Line(line) => line.leaving.is_some(),
            _ => false,
        };
        jobs.iter().any(posts).then(|| script.plain(&[], care::PAUSES))
    }

    /// Whether something paused this payer's messages after a turn was worked out that posts some.
    pub(super) fn is_paused(&self, turn: &TurnCommit) -> bool {
        let posts = turn.messages.iter().any(|it| it.posted.is_some());
        let concerns = |it: &Pause| it.of.payer.as_ref().is_none_or(|it| *it == turn.payer);
        posts && self.pauses.iter().any(concerns)
    }

    /// Whether the message that a line shows may not leave any more: it was settled or paused after
    /// its sender had looked, who may have slept since.
    pub(super) fn is_stopped(&self, line: &NewLine) -> bool {
        let Some(message) = &line.message else { return false };
        let sending = self.messages.get(&(message.payer.clone(), message.effect.to_string()));
        let stops =
            |of: &Leaving| self.pauses.iter().any(|it| it.stops(&message.payer, &line.channel, of));
        sending.is_some_and(|it| !it.open) || line.leaving.as_ref().is_some_and(stops)
    }

    /// Whose keys the jobs need.
    pub(super) fn want(&self, jobs: &[Arc<Job>], wanted: &mut Wanted) {
        for ((payer, _), principal) in &self.principals {
            wanted.known(payer, principal);
        }
        for ((payer, _), it) in &self.messages {
            wanted.known(payer, &it.key_person);
        }
        for ((payer, _), it) in &self.calls {
            wanted.known(payer, &it.key_person);
        }
        for job in jobs {
            let (payer, begins) = match job.as_ref() {
                Job::Accept(it) => {
                    if matches!(it.body, InboxBody::Arrival(_)) || it.line.is_some() {
                        wanted.made(&it.payer, it.person.as_deref().unwrap_or_default());
                    }
                    continue;
                }
                Job::Line(line) => {
                    wanted.made(&line.payer, &self.concerned(line));
                    continue;
                }
                Job::Person(it) => {
                    wanted.made(&it.payer, &it.person);
                    (&it.payer, it.begins.iter().collect::<Vec<_>>())
                }
                Job::Carry(it) => {
                    wanted.made(&it.person.payer, &it.person.person);
                    let turns = it.turns.iter().flat_map(|turn| &turn.begins);
                    (&it.person.payer, it.person.begins.iter().chain(turns).collect())
                }
                Job::Turn(it) => (&it.payer, it.begins.iter().collect()),
                _ => continue,
            };
            begins.into_iter().for_each(|new| wanted.made(payer, &new.principal));
        }
    }

    /// Whom a line concerns: a line that shows a message of a conversation is sealed under the
    /// key of the person whom the conversation is for, so that an adjuster's chat forgets with
    /// the worker.
    pub(super) fn concerned(&self, line: &NewLine) -> String {
        let message = line.message.as_ref().map(|it| (line.payer.clone(), it.effect.to_string()));
        let shown = message.and_then(|it| self.messages.get(&it));
        shown.map_or_else(|| line.person.clone(), |it| it.key_person.clone())
    }
}

/// What makes a line the same line.
pub(super) fn line_key(line: &NewLine) -> [String; 4] {
    [line.payer.clone(), line.person.clone(), line.channel.clone(), line.key.clone()]
}

/// Conversations that a job puts events before.
fn conversations_of(job: &Job) -> Vec<Name> {
    let of = |payer: &str, events: &[(String, mendline_engine::event::Event)]| {
        events.iter().map(|(id, _)| (payer.to_owned(), id.clone())).collect::<Vec<_>>()
    };
    match job {
        Job::Accept(it) => match &it.body {
            InboxBody::Event { conversation, .. } => vec![(it.payer.clone(), conversation.clone())],
            InboxBody::Arrival(_) => Vec::new(),
        },
        Job::Person(it) => of(&it.payer, &it.events),
        Job::Turn(it) => of(&it.payer, &it.events),
        Job::Carry(it) => {
            let mut all = of(&it.person.payer, &it.person.events);
            all.extend(it.turns.iter().flat_map(|turn| of(&turn.payer, &turn.events)));
            all
        }
        _ => Vec::new(),
    }
}

fn named(names: BTreeSet<Name>) -> Rows {
    let mut rows = Rows::new(NAMED);
    names.into_iter().for_each(|(payer, name)| rows.push([payer.into(), name.into()]));
    rows
}

fn name(row: &DbRow) -> Result<Name, StoreError> {
    Ok((row.try_get("payer")?, row.try_get("name")?))
}
