//! The life of the server: it loads the function, listens, and ends when it is told to.

use std::cell::Cell;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use slipway_http::settings::Settings;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::connection;
use crate::function::Function;
use crate::invocation::Ids;
use crate::logs::{self, Level};
use crate::pool::Pool;

/// When no descriptor is left for a connection, one may be a little later.
const NO_DESCRIPTOR: Duration = Duration::from_millis(20);
const BACKLOG: u32 = 4096;
/// How long connections get, at the end, to take what is on its way to them.
const FLUSH: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(5);

pub struct Server {
    pub settings: &'static Settings,
    pub pool: Pool,
    pub ids: Ids,
    running: Cell<usize>,
    connections: Cell<usize>,
    answering: Cell<usize>,
    draining: Cell<bool>,
    drain: Notify,
}

/// Serves until a signal ends it.
pub fn serve(settings: &'static Settings, function: &'static Function) -> ExitCode {
    let served = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| LocalSet::new().block_on(&runtime, run(settings, function)));
    let code = match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logs::say(Level::Error, &format!("the server can't go on: {error}"));
            ExitCode::FAILURE
        }
    };
    logs::flush(Duration::from_secs(1));
    code
}

async fn run(settings: &'static Settings, function: &'static Function) -> io::Result<()> {
    harden();
    logs::start();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut child = signal(SignalKind::child())?;
    spawn_local(async move {
        while child.recv().await.is_some() {
            reap();
        }
    });
    let server = Rc::new(Server {
        settings,
        pool: Pool::new(function, settings.workers),
        ids: Ids::new(),
        running: Cell::new(0),
        connections: Cell::new(0),
        answering: Cell::new(0),
        draining: Cell::new(false),
        drain: Notify::new(),
    });
    let told = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tokio::pin!(told);
    tokio::select! {
        () = server.pool.start() => {}
        () = &mut told => return Ok(()),
    }
    let listener = listen(settings)?;
    logs::say(Level::Info, &format!("listening on {}:{}", settings.host, settings.address.port()));
    tokio::select! {
        () = server.accept(listener) => {}
        () = &mut told => {}
    }
    server.end().await;
    Ok(())
}

fn listen(settings: &Settings) -> io::Result<TcpListener> {
    let socket = if settings.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(settings.address).and_then(|()| socket.listen(BACKLOG)).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!(
                "{} can't be listened on, which RUNTIME_HOST and RUNTIME_PORT say: {error}",
                settings.address
            ),
        )
    })
}

/// Keeps this process's memory, which holds the secret, from others of its user, and takes as many descriptors as it may have.
fn harden() {
    // SAFETY: plain system calls.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0);
        // Outside a container too, processes that have lost their parents come to this one.
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

fn reap() {
    // SAFETY: nobody else waits for a child.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
}

impl Server {
    async fn accept(self: &Rc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // Without it answers wait for an acknowledgement.
                    let _ = stream.set_nodelay(true);
                    let server = Rc::clone(self);
                    server.connections.set(server.connections.get() + 1);
                    spawn_local(async move {
                        connection::serve(Rc::clone(&server), stream).await;
                        server.connections.set(server.connections.get() - 1);
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => sleep(NO_DESCRIPTOR).await,
            }
        }
    }

    /// Finishes what is in flight, as far as the grace period lets it.
    async fn end(&self) {
        self.draining.set(true);
        self.drain.notify_waiters();
        let grace_ends = Instant::now() + self.settings.grace;
        if timeout(self.settings.grace, self.until(|server| server.running.get() == 0)).await.is_err() {
            self.pool.end_all();
        }
        let _ = timeout(FLUSH, self.until(|server| server.connections.get() == 0)).await;
        // The last answers may go to slow clients.
        let _ = timeout_at(grace_ends, self.until(|server| server.answering.get() == 0)).await;
    }

    async fn until(&self, reached: impl Fn(&Self) -> bool) {
        while !reached(self) {
            sleep(LOOK).await;
        }
    }

    /// Notes that an answer is on its way, or isn't any more.
    pub fn count_answering(&self, before: bool, now: bool) {
        self.answering.set(self.answering.get() + usize::from(now) - usize::from(before));
    }

    pub fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Waits until the server is told to end.
    pub async fn draining(&self) {
        let told = self.drain.notified();
        if !self.draining.get() {
            told.await;
        }
    }

    pub fn is_full(&self) -> bool {
        self.running.get() >= self.settings.concurrency
    }

    /// The right to run an invocation.
    pub fn slot(self: &Rc<Self>) -> Option<Slot> {
        if self.is_full() {
            return None;
        }
        self.running.set(self.running.get() + 1);
        Some(Slot(Some(Rc::clone(self))))
    }
}

pub struct Slot(Option<Rc<Server>>);

#[cfg(test)]
impl Slot {
    /// One that nobody counts.
    pub fn none() -> Self {
        Self(None)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(server) = &self.0 {
            server.running.set(server.running.get() - 1);
        }
    }
}
