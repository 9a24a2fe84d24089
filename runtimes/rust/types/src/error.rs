//! Why a function failed.

use std::backtrace::Backtrace;
use std::error::Error as StdError;
use std::fmt::{self, Debug, Display};

type Boxed = Box<dyn StdError + Send + Sync>;

/// Any error, with the stack where it became this one; `?` turns every [`std::error::Error`] into it.
pub struct Error(Box<Inner>);

struct Inner {
    source: Boxed,
    backtrace: Backtrace,
}

impl Error {
    /// An error that is only a message.
    pub fn new(message: impl Display) -> Self {
        Self::from_boxed(message.to_string().into())
    }

    /// An error of any kind; one that was an [`Error`] before keeps its stack.
    pub fn from_boxed(source: Boxed) -> Self {
        match source.downcast::<Wrapped>() {
            Ok(wrapped) => wrapped.0,
            Err(source) => Self(Box::new(Inner { source, backtrace: Backtrace::force_capture() })),
        }
    }

    /// The same of an error that may not leave its thread: what it says is kept, and not what it is.
    pub fn from_local(source: Box<dyn StdError>) -> Self {
        match source.downcast::<Wrapped>() {
            Ok(wrapped) => wrapped.0,
            Err(source) => Self::from_boxed(Box::new(Told::by(&*source))),
        }
    }

    /// Message, causes and stack, as the log shows them.
    pub fn report(&self) -> String {
        format!("{self:?}")
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(source: E) -> Self {
        Self::from_boxed(source.into())
    }
}

impl Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0.source, formatter)
    }
}

impl Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.source)?;
        let mut cause = self.0.source.source();
        while let Some(error) = cause {
            write!(formatter, "\ncaused by: {error}")?;
            cause = error.source();
        }
        write!(formatter, "\nstack backtrace:\n{}", self.0.backtrace)
    }
}

/// An [`Error`] can't be a [`std::error::Error`] itself, or `?` could not convert every other one into it.
struct Wrapped(Error);

impl Debug for Wrapped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.0, formatter)
    }
}

impl Display for Wrapped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, formatter)
    }
}

impl StdError for Wrapped {}

impl From<Error> for Boxed {
    fn from(error: Error) -> Self {
        Box::new(Wrapped(error))
    }
}

impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        Box::new(Wrapped(error))
    }
}

/// What an error said, and its causes.
#[derive(Debug)]
struct Told {
    message: String,
    cause: Option<Box<Told>>,
}

impl Told {
    fn by(error: &dyn StdError) -> Self {
        let cause = error.source().map(|cause| Box::new(Self::by(cause)));
        Self { message: error.to_string(), cause }
    }
}

impl Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl StdError for Told {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_mark_keeps_message_and_stack() {
        fn fails() -> Result<(), Error> {
            "x".parse::<u8>()?;
            Ok(())
        }
        let error = fails().expect_err("x is no number");
        assert_eq!(error.to_string(), "invalid digit found in string");
        assert!(error.report().contains("stack backtrace:"));
    }

    #[test]
    fn boxing_and_unboxing_adds_no_second_stack() {
        let error = Error::from_boxed(Error::new("once").into());
        assert_eq!(error.report().matches("stack backtrace:").count(), 1);
        let error = Error::from_local(Error::new("once").into());
        assert_eq!(error.report().matches("stack backtrace:").count(), 1);
    }

    #[test]
    fn an_error_that_may_not_leave_its_thread_keeps_its_causes() {
        #[derive(Debug)]
        struct Local(std::rc::Rc<fmt::Error>);
        impl Display for Local {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("local")
            }
        }
        impl StdError for Local {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(&*self.0)
            }
        }
        let error = Error::from_local(Box::new(Local(fmt::Error.into())));
        assert_eq!(error.to_string(), "local");
        assert!(error.report().contains(&format!("caused by: {}", fmt::Error)));
    }
}
