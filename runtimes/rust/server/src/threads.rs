//! What the kernel says of this process's threads.

use std::cell::Cell;
use std::fs;
use std::mem::MaybeUninit;
use std::time::Duration;

/// A thread, by its number.
pub type Thread = i32;

thread_local! {
    static THIS: Cell<Thread> = const { Cell::new(0) };
}

/// The thread that asks.
pub fn this() -> Thread {
    let known = THIS.get();
    if known != 0 {
        return known;
    }
    // SAFETY: a plain system call.
    let thread = unsafe { libc::gettid() };
    THIS.set(thread);
    thread
}

/// Whether it waits for something other than a processor.
pub fn is_blocked(thread: Thread) -> bool {
    fs::read_to_string(format!("/proc/self/task/{thread}/stat"))
        .is_ok_and(|line| state(&line).is_some_and(|state| state != 'R'))
}

/// Its state stands behind its name, which may hold anything.
fn state(line: &str) -> Option<char> {
    line.rsplit_once(") ")?.1.chars().next()
}

/// How long it has had a processor.
pub fn used(thread: Thread) -> Duration {
    // As the kernel numbers the clocks of threads: see clock_getcpuclockid(3) and pthread_getcpuclockid(3).
    const OF_THREAD: i32 = 6;
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the time is valid, also where there is no such clock.
    let time = unsafe {
        libc::clock_gettime((!thread << 3) | OF_THREAD, time.as_mut_ptr());
        time.assume_init()
    };
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_thread_that_sleeps_is_told_from_one_that_computes() {
        let (tell, told) = mpsc::channel();
        let sleeper = thread::spawn(move || {
            tell.send(this()).expect("it is waited for");
            thread::park();
        });
        let thread = told.recv().expect("it is said at once");
        let end = Instant::now() + Duration::from_secs(5);
        while !is_blocked(thread) && Instant::now() < end {
            thread::yield_now();
        }
        assert!(is_blocked(thread));
        assert!(!is_blocked(this()));
        let (before, of_sleeper) = (used(this()), used(thread));
        while used(this()) < before + Duration::from_millis(5) {
            std::hint::spin_loop();
        }
        assert!(used(thread) - of_sleeper < Duration::from_millis(5));
        sleeper.thread().unpark();
        sleeper.join().expect("it ends");
    }

    #[test]
    fn a_name_may_look_like_a_state() {
        assert_eq!(state("7 (a) R (b) S 1 2"), Some('S'));
        assert_eq!(state(""), None);
    }
}
