//! The HTTP side of runtimes whose functions run in processes of their own, in whatever language: it speaks frames with them.
//!
//! One way through the modules: function → server → connection → service → pool. What of that every server does alike, by the
//! contract's rules, is `slipway_http`'s. What a pool does depends on how many invocations one process runs at a time: one
//! (`forked`) or many (`shared`). Everything but the log's writing happens on one thread.

mod connection;
mod forked;
mod frames;
mod function;
mod incoming;
mod invocation;
mod job;
mod logs;
mod output;
mod pool;
mod process;
mod server;
mod service;
mod shared;

use std::env;
use std::process::ExitCode;

use slipway_http::contract::CONFIGURATION_EXIT;
use slipway_http::settings::{Most, Settings};

use function::{Function, Processes};

/// A frame's length has to have room for more.
const MOST_BODY: usize = u32::MAX as usize / 2;
/// Each invocation may take a process.
const MOST_FORKED: usize = 4096;
const MOST_AT_ONCE: usize = 1_000_000;

fn main() -> ExitCode {
    match read() {
        Ok((settings, function)) => {
            server::serve(Box::leak(Box::new(settings)), Box::leak(Box::new(function)))
        }
        Err(problem) => {
            logs::say(logs::Level::Error, &problem);
            ExitCode::from(CONFIGURATION_EXIT)
        }
    }
}

fn read() -> Result<(Settings, Function), String> {
    let function = Function::from_arguments(env::args().skip(1))?;
    let concurrency = if function.processes == Processes::Forked { MOST_FORKED } else { MOST_AT_ONCE };
    let settings = Settings::from_environment(&Most { body: MOST_BODY, concurrency })?;
    Ok((settings, function))
}
