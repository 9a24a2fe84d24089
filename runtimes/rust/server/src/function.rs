//! Calling the function: whatever it returns, whatever it throws.

use std::any::Any;
use std::future::{Future, Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use slipway::Error;
pub use slipway::{Request, Response};

/// A call that goes on until it is over, or is dropped.
pub type Running = Pin<Box<dyn Future<Output = (Outcome, Response)> + Send>>;
pub type Function = fn(Request) -> Running;

/// How a call ended.
pub enum Outcome {
    Returned,
    Failed(Error),
    /// It has been logged where it happened, by the panic hook.
    Panicked,
}

/// What the function returned, with a choice of two traits: the compiler takes [`Asynchronous`] where it can, by value,
/// and otherwise [`Synchronous`], by reference.
pub struct Returned<T>(pub Option<T>);

pub trait Asynchronous {
    type Awaitable;
    fn awaitable(self) -> Self::Awaitable;
}

impl<F: Future> Asynchronous for Returned<F> {
    type Awaitable = F;

    fn awaitable(mut self) -> F {
        self.0.take().expect("it is taken once")
    }
}

pub trait Synchronous {
    type Awaitable;
    fn awaitable(self) -> Self::Awaitable;
}

impl<T> Synchronous for &mut Returned<T> {
    type Awaitable = Ready<T>;

    fn awaitable(self) -> Ready<T> {
        ready(self.0.take().expect("it is taken once"))
    }
}

/// What a function may return: nothing, or a result with any error that `Box<dyn std::error::Error>` takes.
pub trait IntoOutcome {
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::Returned
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> IntoOutcome for Result<(), E> {
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(()) => Outcome::Returned,
            Err(error) => Outcome::Failed(Error::from_boxed(error.into())),
        }
    }
}

/// Runs a call, and ends it where it panics.
pub async fn caught(call: impl Future<Output = Outcome> + Send) -> Outcome {
    let mut call = pin!(call);
    std::future::poll_fn(move |context: &mut Context<'_>| {
        match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(payload) => {
                forget(payload);
                Poll::Ready(Outcome::Panicked)
            }
        }
    })
    .await
}

/// A panic's value may panic when it is dropped.
fn forget(payload: Box<dyn Any + Send>) {
    std::mem::forget(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asynchronous(_request: Request, response: &mut Response) -> Result<(), Error> {
        response.send("asynchronous")
    }

    fn synchronous(_request: Request, response: &mut Response) -> Result<(), std::io::Error> {
        response.send("synchronous").map_err(|error| std::io::Error::other(error.to_string()))
    }

    fn silent(_request: Request, _response: &mut Response) {}

    async fn panics(_request: Request, response: &mut Response) -> Result<(), Error> {
        response.send("first")?;
        panic!("on purpose");
    }

    macro_rules! called {
        ($function:path) => {{
            let mut response = Response::default();
            let request = Request::default();
            let outcome = tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(
                caught(async {
                    let returned = $function(request, &mut response);
                    Returned(Some(returned)).awaitable().await.into_outcome()
                }),
            );
            (outcome, response.into_given().map(|given| given.expect("valid").body))
        }};
    }

    #[test]
    fn functions_of_every_shape_are_called() {
        let (outcome, body) = called!(asynchronous);
        assert!(matches!(outcome, Outcome::Returned) && body.as_deref() == Some(b"asynchronous"));
        let (outcome, body) = called!(synchronous);
        assert!(matches!(outcome, Outcome::Returned) && body.as_deref() == Some(b"synchronous"));
        let (outcome, body) = called!(silent);
        assert!(matches!(outcome, Outcome::Returned) && body.is_none());
    }

    #[test]
    fn a_panic_ends_the_call_and_keeps_its_answer() {
        let (outcome, body) = called!(panics);
        assert!(matches!(outcome, Outcome::Panicked) && body.as_deref() == Some(b"first"));
    }
}
