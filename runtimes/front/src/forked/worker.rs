//! One process that runs the function, for one invocation at a time.
//!
//! It may be given some in advance. It answers each before it takes the next out of its queue, so that of those that it has
//! taken only the last can be unanswered: that one it runs. What it prints is read when it has nothing to go on with, or has
//! said that it waits for that, and is then that invocation's, too.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use slipway_http::contract::Code;
use tokio::io::unix::AsyncFd;

use super::pace::Pace;
use super::queue::Queue;
use crate::frames::{self, Frame};
use crate::incoming::{Incoming, Received};
use crate::invocation::{Invocation, Recent};
use crate::job::{Ended, Job};
use crate::logs::{self, Level};
use crate::output::Output;
use crate::process;

pub struct Worker {
    process: i32,
    channel: AsyncFd<StdUnixStream>,
    queue: Queue,
    /// Rung when there is something to read in the channel. A worker that has more to do rings later.
    bell: AsyncFd<OwnedFd>,
    /// There is more in the channel than was read when it rang.
    has_more: Cell<bool>,
    output: Output,
    /// Becomes readable when the process ends, whoever else holds its descriptors.
    exit: AsyncFd<OwnedFd>,
    /// What it runs, and what waits for it.
    given: RefCell<VecDeque<Job>>,
    pace: RefCell<Pace>,
    /// Counts what it has answered, and how many looks have seen nothing new.
    answered: Cell<u64>,
    seen: Cell<(u64, u32)>,
    /// It is not to be given anything any more.
    ending: Cell<bool>,
    /// What is still to be written of a body that is too large for a packet.
    body: RefCell<Bytes>,
    waker: RefCell<Option<Waker>>,
    /// Whose lines may come late, from processes that the function has forked.
    recent: RefCell<Recent>,
    incoming: RefCell<Incoming>,
}

/// What it is spoken with; the other ends are its process's.
pub struct Ends {
    /// It is written to when there is room, and read when the bell rings.
    pub channel: AsyncFd<StdUnixStream>,
    pub queue: Queue,
    pub bell: AsyncFd<OwnedFd>,
    pub output: Output,
}

/// So many looks at a worker that computes and answers nothing, and what waits for it is taken back.
const STALLED: u32 = 5;
const READ_BYTES: usize = 16 * 1024;
const MOST_RECENT: usize = 64;
/// So many reads take more than the channel holds.
const READS: usize = 16;

impl Worker {
    pub fn new(worker: i32, ends: Ends) -> io::Result<Self> {
        let Ends { channel, queue, bell, output } = ends;
        let exit = process::exit_of(worker)?;
        Ok(Self {
            process: worker,
            channel,
            queue,
            bell,
            has_more: Cell::new(false),
            output,
            exit,
            given: RefCell::default(),
            pace: RefCell::new(Pace::new(Instant::now())),
            answered: Cell::new(0),
            seen: Cell::new((0, 0)),
            ending: Cell::new(false),
            body: RefCell::default(),
            waker: RefCell::default(),
            recent: RefCell::new(Recent::new(MOST_RECENT)),
            incoming: RefCell::new(Incoming::new(READ_BYTES)),
        })
    }

    pub fn is_free(&self) -> bool {
        self.given.borrow().is_empty() && !self.ending.get()
    }

    /// How many invocations it has ended.
    pub fn answered(&self) -> u64 {
        self.answered.get()
    }

    /// Whether something waits for it to end what it runs.
    pub fn is_awaited(&self) -> bool {
        self.given.borrow().len() > 1
    }

    /// Whether it can be given this one, and begins it in such a time as far as can be told.
    pub fn has_room(&self, job: &Job, time: Duration) -> bool {
        let given = self.given.borrow();
        let Some(last) = given.back() else { return !self.ending.get() };
        // A large body travels alone.
        self.pace.borrow().has_room(given.len(), time)
            && job.body.is_empty()
            && last.body.is_empty()
            && !self.ending.get()
    }

    pub fn earliest_deadline(&self) -> Option<Instant> {
        self.given.borrow().iter().map(|job| job.deadline).min()
    }

    /// Gives it an invocation, or gives that back.
    pub fn give(&self, job: Job) -> Result<(), Job> {
        if !self.queue.put(&job.packet) {
            // There is only room for so many.
            let room = self.given.borrow().len();
            self.pace.borrow_mut().narrow(room);
            if room == 0 {
                self.dismiss();
            }
            return Err(job);
        }
        let mut given = self.given.borrow_mut();
        if given.is_empty() {
            self.pace.borrow_mut().begin(Instant::now());
            self.seen.set((self.answered.get(), 0));
        }
        if !job.body.is_empty() {
            *self.body.borrow_mut() = job.body.clone();
            if let Some(waker) = &*self.waker.borrow() {
                waker.wake_by_ref();
            }
        }
        given.push_back(job);
        Ok(())
    }

    /// Takes back what it has not begun. It can't begin any of it then, but may have begun one from between others.
    pub fn take_back(&self) -> VecDeque<Job> {
        let mut numbers = Vec::new();
        self.queue.take_back(|start| numbers.push(frames::number(start)));
        let mut given = self.given.borrow_mut();
        let (back, kept) = given.drain(..).partition(|job| numbers.contains(&job.number));
        *given = kept;
        back
    }

    /// Takes back what waits for a worker that has answered nothing for a while.
    pub fn take_back_stalled(&self, asleep: bool) -> VecDeque<Job> {
        let (answered, looks) = self.seen.get();
        if answered != self.answered.get() {
            self.seen.set((self.answered.get(), 0));
        } else if looks + 1 < STALLED && !asleep {
            self.seen.set((answered, looks + 1));
        } else {
            self.pace.borrow_mut().narrow(1);
            return self.take_back();
        }
        VecDeque::new()
    }

    /// Whether the function waits for something other than a processor.
    pub fn is_asleep(&self) -> bool {
        let mut status = [0; 64];
        let count = File::open(format!("/proc/{}/stat", self.process))
            .and_then(|mut file| file.read(&mut status))
            .unwrap_or(0);
        // The state follows the name, which is in parentheses, short, and may hold any character.
        let end = status[..count].iter().rposition(|byte| *byte == b')').unwrap_or(0);
        let sleeps = status.get(end + 2).is_none_or(|state| *state != b'R');
        // It also sleeps when it has answered.
        let answered = self.answered.get();
        let _ = self.receive();
        sleeps && answered == self.answered.get() && !self.given.borrow().is_empty()
    }

    /// Ends what is to be cut short, and takes back what has not begun. What runs can't be ended without its process.
    pub fn cut(&self, is_due: &dyn Fn(&Job) -> bool, code: Code) -> VecDeque<Job> {
        if !self.given.borrow().iter().any(is_due) {
            return VecDeque::new();
        }
        let back = self.take_back();
        let _ = self.receive();
        if self.given.borrow().front().is_some_and(is_due) {
            self.kill();
            let job = self.given.borrow_mut().pop_front();
            job.into_iter().for_each(|job| job.end(Ended::Cut(code)));
        }
        let (due, back): (VecDeque<_>, _) = back.into_iter().partition(is_due);
        due.into_iter().for_each(|job| job.end(Ended::Cut(code)));
        back
    }

    /// Ends the process and those that it has started. What it has said so far is in the log then.
    fn kill(&self) {
        self.ending.set(true);
        self.output.drain(&|level, line| self.log(level, line));
        process::kill(self.process);
    }

    /// Has the process end when it has nothing to do.
    pub fn dismiss(&self) {
        self.ending.set(true);
        self.queue.close();
    }

    /// Listens to the process until it ends. `settle` is called when it has ended invocations, and gets those that were taken
    /// back from it.
    pub async fn watch(&self, settle: &dyn Fn(VecDeque<Job>)) {
        poll_fn(|context| self.poll(context, settle)).await;
        let back = self.take_back();
        let _ = self.receive();
        // What the function has started ends with it.
        self.kill();
        for job in self.given.take() {
            job.invocation.log(Level::Error, "the function ended its process");
            job.end(Ended::Died);
        }
        settle(back);
    }

    fn poll(&self, context: &mut Context<'_>, settle: &dyn Fn(VecDeque<Job>)) -> Poll<()> {
        if self.waker.borrow().is_none() {
            *self.waker.borrow_mut() = Some(context.waker().clone());
        }
        if self.output.poll(context) {
            // Whose it is can be told when there is only one left.
            let back = if self.is_awaited() { self.take_back() } else { VecDeque::new() };
            let _ = self.receive();
            self.output.read(&|level, line| self.log(level, line));
            settle(back);
            context.waker().wake_by_ref();
        }
        if let Poll::Ready(Ok(mut ready)) = self.exit.poll_read_ready(context) {
            ready.retain_ready();
            return Poll::Ready(());
        }
        self.poll_body(context);
        while self.has_rung(context) {
            let answered = self.answered.get();
            let received = self.receive();
            if answered != self.answered.get() {
                settle(VecDeque::new());
            }
            match received {
                Ok(Received::All) => {}
                Ok(Received::End) => return Poll::Ready(()),
                Err(error) => {
                    logs::say(Level::Error, &format!("a worker of the function is ended: {error}"));
                    return Poll::Ready(());
                }
                Ok(Received::Some) => {
                    self.has_more.set(true);
                    context.waker().wake_by_ref();
                    break;
                }
            }
        }
        Poll::Pending
    }

    /// Whether there may be something in the channel. If not, `context` is woken when there is.
    fn has_rung(&self, context: &mut Context<'_>) -> bool {
        if self.has_more.take() {
            return true;
        }
        let Poll::Ready(Ok(mut bell)) = self.bell.poll_read_ready(context) else { return false };
        // Each time it rings is an event of its own: nothing has to be read from it.
        bell.clear_ready();
        true
    }

    /// Writes what it can of a large body. That it can't be written is no news: the process is gone, and that is seen elsewhere.
    fn poll_body(&self, context: &mut Context<'_>) {
        let mut body = self.body.borrow_mut();
        while !body.is_empty() {
            let Poll::Ready(Ok(mut ready)) = self.channel.poll_write_ready(context) else { return };
            match self.channel.get_ref().write(&body) {
                Ok(count) => body.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(_) => body.clear(),
            }
        }
        *body = Bytes::new();
    }

    /// Takes everything that was in the channel before now. Who writes on and on is not waited for.
    fn receive(&self) -> io::Result<Received> {
        let mut received = Ok(Received::Some);
        for _ in 0..READS {
            received = self.read();
            if !matches!(received, Ok(Received::Some)) {
                break;
            }
        }
        received
    }

    /// Reads once, and takes what came.
    fn read(&self) -> io::Result<Received> {
        let mut incoming = self.incoming.borrow_mut();
        let received = incoming.read(self.channel.get_ref())?;
        let answered = self.answered.get();
        while let Some((number, frame)) = incoming.take().map_err(io::Error::other)? {
            match frame {
                Frame::Answer(answer) => self.finish(number, Ended::Answered(answer)),
                Frame::Refuse(refusal) => self.finish(number, Ended::Refused(refusal)),
                Frame::Log(level, message) => match self.numbered(number) {
                    Some(invocation) => invocation.log(level, &message),
                    None => logs::say(level, &message),
                },
                Frame::Trace(trace) => {
                    if let Some(invocation) = self.numbered(number) {
                        invocation.note_trace(&trace);
                    }
                }
                Frame::Printed => {
                    self.output.read(&|level, line| self.log(level, line));
                    self.pace.borrow_mut().narrow(0);
                    let _ = self.channel.get_ref().write(&frames::GO_ON);
                }
                _ => {}
            }
        }
        if let Ok(ended @ 1..) = u32::try_from(self.answered.get() - answered) {
            self.pace.borrow_mut().end(ended, self.given.borrow().is_empty(), Instant::now());
        }
        Ok(received)
    }

    /// Ends the invocation that it runs; an answer to one that is over is nobody's.
    fn finish(&self, number: u32, ended: Ended) {
        if self.given.borrow().front().is_none_or(|job| job.number != number) {
            return;
        }
        self.output.finish(&|level, line| self.log(level, line));
        let Some(job) = self.given.borrow_mut().pop_front() else { return };
        self.recent.borrow_mut().add(number, Rc::clone(&job.invocation));
        self.answered.set(self.answered.get() + 1);
        job.end(ended);
    }

    /// The invocation that a frame belongs to.
    fn numbered(&self, number: u32) -> Option<Rc<Invocation>> {
        if let Some(job) = self.given.borrow().front()
            && job.number == number
        {
            return Some(Rc::clone(&job.invocation));
        }
        self.recent.borrow().get(number)
    }

    /// A line that was printed: the running invocation's, or nobody's.
    fn log(&self, level: Level, line: &str) {
        match self.given.borrow().front() {
            Some(job) => job.invocation.log(level, line),
            None => logs::say(level, line),
        }
    }
}
