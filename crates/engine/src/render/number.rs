//! Numbers, money, and the words that go with how many there are.

use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};
use serde_json::Value;

/// `1,234.5`: the convention of the United States, which its Spanish shares.
pub(super) fn grouped(number: &str) -> String {
    let (sign, rest) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (whole, fraction) = match rest.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (rest, String::new()),
    };
    if !whole.bytes().all(|it| it.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{sign}{out}{fraction}")
}

/// The number of a value, as it is written: a float that is whole has no fraction.
pub(super) fn number_of(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            Some(text.strip_suffix(".0").unwrap_or(&text).to_owned())
        }
        Value::String(text) => {
            let text = text.trim();
            let number = text.parse::<f64>().is_ok_and(f64::is_finite);
            number.then(|| text.to_owned())
        }
        _ => None,
    }
}

/// `$182.40` for `182.40 USD`; other currencies keep their code.
pub(super) fn money(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let (amount, currency) = text.trim().split_once(' ')?;
    number_of(&Value::String(amount.to_owned()))?;
    let cents = match amount.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{fraction:0<2}"),
        None => format!("{amount}.00"),
    };
    let amount = grouped(&cents);
    Some(match (currency.trim(), amount.strip_prefix('-')) {
        ("USD", None) => format!("${amount}"),
        ("USD", Some(positive)) => format!("-${positive}"),
        (other, _) => format!("{amount} {other}"),
    })
}

/// The forms in `day days`, or in `business day / business days` where a form has spaces.
pub(super) fn forms(given: &str) -> Vec<&str> {
    match given.contains('/') {
        true => given.split('/').map(str::trim).filter(|it| !it.is_empty()).collect(),
        false => given.split_whitespace().collect(),
    }
}

/// `30 days`: the number with the form that the language asks for. Two forms are one and all
/// else; more of them stand in the order of the language's own categories.
pub(super) fn counted(number: &str, given: &str, language: &str) -> String {
    let forms = forms(given);
    let form = match (forms.as_slice(), plural(number, language)) {
        ([], _) => return grouped(number),
        ([only], _) => only,
        ([one, _], Some((PluralCategory::One, _))) => one,
        ([_, other], _) => other,
        (many, Some((_, place))) => many.get(place).unwrap_or(&many[many.len() - 1]),
        (many, None) => many[many.len() - 1],
    };
    format!("{} {form}", grouped(number))
}

/// The categories in the order of the Unicode tables, in which a text gives more than two forms.
const ORDER: [PluralCategory; 6] = [
    PluralCategory::Zero,
    PluralCategory::One,
    PluralCategory::Two,
    PluralCategory::Few,
    PluralCategory::Many,
    PluralCategory::Other,
];

/// The plural category of a number, and its place among those that the language has. A fraction
/// takes the last of them, which is the general one in every language.
fn plural(number: &str, language: &str) -> Option<(PluralCategory, usize)> {
    let locale: Locale = language.parse().ok()?;
    let rules = PluralRules::try_new_cardinal(locale.into()).ok()?;
    let whole: u64 = number.trim_start_matches('-').parse().ok()?;
    let category = rules.category_for(whole);
    let place = ORDER
        .into_iter()
        .filter(|it| rules.categories().any(|known| known == *it))
        .position(|it| it == category)?;
    Some((category, place))
}
