//! Tells the service manager how we are, where there is one that asks: systemd's
//! `Type=notify` (sd_notify(3)), a datagram to the socket that it names in the environment.

/// The doors are open.
pub(super) const READY: &str = "READY=1";
/// We were told to stop, and finish.
pub(super) const STOPPING: &str = "STOPPING=1";

/// Tells it. Nobody asks in a terminal, and nothing depends on the answer.
#[cfg(unix)]
pub(super) fn tell(state: &str) {
    use std::os::unix::net::UnixDatagram;
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let sent = UnixDatagram::unbound().and_then(|from| send(&from, &socket, state.as_bytes()));
    if let Err(why) = sent {
        tracing::warn!("the service manager could not be told '{state}': {why}");
    }
}

#[cfg(target_os = "linux")]
fn send(
    from: &std::os::unix::net::UnixDatagram,
    socket: &std::ffi::OsStr,
    state: &[u8],
) -> std::io::Result<usize> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::SocketAddr;
    // An abstract name is written with `@` for its leading zero.
    match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => from.send_to_addr(state, &SocketAddr::from_abstract_name(name)?),
        None => from.send_to(state, socket),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn send(
    from: &std::os::unix::net::UnixDatagram,
    socket: &std::ffi::OsStr,
    state: &[u8],
) -> std::io::Result<usize> {
    from.send_to(state, socket)
}

/// Tells it.
#[cfg(not(unix))]
pub(super) fn tell(_state: &str) {}
