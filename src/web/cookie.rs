//! The cookies of our sessions: one for the chat, one for the desk. Each is for this host and its
//! own pages, out of reach of scripts, and kept from whatever another site sends here.

use axum::http::{HeaderMap, HeaderValue, header};

/// A cookie's name, and the pages that it is for.
#[derive(Clone, Copy, Debug)]
pub struct Cookie {
    /// Its name.
    pub name: &'static str,
    /// The browser sends it to addresses under this path alone.
    pub path: &'static str,
}

impl Cookie {
    /// The token that a request carries in it.
    pub fn token(self, headers: &HeaderMap) -> Option<String> {
        let cookies = headers.get_all(header::COOKIE).into_iter();
        let cookies = cookies.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(';'));
        let mut pairs = cookies.filter_map(|it| it.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.name).map(|(_, value)| value.to_owned())
    }

    /// Hands the browser a token, for as long as it runs. `Secure` everywhere but on this
    /// machine, where there is no certificate.
    pub fn set(self, token: &str, headers: &HeaderMap) -> HeaderValue {
        let secure = if is_loopback(headers) { "" } else { "; Secure" };
        self.written(token, &format!("SameSite=Strict{secure}"))
    }

    /// The same, and the browser keeps it so many seconds, also when it is closed meanwhile.
    pub fn lasting(self, token: &str, headers: &HeaderMap, seconds: i64) -> HeaderValue {
        let secure = if is_loopback(headers) { "" } else { "; Secure" };
        self.written(token, &format!("SameSite=Strict; Max-Age={seconds}{secure}"))
    }

    /// Hands the browser a token that it also shows when another site sends it back here, for so
    /// many seconds.
    pub fn set_for_return(self, token: &str, headers: &HeaderMap, max_age_s: i64) -> HeaderValue {
        let secure = if is_loopback(headers) { "" } else { "; Secure" };
        self.written(token, &format!("SameSite=Lax; Max-Age={max_age_s}{secure}"))
    }

    /// Takes itself away.
    pub fn gone(self) -> HeaderValue {
        self.written("", "SameSite=Strict; Max-Age=0")
    }

    fn written(self, token: &str, more: &str) -> HeaderValue {
        let Cookie { name, path } = self;
        HeaderValue::from_str(&format!("{name}={token}; Path={path}; HttpOnly; {more}"))
            .expect("tokens are url-safe base64")
    }
}

/// Whether the request came for this machine by one of its own names.
pub fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: Cookie = Cookie { name: "mendline_chat", path: "/chat" };

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = CHAT.token(&headers(header::COOKIE, "a=1; mendline_chat=t0ken; b=2"));
        assert_eq!(found.as_deref(), Some("t0ken"));
        assert_eq!(CHAT.token(&headers(header::COOKIE, "xmendline_chat=t")), None);
    }

    #[test]
    fn the_cookie_is_secure_everywhere_but_on_this_machine() {
        let set = |host| CHAT.set("t", &headers(header::HOST, host)).to_str().unwrap().to_owned();
        for host in ["care.example.com", "localhost.example.com:8080", "127.0.0.1.example.com"] {
            let set = set(host);
            assert!(set.contains("; Secure"), "{set}");
            assert!(set.contains("Path=/chat; HttpOnly; SameSite=Strict"), "{set}");
        }
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(!set(host).contains("Secure"), "{host}");
        }
    }
}
