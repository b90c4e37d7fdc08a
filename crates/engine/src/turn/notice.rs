//! What must be read: said on one channel after the other, and in the end by a person. Which channels
//! somebody has is the shell's to know; here stands only that it was not read in time.

use std::sync::Arc;

use crate::core::NotRead;
use crate::effect::Effect;
use crate::event::Receipt;
use crate::message::{EffectKey, Message, MessageKind};
use crate::state::{Notice, Position, Rest};
use crate::time::{Duration, Timestamp, Unit};
use crate::turn::cx::Cx;
use crate::turn::say::Delivered;
use crate::turn::{CHANNELS_MAX, NOTICES_MAX, Next, Went};

/// How the timers begin that wait for something to be read; after it stands what.
pub(super) const UNREAD: &str = "unread:";

/// Why dispatch withholds what no other channel can help: none is left, or somebody who reviewed what
/// waits under a pause withheld it.
const LEFT_TO_PEOPLE: [&str; 2] = ["no_channel", "dropped"];

impl Cx<'_> {
    /// Delivers a message, and where it must be read, waits for that.
    pub(super) fn deliver_to_be_read(
        &mut self,
        mut message: Message,
        field: Option<&str>,
        not_read: Option<&NotRead>,
    ) -> Delivered {
        let Some(not_read) = not_read else { return self.deliver_asking(message, field) };
        let key = self.next_key();
        message.notice = Some(key);
        let said = Arc::new(message.clone());
        let delivered = self.deliver_asking(message, field);
        // Whoever is held or has no address is a person's already.
        if delivered == Delivered::Sent(key) {
            self.make_room();
            let (within, desk) = (not_read.within, not_read.desk.clone());
            let notice = Notice { message: said, copies: vec![key], within, desk, task: None };
            self.state.notices.insert(key, notice);
            self.wait_for_reading(key, self.env.now);
        }
        delivered
    }

    /// Nobody waits for so much at once: the oldest is a person's.
    fn make_room(&mut self) {
        while self.state.notices.len() >= NOTICES_MAX {
            let Some(oldest) = self.state.notices.keys().next().copied() else { return };
            if self.state.notices[&oldest].task.is_none() {
                let _ = self.told_by_a_person(oldest);
            }
            self.state.notices.remove(&oldest);
        }
    }

    /// The channel that has it now has its time from `from` on.
    fn wait_for_reading(&mut self, key: EffectKey, from: Timestamp) {
        let Some(notice) = self.state.notices.get(&key) else { return };
        let (within, party) = (notice.within, notice.message.party.clone());
        let due = self.due(from, within, &party);
        self.timer(&format!("{UNREAD}{key}"), due);
    }

    /// What a message says that must be read, by its first message.
    pub(super) fn notice_of(&self, message: EffectKey) -> Option<EffectKey> {
        let mut all = self.state.notices.iter();
        all.find(|(_, it)| it.copies.contains(&message)).map(|(key, _)| *key)
    }

    /// It was read. A task that nobody has begun is not needed any more.
    pub(super) fn notice_read(&mut self, message: EffectKey) {
        let Some(key) = self.notice_of(message) else { return };
        let Some(notice) = self.state.notices.remove(&key) else { return };
        self.clear_timer(&format!("{UNREAD}{key}"));
        let task = self.state.holds.iter().find(|it| Some(it.handoff) == notice.task);
        if let Some(task) = task.filter(|it| it.holder.is_none()).cloned() {
            self.close_hold(&task);
        }
        // Its silence is counted from the copy that she has read.
        self.asks_by(&notice.message, message);
    }

    /// It waits for the end of quiet hours: nobody could have read it before.
    pub(super) fn notice_held(&mut self, message: EffectKey, until: Timestamp) -> Went {
        let key = self.notice_of(message);
        match key.filter(|it| self.state.notices[it].task.is_none()) {
            Some(key) => {
                self.wait_for_reading(key, until);
                Ok(Next::Rest)
            }
            None => self.ignore("receipt"),
        }
    }

    /// It cannot be read on that channel: on the next one at once, or by a person where none is left.
    pub(super) fn notice_failed(
        &mut self,
        key: EffectKey,
        message: EffectKey,
        receipt: &Receipt,
    ) -> Went {
        let notice = &self.state.notices[&key];
        // A later copy is on its way, or a person has it.
        if notice.task.is_some() || notice.copies.last() != Some(&message) {
            return self.ignore("receipt");
        }
        match receipt {
            Receipt::Withheld(why) if LEFT_TO_PEOPLE.contains(&why.as_str()) => {
                self.told_by_a_person(key)
            }
            // Its carrier said so afterwards.
            _ => self.next_channel(key),
        }
    }

    /// Nobody read it in time.
    pub(super) fn unread(&mut self, timer: &str) -> Went {
        let key = timer.strip_prefix(UNREAD).and_then(|it| it.parse::<EffectKey>().ok());
        let waits = |it: &EffectKey| self.state.notices.get(it).is_some_and(|it| it.task.is_none());
        match key.filter(waits) {
            Some(key) => self.next_channel(key),
            None => self.ignore("stale_timer"),
        }
    }

    fn next_channel(&mut self, key: EffectKey) -> Went {
        let (message, said) = {
            let notice = &self.state.notices[&key];
            (notice.message.clone(), notice.copies.len())
        };
        // Whoever holds the conversation writes to her; it is looked at again.
        if self.held(&message.party).is_some() {
            self.wait_for_reading(key, self.env.now);
            return self.ignore("held");
        }
        let reachable = self.party(&message.party).is_some_and(|it| it.reachable);
        if !reachable || said >= CHANNELS_MAX {
            return self.told_by_a_person(key);
        }
        let kind = match message.kind {
            MessageKind::Closing => MessageKind::Closing,
            _ => MessageKind::Proactive,
        };
        let sent = self.emit(Effect::Send(Message { kind, ..Message::clone(&message) }));
        if let Some(notice) = self.state.notices.get_mut(&key) {
            notice.copies.push(sent);
        }
        self.wait_for_reading(key, self.env.now);
        self.asks_by(&message, sent);
        Ok(Next::Rest)
    }

    /// Where it asks something, this is the message whose being shown begins the silence.
    fn asks_by(&mut self, notice: &Message, message: EffectKey) {
        if let Position::At { rest: Rest::Asking(asking), .. } = &mut self.state.position
            && notice.question == Some(asking.question)
        {
            asking.message = message;
        }
    }

    /// No channel is left: a person tells her, in as much office time as a channel had.
    fn told_by_a_person(&mut self, key: EffectKey) -> Went {
        self.clear_timer(&format!("{UNREAD}{key}"));
        let notice = self.state.notices[&key].clone();
        let why = if notice.copies.len() > 1 { "unread" } else { "undeliverable" };
        let asked = match &self.state.position {
            Position::At { anchor, rest: Rest::Asking(asking) }
                if notice.message.question == Some(asking.question) =>
            {
                Some(self.ask_at(anchor)?.field.clone())
            }
            _ => None,
        };
        let zone = self.zone(&notice.message.party);
        let due = self.env.calendars.due(self.env.now, office_time(notice.within), None, zone);
        let says = Message::clone(&notice.message);
        let task = self.open_told(why, notice.desk, says, asked, due);
        if let Some(notice) = self.state.notices.get_mut(&key) {
            notice.task = Some(task);
        }
        Ok(Next::Rest)
    }

    /// Nothing of the kind waits any more, whether it was read or not.
    pub(super) fn forget_notices(&mut self) {
        self.clear_timers(UNREAD);
        self.state.notices.clear();
    }

    /// A question is over, or is put anew: that it be read is not waited for any more.
    pub(super) fn forget_notice(&mut self, question: EffectKey) {
        let asks = |it: &&Notice| it.message.question == Some(question);
        let found = self.state.notices.iter().find(|(_, it)| asks(it)).map(|(key, _)| *key);
        if let Some(key) = found {
            self.state.notices.remove(&key);
            self.clear_timer(&format!("{UNREAD}{key}"));
        }
    }
}

/// As long, but of a time at which people work.
fn office_time(length: Duration) -> Duration {
    let Duration { amount, unit } = length;
    match unit {
        Unit::Minute => Duration { amount, unit: Unit::BusinessMinute },
        Unit::Hour => Duration { amount, unit: Unit::BusinessHour },
        Unit::Day => Duration { amount, unit: Unit::BusinessDay },
        // A week of them has five.
        Unit::Week => Duration { amount: amount.saturating_mul(5), unit: Unit::BusinessDay },
        Unit::BusinessMinute | Unit::BusinessHour | Unit::BusinessDay => length,
    }
}
