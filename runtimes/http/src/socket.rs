//! Steps of hyper's view of a connection's socket. Each server adds what it notes of a connection's progress.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::ReadBufCursor;
use hyper::server::conn::http1;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::contract::HEADER_BYTES;
use crate::framing::Framing;

/// How long a client that was refused may go on sending before the connection is cut off: it can't read the answer else.
pub const LINGER: Duration = Duration::from_secs(2);

/// What a target may have beside the headers.
const REQUEST_LINE_BYTES: usize = 8 * 1024;
/// An answer of so much is copied into one piece, which costs less than a vectored write.
const SMALL_BYTES: usize = 1024;

/// hyper as it is to read requests.
pub fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.half_close(true).max_header_size(HEADER_BYTES + REQUEST_LINE_BYTES);
    http
}

/// Reads for hyper, past `framing`, and says how many bytes have arrived.
pub fn poll_read(
    stream: &mut TcpStream,
    framing: &mut Framing,
    context: &mut Context<'_>,
    mut cursor: ReadBufCursor<'_>,
) -> Poll<io::Result<usize>> {
    // SAFETY: bytes are only ever added, by the socket, which says how many.
    let mut buffer = ReadBuf::uninit(unsafe { cursor.as_mut() });
    ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
    let arrived = buffer.filled_mut();
    framing.inspect(arrived);
    let count = arrived.len();
    // SAFETY: the socket has filled so many.
    unsafe { cursor.advance(count) };
    Poll::Ready(Ok(count))
}

/// Writes parts that are `total` bytes together.
pub fn poll_write_parts(
    stream: &mut TcpStream,
    context: &mut Context<'_>,
    parts: &[IoSlice<'_>],
    total: usize,
) -> Poll<io::Result<usize>> {
    if total > SMALL_BYTES {
        return Pin::new(stream).poll_write_vectored(context, parts);
    }
    let mut room = [MaybeUninit::uninit(); SMALL_BYTES];
    let mut whole = ReadBuf::uninit(&mut room);
    for part in parts {
        whole.put_slice(part);
    }
    Pin::new(stream).poll_write(context, whole.filled())
}

/// Reads what still comes, until the client has closed its side too or `patient` says no: closing a socket with bytes
/// unread in it resets the connection, and the client may never see its answer.
pub fn poll_discard(
    stream: &mut TcpStream,
    context: &mut Context<'_>,
    patient: impl Fn() -> bool,
) -> Poll<io::Result<()>> {
    let mut bytes = [0; 4096];
    while patient() {
        let mut buffer = ReadBuf::new(&mut bytes);
        match ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer)) {
            Ok(()) if !buffer.filled().is_empty() => {}
            _ => break,
        }
    }
    Poll::Ready(Ok(()))
}
