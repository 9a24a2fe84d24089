//! The thread that sees to time: deadlines, stalled connections, the grace period, and that the network is looked after.
//!
//! It is the server's only clock. Invocations arm no timers: a deadline is a number in a slot that is looked at every few
//! milliseconds while anything is in flight.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use slipway::{Level, Sink};
use slipway_http::contract::STALL;
use tokio::task::AbortHandle;

use crate::guard::send_last;
use crate::invocation::{Cut, Invocation};
use crate::server::{Server, State};
use crate::signals::{self, Set};
use crate::slots::Slot;
use crate::table::{self, Phase, TICKS_PER_SECOND};
use crate::workers::Workers;
use crate::{answer, logs, native, outcome, threads};

/// While invocations are in flight.
const TICK: Duration = Duration::from_millis(2);
/// Whatever its thread does meanwhile, a function that has not given it back for so long holds it.
const HELD_ANYHOW: Duration = Duration::from_millis(100);
/// While there is nothing to do.
const SLOW_TICK: Duration = Duration::from_millis(100);
/// So many ticks without an invocation make it slow.
const TICKS_UNTIL_SLOW: u32 = 50;
/// Connections that say nothing between requests are closed at last.
const IDLE: Duration = Duration::from_secs(120);
/// Who connects to call says something sooner, with time to spare.
const FIRST_BYTES_TICKS: u32 = 3;
/// What answers get to reach their callers once everything else is over.
const LAST_BYTES: Duration = Duration::from_millis(500);
/// The log, before this process ends.
const LAST_LINES: Duration = Duration::from_secs(1);

pub struct Watch {
    server: &'static Server,
    workers: Workers,
    listener: RawFd,
    accepting: AbortHandle,
    /// What is known of each slot's poll.
    seen: Vec<Seen>,
    /// Invocations that were answered for and whose threads have not come back.
    given_up: usize,
    idle_ticks: u32,
    swept: Instant,
    drains_until: Option<Instant>,
    /// Since when there is nothing in flight any more, in a process that is about to end.
    done_since: Option<Instant>,
}

/// A poll that goes on.
#[derive(Clone, Copy)]
struct Seen {
    /// The slot's count of them.
    polls: u32,
    since: Instant,
    /// What its thread had used when it was looked at first.
    used: Option<Duration>,
    holds: bool,
}

impl Seen {
    fn new(polls: u32, since: Instant) -> Self {
        Self { polls, since, used: None, holds: false }
    }

    /// Whether the function holds its thread. One that merely waits for a processor, as threads do on a busy machine, holds
    /// nothing yet.
    fn holds(&mut self, slot: &Slot, now: Instant) -> bool {
        let polls = slot.polls();
        // Odd is inside a poll.
        if polls.is_multiple_of(2) || polls != self.polls {
            *self = Self::new(polls, now);
        } else if !self.holds {
            let thread = slot.thread();
            self.holds = now.duration_since(self.since) >= HELD_ANYHOW || threads::is_blocked(thread) || {
                let used = threads::used(thread);
                used >= *self.used.get_or_insert(used) + TICK
            };
        }
        self.holds
    }
}

impl Watch {
    pub fn new(server: &'static Server, workers: Workers, listener: RawFd, accepting: AbortHandle) -> Self {
        Self {
            listener,
            seen: vec![Seen::new(0, Instant::now()); server.slots.len()],
            server,
            workers,
            accepting,
            given_up: 0,
            idle_ticks: 0,
            swept: Instant::now(),
            drains_until: None,
            done_since: None,
        }
    }

    /// Goes on until the process ends. `signals` must be blocked in every thread.
    pub fn run(mut self, signals: Set) -> ! {
        loop {
            let slow = self.idle_ticks >= TICKS_UNTIL_SLOW && self.server.state() == State::Serving;
            self.server.sleeps(slow);
            match signals.wait(Some(if slow { SLOW_TICK } else { TICK })) {
                Some(received) if received.signal == signals::wake_up() => self.idle_ticks = 0,
                Some(_) => self.drain(),
                None => {}
            }
            table::tick();
            let now = Instant::now();
            let (in_flight, held) = self.look_at_slots(now);
            let well = self.workers.look(held, now);
            self.idle_ticks = if in_flight == 0 && well { self.idle_ticks.saturating_add(1) } else { 0 };
            self.look_at_connections();
            self.end_when_done(in_flight);
        }
    }

    fn drain(&mut self) {
        if self.drains_until.is_none() {
            self.drains_until = Some(Instant::now() + self.server.settings.grace);
            self.leave(State::Draining);
        }
    }

    /// Takes no more connections: those that wait are another process's, or nobody's.
    fn leave(&self, state: State) {
        self.server.enter(state);
        self.accepting.abort();
    }

    /// How many invocations are in flight, and how many of them hold their threads.
    fn look_at_slots(&mut self, now: Instant) -> (usize, usize) {
        let (mut in_flight, mut given_up, mut held) = (0, 0, 0);
        let server = self.server;
        let nanoseconds = server.slots.nanoseconds(now);
        let out_of_grace = self.drains_until.is_some_and(|end| now >= end);
        for (index, slot) in server.slots.iter().enumerate() {
            let deadline = slot.deadline();
            if deadline == 0 {
                continue;
            }
            in_flight += 1;
            let holds = self.seen[index].holds(slot, now);
            held += usize::from(holds);
            let why = match (deadline <= nanoseconds, out_of_grace) {
                (true, _) => Cut::Timeout,
                (_, true) => Cut::ShuttingDown,
                _ => continue,
            };
            let Some(invocation) = slot.invocation() else { continue };
            invocation.cut(why);
            if holds && invocation.claim() {
                self.answer_for(&invocation, why);
            }
            // It stays in its slot until its thread returns, if ever.
            given_up += usize::from(invocation.is_given_up());
        }
        self.given_up = given_up;
        (in_flight - given_up, held)
    }

    /// Answers for a function that doesn't yield. Its thread can't be stopped: this process has to go.
    fn answer_for(&mut self, invocation: &Arc<Invocation>, why: Cut) {
        let what = match why {
            Cut::Timeout => "its timeout ran out and it does not yield: its process is replaced",
            Cut::ShuttingDown => "the server ended before it did",
        };
        invocation.write(Level::Error, String::from(what));
        let (outgoing, to_head) = outcome::cut_answer(invocation, why);
        send_last(invocation.descriptor, &answer::message(&outgoing, to_head));
        table::connection(invocation.descriptor).enter(Phase::Answering);
        invocation.give_up();
        if self.server.state() == State::Serving {
            self.leave(State::Retiring);
            signals::send(self.server.supervisor, signals::retiring());
        }
    }

    /// Closes what stalls, once a second; in a process that is about to end, also what only waits, at once.
    fn look_at_connections(&mut self) {
        let ending = self.server.state() != State::Serving;
        if !ending && self.swept.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.swept = Instant::now();
        native::restore();
        if !ending && !native::is_open(self.listener) {
            // A function has closed what is not its own. A process that listens takes this one's place.
            logs::write_directly(Level::Error, None, "the function closed the server's socket");
            std::process::abort();
        }
        for (descriptor, connection) in table::all() {
            let still = Duration::from_secs(u64::from(connection.still_for() / TICKS_PER_SECOND));
            match connection.phase() {
                Phase::Head | Phase::Body if still >= STALL => shut(descriptor, libc::SHUT_RDWR),
                Phase::Fresh | Phase::Idle | Phase::Answering if still >= IDLE => {
                    shut(descriptor, libc::SHUT_RDWR);
                }
                // hyper takes this for the client's farewell, after whatever had come before.
                Phase::Idle if ending => shut(descriptor, libc::SHUT_RD),
                // It was taken, and its request may be on its way.
                Phase::Fresh if ending && connection.still_for() >= FIRST_BYTES_TICKS => {
                    shut(descriptor, libc::SHUT_RD);
                }
                _ => {}
            }
        }
    }

    fn end_when_done(&mut self, in_flight: usize) {
        if self.server.state() == State::Serving || in_flight > 0 {
            self.done_since = None;
            return;
        }
        let since = *self.done_since.get_or_insert_with(Instant::now);
        // An answer may be on its way to a slow client.
        let sending = self.drains_until.is_some_and(|end| Instant::now() < end)
            && table::all().any(|(_, connection)| connection.phase() == Phase::Answering);
        if self.server.connections() <= self.given_up || (since.elapsed() >= LAST_BYTES && !sending) {
            logs::flush(LAST_LINES);
            // SAFETY: ends the process with all its threads, whatever they do.
            unsafe { libc::_exit(0) }
        }
    }
}

fn shut(descriptor: RawFd, how: i32) {
    // SAFETY: a plain system call. Had the descriptor been closed since, it would be another connection's only if that had
    // come in the same moment.
    unsafe { libc::shutdown(descriptor, how) };
}
