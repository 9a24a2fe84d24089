//! Panics become lines of the log, with their stack, under the invocation that they happened in.

use std::backtrace::Backtrace;
use std::panic::{self, PanicHookInfo};

use slipway::{Level, Sink};

use crate::invocation::with_current;
use crate::logs;

pub fn install() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("a value that is no text");
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
