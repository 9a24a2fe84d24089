//! Answers for the serving process should the function end it, by exit, a fatal signal or exhausted memory.
//!
//! The guard is a process of its own that shares the serving process's descriptors, not its memory: when that process is
//! gone, its connections are still open here. It does nothing while the other one lives.

use std::ptr;
use std::time::Duration;

use slipway_http::answer::{self, Enveloped, Outgoing, Refusal};

use crate::answer::message;
use crate::logs::{self, Level, Owner};
use crate::native::{self, Pipes};
use crate::signals::Set;
use crate::table::{self, IN_ENVELOPE, Phase, TO_HEAD};

/// Makes the guard of this process, which must have one thread yet.
pub fn start(pipes: Pipes) {
    // SAFETY: without CLONE_VM this is a fork, but for the descriptors. No signal is sent at its end: the function may wait
    // for children of its own, and must not find this one.
    unsafe {
        let parent = libc::getpid();
        if libc::syscall(libc::SYS_clone, libc::CLONE_FILES, ptr::null::<u8>(), 0, 0, 0) == 0 {
            guard(parent, pipes);
        }
    }
}

fn guard(parent: i32, pipes: Pipes) -> ! {
    let gone = Set::of(&[libc::SIGUSR1]);
    let everything: Vec<i32> = (1..=libc::SIGRTMAX()).collect();
    Set::of(&everything).block();
    // SAFETY: plain system calls.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, c"guard".as_ptr());
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGUSR1);
    }
    // Whoever sends this signal, and the function could: only a parent that is gone counts.
    while is_parent(parent) {
        gone.wait(Some(Duration::from_secs(3600)));
    }
    answer_all();
    native::write_rest(pipes);
    // SAFETY: ends this process, and with it the last use of the descriptors.
    unsafe { libc::_exit(0) }
}

fn is_parent(parent: i32) -> bool {
    // SAFETY: a plain system call.
    unsafe { libc::getppid() == parent }
}

fn answer_all() {
    for (descriptor, connection) in table::all() {
        if connection.phase() != Phase::Running {
            continue;
        }
        let id = connection.id();
        let owner = Owner { invocation: &id, trace: None };
        let why = "the function ended its process, or another invocation did";
        logs::write_directly(Level::Error, Some(owner), why);
        let refusal = Refusal::process_ended();
        let flags = connection.flags();
        let mut outgoing = answer::refused(&refusal, Some(&id));
        if flags & IN_ENVELOPE != 0 {
            outgoing = enveloped(&outgoing, &refusal, &id);
        }
        send_last(descriptor, &message(&outgoing, flags & TO_HEAD != 0));
    }
}

fn enveloped(outgoing: &Outgoing, refusal: &Refusal, id: &str) -> Outgoing {
    let result = Enveloped {
        invocation: id,
        error: Some(refusal),
        logs: &[],
        truncated: false,
        duration: Duration::ZERO,
    };
    answer::enveloped(outgoing, &result)
}

/// Sends bytes past hyper, and says that no more will come; without ever waiting.
pub fn send_last(descriptor: i32, bytes: &[u8]) {
    // SAFETY: the bytes are valid for their length.
    unsafe {
        libc::send(descriptor, bytes.as_ptr().cast(), bytes.len(), libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL);
        libc::shutdown(descriptor, libc::SHUT_WR);
    }
}
