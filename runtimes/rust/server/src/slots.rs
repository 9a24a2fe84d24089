//! The invocations in flight, each in a slot of its own: what the watch looks at.

use std::cell::Cell;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::invocation::{Invocation, lock};
use crate::threads::{self, Thread};

pub struct Slots {
    slots: Box<[Slot]>,
    born: Instant,
}

/// Alone in its cache lines: its neighbours belong to other threads.
#[derive(Default)]
#[repr(align(128))]
pub struct Slot {
    taken: AtomicBool,
    /// Odd while a poll is going on.
    polls: AtomicU32,
    thread: AtomicI32,
    /// Nanoseconds after `born`; 0 while there is none.
    deadline: AtomicU64,
    invocation: Mutex<Option<Arc<Invocation>>>,
}

/// A slot that is given back when this is dropped.
pub struct Taken {
    slots: &'static Slots,
    pub index: u32,
}

/// Where the next thread begins to look, so that no two look at the same slots.
static NEXT_START: AtomicUsize = AtomicUsize::new(0);
const STRIDE: usize = 7;

thread_local! {
    /// Where this thread found a free slot the last time.
    static START: Cell<usize> = Cell::new(NEXT_START.fetch_add(STRIDE, Relaxed));
}

impl Slots {
    pub fn new(count: usize) -> Self {
        Self { slots: (0..count).map(|_| Slot::default()).collect(), born: Instant::now() }
    }

    /// A free slot, unless all are taken. There is no list or counter that threads would have to share.
    pub fn take(&'static self) -> Option<Taken> {
        let count = self.slots.len();
        let start = START.get() % count;
        let found = (start..count).chain(0..start).find(|index| self.slots[*index].try_take())?;
        START.set(found);
        Some(Taken { slots: self, index: u32::try_from(found).ok()? })
    }

    pub fn are_full(&self) -> bool {
        let start = START.get() % self.slots.len();
        let (before, after) = self.slots.split_at(start);
        after.iter().chain(before).all(Slot::is_taken)
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    pub fn nanoseconds(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.born);
        since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
    }

    pub fn invocation(&self, index: u32) -> Option<Arc<Invocation>> {
        self.slots.get(index as usize).and_then(Slot::invocation)
    }

    /// The invocation in flight, where it is the only one.
    pub fn only(&self) -> Option<Arc<Invocation>> {
        let mut taken = self.slots.iter().filter(|slot| slot.is_taken());
        match (taken.next(), taken.next()) {
            (Some(only), None) => only.invocation(),
            _ => None,
        }
    }
}

impl Slot {
    fn try_take(&self) -> bool {
        !self.is_taken() && !self.taken.swap(true, AcqRel)
    }

    fn is_taken(&self) -> bool {
        self.taken.load(Relaxed)
    }

    /// Called as this thread begins to poll.
    pub fn begin_poll(&self) {
        self.thread.store(threads::this(), Relaxed);
        self.count_poll();
    }

    /// Called as it has polled.
    pub fn end_poll(&self) {
        self.count_poll();
    }

    /// Two threads never poll at the same time.
    fn count_poll(&self) {
        self.polls.store(self.polls.load(Relaxed).wrapping_add(1), Release);
    }

    pub fn polls(&self) -> u32 {
        self.polls.load(Acquire)
    }

    /// The thread that polls, or has polled last.
    pub fn thread(&self) -> Thread {
        self.thread.load(Relaxed)
    }

    pub fn deadline(&self) -> u64 {
        self.deadline.load(Relaxed)
    }

    pub fn invocation(&self) -> Option<Arc<Invocation>> {
        lock(&self.invocation).clone()
    }
}

impl Taken {
    pub fn begin(&self, invocation: &Arc<Invocation>, timeout: Duration) {
        let slot = self.slot();
        *lock(&slot.invocation) = Some(Arc::clone(invocation));
        slot.deadline.store(self.slots.nanoseconds(invocation.started + timeout).max(1), Relaxed);
    }

    pub fn slot(&self) -> &'static Slot {
        &self.slots.slots[self.index as usize]
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let slot = self.slot();
        slot.deadline.store(0, Relaxed);
        lock(&slot.invocation).take();
        slot.taken.store(false, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_given_back() {
        let slots: &'static Slots = Box::leak(Box::new(Slots::new(2)));
        let (first, second) = (slots.take(), slots.take());
        assert!(first.is_some() && second.is_some() && slots.take().is_none() && slots.are_full());
        drop(first);
        assert!(slots.take().is_some());
    }
}
