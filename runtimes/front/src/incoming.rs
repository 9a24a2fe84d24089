//! What a process of the function's has said, as far as it has been read.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;

use bytes::{BufMut as _, BytesMut};

use crate::frames::{self, Frame};

pub struct Incoming {
    bytes: BytesMut,
    /// So many are read at once.
    piece: usize,
}

/// What a read has taken.
pub enum Received {
    Some,
    /// Everything that was there.
    All,
    End,
}

impl Incoming {
    pub fn new(piece: usize) -> Self {
        Self { bytes: BytesMut::new(), piece }
    }

    /// Reads once.
    pub fn read(&mut self, mut stream: &UnixStream) -> io::Result<Received> {
        self.bytes.reserve(self.piece);
        let room = self.bytes.spare_capacity_mut();
        let size = room.len();
        // SAFETY: a read only writes to the bytes, and as many are taken as it has written.
        let count = unsafe {
            let room = &mut *(std::ptr::from_mut(room) as *mut [u8]);
            match stream.read(room) {
                Ok(count) => {
                    self.bytes.advance_mut(count);
                    count
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Received::Some),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Received::All),
                // It has ended without having read everything.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(Received::End),
                Err(error) => return Err(error),
            }
        };
        // A read that leaves room has taken all there was: asking again would only cost.
        Ok(match count {
            0 => Received::End,
            count if count < size => Received::All,
            _ => Received::Some,
        })
    }

    /// The next frame that is whole, with its number; `Err` where it is none of the known ones.
    pub fn take(&mut self) -> Result<Option<(u32, Frame)>, String> {
        frames::take(&mut self.bytes)
    }
}
