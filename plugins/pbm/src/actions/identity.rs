//! Is this the person? Yes or no, never which part was wrong.
//!
//! This is a lookup, not proof: it says that somebody knows what the worker knows. A code to the
//! contact on file comes after it, and counting the tries is the house's part.

use std::sync::Arc;

use async_trait::async_trait;
use mendline_plugin::{ActionError, Call, Example, TypedAction};
use serde::Deserialize;
use serde_json::json;
use subtle::{Choice, ConstantTimeEq};

use crate::records::Identity;
use crate::store::{IdentityRow, Store, identities};

/// How much of a claim's number a known person may give instead of the whole.
const LAST_DIGITS: usize = 4;

/// Compares what a person says with what is on file. A known person gives the claim's number or
/// its last four digits, and the day of birth; a stranger gives the ZIP code too, and is nobody where
/// two people answer to all three.
pub(crate) struct VerifyIdentity(pub Arc<Store>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    person: Option<String>,
    claim_number: String,
    born: String,
    zip: Option<String>,
}

#[async_trait]
impl TypedAction for VerifyIdentity {
    const NAME: &'static str = "verify_identity";
    type Input = Input;
    type Output = Identity;

    fn examples(&self) -> Vec<Example> {
        let no = json!({ "matches": false, "person": null });
        vec![
            Example {
                says: "A known person gives the last four digits.",
                input: json!({ "person": "ana", "claim_number": "0123", "born": "1984-03-12" }),
                output: json!({ "matches": true, "person": "ana" }),
            },
            Example {
                says: "A stranger gives all three.",
                input: json!({
                    "claim_number": "demo-ca-000123", "born": "1984-03-12", "zip": "90012",
                }),
                output: json!({ "matches": true, "person": "ana" }),
            },
            Example {
                says: "The number's last four digits will do.",
                input: json!({ "claim_number": "0123", "born": "1984-03-12", "zip": "90012" }),
                output: json!({ "matches": true, "person": "ana" }),
            },
            Example {
                says: "Another day of birth.",
                input: json!({ "person": "ana", "claim_number": "0123", "born": "1984-03-13" }),
                output: no,
            },
        ]
    }

    async fn run(&self, call: &Call, input: Input) -> Result<Identity, ActionError> {
        let mut conn = self.0.reader(call.now_ms).await?;
        let number = input.claim_number.trim().to_uppercase();
        let person = input.person.as_deref();
        let mut rows = identities(&mut conn, &call.payer, person, &number).await?;
        let anybody = !rows.is_empty();
        if !anybody {
            rows.push(nobody());
        }
        // Every candidate is compared in full, so that an early match takes no less time.
        let mut found = Vec::new();
        for row in &rows {
            if bool::from(same_person(row, &input, &number)) && anybody {
                found.push(row.person.clone());
            }
        }
        found.sort();
        found.dedup();
        let found = if found.len() == 1 { found.pop() } else { None };
        Ok(Identity { matches: found.is_some(), person: found })
    }
}

/// Compared with when there is nobody, so that a stranger's number costs what a known one does.
/// It is nobody even to one who guesses its words.
fn nobody() -> IdentityRow {
    IdentityRow {
        person: String::new(),
        number: "NONE-XX-XXXXXX".into(),
        born: "----------".into(),
        zip: "-----".into(),
    }
}

fn same_person(row: &IdentityRow, said: &Input, number: &str) -> Choice {
    let whole = same(&row.number, number);
    let last = same(last_digits(&row.number), number);
    let born = same(&row.born, said.born.trim());
    let zip = same(&row.zip, said.zip.as_deref().unwrap_or_default().trim());
    let known = Choice::from(u8::from(said.person.is_some()));
    // What is given counts, asked for or not: a wrong ZIP code is wrong from a known person too.
    let zip_not_given = Choice::from(u8::from(said.zip.is_none()));
    let zip = zip | (known & zip_not_given);
    (whole | last) & born & zip
}

fn last_digits(number: &str) -> &str {
    number.len().checked_sub(LAST_DIGITS).and_then(|at| number.get(at..)).unwrap_or_default()
}

fn same(a: &str, b: &str) -> Choice {
    a.as_bytes().ct_eq(b.as_bytes())
}
