//! The process that has loaded the function, and forks a worker whenever it is told to.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd as _, OwnedFd, RawFd};
use std::path::Path;
use std::pin::pin;
use std::ptr;
use std::task::Poll;

use bytes::BytesMut;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;

use super::queue::Queue;
use super::worker::{Ends, Worker};
use crate::frames::{self, Frame};
use crate::function::Function;
use crate::logs;
use crate::output::{Output, Writers};
use crate::process;

/// So many are sent for a worker.
const DESCRIPTORS: usize = 5;

pub struct Loader {
    control: UnixStream,
    output: Output,
    incoming: RefCell<BytesMut>,
    /// Our ends of what has been sent to be forked with, in order.
    forking: RefCell<VecDeque<Ends>>,
}

impl Loader {
    /// Starts it. It has not loaded the function yet.
    pub fn start(function: &Function) -> io::Result<Self> {
        let (control, theirs) = process::pair()?;
        let control = UnixStream::from_std(control)?;
        let (_, output) = process::start(function, Some(&theirs), Path::new(""), 0)?;
        Ok(Self { control, output, incoming: RefCell::default(), forking: RefCell::default() })
    }

    /// The next thing that it says; None when it is gone.
    pub async fn next(&self) -> Option<Frame> {
        let mut next = pin!(self.read());
        let frame = std::future::poll_fn(|context| {
            if self.output.poll(context) {
                self.output.read(&logs::say);
                context.waker().wake_by_ref();
            }
            match next.as_mut().poll(context) {
                Poll::Ready(frame) => Poll::Ready(frame),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        self.output.drain(&logs::say);
        frame
    }

    async fn read(&self) -> Option<Frame> {
        loop {
            if let Some((_, frame)) = frames::take(&mut self.incoming.borrow_mut()).ok()? {
                return Some(frame);
            }
            self.control.readable().await.ok()?;
            let mut incoming = self.incoming.borrow_mut();
            incoming.reserve(frames::START);
            match self.control.try_read_buf(&mut *incoming) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
    }

    /// Has it fork a worker; it says so later.
    pub async fn fork(&self) -> io::Result<()> {
        let (channel, theirs) = process::pair()?;
        let bell = bell()?;
        // SAFETY: these descriptors stay what they are for as long as they are registered.
        let (channel, bell) = unsafe {
            let channel = AsyncFd::register_with_interest(channel, Interest::WRITABLE)?;
            (channel, AsyncFd::register_with_interest(bell, Interest::READABLE)?)
        };
        let queue = Queue::new()?;
        let (output, Writers { out, err }) = Output::new()?;
        let descriptors = [
            theirs.as_raw_fd(),
            queue.exit().as_raw_fd(),
            bell.as_raw_fd(),
            out.as_raw_fd(),
            err.as_raw_fd(),
        ];
        self.control
            .async_io(Interest::WRITABLE, || send(self.control.as_raw_fd(), &frames::fork(), &descriptors))
            .await?;
        self.forking.borrow_mut().push_back(Ends { channel, queue, bell, output });
        Ok(())
    }

    /// The worker that was forked in answer to the oldest `fork`.
    pub fn forked(&self, process: i32) -> io::Result<Worker> {
        let ends = self.forking.borrow_mut().pop_front();
        Worker::new(process, ends.ok_or_else(|| io::Error::other("no fork was asked for"))?)
    }
}

/// Something to ring: both sides hold the same.
fn bell() -> io::Result<OwnedFd> {
    // SAFETY: a plain system call; the descriptor that it returns is nobody else's.
    unsafe {
        let descriptor = libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC);
        if descriptor < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(descriptor)) }
    }
}

/// Sends bytes and, along with them, descriptors.
fn send(socket: RawFd, bytes: &[u8], descriptors: &[RawFd; DESCRIPTORS]) -> io::Result<()> {
    const SIZE: u32 = size_of::<[RawFd; DESCRIPTORS]>() as u32;
    /// As aligned as a control message has to be.
    #[repr(C)]
    union Control {
        _header: libc::cmsghdr,
        bytes: [u8; unsafe { libc::CMSG_SPACE(SIZE) } as usize],
    }
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: all that `message` points to lives until the call returns, and there is room for one control message.
    let sent = unsafe {
        let mut control: Control = mem::zeroed();
        let mut message: libc::msghdr = mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = (&raw mut control).cast();
        message.msg_controllen = control.bytes.len() as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(SIZE) as _;
        ptr::copy_nonoverlapping(descriptors.as_ptr().cast(), libc::CMSG_DATA(header), SIZE as usize);
        libc::sendmsg(socket, &raw const message, libc::MSG_NOSIGNAL)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
