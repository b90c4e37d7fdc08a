//! Who is told what, where and when.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use mendline_engine::clearance::{level_needed, level_of};
use mendline_engine::consent::EVERYTHING;
use mendline_engine::label::{Label, Labels};
use mendline_engine::message::{Message, MessageKind};
use mendline_engine::render::{Form, render, render_form};
use mendline_engine::screen::{Verdict, Way, form, screen};
use mendline_engine::surface::Identity;
use mendline_engine::text::{Part, Path, Slot, Template, Typed, Wording};
use mendline_engine::time::Timestamp;
use mendline_engine::types::Type;
use proptest::prelude::*;
use serde_json::json;

const SECRET: &str = "gabapentin";

fn way() -> Way {
    Way {
        level: 3,
        role: "injured_worker".to_owned(),
        scope: None,
        identity: Identity::Verified,
        opted_out: false,
        consents: None,
        waking: None,
        zone: "America/Los_Angeles".to_owned(),
    }
}

fn template(with_value: bool, words: &str) -> Template {
    let mut parts = vec![Part::Words(words.to_owned())];
    if with_value {
        parts.push(Part::Value(Slot { path: Path("drug".to_owned()), format: None }));
    }
    Template { source: words.to_owned(), parts }
}

fn message(kind: MessageKind, labels: &[Label], private: Option<&[Label]>) -> Message {
    let labels: Labels = labels.iter().copied().collect();
    let private_labels: Labels = private.unwrap_or_default().iter().copied().collect();
    let one = |it| BTreeMap::from([("en".to_owned(), it)]);
    Message {
        party: "worker".to_owned(),
        kind,
        wording: Wording {
            key: "x".to_owned(),
            words: one(template(!labels.is_public(), "You can fill ")),
            private: private.map_or_else(BTreeMap::new, |_| {
                one(template(!private_labels.is_public(), "News: "))
            }),
            labels,
            private_labels,
        },
        values: BTreeMap::from([(
            Path("drug".to_owned()),
            Typed { value: json!(SECRET), ty: Type::Text },
        )]),
        buttons: Vec::new(),
        question: None,
        card: None,
        notice: None,
    }
}

fn at(utc: &str) -> Timestamp {
    Timestamp::parse(utc).unwrap()
}

fn noon() -> Timestamp {
    at("2026-11-18T20:00:00Z")
}

fn withhold(why: &str) -> Verdict {
    Verdict::Withhold(why.to_owned())
}

#[test]
fn rule_08_labels_against_levels() {
    use Label::{Claim, Health, Legal};
    for (labels, private, level, role, expected) in [
        (&[][..], None, 0, "injured_worker", Some(Form::Full)),
        (&[Claim], None, 2, "injured_worker", Some(Form::Full)),
        (&[Claim], None, 1, "injured_worker", Some(Form::Update)),
        (&[Claim], None, 0, "injured_worker", Some(Form::Hint)),
        (&[Health], None, 3, "injured_worker", Some(Form::Full)),
        (&[Health], None, 2, "injured_worker", Some(Form::Update)),
        (&[Health], Some(&[][..]), 0, "injured_worker", Some(Form::Private)),
        (&[Health], Some(&[Claim][..]), 2, "injured_worker", Some(Form::Private)),
        (&[Health], Some(&[Claim][..]), 1, "injured_worker", Some(Form::Update)),
        (&[Legal], None, 3, "adjuster", Some(Form::Full)),
        (&[Legal], None, 3, "injured_worker", None),
        (&[Legal], Some(&[][..]), 3, "injured_worker", Some(Form::Private)),
        (&[Claim], None, 3, "employer", None),
        (&[], None, 3, "employer", Some(Form::Full)),
        (&[Health], None, 3, "plumber", None),
    ] {
        let message = message(MessageKind::Reply, labels, private);
        let way = Way { level, role: role.to_owned(), ..way() };
        assert_eq!(form(&message, &way), expected, "{labels:?} {private:?} {level} {role}");
        let verdict = match expected {
            Some(Form::Full) => Verdict::Full,
            Some(_) => Verdict::Private,
            None => withhold("role_may_not_read"),
        };
        assert_eq!(screen(&message, &way, None, noon()), verdict);
    }
}

#[test]
fn rule_12_who_is_not_verified_is_told_only_that_there_is_something() {
    let message = message(MessageKind::Reply, &[Label::Claim], None);
    let way = Way { identity: Identity::None, ..way() };
    assert_eq!(screen(&message, &way, None, noon()), Verdict::Private);
    let shown = render(&message, true, "en", "UTC", None).text;
    assert!(!shown.contains(SECRET) && !shown.contains("claim"));
}

#[test]
fn rule_06_consent_opt_out_and_quiet_hours_bind_every_message_that_we_begin() {
    use MessageKind::{Closing, Person, Proactive, Reply, Safety};
    let sms = Way {
        level: 1,
        consents: Some(vec!["approvals".to_owned()]),
        waking: Some((480, 1260)),
        ..way()
    };
    // 22:40 in Los Angeles; the next waking minute there is 08:00.
    let night = at("2026-11-19T06:40:00Z");
    let held = Verdict::HoldUntil(at("2026-11-19T16:00:00Z"));
    for kind in [Proactive, Closing, Person] {
        let message = message(kind, &[], None);
        let of = |way: &Way, purpose, now| screen(&message, way, purpose, now);
        assert_eq!(of(&sms, Some("approvals"), noon()), Verdict::Full);
        assert_eq!(of(&sms, Some("surveys"), noon()), withhold("no_consent"));
        assert_eq!(of(&sms, None, noon()), withhold("no_consent"));
        assert_eq!(of(&sms, Some("approvals"), night), held);
        assert_eq!(of(&way(), None, night), Verdict::Full);
    }
    for kind in [Reply, Safety] {
        let message = message(kind, &[], None);
        assert_eq!(screen(&message, &sms, None, night), Verdict::Full);
    }
    for kind in [Reply, Safety, Proactive, Closing, Person] {
        let gone = Way { opted_out: true, ..sms.clone() };
        assert_eq!(
            screen(&message(kind, &[], None), &gone, Some("approvals"), noon()),
            withhold("opted_out")
        );
    }
}

#[test]
fn quiet_hours_are_the_recipients_through_daylight_saving_and_unknown_zones() {
    let message = message(MessageKind::Proactive, &[], None);
    let of = |zone: &str, waking, now: &str| {
        let way = Way { waking: Some(waking), zone: zone.to_owned(), ..way() };
        screen(&message, &way, None, at(now))
    };
    let day = (480, 1260);
    let held = |until| Verdict::HoldUntil(at(until));
    // The clocks spring forward in the night of 2026-03-08: 08:00 is an hour sooner.
    assert_eq!(of("America/New_York", day, "2026-03-08T04:00:00Z"), held("2026-03-08T12:00:00Z"));
    assert_eq!(of("America/New_York", day, "2026-03-07T04:00:00Z"), held("2026-03-07T13:00:00Z"));
    // 21:00 is quiet, a minute before is not; 08:00 is not quiet.
    assert_eq!(of("America/New_York", day, "2026-11-19T02:00:00Z"), held("2026-11-19T13:00:00Z"));
    assert_eq!(of("America/New_York", day, "2026-11-19T01:59:00Z"), Verdict::Full);
    assert_eq!(of("America/New_York", day, "2026-11-19T13:00:00Z"), Verdict::Full);
    // Nobody knows where she is: daytime from New York to Hawaii.
    assert_eq!(of("Nowhere/Land", day, "2026-11-19T13:00:00Z"), held("2026-11-19T18:00:00Z"));
    assert_eq!(of("Nowhere/Land", day, "2026-11-19T20:00:00Z"), Verdict::Full);
    assert_eq!(of("Nowhere/Land", day, "2026-11-20T03:00:00Z"), held("2026-11-20T18:00:00Z"));
    // Somebody who works at night.
    assert_eq!(of("UTC", (1200, 360), "2026-11-19T12:00:00Z"), held("2026-11-19T20:00:00Z"));
    assert_eq!(of("UTC", (1200, 360), "2026-11-19T23:00:00Z"), Verdict::Full);
    assert_eq!(of("UTC", (1200, 360), "2026-11-19T05:00:00Z"), Verdict::Full);
}

#[test]
fn help_in_danger_goes_out_on_every_channel_at_every_hour() {
    let message = message(MessageKind::Safety, &[], None);
    for level in 0..=3 {
        let way = Way {
            level,
            identity: Identity::None,
            consents: Some(vec![]),
            waking: Some((480, 481)),
            ..way()
        };
        assert_eq!(screen(&message, &way, None, noon()), Verdict::Full);
    }
}

#[test]
fn rule_12_how_sure_we_are_of_a_person_caps_what_she_is_shown() {
    use Label::{Claim, Health};
    for (identity, labels, expected) in [
        (Identity::None, &[][..], Form::Full),
        (Identity::None, &[Claim], Form::Update),
        (Identity::Matched, &[Claim], Form::Full),
        (Identity::Matched, &[Health], Form::Update),
        (Identity::Verified, &[Health], Form::Full),
    ] {
        let message = message(MessageKind::Reply, labels, None);
        let way = Way { identity, ..way() };
        assert_eq!(form(&message, &way), Some(expected), "{identity:?} {labels:?}");
    }
}

#[test]
fn a_representative_reads_no_more_than_was_agreed_whatever_the_role_reads() {
    use Label::{Claim, Health};
    for (scope, labels, expected) in [
        (&[Claim, Health][..], &[Health][..], Some(Form::Full)),
        (&[Claim], &[Claim], Some(Form::Full)),
        (&[Claim], &[Health], None),
        (&[], &[Claim], None),
        (&[], &[], Some(Form::Full)),
    ] {
        let message = message(MessageKind::Reply, labels, None);
        let scope = Some(scope.iter().copied().collect());
        let way = Way { scope, role: "representative".to_owned(), ..way() };
        assert_eq!(form(&message, &way), expected, "{scope:?} {labels:?}");
    }
}

#[test]
fn rule_06_a_confirmed_opt_out_and_a_code_pass_what_holds_everything_else() {
    let closed = Way {
        opted_out: true,
        consents: Some(vec![]),
        waking: Some((480, 481)),
        level: 1,
        ..way()
    };
    let of = |kind, way: &Way| screen(&message(kind, &[], None), way, None, noon());
    assert_eq!(of(MessageKind::Duty, &closed), Verdict::Full);
    assert_eq!(of(MessageKind::Code, &closed), withhold("opted_out"));
    let asleep = Way { opted_out: false, ..closed };
    assert_eq!(of(MessageKind::Code, &asleep), Verdict::Full);
}

#[test]
fn rule_06_who_agreed_to_everything_is_written_to_for_any_purpose_and_for_none() {
    let it = message(MessageKind::Proactive, &[], None);
    let of = |consents: &[&str], purpose| {
        let consents = Some(consents.iter().map(|it| (*it).to_owned()).collect());
        screen(&it, &Way { consents, ..way() }, purpose, noon())
    };
    for purpose in [None, Some("surveys")] {
        assert_eq!(of(&[EVERYTHING], purpose), Verdict::Full);
        assert_eq!(of(&["care_updates"], purpose), withhold("no_consent"));
    }
}

fn some_labels() -> impl Strategy<Value = Vec<Label>> {
    proptest::sample::subsequence(Label::ALL.to_vec(), 0..=5)
}

proptest! {
    #[test]
    fn no_labelled_value_is_sent_over_a_channel_below_its_level(
        labels in some_labels(),
        private in proptest::option::of(some_labels()),
        level in 0u8..=3,
        identity in proptest::sample::select(vec![Identity::None, Identity::Matched, Identity::Verified]),
        role in proptest::sample::select(vec!["injured_worker", "adjuster", "pharmacy", "employer", "nobody"]),
        kind in proptest::sample::select(vec![MessageKind::Reply, MessageKind::Safety, MessageKind::Person]),
    ) {
        let message = message(kind, &labels, private.as_deref());
        let way = Way { level, identity, role: role.to_owned(), ..way() };
        let sent = match screen(&message, &way, None, noon()) {
            Verdict::Full => render(&message, false, "en", "UTC", None).text,
            Verdict::Private => render(&message, true, "en", "UTC", None).text,
            _ => String::new(),
        };
        let finer = form(&message, &way).map(|it| render_form(&message, it, "en", "UTC", None).text);
        let full: Labels = labels.iter().copied().collect();
        let own: Labels = private.iter().flatten().copied().collect();
        let level = level.min(level_of(identity));
        let most_private_allowed = |labels: Labels| level_needed(labels) <= level;
        for text in [sent, finer.unwrap_or_default()] {
            if text.contains(SECRET) {
                let labels = if text.starts_with("News") { own } else { full };
                prop_assert!(most_private_allowed(labels), "{text} at {level}");
                prop_assert!(labels.beyond(mendline_engine::clearance::reads(role)).is_public());
            }
        }
    }
}
