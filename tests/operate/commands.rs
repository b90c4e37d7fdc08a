//! Rule 13 and the commands of `docs/operate.md` on the built program: beside a running server
//! they reach it, without one they do it themselves.

use std::time::Duration;

use crate::binary::{Site, errors, mode};
use crate::postgres::Base;

const PAYER: &str = "northwind-mutual-demo";
const PASSWORD: &str = "four quiet words here";

fn add_account(site: &Site) -> std::process::Output {
    let args = [
        "account",
        "add",
        "dana",
        "--payer",
        PAYER,
        "--name",
        "Dana Whitfield",
        "--role",
        "adjuster",
    ];
    site.fed(&args, &format!("{PASSWORD}\n"))
}

/// What a login leads to: the status, and the cookie if there is one.
fn log_in(site: &Site, password: &str) -> bool {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(20)))
        .build();
    let url = format!("http://localhost:{}/desk/login", site.port);
    let answer = ureq::Agent::from(agent)
        .post(&url)
        .send_form([("login", "dana"), ("password", password)])
        .unwrap();
    answer.headers().contains_key("set-cookie")
}

#[test]
fn rule_13_commands_reach_the_running_server() {
    let mut site = Site::new();
    site.start();
    assert_eq!(mode(&site.data().join("mendline.sock")), 0o600);
    let added = add_account(&site);
    assert!(added.status.success(), "{}", errors(&added));
    assert!(log_in(&site, PASSWORD) && !log_in(&site, "another password"));
    let twice = add_account(&site);
    assert!(errors(&twice).contains("--replace"), "{}", errors(&twice));

    let said = site.ok(&["pause", "flow", "refill", "--why", "a wrong text"]);
    assert!(said.contains("Paused: flow refill"), "{said}");
    let said = site.ok(&["paused"]);
    assert!(said.contains("flow refill, since") && said.contains("a wrong text"), "{said}");
    let json: serde_json::Value = serde_json::from_str(&site.ok(&["paused", "--json"])).unwrap();
    assert_eq!(json["pauses"][0]["name"], "refill");
    let near = site.fails(&["pause", "flow", "refil"]);
    assert!(near.contains("did you mean refill?"), "{near}");
    site.ok(&["resume", "flow", "refill"]);
    assert_eq!(site.ok(&["paused"]), "Nothing is paused.\n");

    let said = site.ok(&["account", "close", "dana"]);
    assert!(said.contains("no more"), "{said}");
    assert!(!log_in(&site, PASSWORD));

    site.ok(&["drain"]);
    assert!(site.ended_well());
    assert!(!site.data().join("mendline.sock").exists());
}

#[test]
fn rule_13_without_a_server_they_do_it_themselves() {
    let mut site = Site::new();
    let none = site.fails(&["paused"]);
    assert!(none.contains("there is no database"), "{none}");
    site.start();
    site.terminate();
    assert!(site.ended_well(), "told to stop, it stops in peace");

    let added = add_account(&site);
    assert!(added.status.success(), "{}", errors(&added));
    site.ok(&["pause", "payer", PAYER]);
    assert!(site.fails(&["drain"]).contains("no server is running"));
    site.start();
    let said = site.ok(&["paused"]);
    assert!(said.contains(&format!("payer {PAYER}, since")), "a pause outlives it: {said}");
    assert!(log_in(&site, PASSWORD));
}

#[test]
fn rule_13_what_a_killed_server_leaves_is_in_nobodys_way() {
    let mut site = Site::new();
    site.start();
    site.ok(&["pause", "flow", "refill"]);
    site.kill();
    assert!(site.data().join("mendline.sock").exists(), "its socket's file stays");
    assert!(site.ok(&["paused"]).contains("flow refill"));
    site.start();
    site.ok(&["resume", "flow", "refill"]);
    site.terminate();
    assert!(site.ended_well());
}

#[tokio::test]
async fn rule_13_on_postgresql_they_write_to_the_database() {
    let Some(base) = Base::new().await else { return };
    let mut site = Site::new();
    site.given.push(("MENDLINE_DATABASE", base.url.clone()));
    site.given.push(("MENDLINE_OPERATOR_KEY", "7".repeat(64)));
    assert_eq!(site.ok(&["paused"]), "Nothing is paused.\n");
    site.ok(&["pause", "channel", "sms", "--why", "a bill that nobody expected"]);
    let said = site.ok(&["paused"]);
    assert!(said.contains("channel sms, since") && said.contains("a bill"), "{said}");
    site.ok(&["resume", "channel", "sms"]);
    let added = add_account(&site);
    assert!(added.status.success(), "{}", errors(&added));
    assert!(errors(&add_account(&site)).contains("--replace"));
    assert!(site.fails(&["drain"]).contains("no server is running at"));
    site.start();
    assert!(site.ok(&["drain"]).contains("finishes what it has in hand"));
    assert!(site.ended_well());
    assert!(site.fails(&["drain"]).contains("no server is running at"), "its socket went with it");
    let backup = site.fails(&["backup", "--to", "house.backup"]);
    assert!(backup.contains("pg_dump"), "{backup}");
    site.given[1].1 = "8".repeat(64);
    assert!(site.fails(&["paused"]).contains("another operator key"));
}

#[test]
fn a_backup_is_taken_beside_a_server_and_comes_back_with_its_key_alone() {
    let mut site = Site::new();
    site.start();
    let backup = site.folder.path().join("house.backup");
    let backup = backup.to_str().unwrap();
    let said = site.ok(&["backup", "--to", backup]);
    assert!(said.contains("mendline.db and pbm.db") && said.contains("not in it"), "{said}");
    let elsewhere = site.folder.path().join("elsewhere");
    let elsewhere = elsewhere.to_str().unwrap();
    let no_key = site.fails(&["restore", backup, "--data", elsewhere]);
    assert!(no_key.contains("no operator's key") && no_key.contains("--key"), "{no_key}");
    let key = site.data().join("operator.key");
    let said = site.ok(&["restore", backup, "--data", elsewhere, "--key", key.to_str().unwrap()]);
    assert!(said.contains("Verified") && said.contains("the key fits"), "{said}");
    let wrong = site.folder.path().join("wrong.key");
    // With the right key's mode.
    std::fs::copy(&key, &wrong).unwrap();
    std::fs::write(&wrong, "1".repeat(64)).unwrap();
    let third = site.folder.path().join("third");
    let third = third.to_str().unwrap();
    let error = site.fails(&["restore", backup, "--data", third, "--key", wrong.to_str().unwrap()]);
    assert!(error.contains("another operator key"), "{error}");
}

#[test]
fn people_are_held_and_not_forgotten_by_the_way() {
    let mut site = Site::new();
    site.start();
    let whom = ["--payer", PAYER, "--person", "ana"];
    let unknown = site.fails(&[&["forget", "--yes"], whom.as_slice()].concat());
    assert!(unknown.contains("nobody called ana"), "{unknown}");
    let unasked = site.fails(&[&["forget"], whom.as_slice()].concat());
    assert!(unasked.contains("add --yes"), "{unasked}");
    let unknown = site.fails(&[&["hold", "add", "--why", "x"], whom.as_slice()].concat());
    assert!(unknown.contains("nobody of that name"), "{unknown}");
    assert_eq!(site.ok(&["hold", "list"]), "Nobody is held.\n");
    let link = site.ok(&[&["invite"], whom.as_slice()].concat());
    assert!(link.starts_with(&format!("http://localhost:{}/chat?invite=", site.port)), "{link}");
}

#[test]
fn a_password_is_read_and_never_too_short() {
    let mut site = Site::new();
    site.start();
    let args =
        ["account", "add", "sam", "--payer", PAYER, "--name", "Sam Okafor", "--role", "supervisor"];
    let short = site.fed(&args, "short\n");
    assert!(errors(&short).contains("at least 15 characters"), "{}", errors(&short));
    assert!(!errors(&short).contains("short\n"));
    let zone = site.fails(&[args.as_slice(), &["--zone", "Mars/Olympus"]].concat());
    assert!(zone.contains("no time zone"), "{zone}");
}

#[test]
fn a_configuration_that_cannot_be_used_says_why() {
    let site = Site::new();
    let printed = site.ok(&["config"]);
    let file = site.folder.path().join("other.toml");
    std::fs::write(&file, &printed).unwrap();
    let file = file.to_str().unwrap();
    assert!(site.ok(&["config", "--check", file]).contains("can be used"));
    std::fs::write(file, printed.replace("drain_within_s", "drain_within")).unwrap();
    let error = site.fails(&["config", "--check", file]);
    assert!(error.contains("did you mean `drain_within_s`?"), "{error}");
    let error = site.fails(&["serve", "--config", "nowhere.toml"]);
    assert!(error.contains("is not there") && error.contains("mendline config"), "{error}");
}
