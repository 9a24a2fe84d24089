//! What reaches standard output and error past `req.log`, turned into lines of the log.
//!
//! Rust's own print macros end in `write`, which this module defines in libc's place: on a thread that polls an invocation
//! the bytes go, with its slot before them, into a pipe of this process, so that each line is its invocation's however
//! many run at once. Everything else (C code, child processes, tasks of the function's own) reaches the descriptors 1 and
//! 2, which are pipes too; such lines belong to the one invocation in flight, or to none. A pipe needs neither memory nor
//! locks, as it is written to in signal handlers as well. Nothing leaves a pipe before it is in the log, so that it outlives
//! this process, which may end at any time: the guard reads what is left.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use slipway::{Level, Sink};
use tokio::net::TcpStream;

use crate::invocation::{Invocation, with_current};
use crate::logs::{self, Owner, PIPE_BYTES};
use crate::slots::Slots;
use crate::table;

/// Room for a burst.
const PIPE_ROOM: c_int = 1024 * 1024;
/// A line that goes on for longer is cut.
const LINE_BYTES: usize = 4 * 1024 * 1024;
const HEADER_BYTES: usize = 12;
const READ_BYTES: usize = 64 * 1024;

/// So long what is printed waits for more, and for the end of its invocation. A process that ends does so right after it has
/// said why: to be half-way through that would have the guard repeat it.
const PAUSE: Duration = Duration::from_millis(1);

static TAGGED: AtomicI32 = AtomicI32::new(-1);
/// Copies of standard input, output and error.
static KEPT: [AtomicI32; 3] = [const { AtomicI32::new(-1) }; 3];
/// The thread that reads what is tagged.
static READER: OnceLock<Thread> = OnceLock::new();

/// The reading ends.
#[derive(Clone, Copy)]
pub struct Pipes {
    tagged: RawFd,
    out: RawFd,
    err: RawFd,
}

/// Puts pipes in the place of standard output and error.
pub fn redirect() -> io::Result<Pipes> {
    let (tagged, writer) = roomy_pipe()?;
    TAGGED.store(writer, Relaxed);
    let pipes = Pipes { tagged, out: replace(libc::STDOUT_FILENO)?, err: replace(libc::STDERR_FILENO)? };
    for (descriptor, kept) in (0..).zip(&KEPT) {
        kept.store(duplicate(descriptor, KEPT.len(), libc::F_DUPFD_CLOEXEC)?, Relaxed);
    }
    Ok(pipes)
}

/// Opens standard input, output and error again where they are closed. A function may do that, and what is opened next gets
/// their numbers: were that a caller's connection, whatever is printed would go there.
pub fn restore() {
    for (descriptor, kept) in (0..).zip(&KEPT) {
        if is_open(descriptor) {
            continue;
        }
        // Not dup3: the number may have been taken meanwhile.
        match duplicate(kept.load(Relaxed), descriptor as usize, libc::F_DUPFD) {
            Ok(other) if other != descriptor => {
                // SAFETY: a plain system call on a descriptor of this function.
                unsafe { libc::close(other) };
            }
            _ => {}
        }
    }
}

/// The same connection in no standard stream's place.
pub fn above_standard(stream: TcpStream) -> io::Result<TcpStream> {
    if stream.as_raw_fd() as usize >= KEPT.len() {
        return Ok(stream);
    }
    let stream = stream.into_std()?;
    let moved = duplicate(stream.as_raw_fd(), KEPT.len(), libc::F_DUPFD_CLOEXEC)?;
    drop(stream);
    restore();
    // SAFETY: it is this function's own.
    TcpStream::from_std(unsafe { std::net::TcpStream::from_raw_fd(moved) })
}

pub fn is_open(descriptor: RawFd) -> bool {
    // SAFETY: a plain system call.
    unsafe { libc::fcntl(descriptor, libc::F_GETFD) >= 0 }
}

/// A copy whose number is `from` at least.
fn duplicate(descriptor: RawFd, from: usize, how: c_int) -> io::Result<RawFd> {
    // SAFETY: a plain system call.
    match unsafe { libc::fcntl(descriptor, how, from as c_int) } {
        copy if copy >= 0 => Ok(copy),
        _ => Err(io::Error::last_os_error()),
    }
}

fn replace(descriptor: RawFd) -> io::Result<RawFd> {
    let (reader, writer) = roomy_pipe()?;
    // SAFETY: plain system calls on descriptors of this function.
    unsafe {
        if libc::dup2(writer, descriptor) < 0 {
            return Err(io::Error::last_os_error());
        }
        libc::close(writer);
    }
    Ok(reader)
}

fn roomy_pipe() -> io::Result<(RawFd, RawFd)> {
    let (reader, writer) = pipe()?;
    // SAFETY: a plain system call; the size of a pipe is only a wish.
    unsafe { libc::fcntl(writer, libc::F_SETPIPE_SZ, PIPE_ROOM) };
    Ok((reader, writer))
}

fn pipe() -> io::Result<(RawFd, RawFd)> {
    let mut ends = [0; 2];
    // SAFETY: there is room for two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((ends[0], ends[1]))
}

/// Takes libc's place for every Rust crate in this program.
///
/// # Safety
/// As for write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(descriptor: c_int, bytes: *const c_void, count: usize) -> isize {
    if (descriptor == libc::STDOUT_FILENO || descriptor == libc::STDERR_FILENO) && count > 0 {
        let level = if descriptor == libc::STDOUT_FILENO { Level::Info } else { Level::Error };
        // SAFETY: the caller's bytes.
        let text = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), count) };
        let taken = with_current(|invocation| {
            invocation.note_print();
            tag(invocation, level, text);
        });
        if taken.is_some() {
            return count as isize;
        }
    }
    // SAFETY: what the caller asked for. A long is as wide as a pointer.
    unsafe { libc::syscall(libc::SYS_write, descriptor, bytes, count) as isize }
}

/// Has the reader say, by `note_drained`, when it has come to here.
pub fn drain(invocation: &Invocation) {
    record(invocation, Level::Info, &[]);
    if let Some(reader) = READER.get() {
        reader.unpark();
    }
}

fn tag(invocation: &Invocation, level: Level, text: &[u8]) {
    for piece in text.chunks(PIPE_BYTES - HEADER_BYTES) {
        record(invocation, level, piece);
    }
}

/// One write of a header and a piece, short enough not to be torn apart by another thread's.
fn record(invocation: &Invocation, level: Level, piece: &[u8]) {
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&invocation.slot.to_ne_bytes());
    header[4..8].copy_from_slice(&invocation.descriptor.to_ne_bytes());
    header[8..10].copy_from_slice(&(piece.len() as u16).to_ne_bytes());
    header[10] = u8::from(level == Level::Error);
    let parts = [
        libc::iovec { iov_base: header.as_mut_ptr().cast(), iov_len: HEADER_BYTES },
        libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() },
    ];
    loop {
        // SAFETY: both parts are valid for their lengths.
        let written = unsafe { libc::writev(TAGGED.load(Relaxed), parts.as_ptr(), 2) };
        if written >= 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

/// A record as it is read.
struct Record<'a> {
    slot: u32,
    descriptor: RawFd,
    level: Level,
    piece: &'a [u8],
}

/// Takes a record off the front of `bytes`, where a whole one is there.
fn take_record<'a>(bytes: &mut &'a [u8]) -> Option<Record<'a>> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let word = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
    let (piece, rest) = rest.split_at_checked(usize::from(u16::from_ne_bytes([header[8], header[9]])))?;
    *bytes = rest;
    Some(Record {
        slot: u32::from_ne_bytes(word(0)),
        descriptor: RawFd::from_ne_bytes(word(4)),
        level: if header[10] == 1 { Level::Error } else { Level::Info },
        piece,
    })
}

/// Collects bytes until there is a line.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn push(&mut self, mut bytes: &[u8], mut emit: impl FnMut(&str)) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.0.extend_from_slice(&bytes[..end]);
            self.end(&mut emit);
            bytes = &bytes[end + 1..];
        }
        self.0.extend_from_slice(bytes);
        if self.0.len() > LINE_BYTES {
            self.end(&mut emit);
        }
    }

    fn end(&mut self, emit: &mut impl FnMut(&str)) {
        emit(&String::from_utf8_lossy(self.0.strip_suffix(b"\r").unwrap_or(&self.0)));
        self.0.clear();
    }

    fn rest(mut self, mut emit: impl FnMut(&str)) {
        if !self.0.is_empty() {
            self.end(&mut emit);
        }
    }
}

/// Starts the thread that reads the pipes.
pub fn start(pipes: Pipes, slots: &'static Slots) {
    let spawn = |name: &str, reading: Box<dyn FnOnce() + Send>| {
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(reading)
            .expect("the system gives a thread for native output");
    };
    spawn("prints", Box::new(move || read_tagged(pipes.tagged, slots)));
    spawn("stdout", Box::new(move || read_plain(pipes.out, Level::Info, slots)));
    spawn("stderr", Box::new(move || read_plain(pipes.err, Level::Error, slots)));
}

fn read_tagged(descriptor: RawFd, slots: &'static Slots) {
    READER.get_or_init(thread::current);
    let mut collected: HashMap<(u32, bool), (Arc<Invocation>, Lines)> = HashMap::new();
    let mut copy = Copy::new();
    loop {
        await_bytes(descriptor);
        thread::park_timeout(PAUSE);
        let Some(bytes) = copy.look(descriptor) else { return };
        let mut rest = bytes;
        while let Some(record) = take_record(&mut rest) {
            log_record(&record, &mut collected, slots);
            discard(descriptor, HEADER_BYTES + record.piece.len());
        }
    }
}

fn log_record(
    record: &Record<'_>,
    collected: &mut HashMap<(u32, bool), (Arc<Invocation>, Lines)>,
    slots: &'static Slots,
) {
    if record.piece.is_empty() {
        for error in [false, true] {
            if let Some((invocation, lines)) = collected.remove(&(record.slot, error)) {
                lines.rest(|line| invocation.write(level(error), line.to_owned()));
            }
        }
        if let Some(invocation) = slots.invocation(record.slot) {
            invocation.note_drained();
        }
        return;
    }
    let key = (record.slot, record.level == Level::Error);
    let known = collected.remove(&key).or_else(|| Some((slots.invocation(record.slot)?, Lines::default())));
    let Some((invocation, mut lines)) = known else { return };
    lines.push(record.piece, |line| invocation.write(record.level, line.to_owned()));
    collected.insert(key, (invocation, lines));
}

fn level(error: bool) -> Level {
    if error { Level::Error } else { Level::Info }
}

fn read_plain(descriptor: RawFd, level: Level, slots: &'static Slots) {
    let mut lines = Lines::default();
    let mut copy = Copy::new();
    while let Some(bytes) = copy.look(descriptor) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            lines.push(piece, |line| match slots.only() {
                Some(invocation) => invocation.write(level, line.to_owned()),
                None => drop(logs::write(level, None, line)),
            });
            discard(descriptor, piece.len());
        }
    }
}

/// Looks into a pipe and leaves what is there.
struct Copy {
    /// A pipe that the bytes are copied to.
    reader: RawFd,
    writer: RawFd,
    bytes: Vec<u8>,
}

impl Copy {
    fn new() -> Self {
        let (reader, writer) = pipe().expect("the system gives a pipe");
        Self { reader, writer, bytes: Vec::new() }
    }

    /// Waits for bytes; None at the end.
    fn look(&mut self, descriptor: RawFd) -> Option<&[u8]> {
        loop {
            // SAFETY: a plain system call.
            let count = unsafe { libc::tee(descriptor, self.writer, READ_BYTES, 0) };
            if count > 0 {
                self.bytes.clear();
                return read(self.reader, &mut self.bytes).then_some(&self.bytes);
            }
            if count == 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return None;
            }
        }
    }
}

/// Takes bytes that were looked at out of their pipe.
fn discard(descriptor: RawFd, mut count: usize) {
    let mut bytes = [0; PIPE_BYTES];
    while count > 0 {
        // SAFETY: the room is as long as is said.
        let taken = unsafe { libc::read(descriptor, bytes.as_mut_ptr().cast(), count.min(bytes.len())) };
        match usize::try_from(taken) {
            Ok(taken @ 1..) => count -= taken,
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

fn await_bytes(descriptor: RawFd) {
    let mut poll = libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid pollfd is passed.
    unsafe { libc::poll(&raw mut poll, 1, -1) };
}

/// Adds what is there to `bytes`, waiting for it; false at the end.
fn read(descriptor: RawFd, bytes: &mut Vec<u8>) -> bool {
    bytes.reserve(READ_BYTES);
    let room = bytes.spare_capacity_mut();
    loop {
        // SAFETY: the room is as long as is said.
        let count = unsafe { libc::read(descriptor, room.as_mut_ptr().cast(), room.len()) };
        if let Ok(count) = usize::try_from(count) {
            // SAFETY: so many were written.
            unsafe { bytes.set_len(bytes.len() + count) };
            return count > 0;
        }
        if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return false;
        }
    }
}

/// Writes what the pipes still hold after the process that read them has ended.
pub fn write_rest(pipes: Pipes) {
    for descriptor in [pipes.tagged, pipes.out, pipes.err] {
        // SAFETY: plain system calls on descriptors of this process.
        unsafe { libc::fcntl(descriptor, libc::F_SETFL, libc::O_NONBLOCK) };
    }
    let all = |descriptor| {
        let mut bytes = Vec::new();
        while read(descriptor, &mut bytes) {}
        bytes
    };
    let tagged = all(pipes.tagged);
    let mut rest = &tagged[..];
    let mut collected: HashMap<(RawFd, bool), Lines> = HashMap::new();
    let emit = |descriptor, error| {
        move |line: &str| {
            let id = table::connection(descriptor).id();
            logs::write_directly(level(error), Some(Owner { invocation: &id, trace: None }), line);
        }
    };
    while let Some(record) = take_record(&mut rest) {
        let error = record.level == Level::Error;
        let lines = collected.entry((record.descriptor, error)).or_default();
        lines.push(record.piece, emit(record.descriptor, error));
    }
    for ((descriptor, error), lines) in collected {
        lines.rest(emit(descriptor, error));
    }
    for (descriptor, level) in [(pipes.out, Level::Info), (pipes.err, Level::Error)] {
        let mut lines = Lines::default();
        let emit = |line: &str| logs::write_directly(level, None, line);
        lines.push(&all(descriptor), emit);
        lines.rest(emit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_whatever_they_are_cut_into() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for piece in [&b"on"[..], b"e\r\ntw", b"o\n\nb\xff\n", b"rest"] {
            lines.push(piece, |line| seen.push(line.to_owned()));
        }
        lines.rest(|line| seen.push(line.to_owned()));
        assert_eq!(seen, ["one", "two", "", "b\u{fffd}", "rest"]);
    }

    #[test]
    fn a_record_is_taken_only_when_it_is_whole() {
        let mut bytes = [0; HEADER_BYTES + 2];
        bytes[..4].copy_from_slice(&7_u32.to_ne_bytes());
        bytes[8..10].copy_from_slice(&2_u16.to_ne_bytes());
        bytes[10] = 1;
        bytes[12..].copy_from_slice(b"hi");
        assert!(take_record(&mut &bytes[..5]).is_none());
        assert!(take_record(&mut &bytes[..13]).is_none());
        let mut rest = &bytes[..];
        let record = take_record(&mut rest).expect("it is whole");
        assert_eq!((record.slot, record.level, record.piece), (7, Level::Error, &b"hi"[..]));
        assert!(rest.is_empty());
    }

    #[test]
    fn what_is_looked_at_stays_in_its_pipe() {
        let (reader, writer) = pipe().expect("there is a pipe");
        logs::write_all(writer, b"one\ntwo\n");
        let mut copy = Copy::new();
        assert_eq!(copy.look(reader), Some(&b"one\ntwo\n"[..]));
        discard(reader, 4);
        assert_eq!(copy.look(reader), Some(&b"two\n"[..]));
        discard(reader, 4);
        // SAFETY: a plain system call on a descriptor of this test.
        unsafe { libc::close(writer) };
        assert_eq!(copy.look(reader), None);
    }

    #[test]
    fn a_connection_leaves_a_standard_streams_place() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        let listening = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let client = std::net::TcpStream::connect(listening.local_addr().expect("it has one"))
            .expect("somebody listens");
        client.set_nonblocking(true).expect("sockets can be that");
        // SAFETY: no test reads standard input.
        let stream = unsafe {
            assert_eq!(libc::dup2(client.as_raw_fd(), libc::STDIN_FILENO), libc::STDIN_FILENO);
            std::net::TcpStream::from_raw_fd(libc::STDIN_FILENO)
        };
        let moved =
            runtime.block_on(async { above_standard(TcpStream::from_std(stream)?) }).expect("it is moved");
        assert!(moved.as_raw_fd() > libc::STDERR_FILENO);
    }
}
