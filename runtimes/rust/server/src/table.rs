//! What goes on at each connection, by descriptor, in memory that the guard process shares.
//!
//! The guard reads it when the serving process is gone; the watch reads it to find connections that stall.

use std::os::fd::RawFd;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU8, AtomicU32, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use std::time::Instant;

use slipway_http::contract::INVOCATION_ID_BYTES;

/// More connections than a process of this kind has.
pub const MOST_DESCRIPTORS: usize = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// No connection.
    Free,
    /// Between requests.
    Idle,
    /// A request has begun to arrive.
    Head,
    /// Its body is awaited.
    Body,
    /// The function runs.
    Running,
    /// An answer is on its way.
    Answering,
    /// Nothing has come yet.
    Fresh,
}

/// Alone in its cache lines: its neighbours belong to other threads.
#[repr(align(128))]
pub struct Connection {
    phase: AtomicU8,
    flags: AtomicU8,
    /// When it last moved, in ticks.
    moved: AtomicU32,
    id_length: AtomicU8,
    id: [AtomicU8; INVOCATION_ID_BYTES],
}

pub const TO_HEAD: u8 = 1;
pub const IN_ENVELOPE: u8 = 2;

/// Ticks are tenths of a second; coarse, as reading the clock for every read would cost more than it is worth.
pub const TICKS_PER_SECOND: u32 = 10;
static NOW: AtomicU32 = AtomicU32::new(0);
static STARTED: OnceLock<Instant> = OnceLock::new();
static TABLE: OnceLock<&'static Table> = OnceLock::new();

struct Table {
    /// The highest descriptor that was ever a connection.
    highest: AtomicUsize,
    connections: [Connection; MOST_DESCRIPTORS],
}

/// Maps the table; before the guard is made, which inherits it. Pages that are never touched cost nothing.
pub fn create() {
    TABLE.get_or_init(|| {
        // SAFETY: a new anonymous mapping, which is zero: for atomics a valid value.
        unsafe {
            let memory = libc::mmap(
                ptr::null_mut(),
                size_of::<Table>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            );
            assert!(memory != libc::MAP_FAILED, "the system gives no memory for the table of connections");
            &*memory.cast::<Table>()
        }
    });
    STARTED.get_or_init(Instant::now);
}

pub fn connection(descriptor: RawFd) -> &'static Connection {
    let table = TABLE.get().expect("the table is made at the start");
    let index = usize::try_from(descriptor).expect("a descriptor is not negative");
    if index > table.highest.load(Relaxed) {
        table.highest.fetch_max(index, Relaxed);
    }
    &table.connections[index]
}

/// All that may be open, with their descriptors.
pub fn all() -> impl Iterator<Item = (RawFd, &'static Connection)> {
    let used = TABLE.get().map(|table| &table.connections[..=table.highest.load(Relaxed)]);
    (0..).zip(used.unwrap_or_default())
}

/// Lets the ticks go on.
pub fn tick() {
    let elapsed = STARTED.get().map_or(0, |started| started.elapsed().as_millis())
        * u128::from(TICKS_PER_SECOND)
        / 1000;
    NOW.store(u32::try_from(elapsed).unwrap_or(u32::MAX), Relaxed);
}

impl Connection {
    pub fn phase(&self) -> Phase {
        match self.phase.load(Acquire) {
            1 => Phase::Idle,
            2 => Phase::Head,
            3 => Phase::Body,
            4 => Phase::Running,
            5 => Phase::Answering,
            6 => Phase::Fresh,
            _ => Phase::Free,
        }
    }

    pub fn enter(&self, phase: Phase) {
        self.move_on();
        self.phase.store(phase as u8, Release);
    }

    /// Notes that bytes went over it.
    pub fn move_on(&self) {
        self.moved.store(NOW.load(Relaxed), Relaxed);
    }

    /// Ticks since it last moved.
    pub fn still_for(&self) -> u32 {
        NOW.load(Relaxed).saturating_sub(self.moved.load(Relaxed))
    }

    /// What the guard needs to answer in the function's place.
    pub fn describe(&self, id: &str, flags: u8) {
        for (place, byte) in self.id.iter().zip(id.bytes()) {
            place.store(byte, Relaxed);
        }
        self.id_length.store(u8::try_from(id.len().min(INVOCATION_ID_BYTES)).unwrap_or(0), Relaxed);
        self.flags.store(flags, Relaxed);
    }

    pub fn id(&self) -> String {
        let length = usize::from(self.id_length.load(Relaxed)).min(INVOCATION_ID_BYTES);
        self.id[..length].iter().map(|byte| char::from(byte.load(Relaxed))).collect()
    }

    pub fn flags(&self) -> u8 {
        self.flags.load(Relaxed)
    }
}
