//! Process 1: binds the port, forks the process that serves, and forks another one when that one ends or retires.
//!
//! It stays single-threaded and runs no function code. A fork costs a millisecond or two, needs no exec, and hands the
//! secret on in memory only. Callers wait in the socket's backlog meanwhile.

use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use slipway_http::settings::Settings;

use crate::environment::Environment;
use crate::function::Function;
use crate::logs::{self, Level};
use crate::signals::{self, Set};
use crate::{server, table};

/// So many processes in a row that never took a connection are a failure of the server.
const MOST_FAILED_STARTS: u32 = 3;
/// What a serving process gets beyond the grace period to end itself.
const LAST_WAIT: Duration = Duration::from_secs(2);
const GUARDS_WAIT: Duration = Duration::from_millis(250);
const BACKLOG: i32 = 4096;

struct Supervisor {
    settings: Settings,
    environment: &'static Environment,
    function: Option<Function>,
    listener: Option<TcpListener>,
    /// The process that takes connections.
    current: i32,
    /// It and those that retire.
    alive: Vec<i32>,
    is_ready: bool,
    failed_starts: u32,
    announced: bool,
    ends_at: Option<Instant>,
}

pub fn supervise(
    settings: Settings,
    environment: &'static Environment,
    function: Option<Function>,
) -> ExitCode {
    let listener = match listen(&settings) {
        Ok(listener) => listener,
        Err(error) => {
            let message =
                format!("{}:{} can't be listened on: {error}", settings.host, settings.address.port());
            logs::write_directly(Level::Error, None, &message);
            return ExitCode::FAILURE;
        }
    };
    raise_descriptor_limit();
    // SAFETY: a plain system call. Process 1 gets orphans anyway.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
    let waited =
        Set::of(&[libc::SIGTERM, libc::SIGINT, libc::SIGCHLD, signals::ready(), signals::retiring()]);
    waited.block();
    let mut supervisor = Supervisor {
        settings,
        environment,
        function,
        listener: Some(listener),
        current: 0,
        alive: Vec::new(),
        is_ready: false,
        failed_starts: 0,
        announced: false,
        ends_at: None,
    };
    supervisor.start();
    supervisor.run(waited)
}

impl Supervisor {
    fn run(mut self, waited: Set) -> ExitCode {
        loop {
            let limit = self.ends_at.map(|end| end.saturating_duration_since(Instant::now()));
            match waited.wait(limit) {
                Some(received) if received.signal == libc::SIGCHLD => self.reap(),
                Some(received) if received.signal == signals::ready() && received.sender == self.current => {
                    self.take_ready();
                }
                Some(received)
                    if received.signal == signals::retiring() && received.sender == self.current =>
                {
                    self.start();
                }
                Some(received) if received.signal == libc::SIGTERM || received.signal == libc::SIGINT => {
                    self.drain()
                }
                Some(_) => {}
                // The time is up, or this process was stopped and goes on.
                None => self.end_overdue(),
            }
            if self.ends_at.is_some() && self.alive.is_empty() {
                wait_for_guards();
                return ExitCode::SUCCESS;
            }
            if self.failed_starts >= MOST_FAILED_STARTS {
                let message =
                    format!("the server ended {MOST_FAILED_STARTS} times before it took a connection");
                logs::write_directly(Level::Error, None, &message);
                return ExitCode::FAILURE;
            }
        }
    }

    /// Forks a process that serves, which the listening socket's callers go to from now on.
    fn start(&mut self) {
        let Some(listener) = self.listener.as_ref().filter(|_| self.ends_at.is_none()) else { return };
        // SAFETY: there is one thread, so the child's memory is as good as this one's.
        unsafe {
            let parent = libc::getpid();
            match libc::fork() {
                0 => server::serve(&self.settings, self.environment, self.function, listener, parent),
                child if child > 0 => {
                    self.current = child;
                    self.alive.push(child);
                    self.is_ready = false;
                }
                _ => {
                    let message = format!("no process could be forked: {}", io::Error::last_os_error());
                    logs::write_directly(Level::Error, None, &message);
                    self.failed_starts = MOST_FAILED_STARTS;
                }
            }
        }
    }

    fn take_ready(&mut self) {
        self.is_ready = true;
        self.failed_starts = 0;
        if !std::mem::replace(&mut self.announced, true) {
            let message = format!("listening on {}:{}", self.settings.host, self.settings.address.port());
            logs::write_directly(Level::Info, None, &message);
        }
    }

    fn reap(&mut self) {
        let mut status = 0;
        loop {
            // SAFETY: a plain system call, and the status is valid.
            let process = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
            if process <= 0 {
                return;
            }
            self.alive.retain(|alive| *alive != process);
            if process == self.current && self.ends_at.is_none() {
                if !self.is_ready {
                    self.failed_starts += 1;
                }
                if self.failed_starts < MOST_FAILED_STARTS {
                    self.start();
                }
                let how = describe(status);
                logs::write_directly(
                    Level::Error,
                    None,
                    &format!("the function's process {how}: another one was started"),
                );
            }
        }
    }

    fn drain(&mut self) {
        if self.ends_at.is_none() {
            if let Some(listener) = self.listener.take() {
                // In the processes that share it too, at once.
                // SAFETY: a plain system call.
                unsafe { libc::shutdown(listener.as_raw_fd(), libc::SHUT_RDWR) };
            }
            self.ends_at = Some(Instant::now() + self.settings.grace + LAST_WAIT);
            for process in &self.alive {
                signals::send(*process, libc::SIGTERM);
            }
        }
    }

    fn end_overdue(&mut self) {
        if self.ends_at.is_some_and(|end| Instant::now() >= end) {
            for process in self.alive.drain(..) {
                signals::send(process, libc::SIGKILL);
            }
        }
    }
}

/// Guards end right after their processes, and hold the port until then. Other orphans may stay for as long as they like.
fn wait_for_guards() {
    let end = Instant::now() + GUARDS_WAIT;
    // SAFETY: a plain system call.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } >= 0 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn describe(status: i32) -> String {
    if libc::WIFSIGNALED(status) {
        format!("was ended by signal {}", libc::WTERMSIG(status))
    } else {
        format!("ended with exit code {}", libc::WEXITSTATUS(status))
    }
}

fn listen(settings: &Settings) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(settings.address)?;
    listener.set_nonblocking(true)?;
    // SAFETY: a plain system call. While a process is replaced, callers wait here.
    unsafe { libc::listen(listener.as_raw_fd(), BACKLOG) };
    Ok(listener)
}

/// Takes all that the system grants, as each connection is a descriptor, up to what the table holds.
fn raise_descriptor_limit() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit is valid.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max.min(table::MOST_DESCRIPTORS as libc::rlim_t);
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn processes_are_ended_when_their_time_is_up_and_not_before() {
        let settings = Settings {
            host: String::new(),
            address: ([127, 0, 0, 1], 0).into(),
            secret: Vec::new(),
            development: false,
            timeout: Duration::ZERO,
            grace: Duration::ZERO,
            max_body: 0,
            concurrency: 0,
            workers: 0,
        };
        let mut process = Command::new("sleep").arg("60").spawn().expect("it is started");
        let mut supervisor = Supervisor {
            settings,
            environment: Box::leak(Box::default()),
            function: None,
            listener: None,
            current: 0,
            alive: vec![i32::try_from(process.id()).expect("it is a process id")],
            is_ready: true,
            failed_starts: 0,
            announced: true,
            ends_at: None,
        };
        supervisor.end_overdue();
        supervisor.ends_at = Some(Instant::now() + LAST_WAIT);
        supervisor.end_overdue();
        assert_eq!(supervisor.alive.len(), 1);
        supervisor.ends_at = Some(Instant::now());
        supervisor.end_overdue();
        assert_eq!(process.wait().expect("it ends").signal(), Some(libc::SIGKILL));
    }
}
