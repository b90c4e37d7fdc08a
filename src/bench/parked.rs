//! Conversations that wait: how much memory they take, how long a start takes among them, how late
//! timers fire that are due together, and whether a turn costs more the more are stored.

/// Not measured yet.
pub fn parked() {}
