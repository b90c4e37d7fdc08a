//! Somebody says stop: Ctrl-C, or the signal of a service manager. Heard from the moment on at
//! which this is made, so that a server that just opened its doors closes them in peace.

use std::io;

/// Whoever may say stop.
#[cfg(unix)]
pub(super) struct Told {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Told {
    pub(super) fn listen() -> io::Result<Told> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Told {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next word.
    pub(super) async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Whoever may say stop.
#[cfg(not(unix))]
pub(super) struct Told;

#[cfg(not(unix))]
impl Told {
    pub(super) fn listen() -> io::Result<Told> {
        Ok(Told)
    }

    /// Waits for the next word.
    pub(super) async fn stop(&mut self) {
        // Where it cannot be heard, nobody can say it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
