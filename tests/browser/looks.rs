//! Pictures of a page as its readers see it: on a small phone and at a desk, light and dark.
//! They lie in `artefacts` to be looked at before a change is done. On the way every page is
//! checked for what a picture shows only to a careful eye: nothing is wider than the screen, and,
//! where `MENDLINE_AXE` names the axe-core script, no barrier that axe calls serious.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::driver::Browser;

/// Where the pictures go; git does not follow it.
const FOLDER: &str = "artefacts";
/// The screens: a small phone, and a window at a desk.
const SCREENS: [(u32, u32); 2] = [(360, 740), (1280, 900)];
/// Names the file of axe-core, where it is to be asked.
const AXE: &str = "MENDLINE_AXE";
/// Tallest picture, in pixels; a page that is longer is cut.
const TALLEST: u32 = 6_000;

/// The part of a page that a picture shows.
#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    /// What is on the screen.
    Screen,
    /// What is on the screen of somebody who reads the end.
    End,
    /// All of it, as if the screen were long enough.
    Whole,
}

/// Takes the pictures of a page.
pub fn look(browser: &Browser, name: &str, part: Part) {
    fs::create_dir_all(FOLDER).unwrap();
    for (width, height) in SCREENS {
        browser.size(width, height);
        nothing_is_wider(browser, name, width);
        if part == Part::Whole {
            let tall = browser.script("return document.documentElement.scrollHeight").unwrap();
            let tall = u32::try_from(tall.as_u64().unwrap_or_default()).unwrap_or(TALLEST);
            browser.size(width, tall.clamp(height, TALLEST));
        }
        if part == Part::End {
            browser.script("scrollTo(0, document.documentElement.scrollHeight)").unwrap();
        }
        for scheme in ["light", "dark"] {
            browser.scheme(scheme);
            let taken = browser.chrome("Page.captureScreenshot", json!({ "format": "png" }));
            let picture = BASE64_STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
            fs::write(format!("{FOLDER}/{name}-{width}-{scheme}.png"), picture).unwrap();
            no_barriers(browser, &format!("{name} at {width}, {scheme}"));
        }
    }
    browser.scheme("light");
    browser.size(SCREENS[1].0, SCREENS[1].1);
}

/// Nobody should have to push a page sideways to read it (WCAG 2.2, 1.4.10).
fn nothing_is_wider(browser: &Browser, name: &str, width: u32) {
    let wide = browser.script("return document.documentElement.scrollWidth").unwrap();
    assert!(wide.as_u64() <= Some(width.into()), "{name} is {wide} wide on a screen of {width}");
}

/// Asks axe, and fails on what it calls serious or critical. Lesser findings are printed.
fn no_barriers(browser: &Browser, place: &str) {
    let Ok(axe) = std::env::var(AXE) else { return };
    let source = fs::read_to_string(Path::new(&axe)).unwrap();
    browser.script(&source).unwrap();
    let found = browser.script_later(
        "const done = arguments[arguments.length - 1];
         axe.run(document, { resultTypes: ['violations'] }).then(
           (it) => done(it.violations.map((v) => [v.impact, v.id, v.help, v.nodes.map((n) =>
             `${n.target.join(' ')}: ${n.any.map((c) => c.message).join('; ')}`)])),
           (failed) => done([['critical', 'axe', String(failed), []]]));",
    );
    let found = found.as_array().unwrap();
    let barriers = found.iter().filter(|it| is_barrier(it));
    let barriers: Vec<_> = barriers.map(|it| format!("{it:#}")).collect();
    assert!(barriers.is_empty(), "{place}: {}", barriers.join("\n"));
    for lesser in found {
        eprintln!("{place}: {lesser}");
    }
}

fn is_barrier(finding: &Value) -> bool {
    matches!(finding[0].as_str(), Some("serious" | "critical"))
}
