//! What a process of the function's prints: two pipes, turned into lines.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::task::{Context, Poll};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::logs::Level;

/// A line that goes on for longer is cut.
const LINE_BYTES: usize = 4 * 1024 * 1024;
const PIECE_BYTES: usize = 64 * 1024;
/// So many pieces in a row, then it is the turn of others.
const PIECES: usize = 16;

/// The reading ends.
pub struct Output {
    pipes: [Pipe; 2],
}

/// The writing ends, for the process that prints.
pub struct Writers {
    pub out: OwnedFd,
    pub err: OwnedFd,
}

struct Pipe {
    level: Level,
    reader: AsyncFd<OwnedFd>,
    begun: RefCell<Vec<u8>>,
}

impl Output {
    pub fn new() -> io::Result<(Self, Writers)> {
        let (out, out_writer) = Pipe::new(Level::Info)?;
        let (err, err_writer) = Pipe::new(Level::Error)?;
        Ok((Self { pipes: [out, err] }, Writers { out: out_writer, err: err_writer }))
    }

    /// Whether there is something to read. If not, `context` is woken when there may be.
    pub fn poll(&self, context: &mut Context<'_>) -> bool {
        let [out, err] = &self.pipes;
        out.poll(context) | err.poll(context)
    }

    /// Passes on the lines that are there: as much as a pipe holds, since who prints on and on is not waited for.
    pub fn read(&self, line: &dyn Fn(Level, &str)) {
        for pipe in &self.pipes {
            for _ in 0..PIECES {
                match pipe.read() {
                    Ok(piece) if !piece.is_empty() => pipe.split(&piece, line),
                    _ => break,
                }
            }
        }
    }

    /// Passes on lines that have begun as if they had ended.
    pub fn finish(&self, line: &dyn Fn(Level, &str)) {
        for pipe in &self.pipes {
            pipe.finish(line);
        }
    }

    /// Passes on everything that has been printed before now, an unfinished line included.
    pub fn drain(&self, line: &dyn Fn(Level, &str)) {
        self.read(line);
        self.finish(line);
    }
}

impl Pipe {
    fn new(level: Level) -> io::Result<(Self, OwnedFd)> {
        let mut ends = [0; 2];
        // SAFETY: there is room for two descriptors, which belong to nobody else.
        let (reader, writer) = unsafe {
            if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) < 0 {
                return Err(io::Error::last_os_error());
            }
            libc::fcntl(ends[0], libc::F_SETFL, libc::O_NONBLOCK);
            (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
        };
        // SAFETY: an owned descriptor stays what it is for as long as it is registered.
        let reader = unsafe { AsyncFd::register_with_interest(reader, Interest::READABLE) }?;
        Ok((Self { level, reader, begun: RefCell::default() }, writer))
    }

    fn poll(&self, context: &mut Context<'_>) -> bool {
        while let Poll::Ready(Ok(mut ready)) = self.reader.poll_read_ready(context) {
            match self.look() {
                libc::POLLHUP => return false,
                0 => ready.clear_ready(),
                _ => return true,
            }
        }
        false
    }

    /// Asks the system, since what the event loop knows may be older.
    fn look(&self) -> i16 {
        let mut wanted = libc::pollfd { fd: self.reader.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid entry is passed, and nothing is waited for.
        unsafe { libc::poll(&raw mut wanted, 1, 0) };
        wanted.revents
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::<u8>::with_capacity(PIECE_BYTES);
        // SAFETY: there is room for so many bytes, and as many are taken as the system says it has written.
        unsafe {
            let count = libc::read(self.reader.as_raw_fd(), piece.as_mut_ptr().cast(), PIECE_BYTES);
            piece.set_len(usize::try_from(count).map_err(|_| io::Error::last_os_error())?);
        }
        Ok(piece)
    }

    fn split(&self, piece: &[u8], line: &dyn Fn(Level, &str)) {
        let mut begun = self.begun.borrow_mut();
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            begun.extend_from_slice(&rest[..end]);
            self.pass(&begun, line);
            begun.clear();
            rest = &rest[end + 1..];
        }
        begun.extend_from_slice(rest);
        if begun.len() >= LINE_BYTES {
            self.pass(&begun, line);
            *begun = Vec::new();
        }
    }

    fn finish(&self, line: &dyn Fn(Level, &str)) {
        if !self.begun.borrow().is_empty() {
            self.pass(&self.begun.take(), line);
        }
    }

    fn pass(&self, bytes: &[u8], line: &dyn Fn(Level, &str)) {
        line(self.level, &String::from_utf8_lossy(bytes.strip_suffix(b"\r").unwrap_or(bytes)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Write as _;

    #[test]
    fn lines_are_split_whatever_the_pieces() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        let _inside = runtime.enter();
        let (output, writers) = Output::new().expect("pipes");
        let (mut out, mut err) = (File::from(writers.out), File::from(writers.err));
        let lines = RefCell::new(Vec::new());
        let note = |level: Level, line: &str| lines.borrow_mut().push((level.name(), line.to_owned()));
        out.write_all(b"one\r\n\ntw").expect("room");
        err.write_all(b"bad \xff").expect("room");
        output.drain(&note);
        out.write_all(b"o\n").expect("room");
        output.drain(&note);
        let text = |level, line: &str| (level, line.to_owned());
        let wanted = [
            text("info", "one"),
            text("info", ""),
            text("info", "tw"),
            text("error", "bad \u{fffd}"),
            text("info", "o"),
        ];
        assert_eq!(lines.take(), wanted);
    }
}
