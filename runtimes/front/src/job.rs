//! An invocation on its way to a process of the function's, and how it ended.

use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use slipway_http::answer::{Answer, Refusal};
use slipway_http::contract::Code;
use tokio::sync::oneshot;

use crate::frames::{Invoke, PACKET_BYTES};
use crate::invocation::Invocation;
use crate::server::Slot;

/// Runs to its end, whether somebody still waits for it or not, and holds its slot until then.
pub struct Job {
    pub number: u32,
    pub invocation: Rc<Invocation>,
    pub deadline: Instant,
    /// Its frame, or the beginning of it.
    pub packet: Vec<u8>,
    /// What comes behind that, where all of it would be large.
    pub body: Bytes,
    done: oneshot::Sender<Ended>,
    _slot: Slot,
}

#[derive(Debug)]
pub enum Ended {
    Answered(Answer),
    Refused(Refusal),
    /// Cut short: it took too long, or the server does not wait for it.
    Cut(Code),
    /// Its process is gone.
    Died,
}

/// What the function is to run with.
pub struct Task<'a> {
    pub invocation: Rc<Invocation>,
    pub timeout: Duration,
    pub raw: bool,
    /// Raw mode's JSON; else empty.
    pub head: &'a [u8],
    pub body: Bytes,
}

impl Job {
    /// Also tells where to wait for the end.
    pub fn new(number: u32, task: Task<'_>, slot: Slot) -> (Self, oneshot::Receiver<Ended>) {
        let Task { invocation, timeout, raw, head, body } = task;
        let until = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + timeout;
        let invoke = Invoke { number, raw, deadline: until.as_secs_f64() * 1e3, id: &invocation.id, head };
        let (packet, body) = pack(invoke.begin(body.len(), PACKET_BYTES), body);
        let (done, ended) = oneshot::channel();
        let deadline = invocation.started + timeout;
        (Self { number, invocation, deadline, packet, body, done, _slot: slot }, ended)
    }

    pub fn end(self, ended: Ended) {
        let _ = self.done.send(ended);
    }
}

/// What fits into a packet of a frame, and what is left of it. A body stays whole where only the head fits.
fn pack(mut frame: Vec<u8>, body: Bytes) -> (Vec<u8>, Bytes) {
    if frame.len() + body.len() <= PACKET_BYTES {
        frame.extend_from_slice(&body);
        return (frame, Bytes::new());
    }
    if frame.len() <= PACKET_BYTES {
        return (frame, body);
    }
    let mut rest = frame.split_off(PACKET_BYTES);
    rest.extend_from_slice(&body);
    (frame, rest.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_for_a_packet_goes_on_behind_it() {
        for (frame, body, in_packet) in
            [(30, 0, 30), (30, 70, 100), (30, PACKET_BYTES - 30, PACKET_BYTES), (30, PACKET_BYTES - 29, 30)]
        {
            let (packet, rest) = pack(vec![b'f'; frame], vec![b'b'; body].into());
            assert_eq!((packet.len(), packet.len() + rest.len()), (in_packet, frame + body));
        }
        let (packet, rest) = pack(vec![b'f'; PACKET_BYTES + 2], Bytes::from_static(b"b"));
        assert_eq!((packet.len(), &rest[..]), (PACKET_BYTES, &b"ffb"[..]));
    }
}
