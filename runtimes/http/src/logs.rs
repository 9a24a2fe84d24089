//! The log: the form of its lines, those that wait to be written, and those that a result envelope holds.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::contract::RESULT_LOG_BYTES;

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

/// A line as it is written, with its line break.
pub fn line(time: SystemTime, level: Level, owner: Option<Owner<'_>>, message: &str) -> Vec<u8> {
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
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = String::with_capacity(24);
    write!(
        text,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        since.subsec_millis()
    )
    .expect("memory takes every text");
    text
}

/// The date that lies `days` after 1970-01-01. Years are counted from March, so that the leap day comes last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// Lines that wait for the thread that writes them, so that a reader that is slower than the functions stops no request. What
/// it can't keep up with is dropped and counted.
#[derive(Default)]
pub struct Backlog {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: usize,
    writing: bool,
}

impl Backlog {
    pub fn push(&self, line: &[u8]) {
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

    /// Lets `write` write, and says what it says, where no line waits that has to come before.
    pub fn when_idle(&self, write: impl FnOnce() -> bool) -> bool {
        let waiting = self.lock();
        !waiting.writing && waiting.lines.is_empty() && write()
    }

    /// Writes what waits, and whatever will: for the thread that does nothing else.
    pub fn write(&self, write: impl Fn(&[u8])) -> ! {
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
            write(&lines);
            if dropped > 0 {
                let message =
                    format!("{dropped} lines of the log were dropped: they came faster than they were read");
                write(&line(SystemTime::now(), Level::Error, None, &message));
            }
            if lines.capacity() > USUAL_WAITING {
                lines = Vec::new();
            }
        }
    }

    /// Waits until everything is written, but not for longer than `limit`.
    pub fn flush(&self, limit: Duration) {
        let end = Instant::now() + limit;
        let mut waiting = self.lock();
        while waiting.writing || !waiting.lines.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            waiting = self.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line of an invocation's log in the result envelope.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    time: String,
    level: &'static str,
    pub message: String,
}

impl Line {
    pub fn new(time: SystemTime, level: Level, message: String) -> Self {
        Self { time: timestamp(time), level: level.name(), message }
    }
}

/// The lines for the result envelope: the newest that fit.
#[derive(Default)]
pub struct Kept {
    lines: VecDeque<Line>,
    bytes: usize,
    truncated: bool,
}

impl Kept {
    pub fn keep(&mut self, line: Line) {
        self.bytes += weight(&line);
        self.lines.push_back(line);
        while self.bytes > RESULT_LOG_BYTES {
            self.bytes -= self.lines.pop_front().map_or(self.bytes, |line| weight(&line));
            self.truncated = true;
        }
    }

    /// The lines so far, and whether there were more.
    pub fn take(&mut self) -> (Vec<Line>, bool) {
        let kept = std::mem::take(self);
        (kept.lines.into(), kept.truncated)
    }
}

/// Bytes of a line's message; an empty one takes room as well.
fn weight(line: &Line) -> usize {
    line.message.len().max(1)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread;

    use super::*;

    #[test]
    fn times_are_rfc_3339_with_milliseconds() {
        for (milliseconds, wanted) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_007, "2000-02-29T00:00:00.007Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (4_102_444_799_050, "2099-12-31T23:59:59.050Z"),
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

    #[test]
    fn a_line_of_nobody_says_null() {
        let line = line(UNIX_EPOCH, Level::Info, None, "x");
        assert_eq!(
            String::from_utf8_lossy(&line),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"invocation\":null,\"message\":\"x\"}\n"
        );
    }

    #[test]
    fn lines_wait_until_they_are_written_and_no_other_overtakes_them() {
        let backlog = Arc::new(Backlog::default());
        assert!(backlog.when_idle(|| true));
        backlog.push(b"one\n");
        assert!(!backlog.when_idle(|| true));
        let (written, read) = mpsc::channel();
        let writer = Arc::clone(&backlog);
        thread::spawn(move || writer.write(|lines| written.send(lines.to_vec()).expect("it is read")));
        backlog.flush(Duration::from_secs(10));
        assert_eq!(read.try_recv().expect("it is written"), b"one\n");
        assert!(backlog.when_idle(|| true));
    }

    #[test]
    fn a_flood_is_dropped_and_counted() {
        let backlog = Arc::new(Backlog::default());
        backlog.push(&vec![b'x'; MOST_WAITING]);
        backlog.push(b"one more\n");
        backlog.push(b"and another\n");
        let (written, read) = mpsc::channel();
        thread::spawn(move || backlog.write(|lines| written.send(lines.to_vec()).expect("it is read")));
        assert_eq!(read.recv().expect("the flood").len(), MOST_WAITING);
        let told = String::from_utf8(read.recv().expect("what was dropped")).expect("it is text");
        assert!(told.contains("2 lines of the log were dropped"), "{told}");
    }

    #[test]
    fn the_newest_lines_are_kept() {
        let mut kept = Kept::default();
        for _ in 0..3 {
            kept.keep(Line::new(UNIX_EPOCH, Level::Info, "x".repeat(RESULT_LOG_BYTES / 2)));
        }
        kept.keep(Line::new(UNIX_EPOCH, Level::Error, String::from("newest")));
        let (lines, truncated) = kept.take();
        assert!(truncated);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].message, "newest");
    }

    #[test]
    fn empty_lines_are_not_kept_without_end() {
        let mut kept = Kept::default();
        for _ in 0..=RESULT_LOG_BYTES {
            kept.keep(Line { time: String::new(), level: "info", message: String::new() });
        }
        assert_eq!((kept.lines.len(), kept.truncated), (RESULT_LOG_BYTES, true));
    }
}
