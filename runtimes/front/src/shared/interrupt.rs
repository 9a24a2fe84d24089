//! Takes the thread of a process from what holds it, where the process can be told to from outside: what waits there may go on then.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use crate::function::Interrupt;
use crate::process;

/// After so long it has not helped.
pub const LIMIT: Duration = Duration::from_secs(1);
/// What V8's inspector prints when it is spoken to.
pub const ATTACHED: &str = "Debugger attached.";

const RETRY: Duration = Duration::from_millis(10);
/// An answer of the inspector's is shorter.
const MOST_BYTES: usize = 64 * 1024;

/// Where an inspector may listen, should it come to that. Somebody else may take the port meanwhile; then nothing is interrupted.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Interrupts what runs in a process, in one way or the other.
pub fn interrupt(id: i32, way: Interrupt, port: u16) {
    if way == Interrupt::None {
        return;
    }
    process::interrupt(id);
    if way == Interrupt::Inspector {
        // What goes wrong here leaves the process as it was.
        spawn_local(timeout(LIMIT, terminate(port)));
    }
}

#[derive(Deserialize)]
struct Target {
    id: String,
}

/// Has V8 end whatever it executes, through the inspector that the signal has opened.
async fn terminate(port: u16) -> io::Result<()> {
    let target = loop {
        match target(port).await {
            Ok(target) => break target,
            Err(_) => sleep(RETRY).await,
        }
    };
    let mut stream = connect(port).await?;
    let upgrade = format!(
        "GET /{} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        target.id
    );
    stream.write_all(upgrade.as_bytes()).await?;
    read_until(&mut stream, |bytes| bytes.ends_with(b"\r\n\r\n").then_some(())).await?;
    let command = br#"{"id":1,"method":"Runtime.terminateExecution"}"#;
    // One whole text, under a mask that changes nothing.
    let length = 0x80 | u8::try_from(command.len()).expect("it is short");
    let mut frame = vec![0x81, length, 0, 0, 0, 0];
    frame.extend_from_slice(command);
    stream.write_all(&frame).await?;
    read_until(&mut stream, |bytes| (!bytes.is_empty()).then_some(())).await
}

/// What the inspector offers to be spoken with.
async fn target(port: u16) -> io::Result<Target> {
    let mut stream = connect(port).await?;
    let request = format!("GET /json/list HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let targets: Vec<Target> = read_until(&mut stream, |bytes| {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        serde_json::from_slice(&bytes[end + 4..]).ok()
    })
    .await?;
    targets.into_iter().next().ok_or_else(|| io::ErrorKind::NotFound.into())
}

async fn connect(port: u16) -> io::Result<TcpStream> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await
}

/// Reads until there is what is sought.
async fn read_until<T>(stream: &mut TcpStream, mut seek: impl FnMut(&[u8]) -> Option<T>) -> io::Result<T> {
    let mut bytes = Vec::new();
    while bytes.len() < MOST_BYTES {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(found) = seek(&bytes) {
            return Ok(found);
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}
