//! The log: JSON lines on standard output.
//!
//! A line is written at once where that can't block, so that it is out even if the function ends the process with its
//! next step. Where whoever reads is slower than the function, lines wait for a thread of their own.

use std::io;
use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, SystemTime};

pub use slipway::Level;
pub use slipway_http::logs::Owner;
use slipway_http::logs::{self, Backlog, Line};

/// A write of so much to a pipe is one piece, also between several processes.
pub const PIPE_BYTES: usize = libc::PIPE_BUF;

struct Output {
    descriptor: RawFd,
    backlog: Backlog,
}

static OUTPUT: OnceLock<Output> = OnceLock::new();

/// Makes `descriptor` the log and starts the thread that writes what has to wait.
pub fn start(descriptor: RawFd) {
    let output = OUTPUT.get_or_init(|| Output { descriptor, backlog: Backlog::default() });
    thread::Builder::new()
        .name(String::from("log"))
        .spawn(|| output.backlog.write(|lines| write_lines(output.descriptor, lines)))
        .expect("the system gives a thread for the log");
}

/// Writes a line, and says when that was.
pub fn write(level: Level, owner: Option<Owner<'_>>, message: &str) -> SystemTime {
    let now = SystemTime::now();
    let line = logs::line(now, named(level), owner, message);
    match OUTPUT.get() {
        Some(output) => output.push(&line),
        None => write_all(libc::STDOUT_FILENO, &line),
    }
    now
}

/// Writes a line without the thread, for processes that have none.
pub fn write_directly(level: Level, owner: Option<Owner<'_>>, message: &str) {
    let descriptor = OUTPUT.get().map_or(libc::STDOUT_FILENO, |output| output.descriptor);
    write_all(descriptor, &logs::line(SystemTime::now(), named(level), owner, message));
}

/// The line of a result envelope.
pub fn kept(time: SystemTime, level: Level, message: String) -> Line {
    Line::new(time, named(level), message)
}

/// The function's word for a level is a type of its crate, which knows nothing of servers.
fn named(level: Level) -> logs::Level {
    match level {
        Level::Info => logs::Level::Info,
        Level::Error => logs::Level::Error,
    }
}

/// Waits until everything is written, but not for longer than `limit`.
pub fn flush(limit: Duration) {
    if let Some(output) = OUTPUT.get() {
        output.backlog.flush(limit);
    }
}

impl Output {
    fn push(&self, line: &[u8]) {
        let at_once = self.backlog.when_idle(|| {
            let takes = line.len() <= PIPE_BYTES && takes_at_once(self.descriptor);
            if takes {
                write_all(self.descriptor, line);
            }
            takes
        });
        if !at_once {
            self.backlog.push(line);
        }
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
