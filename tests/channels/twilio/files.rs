//! Files that people sent: asked for under the account, followed once, never with the token.

use mendline::channels::Channel as _;
use mendline::channels::inward::NoFile;
use mendline::channels::twilio::Kind;

use super::support::*;

const MEDIA: &str = "Messages/MM1/Media/ME1";

fn address(api: &str) -> String {
    format!("{api}/2010-04-01/Accounts/{}/{MEDIA}", account())
}

fn says(status: u16, body: &str) -> Say {
    Say(status, Vec::new(), body.into())
}

fn sends_on(to: &str) -> Say {
    Say(307, vec![("location", to.to_owned())], String::new())
}

#[tokio::test]
async fn a_file_is_brought_from_the_store_that_twilio_points_to_without_the_token() {
    let twilio = Twilio::that_says(Vec::new()).await;
    twilio.then_says(sends_on(&format!("{}/store/1?signed=1", twilio.url)));
    twilio.then_says(says(200, "bytes"));
    let sms = channel(Kind::Sms, &twilio.url);
    assert_eq!(sms.fetch(&address(&twilio.url), 5).await, Ok(b"bytes".to_vec()));
    let sent = twilio.sent();
    assert_eq!(sent[0].uri, format!("/2010-04-01/Accounts/{}/{MEDIA}", account()));
    assert!(sent[0].authorization.is_some());
    assert_eq!((sent[1].uri.as_str(), &sent[1].authorization), ("/store/1?signed=1", &None));
}

#[tokio::test]
async fn nothing_is_fetched_from_anywhere_else() {
    let (twilio, elsewhere) =
        (Twilio::that_says(Vec::new()).await, Twilio::that_says(Vec::new()).await);
    let sms = channel(Kind::Sms, &twilio.url);
    for odd in [
        String::new(),
        "https://api.twilio.com/ME3".into(),
        "http://169.254.169.254/latest".into(),
        "file:///etc/passwd".into(),
        address(&elsewhere.url),
        format!("{}/2010-04-01/Accounts/AC0/{MEDIA}", twilio.url),
        address(&twilio.url).replace("Messages", "../AC0"),
    ] {
        assert_eq!(sms.fetch(&odd, 5).await, Err(NoFile::NotFetched), "{odd}");
    }
    assert!(twilio.sent().is_empty());
    twilio.then_says(sends_on(&format!("{}/store/1", elsewhere.url)));
    assert_eq!(sms.fetch(&address(&twilio.url), 5).await, Err(NoFile::NotFetched));
    assert!(elsewhere.sent().is_empty());
}

#[tokio::test]
async fn what_is_too_large_gone_or_sent_round_in_circles_is_said_to_be() {
    let twilio = Twilio::that_says(Vec::new()).await;
    let sms = channel(Kind::Sms, &twilio.url);
    let url = address(&twilio.url);
    twilio.then_says(says(200, "longer"));
    assert_eq!(sms.fetch(&url, 5).await, Err(NoFile::TooLarge));
    for said in [says(404, "gone"), says(500, "<html>"), says(401, "no")] {
        twilio.then_says(said);
        assert_eq!(sms.fetch(&url, 5).await, Err(NoFile::NotFetched));
    }
    twilio.then_says(sends_on(&url));
    twilio.then_says(sends_on(&url));
    assert_eq!(sms.fetch(&url, 5).await, Err(NoFile::NotFetched));
    let away = channel(Kind::WhatsApp, "http://127.0.0.1:9");
    assert_eq!(away.fetch(&address("http://127.0.0.1:9"), 5).await, Err(NoFile::NotFetched));
}
