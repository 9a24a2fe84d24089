//! What a process is still to be told.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What is to be written: first what the socket had no room for, then frames that go out together.
#[derive(Default)]
pub struct Outgoing {
    pub pieces: VecDeque<Bytes>,
    pub gathered: BytesMut,
    pub frames: usize,
    /// Registered only while the socket is full: who reads would wake this side each time.
    room: Option<AsyncFd<OwnedFd>>,
}

impl Outgoing {
    /// Puts what was gathered behind what is to be written.
    pub fn close(&mut self) {
        self.frames = 0;
        if !self.gathered.is_empty() {
            self.pieces.push_back(self.gathered.split().freeze());
        }
    }

    /// Writes what it can; whether something is left. `wake` has this looked at again.
    pub fn write(&mut self, mut stream: &UnixStream, wake: impl Fn()) -> bool {
        self.close();
        while let Some(piece) = self.pieces.front_mut() {
            match stream.write(piece) {
                Ok(count) if count == piece.len() => drop(self.pieces.pop_front()),
                Ok(count) => piece.advance(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.room.is_none() {
                        self.room = stream.as_fd().try_clone_to_owned().ok().and_then(writable);
                        wake();
                    }
                    return true;
                }
                // It is gone, as reading tells.
                Err(_) => self.pieces.clear(),
            }
        }
        self.room = None;
        false
    }

    /// Whether the socket may have room. If not, `context` is woken when it may.
    pub fn has_room(&self, context: &mut Context<'_>) -> bool {
        let Some(room) = &self.room else { return true };
        let Poll::Ready(Ok(mut ready)) = room.poll_write_ready(context) else { return false };
        ready.clear_ready();
        true
    }
}

fn writable(socket: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
    // SAFETY: a descriptor stays what it is for as long as it is registered.
    unsafe { AsyncFd::register_with_interest(socket, Interest::WRITABLE) }.ok()
}
