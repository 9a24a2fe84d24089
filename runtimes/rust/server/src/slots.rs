//! The invocations in flight, each in a slot of its own: what the watch looks at.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::invocation::{Invocation, lock};

pub struct Slots {
    slots: Box<[Slot]>,
    free: Mutex<Vec<u32>>,
    taken: AtomicUsize,
    born: Instant,
}

#[derive(Default)]
pub struct Slot {
    /// Odd while a poll is going on.
    polls: AtomicU32,
    /// Nanoseconds after `born`; 0 while the slot is free.
    deadline: AtomicU64,
    invocation: Mutex<Option<Arc<Invocation>>>,
}

/// A slot that is given back when this is dropped.
pub struct Taken {
    slots: &'static Slots,
    pub index: u32,
}

impl Slots {
    pub fn new(count: usize) -> Self {
        let count = u32::try_from(count).expect("the settings have a limit");
        Self {
            slots: (0..count).map(|_| Slot::default()).collect(),
            free: Mutex::new((0..count).rev().collect()),
            taken: AtomicUsize::new(0),
            born: Instant::now(),
        }
    }

    pub fn take(&'static self) -> Option<Taken> {
        let index = lock(&self.free).pop()?;
        self.taken.fetch_add(1, SeqCst);
        Some(Taken { slots: self, index })
    }

    pub fn are_full(&self) -> bool {
        self.taken.load(SeqCst) >= self.slots.len()
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    pub fn nanoseconds(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.born).as_nanos()).unwrap_or(u64::MAX)
    }

    pub fn invocation(&self, index: u32) -> Option<Arc<Invocation>> {
        self.slots.get(index as usize).and_then(Slot::invocation)
    }

    /// The invocation in flight, where it is the only one.
    pub fn only(&self) -> Option<Arc<Invocation>> {
        if self.taken.load(SeqCst) != 1 {
            return None;
        }
        self.slots.iter().find_map(Slot::invocation)
    }
}

impl Slot {
    /// Called as a poll begins, and as it ends.
    pub fn count_poll(&self) {
        self.polls.fetch_add(1, Relaxed);
    }

    pub fn polls(&self) -> u32 {
        self.polls.load(Relaxed)
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
        lock(&self.slots.free).push(self.index);
        self.slots.taken.fetch_sub(1, SeqCst);
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
