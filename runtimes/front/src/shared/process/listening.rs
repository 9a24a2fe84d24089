//! What a process says and prints, and that it ends.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::super::interrupt;
use super::{Cancelled, Event, Flying, Process, State, readable};
use crate::frames::Frame;
use crate::function::Yields;
use crate::incoming::Received;
use crate::invocation::Invocation;
use crate::job::Ended;
use crate::logs::{self, Level};

/// So many reads in a row, then it is the turn of others.
const READS: usize = 16;
/// So often that is done for a process that has ended. What it has started may still write there.
const LAST_READS: usize = 64;

impl Process {
    /// Listens to it until it ends.
    pub async fn attend(&self, tell: &dyn Fn(Event)) {
        poll_fn(|context| self.poll(context, tell)).await;
        // It may have said something before it ended.
        let is_heard = (0..LAST_READS).any(|_| !matches!(self.receive(tell), Ok(Received::Some)));
        if !is_heard {
            self.signs.garble();
        }
        self.output.drain(&|level, line| self.print(level, line));
    }

    fn poll(&self, context: &mut Context<'_>, tell: &dyn Fn(Event)) -> Poll<()> {
        if self.waker.borrow().is_none() {
            *self.waker.borrow_mut() = Some(context.waker().clone());
        }
        // First, since what it has printed before it said something belongs before that.
        if self.output.poll(context) {
            self.output.read(&|level, line| self.print(level, line));
            context.waker().wake_by_ref();
        }
        if let Poll::Ready(Ok(mut ready)) = self.exit.poll_read_ready(context) {
            ready.retain_ready();
            return Poll::Ready(());
        }
        if let Err(error) = self.accept(context) {
            logs::say(Level::Error, &format!("the function's process can't be spoken with: {error}"));
            return Poll::Ready(());
        }
        while self.has_said_something(context) {
            match self.receive(tell) {
                Ok(Received::All) => {}
                Ok(Received::Some) => {
                    self.has_more.set(true);
                    context.waker().wake_by_ref();
                    break;
                }
                Ok(Received::End) => return Poll::Ready(()),
                Err(error) => {
                    logs::say(Level::Error, &format!("the function's process is ended: {error}"));
                    return Poll::Ready(());
                }
            }
        }
        let mut outgoing = self.outgoing.borrow_mut();
        if !outgoing.has_room(context) {
            return Poll::Pending;
        }
        if self.write(&mut outgoing) {
            // To be woken when there is room.
            let _ = outgoing.has_room(context);
        }
        Poll::Pending
    }

    /// Whether there may be something to read. If not, `context` is woken when there is.
    fn has_said_something(&self, context: &mut Context<'_>) -> bool {
        if self.has_more.take() {
            return true;
        }
        let stream = self.stream.borrow();
        let Some(stream) = &*stream else { return false };
        let Poll::Ready(Ok(mut ready)) = stream.poll_read_ready(context) else { return false };
        // All that is there is read now, and what comes later is an event of its own.
        ready.clear_ready();
        true
    }

    /// Lets it in where it connects by itself.
    fn accept(&self, context: &mut Context<'_>) -> io::Result<()> {
        let mut door = self.door.borrow_mut();
        let Some(open) = &*door else { return Ok(()) };
        while let Poll::Ready(ready) = open.listener.poll_read_ready(context) {
            match open.listener.get_ref().accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(true)?;
                    *self.stream.borrow_mut() = Some(readable(stream)?);
                    // Nobody else comes in.
                    *door = None;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready?.clear_ready(),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes everything that it has said before now. Who writes on and on is not waited for.
    fn receive(&self, tell: &dyn Fn(Event)) -> io::Result<Received> {
        let mut received = Ok(Received::Some);
        for _ in 0..READS {
            received = self.read(tell);
            if !matches!(received, Ok(Received::Some)) {
                break;
            }
        }
        received
    }

    fn read(&self, tell: &dyn Fn(Event)) -> io::Result<Received> {
        let stream = self.stream.borrow();
        let Some(stream) = &*stream else { return Ok(Received::All) };
        let mut incoming = self.incoming.borrow_mut();
        let received = incoming.read(stream.get_ref())?;
        self.spoken.set(Instant::now());
        let mut first = true;
        let garbled = |problem| {
            self.signs.garble();
            io::Error::other(problem)
        };
        while let Some((number, frame)) = incoming.take().map_err(garbled)? {
            self.take(number, frame, first, tell);
            first = false;
        }
        Ok(received)
    }

    fn take(&self, number: u32, frame: Frame, first: bool, tell: &dyn Fn(Event)) {
        match frame {
            Frame::Answer(answer) => self.finish(number, Ended::Answered(answer), first, tell),
            Frame::Refuse(refusal) => self.finish(number, Ended::Refused(refusal), first, tell),
            Frame::Log(level, message) => match self.numbered(number) {
                Some(invocation) => invocation.log(level, &message),
                None => logs::say(level, &message),
            },
            Frame::Trace(trace) => {
                if let Some(invocation) = self.numbered(number) {
                    invocation.note_trace(&trace);
                }
            }
            Frame::Pong => self.hear_pong(number, tell),
            Frame::Ready => {
                self.signs.begin(number);
                self.state.set(State::Ready);
                tell(Event::Loaded);
            }
            Frame::Failed(why) => {
                self.state.set(State::Failed);
                tell(Event::NotLoaded(why));
            }
            Frame::Forked(_) | Frame::Printed => {}
        }
    }

    fn hear_pong(&self, number: u32, tell: &dyn Fn(Event)) {
        if !self.signs.hear(number, Instant::now()) {
            return;
        }
        self.interrupted.set(None);
        if self.signs.wants_again() {
            self.ping();
        } else if self.yields == Yields::Pong {
            let cancelled: Vec<_> = self.cancelled.borrow_mut().drain().collect();
            if !cancelled.is_empty() {
                cancelled.into_iter().for_each(|(number, one)| self.remember(number, one.invocation));
                tell(Event::Takes);
            }
        }
    }

    /// Ends an invocation, and with it the line that it has begun to print where nobody else can have.
    fn finish(&self, number: u32, ended: Ended, first: bool, tell: &dyn Fn(Event)) {
        let cancelled = self.cancelled.borrow_mut().remove(&number);
        if let Some(Cancelled { invocation, .. }) = cancelled {
            self.remember(number, invocation);
            tell(Event::Takes);
            return;
        }
        if self.load() == 1 {
            let print = |level: Level, line: &str| self.print(level, line);
            // What was printed before the first frame of a read has been read already.
            if first { self.output.finish(&print) } else { self.output.drain(&print) }
        }
        let Some(Flying { job, .. }) = self.in_flight.borrow_mut().remove(&number) else { return };
        self.remember(number, Rc::clone(&job.invocation));
        job.end(ended);
    }

    /// The invocation that a frame belongs to.
    fn numbered(&self, number: u32) -> Option<Rc<Invocation>> {
        if let Some(flying) = self.in_flight.borrow().get(&number) {
            return Some(Rc::clone(&flying.job.invocation));
        }
        if let Some(cancelled) = self.cancelled.borrow().get(&number) {
            return Some(Rc::clone(&cancelled.invocation));
        }
        self.recent.borrow().get(number)
    }

    /// A line that bypassed the language's own output: whose it is is known only where one runs.
    fn print(&self, level: Level, line: &str) {
        if line == interrupt::ATTACHED && self.interrupted.get().is_some() {
            return;
        }
        let in_flight = self.in_flight.borrow();
        match in_flight.values().next() {
            Some(flying) if in_flight.len() == 1 => flying.job.invocation.log(level, line),
            _ => logs::say(level, line),
        }
    }
}
