//! One PHP process that runs the function, for one invocation at a time.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes, BytesMut};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;

use crate::contract::Code;
use crate::frames::{self, Answer, Frame, Invoke};
use crate::invocation::Invocation;
use crate::logs::{self, Level};
use crate::output::Output;

/// How an invocation ended that was not cut short.
#[derive(Debug)]
pub enum Ended {
    Answered(Answer),
    Refused(Code, String),
    /// Its process is gone.
    Died,
}

pub struct Worker {
    process: i32,
    channel: AsyncFd<StdUnixStream>,
    output: Output,
    /// Becomes readable when the process ends, whoever else holds its descriptors.
    exit: AsyncFd<OwnedFd>,
    number: Cell<u32>,
    running: RefCell<Option<Running>>,
    /// Whose lines may come late, from processes that the function has forked.
    recent: RefCell<VecDeque<(u32, Rc<Invocation>)>>,
    incoming: RefCell<BytesMut>,
}

struct Running {
    invocation: Rc<Invocation>,
    done: oneshot::Sender<Ended>,
}

/// What a read has taken.
enum Received {
    Some,
    /// Everything that was there.
    All,
    End,
}

/// A body of so much is written together with what comes before it.
const SMALL_BODY: usize = 64 * 1024;
const READ_BYTES: usize = 16 * 1024;
const MOST_RECENT: usize = 64;
/// So many reads in a row, then it is the turn of others.
const READS: usize = 16;

impl Worker {
    pub fn new(process: i32, channel: AsyncFd<StdUnixStream>, output: Output) -> io::Result<Self> {
        // SAFETY: a plain system call; the descriptor that it returns is nobody else's.
        let exit = unsafe {
            let descriptor = libc::syscall(libc::SYS_pidfd_open, process, 0);
            let descriptor = i32::try_from(descriptor).unwrap_or(-1);
            if descriptor < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(descriptor)
        };
        Ok(Self {
            process,
            channel,
            output,
            // SAFETY: an owned descriptor stays what it is for as long as it is registered.
            exit: unsafe { AsyncFd::register_with_interest(exit, Interest::READABLE) }?,
            number: Cell::new(0),
            running: RefCell::default(),
            recent: RefCell::default(),
            incoming: RefCell::default(),
        })
    }

    /// Runs an invocation to its end.
    pub async fn run(
        &self,
        invocation: &Rc<Invocation>,
        raw: bool,
        deadline: f64,
        head: &[u8],
        body: Bytes,
    ) -> Ended {
        let number = self.number.get().wrapping_add(1);
        self.number.set(number);
        let (done, ended) = oneshot::channel();
        *self.running.borrow_mut() = Some(Running { invocation: Rc::clone(invocation), done });
        let small = body.len() <= SMALL_BODY;
        let invoke = Invoke { number, raw, deadline, id: &invocation.id, head };
        let mut frame = invoke.begin(body.len(), if small { body.len() } else { 0 });
        if small {
            frame.extend_from_slice(&body);
        }
        self.write(&frame).await;
        if !small {
            self.write(&body).await;
        }
        drop((frame, body));
        ended.await.unwrap_or(Ended::Died)
    }

    /// That it can't be written is no news: the process is gone, and `watch` sees it.
    async fn write(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.channel.get_ref().write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match self.channel.writable().await {
                        Ok(mut ready) => ready.clear_ready(),
                        Err(_) => return,
                    }
                }
                Err(_) => return,
            }
        }
    }

    /// Ends the process and those that it has started. What it has said so far is in the log then.
    pub fn kill(&self) {
        let _ = self.receive(&mut |_| {});
        self.output.drain(&|level, line| self.log(level, line));
        // SAFETY: plain system calls. A worker leads a process group; until it does, it is only itself.
        unsafe {
            libc::kill(-self.process, libc::SIGKILL);
            libc::kill(self.process, libc::SIGKILL);
        }
    }

    /// Has the process end when it has nothing to do.
    pub fn dismiss(&self) {
        let _ = self.channel.get_ref().shutdown(Shutdown::Write);
    }

    /// Listens to the process until it ends. `free` is called whenever it can take another invocation.
    pub async fn watch(&self, mut free: impl FnMut()) {
        poll_fn(|context| self.poll(context, &mut free)).await;
        let _ = self.receive(&mut |_| {});
        self.output.drain(&|level, line| self.log(level, line));
        // What the function has started ends with it.
        self.kill();
        if let Some(running) = self.running.take() {
            let _ = running.done.send(Ended::Died);
        }
    }

    fn poll(&self, context: &mut Context<'_>, free: &mut impl FnMut()) -> Poll<()> {
        self.output.poll(context, &|level, line| self.log(level, line));
        if let Poll::Ready(Ok(mut ready)) = self.exit.poll_read_ready(context) {
            ready.retain_ready();
            return Poll::Ready(());
        }
        for _ in 0..READS {
            let Poll::Ready(Ok(mut ready)) = self.channel.poll_read_ready(context) else {
                return Poll::Pending;
            };
            match self.receive(&mut |ended| self.finish(ended, free)) {
                Ok(Received::All) => ready.clear_ready(),
                Ok(Received::Some) => {}
                Ok(Received::End) => return Poll::Ready(()),
                Err(error) => {
                    logs::say(Level::Error, &format!("a worker of the function is ended: {error}"));
                    return Poll::Ready(());
                }
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads once, and takes what came.
    fn receive(&self, finish: &mut dyn FnMut(Ended)) -> io::Result<Received> {
        let mut incoming = self.incoming.borrow_mut();
        incoming.reserve(READ_BYTES);
        let room = incoming.spare_capacity_mut();
        let size = room.len();
        // SAFETY: a read only writes to the bytes, and as many are taken as it has written.
        let count = unsafe {
            let room = &mut *(std::ptr::from_mut(room) as *mut [u8]);
            match self.channel.get_ref().read(room) {
                Ok(count) => {
                    incoming.advance_mut(count);
                    count
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Received::All),
                Err(error) => return Err(error),
            }
        };
        if count == 0 {
            return Ok(Received::End);
        }
        while let Some((number, frame)) = frames::take(&mut incoming).map_err(io::Error::other)? {
            match frame {
                Frame::Answer(answer) if self.is_running(number) => finish(Ended::Answered(answer)),
                Frame::Refuse(code, message) if self.is_running(number) => {
                    finish(Ended::Refused(code, message))
                }
                Frame::Log(level, message) => match self.numbered(number) {
                    Some(invocation) => invocation.log(level, &message),
                    None => logs::say(level, &message),
                },
                Frame::Trace(trace) => {
                    if let Some(invocation) = self.numbered(number) {
                        invocation.note_trace(&trace);
                    }
                }
                // An answer to an invocation that is over.
                _ => {}
            }
        }
        // A read that leaves room has taken all there was: asking again would only cost.
        Ok(if count < size { Received::All } else { Received::Some })
    }

    fn is_running(&self, number: u32) -> bool {
        number == self.number.get() && self.running.borrow().is_some()
    }

    fn finish(&self, ended: Ended, free: &mut impl FnMut()) {
        self.output.drain(&|level, line| self.log(level, line));
        let Some(running) = self.running.take() else { return };
        let mut recent = self.recent.borrow_mut();
        recent.push_back((self.number.get(), running.invocation));
        if recent.len() > MOST_RECENT {
            recent.pop_front();
        }
        let _ = running.done.send(ended);
        free();
    }

    /// The invocation that a frame belongs to.
    fn numbered(&self, number: u32) -> Option<Rc<Invocation>> {
        if number == self.number.get()
            && let Some(running) = &*self.running.borrow()
        {
            return Some(Rc::clone(&running.invocation));
        }
        let recent = self.recent.borrow();
        recent.iter().rev().find(|(of, _)| *of == number).map(|(_, invocation)| Rc::clone(invocation))
    }

    /// A line that was printed: the running invocation's, or nobody's.
    fn log(&self, level: Level, line: &str) {
        match &*self.running.borrow() {
            Some(running) => running.invocation.log(level, line),
            None => logs::say(level, line),
        }
    }
}
