//! What a process shows of itself: that it lives, and how far it has come with what it was sent.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::frames;

pub struct Signs {
    /// When it was asked for a sign of life that has not come, and whether to ask again then.
    pinged: Cell<Option<Instant>>,
    ping_again: Cell<bool>,
    heard: Cell<Instant>,
    /// Whether it takes marks, and whether there is none yet behind what was sent last.
    marks: Cell<bool>,
    unmarked: Cell<bool>,
    /// How many pings and marks were sent, and how many of them are answered: that happens in order.
    asked: Cell<u64>,
    answered: Cell<u64>,
    /// Something it has said could not be read, so that what it has begun can't be told.
    garbled: Cell<bool>,
}

/// How often a process with something in flight is asked for a sign of life.
const PING: Duration = Duration::from_millis(100);

impl Signs {
    pub fn new(now: Instant) -> Self {
        Self {
            pinged: Cell::new(None),
            ping_again: Cell::new(false),
            heard: Cell::new(now),
            marks: Cell::new(false),
            unmarked: Cell::new(false),
            asked: Cell::new(0),
            answered: Cell::new(0),
            garbled: Cell::new(false),
        }
    }

    /// It is ready, and has said with which number.
    pub fn begin(&self, number: u32) {
        self.marks.set(number == frames::TAKES_MARKS);
    }

    /// Whether to send a ping: not where one is on its way.
    pub fn ask(&self, now: Instant) -> bool {
        let asks = self.pinged.get().is_none();
        if asks {
            self.pinged.set(Some(now));
            self.asked.set(self.asked.get() + 1);
        }
        asks
    }

    /// The same after something was cancelled: a pong that is on its way says nothing about what happened since.
    pub fn ask_anew(&self, now: Instant) -> bool {
        self.ping_again.set(self.pinged.get().is_some());
        self.ask(now)
    }

    /// Whether it is time for a ping, since nothing was heard for a while.
    pub fn is_due(&self, now: Instant) -> bool {
        self.pinged.get().is_none() && now - self.heard.get() >= PING
    }

    /// Whether to send a mark, which parts what follows from what was sent.
    pub fn mark(&self) -> bool {
        let marks = self.marks.get() && self.unmarked.take();
        if marks {
            self.asked.set(self.asked.get() + 1);
        }
        marks
    }

    /// An invocation is sent. Gives how many pings and marks are before it.
    pub fn send(&self) -> u64 {
        self.unmarked.set(true);
        self.asked.get()
    }

    /// A pong has come. Whether it says that the process lives.
    pub fn hear(&self, number: u32, now: Instant) -> bool {
        self.heard.set(now);
        self.answered.set(self.answered.get() + 1);
        let lives = number == frames::LIFE;
        if lives {
            self.pinged.set(None);
        }
        lives
    }

    /// Whether it is to be asked again.
    pub fn wants_again(&self) -> bool {
        self.ping_again.take()
    }

    /// Whether it was asked for a sign of life so long ago.
    pub fn is_silent(&self, now: Instant, limit: Duration) -> bool {
        self.pinged.get().is_some_and(|since| now - since >= limit)
    }

    pub fn garble(&self) {
        self.garbled.set(true);
    }

    /// Whether an invocation behind so many pings and marks may have begun: frames are taken in order.
    pub fn may_have_begun(&self, behind: u64) -> bool {
        self.garbled.get() || behind <= self.answered.get()
    }
}
