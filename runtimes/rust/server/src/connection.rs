//! One connection: hyper's view of its socket, and what is noted of it for the guard and the watch.

use std::io;
use std::os::fd::AsRawFd;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use slipway_http::framing::Framing;
use slipway_http::socket::{self, LINGER};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use crate::server::Server;
use crate::service;
use crate::table::{self, Phase};

pub async fn serve(server: &'static Server, stream: TcpStream) {
    let entry = table::connection(stream.as_raw_fd());
    entry.enter(Phase::Fresh);
    let descriptor = stream.as_raw_fd();
    let socket = Socket { stream, framing: Framing::default(), entry, lingers_until: None };
    let served = socket::http()
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
        cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let count = ready!(socket::poll_read(&mut this.stream, &mut this.framing, context, cursor))?;
        if count > 0 {
            match this.entry.phase() {
                Phase::Fresh | Phase::Idle => this.entry.enter(Phase::Head),
                Phase::Body => this.entry.move_on(),
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
        self.written(bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let total = parts.iter().map(|part| part.len()).sum();
        let written = ready!(socket::poll_write_parts(&mut self.stream, context, parts, total));
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
        let until = this.lingers_until;
        socket::poll_discard(&mut this.stream, context, || until.is_some_and(|end| Instant::now() < end))
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
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.entry.enter(Phase::Free);
    }
}
