//! The process that serves: its runtime, its threads, and the loop that takes connections.

use std::cell::Cell;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Duration;

use slipway_http::ids;
use slipway_http::settings::Settings;
use tokio::net::TcpStream;

use crate::environment::Environment;
use crate::function::Function;
use crate::logs::{self, Level};
use crate::signals::{self, Set};
use crate::slots::Slots;
use crate::watch::Watch;
use crate::workers::{self, Workers};
use crate::{connection, guard, native, panics, table};

/// When no descriptor is left for a connection, one may be a little later.
const NO_DESCRIPTOR: Duration = Duration::from_millis(20);

/// Beside one for each invocation: what functions hand to `spawn_blocking` takes these, as many as tokio has by itself.
const BLOCKING_THREADS: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Serving,
    /// Another process has taken over; what is in flight here is finished.
    Retiring,
    Draining,
}

pub struct Server {
    pub settings: &'static Settings,
    pub environment: &'static Environment,
    pub function: Option<Function>,
    pub slots: &'static Slots,
    pub supervisor: i32,
    state: AtomicU8,
    connections: AtomicUsize,
    /// The watch's thread, and whether it sleeps for long.
    watch: AtomicUsize,
    watch_sleeps: AtomicBool,
    ids: AtomicU64,
    /// Tells this process's invocation ids from all others.
    id_prefix: String,
}

/// Serves until there is a reason to end the process. Called in a process that was just forked.
pub fn serve(
    settings: &Settings,
    environment: &'static Environment,
    function: Option<Function>,
    listener: &TcpListener,
    supervisor: i32,
) -> ! {
    let waited = Set::of(&[libc::SIGTERM, libc::SIGINT, signals::wake_up()]);
    waited.block();
    // SAFETY: plain system calls. A process that outlived process 1 would hold its port.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != supervisor {
            libc::_exit(1);
        }
    }
    if let Err(error) = start(settings, environment, function, listener, supervisor, waited) {
        logs::write_directly(Level::Error, None, &format!("the server can't start: {error}"));
    }
    // SAFETY: ends the process; nothing is to be run at its end that belongs to process 1.
    unsafe { libc::_exit(1) }
}

fn start(
    settings: &Settings,
    environment: &'static Environment,
    function: Option<Function>,
    listener: &TcpListener,
    supervisor: i32,
    waited: Set,
) -> io::Result<()> {
    // This process's memory is its own from the fork on, and it never returns.
    let settings: &'static Settings = unsafe { &*std::ptr::from_ref(settings) };
    // SAFETY: duplicates standard output before it is replaced.
    let log = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_DUPFD_CLOEXEC, 3) };
    let pipes = native::redirect()?;
    table::create();
    logs::start(log);
    guard::start(pipes);
    panics::install();
    let slots: &'static Slots = Box::leak(Box::new(Slots::new(settings.concurrency)));
    native::start(pipes, slots);
    let server: &'static Server = Box::leak(Box::new(Server {
        settings,
        environment,
        function,
        slots,
        supervisor,
        state: AtomicU8::new(0),
        connections: AtomicUsize::new(0),
        watch: AtomicUsize::new(0),
        watch_sleeps: AtomicBool::new(false),
        ids: AtomicU64::new(0),
        id_prefix: ids::prefix(),
    }));
    if function.is_none() {
        let message = "the function could not be loaded: there is no built function; run build.sh first, and mount its result";
        logs::write(Level::Error, None, message);
    }
    let threads = workers::count();
    share_heaps();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(settings.concurrency + BLOCKING_THREADS)
        .enable_all()
        .build()?;
    let workers = Workers::new(runtime.handle().clone(), threads);
    let listener = listener.try_clone()?;
    let listener = runtime.block_on(async { tokio::net::TcpListener::from_std(listener) })?;
    let listening = listener.as_raw_fd();
    let accepting = runtime.spawn(accept(server, listener)).abort_handle();
    signals::send(supervisor, signals::ready());
    // SAFETY: a plain system call.
    let this_thread = usize::try_from(unsafe { libc::gettid() }).unwrap_or(0);
    server.watch.store(this_thread, SeqCst);
    Watch::new(server, workers, listening, accepting).run(waited)
}

/// Every thread would have a heap of its own, each of which grows until it has seen the worst. Other C libraries have one.
fn share_heaps() {
    #[cfg(target_env = "gnu")]
    {
        let heaps = libc::c_int::try_from(workers::cores()).unwrap_or(1);
        // SAFETY: a setting of the C library's.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, heaps) };
    }
}

async fn accept(server: &'static Server, listener: tokio::net::TcpListener) {
    loop {
        match listener.accept().await {
            // Without a descriptor to move to, the caller has to come again.
            Ok((stream, _)) => drop(native::above_standard(stream).map(|stream| take(server, stream))),
            Err(error) if is_of_the_connection(&error) => {}
            Err(_) => tokio::time::sleep(NO_DESCRIPTOR).await,
        }
    }
}

fn take(server: &'static Server, stream: TcpStream) {
    // Without it answers wait for an acknowledgement; a connection that is gone already says so when it is read.
    let _ = stream.set_nodelay(true);
    let counted = Counted::new(&server.connections);
    tokio::spawn(async move {
        let _counted = counted;
        connection::serve(server, stream).await;
    });
}

/// Counts one until it is dropped, however that comes.
struct Counted(&'static AtomicUsize);

impl Counted {
    fn new(count: &'static AtomicUsize) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

impl Server {
    pub fn state(&self) -> State {
        match self.state.load(Relaxed) {
            0 => State::Serving,
            1 => State::Retiring,
            _ => State::Draining,
        }
    }

    pub fn enter(&self, state: State) {
        self.state.store(state as u8, SeqCst);
    }

    pub fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Notes whether the watch sleeps for long.
    pub fn sleeps(&self, sleeps: bool) {
        self.watch_sleeps.store(sleeps, SeqCst);
    }

    /// Has the watch look more often, from the first of several invocations on.
    pub fn wake_watch(&self) {
        if self.watch_sleeps.load(Relaxed) && self.watch_sleeps.swap(false, SeqCst) {
            // SAFETY: a plain system call.
            unsafe {
                libc::syscall(libc::SYS_tgkill, libc::getpid(), self.watch.load(SeqCst), signals::wake_up())
            };
        }
    }

    /// An id that no other invocation has. Each thread takes numbers a block at a time.
    pub fn next_id(&self) -> String {
        const BLOCK: u64 = 1 << 16;
        const NUMBER_DIGITS: usize = 10;
        thread_local! {
            static NEXT: Cell<u64> = const { Cell::new(0) };
        }
        let mut number = NEXT.get();
        if number.is_multiple_of(BLOCK) {
            number = self.ids.fetch_add(BLOCK, Relaxed);
        }
        NEXT.set(number + 1);
        let mut id = String::with_capacity(self.id_prefix.len() + NUMBER_DIGITS);
        id.push_str(&self.id_prefix);
        let mut digits = [0; NUMBER_DIGITS];
        for (digit, shift) in digits.iter_mut().rev().zip((0..).step_by(4)) {
            *digit = b"0123456789abcdef"[(number >> shift) as usize & 0xf];
        }
        id.push_str(std::str::from_utf8(&digits).unwrap_or_default());
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_panics_counts_no_more() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let counted = Counted::new(&COUNT);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let task = async move {
            let _counted = counted;
            assert_eq!(COUNT.load(SeqCst), 0, "on purpose");
        };
        assert!(runtime.block_on(runtime.spawn(task)).is_err());
        assert_eq!(COUNT.load(SeqCst), 0);
    }
}
