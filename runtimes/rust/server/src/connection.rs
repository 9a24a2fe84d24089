//! One connection: hyper's view of its socket, and what is noted of it for the guard and the watch.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::contract::HEADER_BYTES;
use crate::framing::Framing;
use crate::server::Server;
use crate::service;
use crate::table::{self, Phase};

/// What a target may have beside the headers.
const REQUEST_LINE_BYTES: usize = 8 * 1024;
/// How long a client that was refused may go on sending before the connection is cut off: it can't read the answer else.
const LINGER: Duration = Duration::from_secs(2);

/// An answer of so much is copied into one piece, which costs less than a vectored write.
const SMALL_BYTES: usize = 1024;

pub async fn serve(server: &'static Server, stream: TcpStream) {
    let entry = table::connection(stream.as_raw_fd());
    entry.enter(Phase::Idle);
    let descriptor = stream.as_raw_fd();
    let socket = Socket { stream, framing: Framing::new(), entry, lingers_until: None };
    let served = http1::Builder::new()
        .half_close(true)
        .max_header_size(HEADER_BYTES + REQUEST_LINE_BYTES)
        .serve_connection(socket, service_fn(move |request| service::answer(server, descriptor, request)));
    // Whatever went wrong went wrong with the client, who has been told what could be told.
    let _ = pin!(served).await;
}

struct Socket {
    stream: TcpStream,
    framing: Framing,
    entry: &'static table::Connection,
    lingers_until: Option<Instant>,
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // SAFETY: bytes are only ever added, by the socket, which says how many.
        let mut buffer = ReadBuf::uninit(unsafe { cursor.as_mut() });
        ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer))?;
        let arrived = buffer.filled_mut();
        this.framing.inspect(arrived);
        let count = arrived.len();
        if count > 0 {
            match this.entry.phase() {
                Phase::Idle => this.entry.enter(Phase::Head),
                Phase::Body => this.entry.move_on(),
                _ => {}
            }
        }
        // SAFETY: the socket has filled so many.
        unsafe { cursor.advance(count) };
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
        self.written(bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let total = parts.iter().map(|part| part.len()).sum();
        let written = if total <= SMALL_BYTES {
            let mut room = [MaybeUninit::uninit(); SMALL_BYTES];
            let mut whole = ReadBuf::uninit(&mut room);
            for part in parts {
                whole.put_slice(part);
            }
            ready!(Pin::new(&mut self.stream).poll_write(context, whole.filled()))
        } else {
            ready!(Pin::new(&mut self.stream).poll_write_vectored(context, parts))
        };
        self.written(total, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingers_until.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            this.lingers_until = Some(Instant::now() + LINGER);
            this.entry.enter(Phase::Head);
        }
        this.discard(context)
    }
}

impl Socket {
    fn written(&self, wanted: usize, written: io::Result<usize>) -> Poll<io::Result<usize>> {
        if self.entry.phase() == Phase::Answering {
            match &written {
                Ok(count) if *count == wanted => {
                    let next = if self.framing.is_inside_head() { Phase::Head } else { Phase::Idle };
                    self.entry.enter(next);
                }
                _ => self.entry.move_on(),
            }
        }
        Poll::Ready(written)
    }

    /// Reads what still comes, until the client has closed its side too: closing a socket with bytes unread in it resets
    /// the connection, and the client may never see its answer.
    fn discard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; 4096];
        while self.lingers_until.is_some_and(|end| Instant::now() < end) {
            let mut buffer = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.entry.enter(Phase::Free);
    }
}
