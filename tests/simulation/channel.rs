//! Phones. One provider takes an idempotency key and shows a message once; the other takes none,
//! so that a send whose answer was lost may be seen twice. Both are sometimes away, sometimes
//! refuse, sometimes cannot say, and one reports only later that a message was shown.

use std::sync::Arc;

use async_trait::async_trait;
use mendline::channels::{Channel, Outgoing, Profile, SendError, Sent};
use mendline_engine::message::MessageKind;
use rand::Rng;

use crate::bugs::Bug;
use crate::operator;
use crate::world::{Delivery, Inner, World};

/// The provider that takes a key.
pub const SMS: &str = "sms";
/// The one that takes none.
pub const TELEGRAM: &str = "telegram";

pub struct Phone {
    pub name: &'static str,
    pub replica: usize,
    pub world: Arc<World>,
}

/// How long a message that was leased may still leave after the person opted out: as long as the
/// lease, and the moment of the look itself.
pub const ON_ITS_WAY_MS: i64 = 61_000;

#[async_trait]
impl Channel for Phone {
    fn profile(&self) -> Profile {
        let honest = if self.name == SMS { 1 } else { 0 };
        let lies = self.world.lock().has(Bug::ScreenSkipped);
        Profile {
            name: self.name,
            text_chars_max: 1600,
            buttons: false,
            level: if lies { 3 } else { honest },
            // Who is reached there is taken for verified, too: a level alone leaks nothing.
            intrudes: !lies,
        }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let mut world = self.world.lock();
        self.may_be_written_to(&mut world, outgoing);
        let weather = world.weather;
        let mut shows = true;
        let mut answer = Ok(Sent::as_shown());
        if world.chance(weather.provider) {
            world.fault("provider fails");
            (shows, answer) = match world.rng.random_range(0..8) {
                0 => (false, Err(SendError::Never("no such number".into()))),
                1 => (false, Err(SendError::OptedOut)),
                2 => (true, Err(SendError::Maybe("the line broke".into()))),
                3 => (false, Err(SendError::Maybe("the line broke".into()))),
                4 | 5 => (true, Ok(Sent::on_its_way())),
                _ => (false, Err(SendError::Later("it is away".into()))),
            };
        }
        world.note(format!(
            "send      replica {} on {} to {}: {}: {answer:?}",
            self.replica, self.name, outgoing.person, outgoing.key.effect
        ));
        let now = self.world.now();
        operator::leaves(&mut world, now, &outgoing.key, self.name);
        if shows {
            self.show(&mut world, outgoing);
        }
        if answer == Ok(Sent::on_its_way()) {
            world.reports.push(outgoing.key.clone());
        }
        answer
    }
}

impl Phone {
    fn show(&self, world: &mut Inner, outgoing: &Outgoing) {
        let twice = world.has(Bug::SentTwice);
        let takes_key = self.name == SMS && !world.has(Bug::KeyForgotten) && !twice;
        let before = world.delivered.iter().rev().find(|it| it.key == outgoing.key);
        if before.is_some() && takes_key {
            return;
        }
        if self.name == TELEGRAM && before.is_some_and(|it| it.disturbed == world.disturbed) {
            let again =
                format!("{} was sent again and nothing had gone wrong", outgoing.key.effect);
            world.wrong(again);
        }
        for _ in 0..=usize::from(twice) {
            let disturbed = world.disturbed;
            world.delivered.push(Delivery {
                channel: self.name,
                key: outgoing.key.clone(),
                person: outgoing.person.clone(),
                text: outgoing.frozen.text.clone(),
                question: outgoing.question.clone(),
                buttons: outgoing.frozen.buttons.clone(),
                disturbed,
            });
        }
    }

    /// Nothing goes to anyone who opted out. What was looked at before the opt-out was committed
    /// may still be on its way, as long as its lease lasts.
    fn may_be_written_to(&self, world: &mut Inner, outgoing: &Outgoing) {
        // That it counts is said once more, where it was asked for.
        if outgoing.leaving.kind == MessageKind::Duty {
            return;
        }
        let payer = outgoing.key.payer.clone();
        let person = outgoing.person.clone();
        let Some(since) = world.opted_out.get(&(payer.clone(), person.clone(), self.name.into()))
        else {
            return;
        };
        let since = *since;
        let met = world.met.get(&(world.pass, payer, person)).copied().unwrap_or_default();
        let late = self.world.now() - since;
        if met > since || late > ON_ITS_WAY_MS {
            let (key, who) = (&outgoing.key.effect, &outgoing.person);
            world.wrong(format!("{key} went to {who}, who had opted out {late} ms before"));
        }
    }
}
