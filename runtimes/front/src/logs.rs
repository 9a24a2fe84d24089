//! The log: JSON lines on standard output, written by a thread of their own, so that a reader that is slower than the
//! functions stops no request. What it can't keep up with is dropped and counted.

use std::io::Write as _;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const MOST_WAITING: usize = 64 * 1024 * 1024;
/// A buffer that a flood has made larger is not kept.
const USUAL_WAITING: usize = 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Error,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Error => "error",
        }
    }
}

/// Whose line it is.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    pub invocation: &'a str,
    pub trace: Option<&'a str>,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: usize,
    writing: bool,
}

#[derive(Default)]
struct Output {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

static OUTPUT: OnceLock<Output> = OnceLock::new();

/// Starts the thread. Before that, lines are written at once.
pub fn start() {
    let output = OUTPUT.get_or_init(Output::default);
    thread::spawn(|| output.write());
}

/// Writes a line of the runtime's own.
pub fn say(level: Level, message: &str) {
    write(level, None, message);
}

/// Writes a line, and says when that was.
pub fn write(level: Level, owner: Option<Owner<'_>>, message: &str) -> SystemTime {
    let now = SystemTime::now();
    let line = line(now, level, owner, message);
    match OUTPUT.get() {
        Some(output) => output.push(&line),
        None => put(&line),
    }
    now
}

/// Waits until everything is written, but not for longer than `limit`.
pub fn flush(limit: Duration) {
    let Some(output) = OUTPUT.get() else { return };
    let end = Instant::now() + limit;
    let mut waiting = output.lock();
    while waiting.writing || !waiting.lines.is_empty() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        waiting = output.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

impl Output {
    fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.lines.len() + line.len() > MOST_WAITING {
            waiting.dropped += 1;
            return;
        }
        let first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        if first {
            self.changed.notify_all();
        }
    }

    fn write(&self) -> ! {
        let mut lines = Vec::new();
        loop {
            let mut waiting = self.lock();
            waiting.writing = false;
            self.changed.notify_all();
            while waiting.lines.is_empty() {
                waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            lines.clear();
            std::mem::swap(&mut lines, &mut waiting.lines);
            let dropped = std::mem::take(&mut waiting.dropped);
            waiting.writing = true;
            drop(waiting);
            put(&lines);
            if dropped > 0 {
                let message =
                    format!("{dropped} lines of the log were dropped: they came faster than they were read");
                put(&line(SystemTime::now(), Level::Error, None, &message));
            }
            if lines.capacity() > USUAL_WAITING {
                lines = Vec::new();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A log that nobody reads any more is no reason to end.
fn put(lines: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(lines).and_then(|()| out.flush());
}

fn line(time: SystemTime, level: Level, owner: Option<Owner<'_>>, message: &str) -> Vec<u8> {
    let mut line = Vec::with_capacity(message.len() + 192);
    line.extend_from_slice(b"{\"time\":\"");
    line.extend_from_slice(timestamp(time).as_bytes());
    line.extend_from_slice(b"\",\"level\":\"");
    line.extend_from_slice(level.name().as_bytes());
    line.extend_from_slice(b"\",\"invocation\":");
    json(&mut line, owner.map(|owner| owner.invocation));
    line.extend_from_slice(b",\"message\":");
    json(&mut line, Some(message));
    if let Some(trace) = owner.and_then(|owner| owner.trace) {
        line.extend_from_slice(b",\"trace_id\":");
        json(&mut line, Some(trace));
    }
    line.extend_from_slice(b"}\n");
    line
}

fn json(line: &mut Vec<u8>, text: Option<&str>) {
    serde_json::to_writer(line, &text).expect("memory takes every text");
}

/// RFC 3339 in UTC with milliseconds.
pub fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    // SAFETY: `tm` is a plain value, and the C library fills it.
    let date = unsafe {
        let mut date = std::mem::zeroed::<libc::tm>();
        libc::gmtime_r(&raw const seconds, &raw mut date);
        date
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.tm_year + 1900,
        date.tm_mon + 1,
        date.tm_mday,
        date.tm_hour,
        date.tm_min,
        date.tm_sec,
        since.subsec_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_with_milliseconds() {
        for (milliseconds, wanted) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_007, "2000-02-29T00:00:00.007Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
        ] {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_millis(milliseconds)), wanted);
        }
    }

    #[test]
    fn a_line_holds_whatever_a_message_holds() {
        let message = "é𝄞\"\\\t\u{1}\nsecond";
        let owner = Owner { invocation: "id", trace: Some("0af7651916cd43dd8448eb211c80319c") };
        let line = line(UNIX_EPOCH, Level::Error, Some(owner), message);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let read: serde_json::Value = serde_json::from_slice(&line).expect("a line is JSON");
        assert_eq!(read["message"], message);
        assert_eq!((&read["level"], &read["invocation"]), (&"error".into(), &"id".into()));
        assert_eq!(read["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    }
}
