//! One connection: hyper's view of its socket, and whether its client stalls.

use std::cell::Cell;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use slipway_http::contract::{HEADER_BYTES, STALL};
use slipway_http::framing::Framing;
use slipway_http::socket::{self, LINGER};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::server::Server;
use crate::service;

/// What is read at a time, at most. A head has to fit in.
const BUFFER_BYTES: usize = 2 * HEADER_BYTES;
/// How often it is looked whether a client stalls.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Between requests.
    Idle,
    /// A request has begun to arrive.
    Head,
    /// Its body is awaited.
    Body,
    Running,
    /// An answer is on its way.
    Answering,
    Closing,
}

/// Where a connection is, and since when.
pub struct Progress {
    server: Rc<Server>,
    phase: Cell<Phase>,
    since: Cell<Duration>,
}

impl Progress {
    pub fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub fn enter(&self, phase: Phase) {
        let before = self.phase.replace(phase);
        self.server.count_answering(before == Phase::Answering, phase == Phase::Answering);
        // Only these are timed.
        if phase != Phase::Idle && phase != Phase::Running {
            self.move_on();
        }
    }

    fn move_on(&self) {
        self.since.set(now());
    }

    fn stalls(&self) -> bool {
        let limit = match self.phase.get() {
            Phase::Idle | Phase::Running => return false,
            Phase::Head | Phase::Body | Phase::Answering => STALL,
            Phase::Closing => LINGER,
        };
        now() - self.since.get() >= limit
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.server.count_answering(self.phase.get() == Phase::Answering, false);
    }
}

/// The time, to a few milliseconds, for a tenth of the price.
fn now() -> Duration {
    // SAFETY: the system fills a plain value.
    let time = unsafe {
        let mut time = std::mem::zeroed::<libc::timespec>();
        libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time);
        time
    };
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

pub async fn serve(server: Rc<Server>, stream: TcpStream) {
    let (phase, since) = (Cell::new(Phase::Idle), Cell::new(now()));
    let progress = Rc::new(Progress { server: Rc::clone(&server), phase, since });
    let socket = Socket { stream, framing: Framing::default(), progress: Rc::clone(&progress) };
    let service = service_fn(|request| service::answer(Rc::clone(&server), Rc::clone(&progress), request));
    let mut served = pin!(
        socket::http()
            // A body is collected elsewhere: more would be kept twice, by each of many clients.
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(socket, service)
    );
    let mut draining = pin!(server.draining());
    let mut told = false;
    loop {
        tokio::select! {
            biased;
            // Whatever went wrong went wrong with the client, who has been told what could be told.
            _ = &mut served => return,
            () = &mut draining, if !told => {
                told = true;
                served.as_mut().graceful_shutdown();
            }
            () = sleep(LOOK) => if progress.stalls() {
                return;
            },
        }
    }
}

struct Socket {
    stream: TcpStream,
    framing: Framing,
    progress: Rc<Progress>,
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let count = ready!(socket::poll_read(&mut this.stream, &mut this.framing, context, cursor))?;
        if count > 0 {
            match this.progress.phase() {
                Phase::Idle => this.progress.enter(Phase::Head),
                Phase::Body => this.progress.move_on(),
                _ => {}
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        self.note(bytes.len(), &written);
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let total = parts.iter().map(|part| part.len()).sum();
        let written = ready!(socket::poll_write_parts(&mut self.stream, context, parts, total));
        self.note(total, &written);
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Ends our side, and waits until the client has ended its own.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.progress.phase() != Phase::Closing {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            this.progress.enter(Phase::Closing);
        }
        socket::poll_discard(&mut this.stream, context, || !this.progress.stalls())
    }
}

impl Socket {
    /// Whether an answer is out, or what there is of it.
    fn note(&self, wanted: usize, written: &io::Result<usize>) {
        if self.progress.phase() == Phase::Answering {
            match written {
                Ok(count) if *count == wanted => {
                    let inside = self.framing.is_inside_head();
                    self.progress.enter(if inside { Phase::Head } else { Phase::Idle });
                }
                _ => self.progress.move_on(),
            }
        }
    }
}
