//! Signals, waited for instead of handled: nothing happens in the middle of something else.

use std::mem::MaybeUninit;
use std::ptr;
use std::time::Duration;

/// From the serving process to process 1: it takes connections.
pub fn ready() -> i32 {
    libc::SIGRTMIN() + 1
}

/// From the serving process to process 1: a function doesn't yield, another process must go on.
pub fn retiring() -> i32 {
    libc::SIGRTMIN() + 2
}

/// Within the serving process: an invocation has begun while the watch slept.
pub fn wake_up() -> i32 {
    libc::SIGRTMIN() + 3
}

pub struct Received {
    pub signal: i32,
    pub sender: i32,
}

#[derive(Clone, Copy)]
pub struct Set(libc::sigset_t);

impl Set {
    pub fn of(signals: &[i32]) -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset makes it a valid set.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in signals {
                libc::sigaddset(set.as_mut_ptr(), *signal);
            }
            Self(set.assume_init())
        }
    }

    /// Makes these, and only these, wait until they are asked for; in this thread and those it starts.
    pub fn block(&self) {
        // SAFETY: a valid set is passed.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }

    /// Waits for one of them, for `limit` at most; for less where this process was stopped meanwhile.
    pub fn wait(&self, limit: Option<Duration>) -> Option<Received> {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let limit = limit.map(|limit| libc::timespec {
            tv_sec: libc::time_t::try_from(limit.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        });
        let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: set, info and limit are valid; the sender is set for every signal that another process sends.
        unsafe {
            let signal = libc::sigtimedwait(&raw const self.0, info.as_mut_ptr(), limit);
            (signal > 0).then(|| Received { signal, sender: info.assume_init_ref().si_pid() })
        }
    }
}

pub fn send(process: i32, signal: i32) {
    // SAFETY: a plain system call.
    unsafe { libc::kill(process, signal) };
}
