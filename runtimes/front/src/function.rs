//! How the function's processes are started, as launch.sh says in the arguments: options, `--`, and a command.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use slipway_http::contract::RESERVED_VARIABLES;
use slipway_http::settings::given;

/// The function and the command that runs it.
pub struct Function {
    pub processes: Processes,
    pub socket: Socket,
    pub yields: Yields,
    pub interrupt: Interrupt,
    command: Vec<String>,
    folder: PathBuf,
    entrypoint: String,
    /// What its processes see of the environment.
    pub environment: Vec<(OsString, OsString)>,
}

/// How many invocations one process runs at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processes {
    /// One: a process loads the function, and workers are forked from it.
    Forked,
    /// Many: the process has threads, or an event loop.
    Shared,
}

/// How a process gets its end of the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// As descriptor 3.
    Inherited,
    /// It connects to a path.
    Path,
}

/// What shows that a process still yields after an invocation was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yields {
    /// That invocation ends, since it can be interrupted.
    End,
    /// A pong: nothing can be interrupted there, and what awaits stands in nobody's way.
    Pong,
}

/// How what holds a process's thread can be interrupted from outside, so that others there may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    None,
    /// The process handles SIGUSR1.
    Signal,
    /// V8 opens its inspector at SIGUSR1, at the port that the command names.
    Inspector,
}

impl Function {
    /// Reads the program's arguments; a mistake there is launch.sh's.
    pub fn from_arguments(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut function = Self {
            processes: Processes::Shared,
            socket: Socket::Inherited,
            yields: Yields::End,
            interrupt: Interrupt::None,
            command: Vec::new(),
            folder: PathBuf::new(),
            entrypoint: String::new(),
            environment: Vec::new(),
        };
        let mut more = Vec::new();
        let mut arguments = arguments.into_iter();
        for argument in arguments.by_ref() {
            match argument.split_once('=').unwrap_or((&argument, "")) {
                ("--", "") => break,
                ("--processes", "forked") => function.processes = Processes::Forked,
                ("--processes", "shared") => function.processes = Processes::Shared,
                ("--socket", "inherited") => function.socket = Socket::Inherited,
                ("--socket", "path") => function.socket = Socket::Path,
                ("--yields", "end") => function.yields = Yields::End,
                ("--yields", "pong") => function.yields = Yields::Pong,
                ("--interrupt", "none") => function.interrupt = Interrupt::None,
                ("--interrupt", "signal") => function.interrupt = Interrupt::Signal,
                ("--interrupt", "inspector") => function.interrupt = Interrupt::Inspector,
                ("--entrypoint", name) => name.clone_into(&mut function.entrypoint),
                ("--env", variable) => {
                    let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
                    more.push((OsString::from(name), OsString::from(value)));
                }
                _ => return Err(format!("{argument} is no option of the server")),
            }
        }
        function.command = arguments.collect();
        if function.command.is_empty() {
            return Err(String::from("the command that runs the function is missing: it follows --"));
        }
        let reserved = |name: &OsString| name.to_string_lossy().starts_with(RESERVED_VARIABLES);
        function.environment = env::vars_os()
            .filter(|(name, _)| !reserved(name) && more.iter().all(|(other, _)| other != name))
            .collect();
        function.environment.append(&mut more);
        if let Some(entrypoint) = given("RUNTIME_ENTRYPOINT") {
            function.entrypoint = entrypoint;
        }
        function.folder = folder();
        Ok(function)
    }

    /// The program and its arguments, with the names filled in that stand in braces.
    pub fn command(&self, socket: &Path, port: u16) -> Vec<String> {
        let fill = |argument: &String| {
            argument
                .replace("{folder}", &self.folder.to_string_lossy())
                .replace("{entrypoint}", &self.entrypoint)
                .replace("{socket}", &socket.to_string_lossy())
                .replace("{port}", &port.to_string())
        };
        self.command.iter().map(fill).collect()
    }

    /// Where its processes start.
    pub fn directory(&self) -> &Path {
        if self.folder.is_dir() { &self.folder } else { Path::new("/") }
    }
}

/// The build, or the plain source where nothing was built.
fn folder() -> PathBuf {
    let named = |name, usual: &str| PathBuf::from(given(name).unwrap_or_else(|| usual.to_owned()));
    let build = named("FUNCTION_BUILD", "/function/build");
    let source = named("FUNCTION_SOURCE", "/function/source");
    let is_built = fs::read_dir(&build).is_ok_and(|mut entries| entries.next().is_some());
    if is_built || !source.is_dir() { build } else { source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Function, String> {
        Function::from_arguments(arguments.iter().map(ToString::to_string))
    }

    #[test]
    fn options_come_before_the_command() {
        let arguments =
            ["--processes=forked", "--entrypoint=main.x", "--env=A=b=c", "--", "run", "--yields=pong"];
        let function = read(&arguments).expect("valid");
        assert_eq!((function.processes, function.yields), (Processes::Forked, Yields::End));
        assert_eq!(function.command, ["run", "--yields=pong"]);
        assert!(function.environment.contains(&(OsString::from("A"), OsString::from("b=c"))));
    }

    #[test]
    fn braces_are_filled_in() {
        let mut function =
            read(&["--entrypoint=main.x", "--", "run", "{folder}/{entrypoint}", "unix:{socket}", "{port}"])
                .expect("valid");
        function.folder = PathBuf::from("/f");
        assert_eq!(function.command(Path::new("/s"), 7), ["run", "/f/main.x", "unix:/s", "7"]);
    }

    #[test]
    fn what_is_no_option_is_named() {
        for (arguments, told) in [
            (&["--processes=none", "--", "run"][..], "--processes=none"),
            (&["run"], "run is no option"),
            (&["--socket=path", "--"], "command"),
        ] {
            assert!(read(arguments).err().is_some_and(|problem| problem.contains(told)), "{told}");
        }
    }
}
