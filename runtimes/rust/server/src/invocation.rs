//! One run of the function: its identity, its log, and who may end it.

use std::cell::Cell;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Instant;

use slipway::{Level, Sink};
use slipway_http::logs::{Kept, Line};

use crate::logs::{self, Owner};

pub struct Invocation {
    pub id: String,
    pub trace: Option<String>,
    pub descriptor: RawFd,
    /// Those of the table: what kind of answer is wanted.
    pub flags: u8,
    pub started: Instant,
    /// Where it is in flight.
    pub slot: u32,
    kept: Option<Mutex<Kept>>,
    answered: AtomicBool,
    given_up: AtomicBool,
    ending: AtomicU8,
    waker: Mutex<Option<Waker>>,
    panic: Mutex<Option<String>>,
    printed: AtomicBool,
    drained: AtomicBool,
}

/// Why an invocation is ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Timeout,
    ShuttingDown,
}

thread_local! {
    /// The invocation that this thread polls right now. A plain pointer: it is read in signal handlers too.
    static CURRENT: Cell<*const Invocation> = const { Cell::new(ptr::null()) };
}

/// What the invocation that this thread polls makes of `look`.
pub fn with_current<T>(look: impl FnOnce(&Invocation) -> T) -> Option<T> {
    let current = CURRENT.try_with(Cell::get).unwrap_or(ptr::null());
    // SAFETY: it is set only while a poll holds the invocation.
    unsafe { current.as_ref() }.map(look)
}

/// Runs function code on behalf of an invocation.
pub fn as_current<T>(invocation: &Invocation, step: impl FnOnce() -> T) -> T {
    let before = CURRENT.replace(invocation);
    let result = step();
    CURRENT.set(before);
    result
}

impl Invocation {
    pub fn new(
        id: String,
        trace: Option<String>,
        descriptor: RawFd,
        flags: u8,
        keeps_lines: bool,
        slot: u32,
    ) -> Self {
        Self {
            id,
            trace,
            descriptor,
            flags,
            started: Instant::now(),
            slot,
            kept: keeps_lines.then(Mutex::default),
            answered: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            ending: AtomicU8::new(0),
            waker: Mutex::new(None),
            panic: Mutex::new(None),
            printed: AtomicBool::new(false),
            drained: AtomicBool::new(false),
        }
    }

    fn owner(&self) -> Owner<'_> {
        Owner { invocation: &self.id, trace: self.trace.as_deref() }
    }

    /// Takes the right to answer; only one gets it.
    pub fn claim(&self) -> bool {
        !self.answered.swap(true, SeqCst)
    }

    /// Notes that its thread is not waited for any more.
    pub fn give_up(&self) {
        self.given_up.store(true, Relaxed);
    }

    pub fn is_given_up(&self) -> bool {
        self.given_up.load(Relaxed)
    }

    /// Has the invocation end as soon as its function yields.
    pub fn cut(&self, why: Cut) {
        let code = match why {
            Cut::Timeout => 1,
            Cut::ShuttingDown => 2,
        };
        if self.ending.compare_exchange(0, code, SeqCst, SeqCst).is_ok() {
            self.wake();
        }
    }

    pub fn cut_by(&self) -> Option<Cut> {
        match self.ending.load(SeqCst) {
            1 => Some(Cut::Timeout),
            2 => Some(Cut::ShuttingDown),
            _ => None,
        }
    }

    /// The lines so far, and whether there were more.
    pub fn lines(&self) -> (Vec<Line>, bool) {
        self.kept.as_ref().map(|kept| lock(kept).take()).unwrap_or_default()
    }

    pub fn note_panic(&self, message: String) {
        *lock(&self.panic) = Some(message);
    }

    pub fn panic_message(&self) -> Option<String> {
        lock(&self.panic).take()
    }

    /// Notes that there is native output on its way to the log.
    pub fn note_print(&self) {
        self.printed.store(true, Relaxed);
    }

    pub fn has_printed(&self) -> bool {
        self.printed.load(Relaxed)
    }

    /// Says that all native output is in the log.
    pub fn note_drained(&self) {
        self.drained.store(true, SeqCst);
        self.wake();
    }

    pub fn is_drained(&self) -> bool {
        self.drained.load(SeqCst)
    }

    fn wake(&self) {
        if let Some(waker) = lock(&self.waker).as_ref() {
            waker.wake_by_ref();
        }
    }

    /// Has `cut` and `note_drained` wake the task that polls.
    pub fn wakes(&self, context: &Context<'_>) {
        let mut waker = lock(&self.waker);
        match &*waker {
            Some(present) if present.will_wake(context.waker()) => {}
            _ => *waker = Some(context.waker().clone()),
        }
    }
}

impl Sink for Invocation {
    fn write(&self, level: Level, message: String) {
        let time = logs::write(level, Some(self.owner()), &message);
        let Some(kept) = &self.kept else { return };
        lock(kept).keep(logs::kept(time, level, message));
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_may_answer() {
        let invocation = Invocation::new(String::from("id"), None, 0, 0, true, 0);
        assert!(invocation.claim());
        assert!(!invocation.claim());
    }
}
