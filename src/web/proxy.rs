//! Where a visitor comes from when a proxy stands before us. `X-Forwarded-For` is believed from
//! our own proxies alone, and only as far as they vouch for it: read from the right, the first
//! address that is not one of theirs is the visitor's. Whatever stands left of it anybody wrote.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;

use super::Web;
use crate::config::Net;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Puts the visitor's own address in the place of the proxy's.
pub async fn believe(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|it| it.0);
    if let Some(peer) = peer {
        let visitor = visitor(&web.settings.proxies, peer.ip(), request.headers());
        if visitor != peer.ip() {
            // The visitor's port is not known, and nobody asks for it.
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(visitor, 0)));
        }
    }
    next.run(request).await
}

/// Who is behind a connection from `peer`.
fn visitor(ours: &[Net], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_ours = |it: IpAddr| ours.iter().any(|net| net.holds(it));
    let said = headers.get_all(FORWARDED_FOR).into_iter().filter_map(|it| it.to_str().ok());
    let said: Vec<&str> = said.flat_map(|it| it.split(',')).map(str::trim).collect();
    let mut visitor = peer;
    for address in said.into_iter().rev() {
        if !is_ours(visitor) {
            break;
        }
        let Some(address) = read(address) else { break };
        visitor = address;
    }
    visitor
}

/// An address as proxies write it: with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|it| it.ip());
    text.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, said: &[&'static str]) -> String {
        let ours: Vec<Net> = ["127.0.0.1", "10.0.0.0/8"].map(|it| it.parse().unwrap()).into();
        let mut headers = HeaderMap::new();
        for it in said {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(it));
        }
        visitor(&ours, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_is_believed_nothing() {
        assert_eq!(seen("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(seen("192.0.2.9", &[]), "192.0.2.9");
    }

    #[test]
    fn our_proxy_says_who_it_was_and_nobody_else_does() {
        assert_eq!(seen("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("127.0.0.1", &["203.0.113.7, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("127.0.0.1", &["203.0.113.7", "198.51.100.1, 10.1.1.1"]), "198.51.100.1");
        assert_eq!(seen("127.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_search_at_what_we_know() {
        assert_eq!(seen("127.0.0.1", &["unknown"]), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", &["198.51.100.1, unknown, 10.1.1.1"]), "10.1.1.1");
        assert_eq!(seen("127.0.0.1", &[]), "127.0.0.1");
    }
}
