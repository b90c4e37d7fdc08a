//! Whose a webhook is, with signatures that the vendor's own signer made (see the file).

use std::path::Path;

use mendline::channels::twilio::signature::{is_genuine, sign};
use serde_json::Value;

use super::support::fixture;

type Form = Vec<(String, String)>;

/// Name, token, address, form and signature of each case.
fn vectors() -> Vec<(String, String, String, Form, String)> {
    let vectors = fixture(Path::new("tests/channels/twilio/fixtures/signatures.json"));
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let cases = vectors["cases"].as_array().unwrap().iter().map(|it| {
        let form = it["form"].as_array().unwrap().iter();
        let form = form.map(|it| (text(&it[0]), text(&it[1]))).collect();
        (text(&it["name"]), text(&it["token"]), text(&it["url"]), form, text(&it["signature"]))
    });
    cases.collect()
}

#[test]
fn we_sign_as_the_vendor_does() {
    for (name, token, url, form, signature) in vectors() {
        assert_eq!(sign(&token, &url, &form), signature, "{name}");
        assert!(is_genuine(&token, &url, &form, &signature), "{name}");
    }
}

#[test]
fn what_was_touched_is_refused() {
    for (name, token, url, form, signature) in vectors() {
        let mut more = form.clone();
        more.push(("Body".into(), "another".into()));
        assert!(!is_genuine(&token, &url, &more, &signature), "{name}: a field more");
        if !form.is_empty() {
            assert!(!is_genuine(&token, &url, &form[1..], &signature), "{name}: a field less");
        }
        assert!(!is_genuine("another-token", &url, &form, &signature), "{name}");
        assert!(!is_genuine(&token, &format!("{url}x"), &form, &signature), "{name}");
        for wrong in ["", "no", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "\u{1f512}", &signature[..20]] {
            assert!(!is_genuine(&token, &url, &form, wrong), "{name}: {wrong}");
        }
    }
}

#[test]
fn the_schemes_own_port_may_stand_there_or_not() {
    let form = vec![("Body".to_owned(), "STOP".to_owned())];
    let (bare, with) =
        ("https://care.example.com/webhooks/sms", "https://care.example.com:443/webhooks/sms");
    for (signed, seen) in [(bare, with), (with, bare), (bare, bare), (with, with)] {
        assert!(is_genuine("t", seen, &form, &sign("t", signed, &form)), "{signed} {seen}");
    }
    let http = "http://care.example.com:443/webhooks/sms";
    assert!(!is_genuine("t", bare, &form, &sign("t", http, &form)));
}
