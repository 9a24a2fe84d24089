//! The server that a function is linked with. The program that `build.sh` generates is one line: `slipway_server::serve!`.
//!
//! One way through the modules: settings → supervisor → server → connection → service → envelope → run → outcome →
//! answer.
//! Process 1 (`supervisor`) forks the process that serves; there `watch` sees to deadlines, `guard` answers for it should
//! the function end it.

mod answer;
mod authorise;
mod body;
mod connection;
mod contract;
mod envelope;
mod framing;
#[doc(hidden)]
pub mod function;
mod guard;
mod invocation;
mod logs;
mod native;
mod outcome;
mod panics;
mod query;
mod raw;
mod run;
mod server;
mod service;
mod settings;
mod signals;
mod slots;
mod supervisor;
mod table;
mod threads;
mod wanted;
mod watch;
mod workers;

use std::process::ExitCode;

/// Serves the function at this path, which may be asynchronous or not.
#[macro_export]
macro_rules! serve {
    ($function:path) => {
        $crate::run(Some($crate::function!($function)))
    };
}

/// Runs until a signal ends it. Without a function it says, to whoever asks, that there is none.
pub fn run(function: Option<function::Function>) -> ExitCode {
    match settings::Settings::from_environment() {
        Ok(settings) => supervisor::supervise(settings, function),
        Err(problem) => {
            logs::write_directly(logs::Level::Error, None, &problem);
            ExitCode::from(contract::CONFIGURATION_EXIT)
        }
    }
}
