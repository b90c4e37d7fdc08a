//! Money, as far as a limit needs it: `500.00 USD`.

use std::str::FromStr;

use mendline_engine::message::Card;
use serde::Deserialize;
use serde_json::Value;

/// Digits after the point that are read; no currency has more (ISO 4217 knows at most four).
const FRACTION_DIGITS: usize = 4;
/// Letters of a currency's code (ISO 4217).
const CODE_LETTERS: usize = 3;

/// An amount of money.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct Amount {
    /// In ten-thousandths of the currency's unit.
    parts: i64,
    currency: String,
}

impl Amount {
    /// Whether a card is about more money than this. Another currency, and an amount that cannot
    /// be counted, are more: nobody has said that they are less.
    pub fn is_passed_by(&self, card: &Card) -> bool {
        card.facts.values().any(|it| self.is_passed_in(&it.value))
    }

    fn is_passed_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) if looks_like_money(text) => match text.parse::<Amount>() {
                Ok(it) => it.currency != self.currency || it.parts > self.parts,
                Err(_) => true,
            },
            Value::Array(all) => all.iter().any(|it| self.is_passed_in(it)),
            Value::Object(all) => all.values().any(|it| self.is_passed_in(it)),
            _ => false,
        }
    }
}

/// A number and the three letters of a currency.
fn looks_like_money(text: &str) -> bool {
    let Some((number, code)) = text.split_once(' ') else { return false };
    let is_code = code.len() == CODE_LETTERS && code.bytes().all(|it| it.is_ascii_uppercase());
    let number = number.strip_prefix('-').unwrap_or(number);
    let fine = |it: u8| it.is_ascii_digit() || matches!(it, b'.' | b',');
    is_code && number.starts_with(|it: char| it.is_ascii_digit()) && number.bytes().all(fine)
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Amount, String> {
        let wrong = || format!("'{text}' is no amount like '500.00 USD'");
        if !looks_like_money(text) {
            return Err(wrong());
        }
        let (number, currency) = text.split_once(' ').ok_or_else(wrong)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.len() > FRACTION_DIGITS || fraction.contains(|it: char| !it.is_ascii_digit()) {
            return Err(wrong());
        }
        let digits = format!("{whole}{fraction:0<FRACTION_DIGITS$}");
        let parts = digits.parse().map_err(|_| wrong())?;
        Ok(Amount { parts, currency: currency.to_owned() })
    }
}

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Amount, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn passes(limit: &str, value: Value) -> bool {
        limit.parse::<Amount>().unwrap().is_passed_in(&value)
    }

    #[test]
    fn more_is_more_to_the_last_cent() {
        assert!(!passes("500.00 USD", json!("500.00 USD")));
        assert!(!passes("500 USD", json!("500.00 USD")));
        assert!(passes("500.00 USD", json!("500.01 USD")));
        assert!(!passes("500.00 USD", json!("9.99 USD")), "it is no text that is compared");
        assert!(!passes("0.10 USD", json!("0.1000 USD")));
        assert!(!passes("10.00 USD", json!("-20.00 USD")));
    }

    #[test]
    fn an_amount_is_found_wherever_it_stands_on_the_card() {
        let check = json!({ "status": "needs_approval", "fills": [{ "price": "182.40 USD" }] });
        assert!(passes("100.00 USD", check.clone()));
        assert!(!passes("200.00 USD", check));
        assert!(!passes("0.00 USD", json!({ "number": "DEMO-CA-000123", "days": 30 })));
    }

    #[test]
    fn what_cannot_be_compared_is_more() {
        for value in ["1.00 EUR", "1.00000 USD", "1,000.00 USD", "99999999999999999999 USD"] {
            assert!(passes("500.00 USD", json!(value)), "{value}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for wrong in ["", "500", "USD", "500 usd", "five USD", "5.0.0 USD", "1,000 USD", "500USD"] {
            assert!(wrong.parse::<Amount>().is_err(), "{wrong}");
        }
    }
}
