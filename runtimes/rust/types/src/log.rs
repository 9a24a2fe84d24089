//! Lines of the log, under the invocation that they belong to.

use std::fmt::{self, Display};
use std::sync::Arc;

/// How serious a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Error,
}

/// Where lines go: the runtime's log, or whatever a test wants to look at.
pub trait Sink: Send + Sync {
    fn write(&self, level: Level, message: String);
}

/// Writes lines under one invocation, also from a task that outlives it.
#[derive(Clone)]
pub struct Logger(Arc<dyn Sink>);

impl Logger {
    pub fn new(sink: Arc<dyn Sink>) -> Self {
        Self(sink)
    }

    /// Writes a line of level info; line breaks within it are kept.
    pub fn log(&self, message: impl Display) {
        self.0.write(Level::Info, message.to_string());
    }

    /// Writes a line of level error.
    pub fn error(&self, message: impl Display) {
        self.0.write(Level::Error, message.to_string());
    }
}

impl Default for Logger {
    /// Writes to standard error, for a function's own tests.
    fn default() -> Self {
        struct Stderr;
        impl Sink for Stderr {
            fn write(&self, level: Level, message: String) {
                eprintln!("{level:?}: {message}");
            }
        }
        Self(Arc::new(Stderr))
    }
}

impl fmt::Debug for Logger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Logger")
    }
}
