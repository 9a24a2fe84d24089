//! The server that a function is linked with. The program that `build.sh` generates is one line: `slipway_server::serve!`.
//!
//! One way through the modules: supervisor → server → connection → service → envelope → run → outcome. What of that every
//! server does alike, by the contract's rules, is `slipway_http`'s.
//! Process 1 (`supervisor`) forks the process that serves; there `watch` sees to deadlines, `guard` answers for it should
//! the function end it.

mod answer;
mod connection;
mod envelope;
mod environment;
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
mod signals;
mod slots;
mod supervisor;
mod table;
mod threads;
mod watch;
mod workers;

use std::process::ExitCode;

use slipway_http::contract::CONFIGURATION_EXIT;
use slipway_http::settings::{Most, Settings};

/// Each invocation may hold a thread.
const MOST_AT_ONCE: usize = 4096;

/// Serves the function at this path, which may be asynchronous or not.
#[macro_export]
macro_rules! serve {
    ($function:path) => {
        $crate::run(Some($crate::function!($function)))
    };
}

/// Runs until a signal ends it. Without a function it says, to whoever asks, that there is none.
pub fn run(function: Option<function::Function>) -> ExitCode {
    // More processes than one would not be faster, as that uses every core: RUNTIME_WORKERS is checked, and nothing else.
    match Settings::from_environment(&Most { body: isize::MAX as usize, concurrency: MOST_AT_ONCE }) {
        Ok(settings) => supervisor::supervise(settings, environment::without_own_variables(), function),
        Err(problem) => {
            logs::write_directly(logs::Level::Error, None, &problem);
            ExitCode::from(CONFIGURATION_EXIT)
        }
    }
}
