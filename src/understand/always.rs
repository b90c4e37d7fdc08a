//! What is heard at any moment, whatever else is open: "call me", "who can see this?".
//!
//! The whole of the words must say it. "They never call me back" is an answer to something else.

use serde::{Deserialize, Serialize};

use super::fold;

/// When somebody wants to be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// As soon as anybody is there.
    #[default]
    Now,
    /// Some time today.
    Today,
    /// Tomorrow.
    Tomorrow,
}

/// What "call me" reads like, politeness and time taken away.
const CALL: &[&str] = &[
    "call me",
    "call me back",
    "phone me",
    "ring me",
    "give me a call",
    "a call",
    "a phone call",
    "a call back",
    "a callback",
    "callback",
    "be called",
    "to be called",
    "llamame",
    "llameme",
    "llamenme",
    "me llame",
    "me llames",
    "me llamen",
    "me llame alguien",
    "me puede llamar",
    "me puede llamar alguien",
    "me pueden llamar",
    "llamarme",
    "una llamada",
    "una llamada por telefono",
];

/// Words of politeness before it, longer ones first.
const BEFORE: &[&str] = &[
    "can somebody",
    "can someone",
    "could somebody",
    "could someone",
    "i would like",
    "i d like",
    "somebody",
    "someone",
    "can you",
    "could you",
    "will you",
    "i want",
    "i need",
    "please",
    "you to",
    "me gustaria",
    "por favor",
    "necesito",
    "alguien",
    "quiero",
    "pueden",
    "puede",
    "que",
    "to",
];

/// Words of politeness after it.
const AFTER: &[&str] = &["please", "por favor", "then", "por telefono", "on the phone"];

/// When, before or after it; longer ones first.
const TIMES: &[(&str, When)] = &[
    ("as soon as you can", When::Now),
    ("as soon as possible", When::Now),
    ("lo antes posible", When::Now),
    ("ahora mismo", When::Now),
    ("right now", When::Now),
    ("right away", When::Now),
    ("ahora", When::Now),
    ("asap", When::Now),
    ("now", When::Now),
    ("tomorrow afternoon", When::Tomorrow),
    ("tomorrow morning", When::Tomorrow),
    ("manana por la manana", When::Tomorrow),
    ("manana por la tarde", When::Tomorrow),
    ("tomorrow", When::Tomorrow),
    ("manana", When::Tomorrow),
    ("this afternoon", When::Today),
    ("later today", When::Today),
    ("esta tarde", When::Today),
    ("mas tarde", When::Today),
    ("today", When::Today),
    ("later", When::Today),
    ("hoy", When::Today),
];

/// What "who can see this?" reads like.
const WHO_SEES: &[&str] = &[
    "who can see this",
    "who can see that",
    "who can see my messages",
    "who can see what i write",
    "who can read this",
    "who can read my messages",
    "who can read what i write",
    "who sees this",
    "who sees what i write",
    "who reads this",
    "who reads my messages",
    "is this private",
    "is this confidential",
    "can my employer see this",
    "can my boss see this",
    "does my employer see this",
    "does my boss see this",
    "will my employer see this",
    "will my boss see this",
    "privacy",
    "quien puede ver esto",
    "quien puede ver mis mensajes",
    "quien puede ver lo que escribo",
    "quien puede leer esto",
    "quien puede leer mis mensajes",
    "quien ve esto",
    "quien ve lo que escribo",
    "quien lee esto",
    "quien lee mis mensajes",
    "esto es privado",
    "es privado",
    "es confidencial",
    "esto es confidencial",
    "mi empleador puede ver esto",
    "puede ver esto mi empleador",
    "mi jefe puede ver esto",
    "puede ver esto mi jefe",
    "lo ve mi jefe",
    "privacidad",
];

/// When the writer wants to be called, if the words ask for that.
pub fn wants_call(words: &str) -> Option<When> {
    let said = plain(words);
    if words.trim_start().starts_with('/') {
        let rest = said.strip_prefix("call")?.trim_start();
        let named = TIMES.iter().find(|(it, _)| *it == rest).map(|it| it.1);
        return if rest.is_empty() { Some(When::default()) } else { named };
    }
    let mut rest = said.as_str();
    let mut when = None;
    loop {
        let before = rest;
        if let Some((less, it)) = timed(rest) {
            (rest, when) = (less, when.or(Some(it)));
        }
        rest = AFTER.iter().find_map(|it| before_word(rest, it)).unwrap_or(rest);
        rest = BEFORE.iter().find_map(|it| after_word(rest, it)).unwrap_or(rest);
        if CALL.contains(&rest) {
            return Some(when.unwrap_or_default());
        }
        if rest == before {
            return None;
        }
    }
}

/// Whether the words ask who reads what is written here.
pub fn asks_who_sees(words: &str) -> bool {
    WHO_SEES.contains(&plain(words).as_str())
}

fn timed(words: &str) -> Option<(&str, When)> {
    TIMES.iter().find_map(|(it, when)| {
        let rest = before_word(words, it).or_else(|| after_word(words, it))?;
        Some((rest, *when))
    })
}

fn before_word<'a>(words: &'a str, last: &str) -> Option<&'a str> {
    words.strip_suffix(last)?.strip_suffix(' ')
}

fn after_word<'a>(words: &'a str, first: &str) -> Option<&'a str> {
    words.strip_prefix(first)?.strip_prefix(' ')
}

/// Folded, and without accents, which few people type on a phone.
fn plain(words: &str) -> String {
    let bare = |it| match it {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        '\'' => ' ',
        other => other,
    };
    fold(words).chars().map(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wants_a_call_is_heard_in_both_languages_with_the_time() {
        for (words, when) in [
            ("Call me", When::Now),
            ("please call me back!", When::Now),
            ("Can somebody call me tomorrow morning?", When::Tomorrow),
            ("could you give me a call later today, please", When::Today),
            ("tomorrow call me please", When::Tomorrow),
            ("I'd like a call", When::Now),
            ("I want to be called today", When::Today),
            ("/call", When::Now),
            ("/call tomorrow", When::Tomorrow),
            ("Llámeme por favor", When::Now),
            ("¿Me pueden llamar mañana?", When::Tomorrow),
            ("quiero que me llamen hoy", When::Today),
            ("necesito una llamada", When::Now),
        ] {
            assert_eq!(wants_call(words), Some(when), "{words}");
        }
    }

    #[test]
    fn whoever_only_speaks_of_calls_wants_none() {
        for words in [
            "don't call me",
            "they never call me back",
            "no me llamen",
            "call",
            "tomorrow",
            "mañana",
            "I will call you",
            "I need to call",
            "quiero llamar",
            "/callme",
            "call me names",
            "",
        ] {
            assert_eq!(wants_call(words), None, "{words}");
        }
    }

    #[test]
    fn who_sees_this_is_asked_in_both_languages() {
        for words in ["Who can see this?", "Is this private?", "¿Quién puede ver esto?", "/privacy"]
        {
            assert!(asks_who_sees(words), "{words}");
        }
        assert!(!asks_who_sees("who can see my claim adjuster"));
    }
}
