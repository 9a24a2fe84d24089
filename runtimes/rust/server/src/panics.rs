//! Panics become lines of the log, with their stack, under the invocation that they happened in.

use std::backtrace::Backtrace;
use std::panic::{self, PanicHookInfo};

use slipway::{Level, Sink};

use crate::invocation::with_current;
use crate::logs;

/// What tokio says before the thread ends that was to see to the network.
const NO_NETWORK: &str = "unexpected error when polling the I/O driver";

pub fn install() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("a value that is no text");
        if message.starts_with(NO_NETWORK) {
            // A function has closed what is not its own. This process would live on, and answer nobody.
            logs::write_directly(Level::Error, None, message);
            std::process::abort();
        }
        let text = report(panic, message);
        let noted = with_current(|invocation| {
            invocation.write(Level::Error, text.clone());
            invocation.note_panic(message.to_owned());
        });
        if noted.is_none() {
            logs::write(Level::Error, None, &text);
        }
    }));
}

fn report(panic: &PanicHookInfo<'_>, message: &str) -> String {
    let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
    format!("panicked{place}: {message}\nstack backtrace:\n{}", Backtrace::force_capture())
}
