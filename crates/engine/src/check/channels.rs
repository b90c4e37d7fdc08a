//! Channels and consent: what phones, carriers and chat programs do with our words.

use super::cx::Cx;
use super::texts::{without_values, words};
use super::walk::Use;
use crate::consent::OPT_OUT;
use crate::surface::Trigger;

/// Characters of a button label on Discord, the shortest that we send whole labels to.
const LABEL_MAX_CHARS: usize = 80;

/// Buttons of a message on Discord: five rows of five.
const BUTTONS_MAX: usize = 25;

/// Segments of one text. Ours: carriers deliver more, but parts arrive late or in disorder.
const SEGMENTS_MAX: usize = 4;

/// Characters in a part of a long SMS: GSM 03.38 with a concatenation header, and UCS-2.
const PART_GSM: usize = 153;
const PART_UCS2: usize = 67;

/// What stands for a value when a length is estimated. Ours: a drug with its strength.
const VALUE_STAND_IN: &str = "gabapentin 300 mg";

pub(super) fn check(cx: &mut Cx<'_>) {
    choices(cx);
    translated_choices(cx);
    lengths(cx);
    translated_lengths(cx);
    consent(cx);
}

fn choices(cx: &mut Cx<'_>) {
    let principal = cx.program.principal.clone();
    for said in cx.said.clone() {
        let on_sms = said.used == Use::Ask && said.party.is_none_or(|it| it == principal);
        for (_, label) in &said.choices {
            // The key is never shown nor sent: a menu reads "2 Not now".
            if on_sms && ends_sms(&label.it) {
                let message = format!("'{}' sent by SMS stops every message from us", label.it);
                cx.report("C701", label.at, message, "use another word, for example \"Not now\"");
            }
            if label.it.chars().count() > LABEL_MAX_CHARS {
                let message = format!("this label is longer than {LABEL_MAX_CHARS} characters");
                cx.report("C702", label.at, message, "shorten it and say the rest in the text");
            }
        }
        if let Some((key, _)) = said.choices.get(BUTTONS_MAX) {
            let message = format!("more than {BUTTONS_MAX} choices fit no message");
            cx.report("C705", key.at, message, "ask in two steps");
        }
    }
}

fn translated_choices(cx: &mut Cx<'_>) {
    for translation in cx.translations {
        let language = &translation.language.it;
        for (key, label) in translation.anchors.iter().flat_map(|it| &it.choices) {
            let asked = |it: &super::walk::Said<'_>| {
                it.used == Use::Ask && it.choices.iter().any(|(own, _)| own.it == key.it)
            };
            if ends_sms(&label.it) && cx.said.iter().any(asked) {
                let message = format!("'{}' sent by SMS stops every message from us", label.it);
                cx.report_in(language, "C701", label.at, message, "use another word");
            }
            if label.it.chars().count() > LABEL_MAX_CHARS {
                let message = format!("this label is longer than {LABEL_MAX_CHARS} characters");
                cx.report_in(language, "C702", label.at, message, "shorten it");
            }
        }
    }
}

/// A person who answers a menu with such a word would silence us.
fn ends_sms(word: &str) -> bool {
    OPT_OUT.contains(&word.trim().to_lowercase().as_str())
}

fn lengths(cx: &mut Cx<'_>) {
    let principal = cx.program.principal.clone();
    for said in cx.said.clone() {
        for text in words(&said) {
            if text.it.contains("http://") || text.it.contains("https://") {
                let message =
                    "a link in a text looks like fraud, and is open to whoever sees it".to_owned();
                cx.report(
                    "C707",
                    text.at,
                    message,
                    "leave it away: secure links are put in on the way out",
                );
            }
            let parts = segments(&without_values(&text.it, VALUE_STAND_IN));
            if parts > SEGMENTS_MAX && said.party.is_none_or(|it| it == principal) {
                let message = format!("by SMS this is {parts} messages");
                cx.report("C704", text.at, message, "say less, or split it into two steps");
            }
        }
    }
}

/// What is said in few SMS in one language may take many in another: one letter that a phone's
/// alphabet does not have, as Spanish has, more than doubles them.
fn translated_lengths(cx: &mut Cx<'_>) {
    let principal = cx.program.principal.clone();
    let hers = |it: &super::walk::Said<'_>| it.party.is_none_or(|it| it == principal);
    let said: Vec<_> = cx.said.iter().filter(|it| hers(it)).cloned().collect();
    for translation in cx.translations {
        let language = &translation.language.it;
        let anchors = translation.anchors.iter().filter_map(|it| {
            let of_hers = said
                .iter()
                .any(|said| said.key.strip_suffix(".say") == Some(it.anchor.it.as_str()));
            it.say.as_ref().filter(|_| of_hers)
        });
        let says = translation.says.iter().filter_map(|it| {
            said.iter().any(|said| said.text.text.it == it.of.it).then_some(&it.say)
        });
        for text in anchors.chain(says) {
            let parts = segments(&without_values(&text.text.it, VALUE_STAND_IN));
            if parts > SEGMENTS_MAX {
                let message = format!("by SMS this is {parts} messages");
                cx.report_in(language, "C704", text.text.at, message, "say less");
            }
        }
    }
}

/// How many SMS a text takes. Basic GSM letters are taken as ASCII and the accents of Spanish
/// and French that the alphabet has; anything else makes the whole text UCS-2.
fn segments(text: &str) -> usize {
    let gsm = |it: char| it.is_ascii() && it != '`' || "àèéùìòñÑäöüÄÖÜ¿¡ÉåÅæÆøØß§£€".contains(it);
    let (count, part) =
        (text.chars().count(), if text.chars().all(gsm) { PART_GSM } else { PART_UCS2 });
    count.div_ceil(part)
}

fn consent(cx: &mut Cx<'_>) {
    let event = |it: &Trigger| matches!(it, Trigger::Event(_));
    let Some(trigger) = cx.flow.start_when.iter().find(|it| event(&it.it)) else { return };
    if cx.flow.purpose.is_none() {
        let message =
            "an event starts this flow, so we speak first, and no purpose says why".to_owned();
        let help = "add `purpose:`, the one that people agreed to be written to for";
        cx.report("C703", trigger.at, message, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_outside_the_phone_alphabet_more_than_doubles_the_parts() {
        let text = "a".repeat(153);
        assert_eq!(segments(&text), 1);
        assert_eq!(segments(&format!("{text}–")), 3);
    }
}
