//! What a worker sent, before whoever has her handoff.

use axum::http::StatusCode;
use mendline::channels::Incoming;
use mendline::media;
use mendline::pump;
use mendline::store::reach::Whose;

use crate::house::{PAYER, Place, place};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";

async fn sends(place: &Place, person: &str, act: &str) -> String {
    let whose = Whose { payer: PAYER.into(), person: person.into() };
    let kept = media::keep(&place.house, &whose, ("web", act), PNG.to_vec()).await.unwrap();
    let incoming = Incoming::File { kept: kept.clone() };
    place.house.arrive(PAYER, "web", act, person, incoming, None).await.unwrap();
    pump::until_idle(&place.house).await.unwrap();
    kept.unwrap()
}

#[tokio::test]
async fn rule_12_a_picture_is_shown_to_the_desk_that_has_it_and_each_look_is_noted() {
    let place = place().await;
    sends(&place, "ana", "1").await;
    let robin = place.login("robin").await;
    let path = place.get("/desk", &robin).await.link("/desk/handoff/");
    let page = place.get(&path, &robin).await;
    page.says("What they sent");
    let file = page.link("/desk/media/");
    let seen = place.get_bytes(&file, &robin).await;
    assert_eq!((seen.status, seen.bytes.as_slice()), (StatusCode::OK, PNG));
    assert_eq!(seen.header("content-type"), "image/png");
    assert!(seen.header("content-disposition").starts_with("attachment; filename=\"file-"));
    assert_eq!(seen.header("x-content-type-options"), "nosniff");
    assert_eq!(seen.header("cache-control"), "no-store");
    let policy = seen.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    let conversation = file.split('/').nth(3).unwrap();
    let reads = place.house.store.reads(PAYER, conversation).await.unwrap();
    assert!(reads.iter().any(|it| it.staff == "robin" && it.what == "file"), "{reads:?}");
}

#[tokio::test]
async fn a_file_is_nobodys_who_has_not_that_handoff() {
    let place = place().await;
    let of_ana = sends(&place, "ana", "1").await;
    sends(&place, "lucia", "2").await;
    let (robin, dana) = (place.login("robin").await, place.login("dana").await);
    let queue = place.get("/desk", &robin).await;
    let handoffs = queue.body.split("href=\"/desk/handoff/").skip(1);
    let mut handoffs: Vec<_> = handoffs.map(|it| it.split('"').next().unwrap()).collect();
    if !place.get(&format!("/desk/handoff/{}", handoffs[0]), &robin).await.body.contains(&of_ana) {
        handoffs.reverse();
    }
    let (first, second) = (handoffs[0].to_owned(), handoffs[1].to_owned());
    let status = |handoff: String, cookie: String| {
        let (place, of_ana) = (&place, &of_ana);
        async move { place.get_bytes(&format!("/desk/media/{handoff}/{of_ana}"), &cookie).await.status }
    };
    assert_eq!(status(first.clone(), robin.clone()).await, StatusCode::OK);
    assert_eq!(status(first.clone(), dana).await, StatusCode::NOT_FOUND);
    assert_eq!(status(first, String::new()).await, StatusCode::SEE_OTHER);
    assert_eq!(status(second, robin.clone()).await, StatusCode::NOT_FOUND, "another worker's");
    let made_up = place.get_bytes("/desk/media/x/0.0/y", &robin).await;
    assert_eq!(made_up.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_promised_call_stands_in_the_queue_with_its_moment_and_its_number() {
    let place = place().await;
    place.worker("ana", "call me").await;
    let robin = place.login("robin").await;
    let queue = place.get("/desk", &robin).await;
    queue.says("Due 10:00");
    let page = place.get(&queue.link("/desk/handoff/"), &robin).await;
    page.says("+12135550110");
}
