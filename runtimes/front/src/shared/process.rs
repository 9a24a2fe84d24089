//! One process of the function's as the server sees it: its socket, what it prints, and what it has in flight.

mod listening;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use slipway_http::contract::Code;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::door::Door;
use super::interrupt;
use super::outgoing::Outgoing;
use super::signs::Signs;
use crate::frames;
use crate::function::{Function, Interrupt, Socket, Yields};
use crate::incoming::Incoming;
use crate::invocation::{Invocation, Recent};
use crate::job::{Ended, Job};
use crate::output::Output;
use crate::process;

pub struct Process {
    id: i32,
    yields: Yields,
    started: Instant,
    state: Cell<State>,
    output: Output,
    exit: AsyncFd<OwnedFd>,
    /// Where it connects to, until it has.
    door: RefCell<Option<Door>>,
    stream: RefCell<Option<AsyncFd<UnixStream>>>,
    /// There is more to read than was read last.
    has_more: Cell<bool>,
    incoming: RefCell<Incoming>,
    outgoing: RefCell<Outgoing>,
    in_flight: RefCell<HashMap<u32, Flying>>,
    /// Answered 504, and not known to have ended.
    cancelled: RefCell<HashMap<u32, Cancelled>>,
    signs: Signs,
    /// How it can be interrupted, where an inspector would listen then, and when it was.
    interrupt: Interrupt,
    port: u16,
    interrupted: Cell<Option<Instant>>,
    /// When it said something.
    spoken: Cell<Instant>,
    /// Whose lines may come late.
    recent: RefCell<Recent>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Loading,
    Ready,
    Failed,
    /// It takes nothing new.
    Retired,
}

/// What the pool hears of it.
pub enum Event {
    Loaded,
    NotLoaded(String),
    /// It takes invocations again.
    Takes,
}

struct Flying {
    job: Job,
    /// How many pings and marks were sent before it: it has certainly not begun while one of them is not answered.
    behind: u64,
}

struct Cancelled {
    invocation: Rc<Invocation>,
    since: Instant,
}

/// So many invocations are worth a write: more would save little, and keep the other side waiting.
const BATCH: usize = 8;
const READ_BYTES: usize = 64 * 1024;
const MOST_RECENT: usize = 512;
/// After so long without a sign that it yields, a process hangs.
const PATIENCE: Duration = Duration::from_millis(250);

impl Process {
    pub fn start(function: &Function) -> io::Result<Self> {
        let port = if function.interrupt == Interrupt::Inspector { interrupt::free_port()? } else { 0 };
        let (door, stream, id, output) = match function.socket {
            Socket::Inherited => {
                let (ours, theirs) = process::pair()?;
                let (id, output) = process::start(function, Some(&theirs), Path::new(""), port)?;
                (None, Some(readable(ours)?), id, output)
            }
            Socket::Path => {
                let (door, path) = Door::open()?;
                let (id, output) = process::start(function, None, &path, port)?;
                (Some(door), None, id, output)
            }
        };
        let now = Instant::now();
        Ok(Self {
            id,
            yields: function.yields,
            started: now,
            state: Cell::new(State::Loading),
            output,
            exit: process::exit_of(id)?,
            door: RefCell::new(door),
            stream: RefCell::new(stream),
            has_more: Cell::new(false),
            incoming: RefCell::new(Incoming::new(READ_BYTES)),
            outgoing: RefCell::default(),
            in_flight: RefCell::default(),
            cancelled: RefCell::default(),
            signs: Signs::new(now),
            interrupt: function.interrupt,
            port,
            interrupted: Cell::new(None),
            spoken: Cell::new(now),
            recent: RefCell::new(Recent::new(MOST_RECENT)),
            waker: RefCell::default(),
        })
    }

    pub fn state(&self) -> State {
        self.state.get()
    }

    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// How many it has in flight.
    pub fn load(&self) -> usize {
        self.in_flight.borrow().len()
    }

    /// Whether there is nothing to look after.
    pub fn is_idle(&self) -> bool {
        self.load() == 0 && self.cancelled.borrow().is_empty()
    }

    /// Whether an invocation may begin here: not while it is open whether one that is overdue yields.
    pub fn takes(&self) -> bool {
        self.state.get() == State::Ready && self.cancelled.borrow().is_empty()
    }

    /// Sends it an invocation, with all others of this turn of the event loop.
    pub fn give(&self, job: Job) {
        let mut outgoing = self.outgoing.borrow_mut();
        if outgoing.frames == 0 && self.load() > 0 {
            self.mark(&mut outgoing);
        }
        outgoing.gathered.extend_from_slice(&job.packet);
        outgoing.frames += 1;
        if !job.body.is_empty() {
            outgoing.close();
            outgoing.pieces.push_back(job.body.clone());
        }
        self.in_flight.borrow_mut().insert(job.number, Flying { job, behind: self.signs.send() });
        if outgoing.frames >= BATCH {
            self.write(&mut outgoing);
        } else {
            self.wake();
        }
    }

    /// Takes everything from it that is in flight.
    pub fn take_all(&self) -> Vec<Job> {
        self.in_flight.borrow_mut().drain().map(|(_, flying)| flying.job).collect()
    }

    /// Takes what it has certainly not begun, in order. While it lives, it may still begin that.
    pub fn take_not_begun(&self) -> Vec<Job> {
        let mut in_flight = self.in_flight.borrow_mut();
        let not_begun = in_flight.extract_if(|_, flying| !self.signs.may_have_begun(flying.behind));
        let mut jobs: Vec<Job> = not_begun.map(|(_, flying)| flying.job).collect();
        jobs.sort_unstable_by_key(|job| job.number);
        jobs
    }

    /// Answers what is overdue, has it abandoned, and asks for a sign of life.
    pub fn end_overdue(&self, now: Instant) {
        let mut in_flight = self.in_flight.borrow_mut();
        let overdue: Vec<u32> = in_flight
            .iter()
            .filter(|(_, flying)| flying.job.deadline <= now)
            .map(|(number, _)| *number)
            .collect();
        for number in &overdue {
            let Some(Flying { job, .. }) = in_flight.remove(number) else { continue };
            let invocation = Rc::clone(&job.invocation);
            self.cancelled.borrow_mut().insert(*number, Cancelled { invocation, since: now });
            self.send(&frames::cancel(*number));
            job.end(Ended::Cut(Code::Timeout));
        }
        if self.state.get() == State::Loading {
            return;
        }
        let asks = if overdue.is_empty() {
            !in_flight.is_empty() && self.signs.is_due(now) && self.signs.ask(now)
        } else {
            self.signs.ask_anew(now)
        };
        if asks {
            self.send(&frames::PING);
        }
    }

    /// The invocation that was cancelled and shows that the process does not yield.
    pub fn hangs(&self, now: Instant) -> Option<Rc<Invocation>> {
        if self.state.get() != State::Ready {
            return None;
        }
        let cancelled = self.cancelled.borrow();
        let hung = cancelled.values().find(|one| now - one.since >= PATIENCE)?;
        Some(Rc::clone(&hung.invocation))
    }

    /// Nothing new is given to it.
    pub fn retire(&self) {
        self.state.set(State::Retired);
        let cancelled: Vec<_> = self.cancelled.borrow_mut().drain().collect();
        cancelled.into_iter().for_each(|(number, one)| self.remember(number, one.invocation));
        self.ping();
    }

    /// Whether it was asked for a sign of life so long ago. Where threads share a processor, the one that answers may have to wait,
    /// while others show that they live.
    pub fn is_silent(&self, now: Instant, limit: Duration) -> bool {
        let speaks = self.yields == Yields::End && now - self.spoken.get() < limit;
        self.signs.is_silent(now, limit) && !speaks
    }

    pub fn kill(&self) {
        process::kill(self.id);
    }

    /// Takes its thread from what holds it. False where that can't be done, or has not helped.
    pub fn interrupt(&self, now: Instant) -> bool {
        if let Some(since) = self.interrupted.get() {
            return now - since < interrupt::LIMIT;
        }
        self.interrupted.set(Some(now));
        interrupt::interrupt(self.id, self.interrupt, self.port);
        self.interrupt != Interrupt::None
    }

    fn ping(&self) {
        if self.signs.ask(Instant::now()) {
            self.send(&frames::PING);
        }
    }

    /// Parts what follows from what was sent.
    fn mark(&self, outgoing: &mut Outgoing) {
        if self.signs.mark() {
            outgoing.gathered.extend_from_slice(&frames::MARK);
        }
    }

    fn send(&self, frame: &[u8]) {
        self.outgoing.borrow_mut().gathered.extend_from_slice(frame);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Writes what it can; whether something is left.
    fn write(&self, outgoing: &mut Outgoing) -> bool {
        // One that is alone may well end before there is another.
        if self.load() > 1 {
            self.mark(outgoing);
        }
        match &*self.stream.borrow() {
            Some(stream) => outgoing.write(stream.get_ref(), || self.wake()),
            None => false,
        }
    }

    fn remember(&self, number: u32, invocation: Rc<Invocation>) {
        self.recent.borrow_mut().add(number, invocation);
    }
}

fn readable(stream: UnixStream) -> io::Result<AsyncFd<UnixStream>> {
    // SAFETY: a socket stays what it is for as long as it is registered.
    Ok(unsafe { AsyncFd::register_with_interest(stream, Interest::READABLE) }?)
}
