//! The HTTP side of runtimes whose functions run in processes of their own, in whatever language: it speaks frames with them.
//!
//! One way through the modules: settings → server → connection → service → pool → answer. What a pool does depends on how many
//! invocations one process runs at a time: one (`forked`) or many (`shared`). Everything but the log's writing happens on one
//! thread.

mod answer;
mod authorise;
mod body;
mod connection;
mod contract;
mod forked;
mod frames;
mod framing;
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
mod settings;
mod shared;
mod steering;

use std::env;
use std::process::ExitCode;

use function::Function;
use settings::Settings;

fn main() -> ExitCode {
    match Function::from_arguments(env::args().skip(1)).and_then(Settings::from_environment) {
        Ok(settings) => server::serve(Box::leak(Box::new(settings))),
        Err(problem) => {
            logs::say(logs::Level::Error, &problem);
            ExitCode::from(contract::CONFIGURATION_EXIT)
        }
    }
}
