//! What a worker needs at hand: two taps to an answer, her language, a call, who can see this, a
//! picture for a person.

use crate::demo::Demo;
use crate::driver::Driver;
use crate::looks::{Part, look};

#[test]
fn from_the_link_to_an_answer_it_is_two_taps() {
    let Some(driver) = Driver::start() else { return };
    let demo = Demo::start();
    let worker = driver.browser();
    worker.size(360, 740);
    worker.open(&demo.invite);
    let taps = ["Continue", "What is happening with my claim?"];
    for tap in taps {
        worker.tap(tap);
    }
    worker.sees("Your claim");
    assert!(taps.len() <= 2);
}

#[test]
fn she_says_with_the_button_that_she_comes_in_by_what_she_reads() {
    let Some(driver) = Driver::start() else { return };
    let demo = Demo::start();
    let worker = driver.browser();
    worker.open(&demo.invite);
    worker.tap("Continuar en español");
    worker.until(
        "the page is Spanish",
        "document.documentElement.lang === 'es' && document.querySelector('#words')",
    );
    worker.sees("Escriba lo que necesita");
}

#[test]
fn a_call_who_can_see_this_and_a_picture_are_in_reach() {
    let Some(driver) = Driver::start() else { return };
    let demo = Demo::start();
    let (worker, desk) = (driver.browser(), driver.browser());
    crate::come_in(&worker, &demo);
    worker.tap("More");
    look(&worker, "chat-more-reach", Part::End);
    worker.tap("Who can see this?");
    worker.sees("Your employer: nothing.");
    look(&worker, "chat-who-sees", Part::End);
    worker.tap("More");
    worker.tap("Call me");
    worker.sees("which ends in");
    crate::log_in(&desk, &demo, "pharmacy and claims desk");
    desk.sees("Due ");
    look(&desk, "desk-queue-call", Part::Screen);

    worker.tap("Send a picture");
    look(&worker, "chat-attach", Part::End);
    // As a hand would pick one: a picture larger than a screen, drawn by the page itself.
    let drawn =
        "const done = arguments[arguments.length - 1]; const it = document.createElement('canvas');
        it.width = 3000; it.height = 2000; it.getContext('2d').fillRect(10, 10, 900, 900);
        it.toBlob((blob) => {
          const picked = new DataTransfer();
          picked.items.add(new File([blob], 'label.png', { type: 'image/png' }));
          document.getElementById('file').files = picked.files;
          done(true);
        }, 'image/png');";
    worker.script_later(drawn);
    worker.click("//details[@id='attach']//button");
    worker.sees("(sent a file)");
    worker.sees("I cannot read pictures");
    look(&worker, "chat-picture", Part::End);
    desk.open(&demo.url("/desk"));
    desk.sees("The next step needs a person");
    desk.click("//ol[@class='queue']//a[not(contains(., 'Due'))]");
    desk.sees("What they sent");
    desk.tap("Show it here");
    desk.until("it is drawn", "document.querySelector('.files img')?.naturalWidth === 1600");
    look(&desk, "desk-handoff-picture", Part::Whole);
}
