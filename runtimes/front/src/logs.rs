//! The log: JSON lines on standard output, written by a thread of their own.

use std::io::Write as _;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, SystemTime};

use slipway_http::logs::{Backlog, line};
pub use slipway_http::logs::{Level, Owner};

static BACKLOG: OnceLock<Backlog> = OnceLock::new();

/// Starts the thread. Before that, lines are written at once.
pub fn start() {
    let backlog = BACKLOG.get_or_init(Backlog::default);
    thread::spawn(|| backlog.write(put));
}

/// Writes a line of the runtime's own.
pub fn say(level: Level, message: &str) {
    write(level, None, message);
}

/// Writes a line, and says when that was.
pub fn write(level: Level, owner: Option<Owner<'_>>, message: &str) -> SystemTime {
    let now = SystemTime::now();
    let line = line(now, level, owner, message);
    match BACKLOG.get() {
        Some(backlog) => backlog.push(&line),
        None => put(&line),
    }
    now
}

/// Waits until everything is written, but not for longer than `limit`.
pub fn flush(limit: Duration) {
    if let Some(backlog) = BACKLOG.get() {
        backlog.flush(limit);
    }
}

/// A log that nobody reads any more is no reason to end.
fn put(lines: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(lines).and_then(|()| out.flush());
}
