//! What one visitor may ask of the doors. Every number says why it is what it is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::Extensions;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Largest body of a request, in bytes. Our forms hold a few short fields; a desk note is the
/// longest thing anyone writes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long a request may take. Committing a turn takes milliseconds; a desk form waits up to
/// ten seconds for its turn.
pub const REQUEST_PATIENCE: Duration = Duration::from_secs(20);

/// How long a file may take on its way to us: one of the largest that we take, over a line of
/// 400 kbit/s.
pub const UPLOAD_PATIENCE: Duration = Duration::from_secs(180);

/// Largest frame of the web socket, in bytes: 2,000 characters of any script, and their JSON.
pub const FRAME_BYTES_MAX: usize = 16 * 1024;
/// Longest thing a worker may say at once, in characters: a page of a letter. Longer words are
/// refused politely and stay in her composer.
pub const WORDS_CHARS_MAX: usize = 2_000;
/// Longest id that a client may choose, in characters. A UUID has 36.
pub const ID_CHARS_MAX: usize = 64;
/// Messages one session may send in [`SAYS_PER`]. A person types slower; a loop does not.
pub const SAYS_MAX: NonZeroU32 = NonZeroU32::new(20).expect("20 is not 0");
/// The span of [`SAYS_MAX`].
pub const SAYS_PER: Duration = Duration::from_secs(10);
/// Open pages of one session: a phone, a laptop, and the one that was not closed yet.
pub const SOCKETS_PER_SESSION_MAX: usize = 3;

/// Look-ups of the pharmacist's door per address and minute. A counter looks up a few a minute;
/// guessing numbers needs thousands.
pub const RX_PER_MIN: NonZeroU32 = NonZeroU32::new(10).expect("10 is not 0");
/// Refreshes and taps of a door that was opened with a right pair, per address and minute: one
/// each ten seconds for several counters behind one address.
pub const RX_AGAIN_PER_MIN: NonZeroU32 = NonZeroU32::new(60).expect("60 is not 0");

/// Ways to the identity provider, and back, per address and minute: an office behind one address
/// comes at nine, and each of its people goes there and back.
pub const TRIPS_PER_MIN: NonZeroU32 = NonZeroU32::new(120).expect("120 is not 0");

/// Counts by key, and says when it is enough.
pub type ByAddress = DefaultKeyedRateLimiter<IpAddr>;
/// The same, by a session's digest.
pub type BySession = DefaultKeyedRateLimiter<String>;

/// Keys kept before old ones are swept out, so that many visitors cost little memory.
const KEYS_BEFORE_SWEEP: usize = 10_000;

/// So many a minute, all at once if need be.
pub fn per_minute(max: NonZeroU32) -> ByAddress {
    RateLimiter::keyed(Quota::per_minute(max))
}

/// So many in [`SAYS_PER`].
pub fn says(max: NonZeroU32) -> BySession {
    let each = (SAYS_PER / max.get()).max(Duration::from_nanos(1));
    let quota = Quota::with_period(each).expect("it is not 0").allow_burst(max);
    RateLimiter::keyed(quota)
}

/// Whether this one is still within the limit.
pub fn allows<K: Clone + std::hash::Hash + Eq>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> bool {
    if limiter.len() > KEYS_BEFORE_SWEEP {
        limiter.retain_recent();
    }
    limiter.check_key(key).is_ok()
}

/// The address that the request came from. What a proxy says of it counts only where that proxy
/// is one of ours ([`super::proxy`]): anyone can write such a header.
pub fn address(extensions: &Extensions) -> IpAddr {
    let info = extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |it| it.0.ip())
}

/// Who is at the other end of the line, if that is known.
pub fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip())
}
