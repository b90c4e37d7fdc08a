//! How staff sign in, as they see it: a provider that does not answer, the emergency way, and one
//! more proof before a decision, with an authenticator app in their hand.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::SystemTime;

use mendline::signin::totp::Secret;
use mendline_engine::time::Timestamp;

use crate::ENTER;
use crate::binary::{Site, errors};
use crate::driver::{Browser, Driver};
use crate::looks::{Part, look};

const PAYER: &str = "northwind-mutual-demo";
const PASSWORD: &str = "a few words to keep";
/// A provider that nobody runs, and a second factor before each decision.
const SIGN_IN: &str = r#"
[sign_in]
issuer = "http://127.0.0.1:9"
client_id = "mendline"
name = "Example Mutual"
[[sign_in.groups]]
group = "adjusters"
payer = "northwind-mutual-demo"
role = "adjuster"
[sign_in.step_up]
always = true
amr = ["mfa"]
"#;

fn served() -> Site {
    let mut site = Site::new();
    let mut file = OpenOptions::new().append(true).open(site.config()).unwrap();
    file.write_all(SIGN_IN.as_bytes()).unwrap();
    site.given.push(("MENDLINE_SIGN_IN__CLIENT_SECRET", "a secret".into()));
    site.start();
    let dana = ["account", "add", "dana", "--payer", PAYER, "--name", "Dana Whitfield"];
    let added = site.fed(&[&dana[..], &["--role", "adjuster"]].concat(), PASSWORD);
    assert!(added.status.success(), "{}", errors(&added));
    site
}

/// The code that her app shows now.
fn code(desk: &Browser) -> String {
    let spelled = desk.script("return document.querySelector('figure.qr + p code').textContent");
    let spelled = spelled.unwrap().as_str().unwrap().replace(' ', "");
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let value = |letter: u8| letters.iter().position(|it| *it == letter).unwrap();
    let bits: String = spelled.bytes().map(|it| format!("{:05b}", value(it))).collect();
    let bytes = bits.as_bytes().chunks_exact(8);
    let bytes = bytes.map(|it| u8::from_str_radix(std::str::from_utf8(it).unwrap(), 2).unwrap());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = Timestamp(i64::try_from(now.as_millis()).unwrap());
    Secret::of(bytes.collect()).code_at(now)
}

#[test]
fn staff_come_in_by_the_emergency_way_and_prove_more_before_they_decide() {
    let Some(driver) = Driver::start() else { return };
    let site = served();
    let at = |path: &str| format!("http://localhost:{}{path}", site.port);
    let (worker, desk) = (driver.browser(), driver.browser());
    worker.open(site.ok(&["invite", "--payer", PAYER, "--person", "ana"]).trim());
    worker.tap("Continue");
    worker.until("the chat is live", "document.querySelector('#state')?.textContent.trim() === document.querySelector('#state')?.dataset.connected");
    worker.write("words", &format!("my prescription was rejected{ENTER}"));
    worker.tap("gabapentin");
    worker.tap("Yes, I am waiting");
    worker.tap("Ask now");
    worker.sees("You do not need to do anything");

    desk.open(&at("/desk"));
    desk.sees("Sign in with Example Mutual");
    look(&desk, "desk-sign-in", Part::Screen);
    desk.tap("Sign in with");
    desk.sees("does not answer at the moment");
    look(&desk, "desk-sign-in-away", Part::Screen);
    desk.tap("Emergency account");
    desk.write("login", "dana");
    look(&desk, "desk-sign-in-emergency", Part::Whole);
    desk.write("password", &format!("{PASSWORD}{ENTER}"));
    desk.sees("came in by an emergency account");
    look(&desk, "desk-queue-emergency", Part::Screen);

    desk.click("//ol[@class='queue']//a");
    desk.sees("Your decision");
    desk.tap("Approve fewer days");
    desk.write("shorter-need.days", "14");
    desk.click("//form[@data-choice='shorter']//p[@class='row']/button[1]");
    desk.sees("One more proof");
    look(&desk, "desk-step-up-none", Part::Screen);
    desk.tap("Set up a second factor");
    look(&desk, "desk-factor", Part::Screen);
    desk.write("password", &format!("{PASSWORD}{ENTER}"));
    desk.sees("authenticator app");
    look(&desk, "desk-factor-picture", Part::Whole);
    desk.write("code", &format!("{}{ENTER}", code(&desk)));
    desk.sees("recovery codes");
    look(&desk, "desk-factor-codes", Part::Whole);
    desk.tap("I have kept them");
    desk.sees("what you typed is back in its place");
    let days = desk.script("return document.getElementById('shorter-need.days').value");
    assert_eq!(days.unwrap(), "14");
    look(&desk, "desk-card-back", Part::Whole);
    desk.click("//form[@data-choice='shorter']//p[@class='row']/button[1]");
    desk.sees("Done");
    worker.sees("is approved for 14 days");
}
