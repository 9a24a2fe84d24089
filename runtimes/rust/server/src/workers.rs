//! How many of tokio's threads take part, and what happens when functions hold them.
//!
//! A function is polled on a thread that also looks after connections. There are as many of these as there are cores: threads
//! that are merely ready to go on cost a third of the throughput, as tokio wakes them to share work that two would do. A few
//! more wait here, at a gate, until the watch finds threads held and lets some through. Before the last ones go, functions
//! are run beside tokio's threads: what else such a thread has to do is handed to another one first. That costs some
//! microseconds, and a hundred that hold their threads run at once.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::invocation::lock;

/// Threads that wait at the gate. A task that a function leaves behind may hold one for ever.
const SPARE: usize = 16;
/// How often it is asked whether any thread is free.
const BEAT: Duration = Duration::from_millis(10);
/// A thread that is free answers sooner, also on a busy machine.
const BEAT_LATE: Duration = Duration::from_millis(20);
/// Threads go back to the gate when none was held for so long.
const CALM: Duration = Duration::from_millis(500);

static GATE: Gate = Gate { permits: Mutex::new(0), changed: Condvar::new() };
static BEATEN: AtomicBool = AtomicBool::new(true);
/// Whether many functions hold their threads.
static WARY: AtomicBool = AtomicBool::new(false);

struct Gate {
    permits: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    fn wait(&self) {
        let mut permits = lock(&self.permits);
        while *permits == 0 {
            permits = self.changed.wait(permits).unwrap_or_else(PoisonError::into_inner);
        }
        *permits -= 1;
    }

    fn let_through(&self, count: usize) {
        *lock(&self.permits) += count;
        for _ in 0..count {
            self.changed.notify_one();
        }
    }
}

pub struct Workers {
    runtime: Handle,
    /// All that ever wait at the gate.
    spare: usize,
    /// Those that were let through.
    free: usize,
    beat_at: Instant,
    held_at: Instant,
}

/// How many threads the runtime has, those at the gate among them.
pub fn count() -> usize {
    cores() + SPARE
}

/// Runs function code, beside the runtime's threads while too many of these are held.
pub fn run<T>(step: impl FnOnce() -> T) -> T {
    if WARY.load(Relaxed) { block_in_place(step) } else { step() }
}

pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl Workers {
    pub fn new(runtime: Handle, count: usize) -> Self {
        let workers = Self {
            runtime,
            spare: count - cores(),
            free: 0,
            beat_at: Instant::now(),
            held_at: Instant::now(),
        };
        workers.take_back(workers.spare);
        workers
    }

    /// Looks after the threads, of which so many are known to be held. Whether all is well: if not, it wants to be called
    /// again soon.
    pub fn look(&mut self, held: usize, now: Instant) -> bool {
        let late = !self.beats(now);
        if held > 0 || late {
            self.held_at = now;
            // Twice as many each time, so that many that come at once need not wait for each other.
            let wanted = 2 * if late { held.max(self.free) + 1 } else { held };
            if wanted >= self.spare {
                // Before the last ones are let through, so that these are not held as well.
                WARY.store(true, SeqCst);
            }
            let more = wanted.min(self.spare).saturating_sub(self.free);
            self.free += more;
            GATE.let_through(more);
        } else if self.free > 0 && now.duration_since(self.held_at) >= CALM {
            WARY.store(false, SeqCst);
            let free = std::mem::take(&mut self.free);
            self.take_back(free);
        }
        !late
    }

    /// Asks for a sign of life, and says whether the last one came in time. A thread that sleeps wakes up for it, and looks
    /// after the network when it finds nothing else to do, should the thread that did so be held.
    fn beats(&mut self, now: Instant) -> bool {
        let since = now.duration_since(self.beat_at);
        if BEATEN.load(SeqCst) {
            if since >= BEAT {
                self.beat_at = now;
                BEATEN.store(false, SeqCst);
                self.runtime.spawn(async { BEATEN.store(true, SeqCst) });
            }
            return true;
        }
        since < BEAT_LATE
    }

    fn take_back(&self, count: usize) {
        for _ in 0..count {
            self.runtime.spawn(async {
                make_way();
                GATE.wait();
            });
        }
    }
}

/// Puts the task that comes next on this thread where others find it. The one that was woken last has a place of its own, which
/// no other thread looks into: it would wait as long as this thread does. Another task, with nothing to do, takes that place.
fn make_way() {
    tokio::spawn(async {});
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn nothing_waits_behind_a_thread_at_the_gate() {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().expect("there are threads");
        let was_run = Arc::new(AtomicBool::new(false));
        let next = Arc::clone(&was_run);
        let waited = runtime.block_on(runtime.spawn(async move {
            let noted = Arc::clone(&next);
            tokio::spawn(async move { noted.store(true, SeqCst) });
            make_way();
            let end = Instant::now() + Duration::from_secs(5);
            while !next.load(SeqCst) && Instant::now() < end {
                thread::sleep(Duration::from_millis(1));
            }
        }));
        assert!(waited.is_ok() && was_run.load(SeqCst));
    }
}
