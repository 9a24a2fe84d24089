//! The log: JSON lines on standard output.
//!
//! A line is written at once where that can't block, so that it is out even if the function ends the process with its
//! next step. Where whoever reads is slower than the function, lines wait for a thread of their own; beyond `MOST_WAITING`
//! bytes the newest are dropped and counted, as a flood must not stop the server.

use std::io::{self, Write as _};
use std::os::fd::RawFd;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub use slipway::Level;

/// A write of so much to a pipe is one piece, also between several processes.
pub const PIPE_BYTES: usize = libc::PIPE_BUF;
const MOST_WAITING: usize = 64 * 1024 * 1024;

/// Whose line it is.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    pub invocation: &'a str,
    pub trace: Option<&'a str>,
}

struct Output {
    descriptor: RawFd,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: usize,
    writing: bool,
}

static OUTPUT: OnceLock<Output> = OnceLock::new();

/// Makes `descriptor` the log and starts the thread that writes what has to wait.
pub fn start(descriptor: RawFd) {
    let output =
        OUTPUT.get_or_init(|| Output { descriptor, waiting: Mutex::default(), changed: Condvar::new() });
    thread::Builder::new()
        .name(String::from("log"))
        .spawn(|| output.write_waiting())
        .expect("the system gives a thread for the log");
}

/// Writes a line, and says when that was.
pub fn write(level: Level, owner: Option<Owner<'_>>, message: &str) -> SystemTime {
    let now = SystemTime::now();
    let line = line(now, level, owner, message);
    match OUTPUT.get() {
        Some(output) => output.push(&line),
        None => write_all(libc::STDOUT_FILENO, &line),
    }
    now
}

/// Writes a line without the thread, for processes that have none.
pub fn write_directly(level: Level, owner: Option<Owner<'_>>, message: &str) {
    let descriptor = OUTPUT.get().map_or(libc::STDOUT_FILENO, |output| output.descriptor);
    write_all(descriptor, &line(SystemTime::now(), level, owner, message));
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
        let idle = !waiting.writing && waiting.lines.is_empty();
        if idle && line.len() <= PIPE_BYTES && takes_at_once(self.descriptor) {
            write_all(self.descriptor, line);
        } else if waiting.lines.len() + line.len() > MOST_WAITING {
            waiting.dropped += 1;
        } else {
            waiting.lines.extend_from_slice(line);
            self.changed.notify_all();
        }
    }

    fn write_waiting(&self) {
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
            write_lines(self.descriptor, &lines);
            if dropped > 0 {
                let message =
                    format!("{dropped} lines of the log were dropped: they came faster than they were read");
                write_all(self.descriptor, &line(SystemTime::now(), Level::Error, None, &message));
            }
            // A flood's memory is not kept for ever.
            if lines.capacity() > 1024 * 1024 {
                lines = Vec::new();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a write of `PIPE_BYTES` returns without waiting for a reader.
fn takes_at_once(descriptor: RawFd) -> bool {
    let mut poll = libc::pollfd { fd: descriptor, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one valid pollfd is passed.
    unsafe { libc::poll(&raw mut poll, 1, 0) > 0 }
}

/// Writes whole lines in pieces that are not torn apart by another process's.
fn write_lines(descriptor: RawFd, mut lines: &[u8]) {
    while !lines.is_empty() {
        let piece = match lines.get(..PIPE_BYTES) {
            None => lines.len(),
            Some(start) => match memchr::memrchr(b'\n', start) {
                Some(end) => end + 1,
                None => memchr::memchr(b'\n', lines).map_or(lines.len(), |end| end + 1),
            },
        };
        write_all(descriptor, &lines[..piece]);
        lines = &lines[piece..];
    }
}

/// Writes, past this process's own interposed `write`. A log that nobody reads any more is no reason to end.
pub fn write_all(descriptor: RawFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length are those of a slice.
        let written = unsafe { libc::syscall(libc::SYS_write, descriptor, bytes.as_ptr(), bytes.len()) };
        match usize::try_from(written) {
            Ok(written) => bytes = &bytes[written..],
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(_) => return,
        }
    }
}

fn line(time: SystemTime, level: Level, owner: Option<Owner<'_>>, message: &str) -> Vec<u8> {
    let mut line = Vec::with_capacity(message.len() + 192);
    line.extend_from_slice(b"{\"time\":\"");
    line.extend_from_slice(timestamp(time).as_bytes());
    line.extend_from_slice(b"\",\"level\":\"");
    line.extend_from_slice(name(level).as_bytes());
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

pub fn name(level: Level) -> &'static str {
    match level {
        Level::Info => "info",
        Level::Error => "error",
    }
}

/// RFC 3339 in UTC with milliseconds.
pub fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = Vec::with_capacity(24);
    write!(
        text,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        since.subsec_millis()
    )
    .expect("memory takes every text");
    String::from_utf8(text).expect("digits are text")
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

#[cfg(test)]
mod tests {
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
}
