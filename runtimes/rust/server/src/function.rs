//! Calling the function, whatever it is and whatever it returns.

use std::future::{Future, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use slipway::Error;
pub use slipway::{Request, Response};

/// A call that goes on until it is over, or is dropped.
pub type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;
pub type Function = for<'a> fn(Request, &'a mut Response) -> Running<'a>;

/// How a call ended.
pub enum Outcome {
    Returned,
    /// What an error says of itself is the function's code as well: it is asked for where a panic is caught.
    Failed {
        message: String,
        report: String,
    },
    /// It has been logged where it happened, by the panic hook.
    Panicked,
}

/// What the function returned, with a choice of two traits: the compiler takes [`Asynchronous`] where it can, by value,
/// and otherwise [`Synchronous`], by reference.
pub struct Returned<T>(pub Option<T>);

pub trait Asynchronous<'a, Kind> {
    fn running(self) -> Running<'a>;
}

impl<'a, F, Kind: 'a> Asynchronous<'a, Kind> for Returned<F>
where
    F: Future + Send + 'a,
    F::Output: IntoOutcome<Kind>,
{
    fn running(self) -> Running<'a> {
        Box::pin(Ending(self.0.expect("it is there until it is taken"), PhantomData))
    }
}

pub trait Synchronous<'a, Kind> {
    fn running(self) -> Running<'a>;
}

impl<'a, Kind, T: IntoOutcome<Kind>> Synchronous<'a, Kind> for &mut Returned<T> {
    fn running(self) -> Running<'a> {
        Box::pin(ready(self.0.take().expect("it is there until it is taken").into_outcome()))
    }
}

/// The function's future, and what its output amounts to. An async block would do the same in twice the space.
struct Ending<F, Kind>(F, PhantomData<fn() -> Kind>);

impl<F: Future, Kind> Future for Ending<F, Kind>
where
    F::Output: IntoOutcome<Kind>,
{
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        // SAFETY: the only member is pinned where this is, and is never moved out.
        let future = unsafe { self.map_unchecked_mut(|ending| &mut ending.0) };
        future.poll(context).map(IntoOutcome::into_outcome)
    }
}

/// What a function may return: nothing, or a result with any error that a box takes. The compiler finds the kind; without
/// it, it would have two implementations to choose from should an error ever be of both.
pub trait IntoOutcome<Kind> {
    fn into_outcome(self) -> Outcome;
}

pub struct Nothing;
/// An error that may go to another thread.
pub struct Sendable;
/// One that may not.
pub struct Local;

impl IntoOutcome<Nothing> for () {
    fn into_outcome(self) -> Outcome {
        Outcome::Returned
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> IntoOutcome<Sendable> for Result<(), E> {
    fn into_outcome(self) -> Outcome {
        ended(self.map_err(|error| Error::from_boxed(error.into())))
    }
}

impl IntoOutcome<Local> for Result<(), Box<dyn std::error::Error>> {
    fn into_outcome(self) -> Outcome {
        ended(self.map_err(Error::from_local))
    }
}

fn ended(result: Result<(), Error>) -> Outcome {
    match result {
        Ok(()) => Outcome::Returned,
        Err(error) => Outcome::Failed { message: error.to_string(), report: error.report() },
    }
}

/// The function at a path, of either kind, as the server calls it.
#[macro_export]
macro_rules! function {
    ($function:path) => {{
        fn call<'a>(
            request: $crate::function::Request,
            response: &'a mut $crate::function::Response,
        ) -> $crate::function::Running<'a> {
            #[allow(unused_imports)]
            use $crate::function::{Asynchronous as _, Synchronous as _};
            $crate::function::Returned(Some($function(request, response))).running()
        }
        call as $crate::function::Function
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asynchronous(_request: Request, response: &mut Response) -> Result<(), Error> {
        tokio::task::yield_now().await;
        response.send("asynchronous")
    }

    fn synchronous(_request: Request, response: &mut Response) -> Result<(), std::io::Error> {
        response.send("synchronous").map_err(|error| std::io::Error::other(error.to_string()))
    }

    fn silent(_request: Request, _response: &mut Response) {}

    async fn fails(
        _request: Request,
        _response: &mut Response,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err("on purpose".into())
    }

    async fn fails_with_any_error(
        _request: Request,
        response: &mut Response,
    ) -> Result<(), Box<dyn std::error::Error>> {
        tokio::task::yield_now().await;
        response.send("first")?;
        Ok("x".parse::<u8>().map(drop)?)
    }

    fn fails_with_any_error_at_once(
        _request: Request,
        _response: &mut Response,
    ) -> Result<(), Box<dyn std::error::Error>> {
        Err("on purpose".into())
    }

    fn called(function: Function) -> (Outcome, Option<String>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut response = Response::default();
        let outcome = runtime.block_on(function(Request::default(), &mut response));
        let body = response.into_given().map(|given| given.expect("it is valid").body);
        (outcome, body.map(|body| String::from_utf8_lossy(&body).into_owned()))
    }

    #[test]
    fn functions_of_every_shape_are_called() {
        let (outcome, body) = called(crate::function!(asynchronous));
        assert!(matches!(outcome, Outcome::Returned) && body.as_deref() == Some("asynchronous"));
        let (outcome, body) = called(crate::function!(synchronous));
        assert!(matches!(outcome, Outcome::Returned) && body.as_deref() == Some("synchronous"));
        let (outcome, body) = called(crate::function!(silent));
        assert!(matches!(outcome, Outcome::Returned) && body.is_none());
        let (outcome, body) = called(crate::function!(fails));
        assert!(
            matches!(outcome, Outcome::Failed { message, .. } if message == "on purpose") && body.is_none()
        );
        let (outcome, _) = called(crate::function!(fails_with_any_error));
        assert!(
            matches!(outcome, Outcome::Failed { message, .. } if message == "invalid digit found in string")
        );
        let (outcome, _) = called(crate::function!(fails_with_any_error_at_once));
        assert!(matches!(outcome, Outcome::Failed { message, .. } if message == "on purpose"));
    }
}
