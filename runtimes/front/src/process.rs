//! Starts a process of the function's.

use std::fs;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::ptr;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::function::Function;
use crate::output::Output;

/// Where it finds its end of an inherited socket.
const INHERITED: RawFd = 3;
/// When memory runs out, the system is to end it and not this server.
const OUT_OF_MEMORY_SCORE: &str = "900";

/// Starts the function's command. Gives its process id and what it prints.
pub fn start(
    function: &Function,
    theirs: Option<&OwnedFd>,
    path: &Path,
    port: u16,
) -> io::Result<(i32, Output)> {
    let (output, writers) = Output::new()?;
    let words = function.command(path, port);
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .current_dir(function.directory())
        .env_clear()
        .envs(function.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(writers.out)
        .stderr(writers.err)
        // A terminal's interrupt is this server's alone, and what the function starts ends with it.
        .process_group(0);
    let descriptor = theirs.map(|socket| socket.as_raw_fd());
    // SAFETY: only system calls are made between fork and exec.
    unsafe {
        command.pre_exec(move || {
            let kept = match descriptor {
                Some(INHERITED) => libc::fcntl(INHERITED, libc::F_SETFD, 0),
                Some(descriptor) => libc::dup2(descriptor, INHERITED),
                None => 0,
            };
            // It is to serve other signals than those that this process waits for.
            let mut none = mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            if kept < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
        });
    }
    let child = command
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{} can't be started: {error}", words[0])))?;
    // Not every system has it. Whoever is a child of process 1 is waited for there.
    let _ = fs::write(format!("/proc/{}/oom_score_adj", child.id()), OUT_OF_MEMORY_SCORE);
    Ok((i32::try_from(child.id()).expect("process ids are small"), output))
}

/// Becomes readable when the process ends, whoever else holds its descriptors.
pub fn exit_of(process: i32) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: a plain system call; the descriptor that it returns is nobody else's, and stays what it is for as long as it is
    // registered.
    unsafe {
        let descriptor = libc::syscall(libc::SYS_pidfd_open, process, 0);
        let descriptor = i32::try_from(descriptor).unwrap_or(-1);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(AsyncFd::register_with_interest(OwnedFd::from_raw_fd(descriptor), Interest::READABLE)?)
    }
}

/// Ends a process and those that it has started.
pub fn kill(process: i32) {
    // SAFETY: plain system calls. A process of the function's leads a group; until it does, it is only itself.
    unsafe {
        libc::kill(-process, libc::SIGKILL);
        libc::kill(process, libc::SIGKILL);
    }
}

/// Tells a process that something holds its thread.
pub fn interrupt(process: i32) {
    // SAFETY: a plain system call.
    unsafe { libc::kill(process, libc::SIGUSR1) };
}

/// A pair of sockets: ours for the event loop, theirs as others want it.
pub fn pair() -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((ours, theirs.into()))
}
