//! What waits for a worker: a queue of packets, from which it takes the next when it has answered one, so that a worker that
//! is busy need not be woken. Both ends are held here, and what it has not taken can be taken back: the system gives each
//! packet to one of the two.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::frames::START;

pub struct Queue {
    entry: OwnedFd,
    exit: OwnedFd,
}

impl Queue {
    pub fn new() -> io::Result<Self> {
        let mut ends = [0; 2];
        // SAFETY: there is room for two descriptors, which belong to nobody else.
        unsafe {
            let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
            if libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Self { entry: OwnedFd::from_raw_fd(ends[0]), exit: OwnedFd::from_raw_fd(ends[1]) })
        }
    }

    /// The end that is the worker's as well.
    pub fn exit(&self) -> BorrowedFd<'_> {
        self.exit.as_fd()
    }

    /// Puts a packet in; false where there is no room.
    pub fn put(&self, packet: &[u8]) -> bool {
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        // SAFETY: the bytes are there for as long as the call takes.
        unsafe { libc::send(self.entry.as_raw_fd(), packet.as_ptr().cast(), packet.len(), flags) >= 0 }
    }

    /// Takes back what is there, and passes on how each packet begins. The worker may take some from between them meanwhile.
    pub fn take_back(&self, mut taken: impl FnMut(&[u8; START])) {
        let mut start = [0; START];
        loop {
            // SAFETY: there is room for so many bytes. The rest of the packet is gone.
            let count = unsafe {
                libc::recv(self.exit.as_raw_fd(), start.as_mut_ptr().cast(), START, libc::MSG_DONTWAIT)
            };
            if count <= 0 {
                return;
            }
            taken(&start);
        }
    }

    /// Nothing more will come.
    pub fn close(&self) {
        // SAFETY: a plain system call.
        unsafe { libc::shutdown(self.entry.as_raw_fd(), libc::SHUT_WR) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_back(queue: &Queue) -> Vec<[u8; START]> {
        let mut all = Vec::new();
        queue.take_back(|start| all.push(*start));
        all
    }

    #[test]
    fn what_was_not_taken_is_taken_back() {
        let queue = Queue::new().expect("a pair of sockets");
        assert!(taken_back(&queue).is_empty());
        for number in 1..=3 {
            assert!(queue.put(&[number; 20]));
        }
        let mut bytes = [0_u8; 32];
        // SAFETY: there is room for so many bytes.
        let count =
            unsafe { libc::recv(queue.exit().as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        assert_eq!((count, bytes[0]), (20, 1));
        assert_eq!(taken_back(&queue), [[2; START], [3; START]]);
        assert!(taken_back(&queue).is_empty());
        queue.close();
        assert!(!queue.put(&[4; 20]));
        assert!(taken_back(&queue).is_empty());
    }
}
