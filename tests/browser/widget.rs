//! The widget on somebody else's page: another origin, with a style of its own that is no friend
//! of ours.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use crate::demo::Demo;
use crate::driver::{Browser, Driver};
use crate::looks::{Part, look};
use crate::{ENTER, TAB, come_in, log_in, nothing_lost_or_doubled};

/// WebDriver's Escape.
const ESCAPE: &str = "\u{E00C}";
/// The widget's own root.
const ROOT: &str = "document.getElementById('mendline-widget').shadowRoot";

/// A page of a portal, with the one line in its head.
fn page(widget: &str) -> String {
    format!(
        "<!doctype html><html lang=en><head><title>Portal</title>
         <meta name=viewport content='width=device-width, initial-scale=1'>
         <style>html {{ font-size: 62.5%; }} * {{ font-family: serif; box-sizing: content-box; }}
         button, iframe, div {{ width: 100%; text-transform: uppercase; background: pink; }}</style>
         <script src='{widget}' data-mendline></script></head><body>
         <h1>Example Works</h1><p>Welcome to the portal.</p><p><a href='#'>Your payslips</a></p>
         </body></html>"
    )
}

/// Serves that page on a port of its own until the test ends; answers with the port.
fn portal(demo: &Demo) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let body = page(&demo.url("/widget.js"));
    std::thread::spawn(move || {
        for mut visitor in listener.incoming().map_while(Result::ok) {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            // A browser that went away has had enough of the page.
            let _ = visitor.read(&mut [0; 4096]);
            let _ = visitor.write_all(format!("{head}{body}").as_bytes());
        }
    });
    port
}

fn is(browser: &Browser, expression: &str) -> bool {
    browser.script(&format!("return Boolean({expression})")) == Ok(Value::Bool(true))
}

/// Presses Tab until the widget's button has the focus.
fn tab_to_the_button(browser: &Browser) {
    browser.until("the widget is there", &format!("{ROOT}?.querySelector('.open').offsetWidth"));
    for _ in 0..10 {
        if is(browser, &format!("{ROOT}.activeElement?.matches('.open')")) {
            return;
        }
        browser.keys(TAB);
    }
    panic!("the keyboard does not get to the widget");
}

fn into_the_frame(browser: &Browser) {
    browser.enter_frame(&format!("return {ROOT}.querySelector('iframe')"));
}

#[test]
fn a_worker_talks_in_the_widget_and_closes_it_with_the_keyboard() {
    let Some(driver) = Driver::start() else { return };
    let demo = Demo::start();
    let port = portal(&demo);
    let (worker, desk) = (driver.browser(), driver.browser());
    come_in(&worker, &demo);
    worker.open(&format!("http://localhost:{port}/"));
    tab_to_the_button(&worker);
    look(&worker, "widget-closed", Part::Screen);
    worker.keys(ENTER);
    into_the_frame(&worker);
    worker.until("she can write at once", "document.activeElement.id === 'words'");
    worker.until("the chat is live", "document.querySelector('#state').textContent.trim() === document.querySelector('#state').dataset.connected");
    worker.keys("my prescription was rejected");
    worker.keys(ENTER);
    worker.sees("Which medicine");
    worker.to_the_top();
    look(&worker, "widget-open", Part::Screen);
    into_the_frame(&worker);
    worker.tap("A person, please");
    worker.sees("person");
    worker.keys(ESCAPE);
    worker.to_the_top();
    worker.until("it is closed", &format!("{ROOT}.querySelector('.panel').hidden"));
    assert!(is(&worker, &format!("{ROOT}.activeElement.matches('.open')")), "the focus is lost");

    log_in(&desk, &demo, "pharmacy and claims desk");
    desk.sees("Asked for a person");
    desk.click("//ol[@class='queue']//a");
    desk.tap("Take it");
    desk.sees("Write to them");
    desk.write("reply", "I am looking at it with you.");
    desk.tap("Send");
    let news = format!("{ROOT}.querySelector('.news').textContent");
    worker.until("the closed widget says so", &format!("{news} === 'New message'"));
    look(&worker, "widget-news", Part::Screen);
    // Nobody has read it: the desk is not told that she has.
    worker.keys(ENTER);
    worker.until("the news is old", &format!("{news} === ''"));
    into_the_frame(&worker);
    worker.sees("I am looking at it with you.");
    nothing_lost_or_doubled(&worker);
}

#[test]
fn on_another_site_the_chat_offers_a_window_of_its_own() {
    let Some(driver) = Driver::start() else { return };
    let demo = Demo::start();
    let port = portal(&demo);
    let worker = driver.browser();
    come_in(&worker, &demo);
    // A browser keeps the cookies of `localhost` from pages of `127.0.0.1`.
    worker.open(&format!("http://127.0.0.1:{port}/"));
    tab_to_the_button(&worker);
    worker.keys(ENTER);
    into_the_frame(&worker);
    worker.sees("Open it in its own window");
    assert!(is(
        &worker,
        "[...document.querySelectorAll('a')].every((it) => it.target === '_blank')"
    ));
    worker.to_the_top();
    look(&worker, "widget-other-site", Part::Screen);
}

#[test]
fn a_page_that_may_not_embed_the_chat_says_so_instead_of_staying_blank() {
    let Some(driver) = Driver::start() else { return };
    let demo = Demo::start();
    let port = portal(&demo);
    let worker = driver.browser();
    // Every browser takes names under `localhost` for this machine; the demo allows the bare one.
    worker.open(&format!("http://portal.localhost:{port}/"));
    tab_to_the_button(&worker);
    worker.keys(ENTER);
    worker.until("a way out", &format!("!{ROOT}.querySelector('.away').hidden"));
    let said = worker.script(&format!("return {ROOT}.querySelector('.away').innerText")).unwrap();
    assert_eq!(said, "The chat cannot be shown here. Open it in its own window");
    look(&worker, "widget-refused", Part::Screen);
}
