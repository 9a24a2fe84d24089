//! The HTTP side of the PHP runtime. PHP itself runs in processes of its own: one that has loaded the function, and the
//! workers that are forked from it.
//!
//! One way through the modules: settings → server → connection → service → pool → worker → answer. Everything but the log's
//! writing happens on one thread.

mod answer;
mod authorise;
mod body;
mod connection;
mod contract;
mod frames;
mod framing;
mod invocation;
mod job;
mod loader;
mod logs;
mod output;
mod pool;
mod queue;
mod server;
mod service;
mod settings;
mod steering;
mod worker;

use std::process::ExitCode;

use settings::Settings;

fn main() -> ExitCode {
    match Settings::from_environment() {
        Ok(settings) => server::serve(Box::leak(Box::new(settings))),
        Err(problem) => {
            logs::say(logs::Level::Error, &problem);
            ExitCode::from(contract::CONFIGURATION_EXIT)
        }
    }
}
