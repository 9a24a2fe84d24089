//! An invocation on its way to a worker, and how it ended.

use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::contract::Code;
use crate::frames::{Answer, Invoke};
use crate::invocation::Invocation;
use crate::queue::PACKET_BYTES;
use crate::server::Slot;

/// Runs to its end, whether somebody still waits for it or not, and holds its slot until then.
pub struct Job {
    pub number: u32,
    pub invocation: Rc<Invocation>,
    pub deadline: Instant,
    /// The frame that goes into the worker's queue.
    pub packet: Vec<u8>,
    /// The body, where it is too large for that.
    pub body: Bytes,
    done: oneshot::Sender<Ended>,
    _slot: Slot,
}

#[derive(Debug)]
pub enum Ended {
    Answered(Answer),
    Refused(Code, String),
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
        let mut packet = invoke.begin(body.len(), PACKET_BYTES);
        let mut rest = body;
        if packet.len() + rest.len() <= PACKET_BYTES {
            packet.extend_from_slice(&rest);
            rest = Bytes::new();
        } else if packet.len() > PACKET_BYTES {
            // A long head travels with the body.
            let mut whole = packet.split_off(PACKET_BYTES);
            whole.extend_from_slice(&rest);
            rest = whole.into();
        }
        let (done, ended) = oneshot::channel();
        let deadline = invocation.started + timeout;
        (Self { number, invocation, deadline, packet, body: rest, done, _slot: slot }, ended)
    }

    pub fn end(self, ended: Ended) {
        let _ = self.done.send(ended);
    }
}
