//! Files that people send: where they may lie, and how they are brought.
//!
//! Twilio shows an address in the account and sends whoever asks there on to its store, without the
//! token. We follow it once, and only to Twilio's own places; where the settings name another
//! API, only there.

use super::api::Api;
use super::settings::Settings;
use crate::channels::inward::NoFile;

/// Where Twilio's store is (twilio.com/docs/messaging/guides/accepting-and-sending-media: "Twilio
/// redirects to a storage location"): its own name, or Amazon's with its bucket.
const STORES: [&str; 2] = [".twiliocdn.com", ".amazonaws.com"];

/// Where an account's files lie.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Files {
    /// What each address begins with.
    ours: String,
    /// Whether Twilio itself is asked, and not what stands in for it.
    real: bool,
}

impl Files {
    pub(super) fn of(settings: &Settings) -> Files {
        Files { ours: settings.files_url(), real: settings.api_url.is_none() }
    }

    /// Whether the token may be shown there.
    fn is_ours(&self, url: &str) -> bool {
        let rest = url.strip_prefix(&self.ours);
        rest.is_some_and(|it| !it.is_empty() && is_plain(it) && !it.split('/').any(|it| it == ".."))
    }

    /// Whether we follow there.
    fn is_store(&self, url: &str) -> bool {
        if !self.real {
            let place = origin(&self.ours);
            return place.is_some() && origin(url) == place;
        }
        let Some(rest) = url.strip_prefix("https://") else { return false };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let named = !host.contains(['@', ':', '\\']) && is_plain(host);
        named && STORES.iter().any(|it| host.len() > it.len() && host.ends_with(it))
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|it| it.is_ascii_graphic() && !matches!(it, '\\' | '@' | '%'))
}

/// `http://127.0.0.1:4010` of an address there.
fn origin(url: &str) -> Option<&str> {
    let at = url.find("://")? + 3;
    let end = url[at..].find(['/', '?', '#']).map_or(url.len(), |it| at + it);
    Some(&url[..end]).filter(|it| !it[at..].contains('@'))
}

impl Api {
    /// The bytes behind an address that Twilio named, at most so many.
    pub(super) async fn file(&self, url: &str, bytes_max: usize) -> Result<Vec<u8>, NoFile> {
        let (api, url) = (self.clone(), url.to_owned());
        let fetching = tokio::task::spawn_blocking(move || api.bring(&url, bytes_max));
        fetching.await.unwrap_or(Err(NoFile::NotFetched))
    }

    fn bring(&self, url: &str, bytes_max: usize) -> Result<Vec<u8>, NoFile> {
        if !self.files.is_ours(url) {
            return Err(NoFile::NotFetched);
        }
        let request = self.agent.get(url).header("Authorization", self.authorization.as_str());
        let mut answer = request.call().map_err(|_| NoFile::NotFetched)?;
        if answer.status().is_redirection() {
            let to = answer.headers().get("location").and_then(|it| it.to_str().ok());
            let to = to.filter(|it| self.files.is_store(it)).ok_or(NoFile::NotFetched)?.to_owned();
            answer = self.agent.get(&to).call().map_err(|_| NoFile::NotFetched)?;
        }
        if !answer.status().is_success() {
            return Err(NoFile::NotFetched);
        }
        // One byte more than may be there says that there is more.
        let body = answer.body_mut().with_config().limit(bytes_max as u64 + 1).read_to_vec();
        match body {
            Ok(body) if body.len() <= bytes_max => Ok(body),
            Ok(_) | Err(ureq::Error::BodyExceedsLimit(_)) => Err(NoFile::TooLarge),
            Err(_) => Err(NoFile::NotFetched),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "https://api.twilio.com/2010-04-01/Accounts/AC1/";

    fn real() -> Files {
        Files { ours: ACCOUNT.into(), real: true }
    }

    #[test]
    fn the_token_is_shown_to_the_account_alone() {
        assert!(
            real().is_ours("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1")
        );
        for elsewhere in [
            "",
            ACCOUNT,
            "http://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
            "https://api.twilio.com/2010-04-01/Accounts/AC2/Messages/MM1/Media/ME1",
            "https://api.twilio.com.example.com/2010-04-01/Accounts/AC1/Media/ME1",
            "https://api.twilio.com/2010-04-01/Accounts/AC1/../AC2/Media/ME1",
            "https://api.twilio.com/2010-04-01/Accounts/AC1/%2e%2e/AC2/Media/ME1",
            "https://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
        ] {
            assert!(!real().is_ours(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn we_are_sent_on_to_the_store_and_nowhere_else() {
        for store in [
            "https://mms.twiliocdn.com/AC1/abc",
            "https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC1/abc?X-Amz-Signature=1%2F2",
        ] {
            assert!(real().is_store(store), "{store}");
        }
        for elsewhere in [
            "http://mms.twiliocdn.com/x",
            "https://twiliocdn.com.example.com/x",
            "https://example.com/.twiliocdn.com",
            "https://a@mms.twiliocdn.com",
            "https://mms.twiliocdn.com:8443/x",
            "https://.twiliocdn.com",
            "https://127.0.0.1/x",
            "/relative",
        ] {
            assert!(!real().is_store(elsewhere), "{elsewhere}");
        }
        let tested =
            Files { ours: "http://127.0.0.1:4010/2010-04-01/Accounts/AC1/".into(), real: false };
        assert!(tested.is_store("http://127.0.0.1:4010/store/1"));
        for elsewhere in
            ["https://mms.twiliocdn.com/x", "http://127.0.0.1:4011/x", "http://a@127.0.0.1:4010/x"]
        {
            assert!(!tested.is_store(elsewhere), "{elsewhere}");
        }
    }
}
