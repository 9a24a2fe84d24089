//! The future that polls the function, in hyper's own task, without a hand-over between threads.
//!
//! Each poll is counted before and after, so that the watch can tell a function that awaits, which it wakes to be ended
//! here, from one that holds its thread, which it answers for.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use slipway::{Request, Response};

use crate::function::{Function, Outcome, Running};
use crate::invocation::{Cut, Invocation, as_current};
use crate::native;
use crate::slots::{Slot, Taken};
use crate::workers;

/// How an invocation ended.
pub enum Ended {
    Finished(Outcome, Response),
    Cut(Cut),
    /// The watch has answered for it.
    AnsweredElsewhere,
}

/// Polls the function until it has ended, in one way or another.
pub struct Run {
    /// None once it is over; `Err` where the function was over before there was anything to poll.
    running: Option<Result<Running<'static>, Outcome>>,
    /// What `running` writes to. A box, as it has to stay where it is.
    response: Box<Response>,
    invocation: Arc<Invocation>,
    /// How it has ended, while its native output is waited for. A box, as few need it and this is moved about.
    ended: Option<Box<Ended>>,
    /// None once it has been left to somebody else.
    taken: Option<Taken>,
    slot: &'static Slot,
}

impl Run {
    /// Calls the function. A synchronous one has run when this returns.
    pub fn start(function: Function, request: Request, invocation: Arc<Invocation>, taken: Taken) -> Self {
        let slot = taken.slot();
        let mut response = Box::<Response>::default();
        // SAFETY: the box is not touched, and not dropped, before what borrows from it is: see `end` and `drop`.
        let borrowed: &'static mut Response = unsafe { &mut *std::ptr::from_mut(&mut *response) };
        let running = inside(&invocation, slot, || function(request, borrowed)).ok_or(Outcome::Panicked);
        Self { running: Some(running), response, invocation, ended: None, taken: Some(taken), slot }
    }

    pub fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// What the function has come to: an end of its own, or one from outside.
    fn advance(&mut self, context: &mut Context<'_>) -> Poll<Result<Outcome, Cut>> {
        let Some(Ok(running)) = &mut self.running else {
            let outcome = self.running.take().and_then(Result::err);
            return Poll::Ready(Ok(outcome.unwrap_or(Outcome::Panicked)));
        };
        match inside(&self.invocation, self.slot, || running.as_mut().poll(context)) {
            None => Poll::Ready(Ok(Outcome::Panicked)),
            Some(Poll::Ready(outcome)) => Poll::Ready(Ok(outcome)),
            Some(Poll::Pending) => {
                // In this order: who cuts it does so before it looks for a waker.
                self.invocation.wakes(context);
                self.invocation.cut_by().map_or(Poll::Pending, |why| Poll::Ready(Err(why)))
            }
        }
    }

    /// Drops the function's future. What is dropped is the function's too, and may panic or take its time.
    fn abandon(&mut self) {
        if let Some(running) = self.running.take() {
            inside(&self.invocation, self.slot, || drop(running));
        }
    }
}

/// Runs function code, as seen by the watch and by whoever asks for the current invocation; None where it panics.
fn inside<T>(invocation: &Invocation, slot: &Slot, step: impl FnOnce() -> T) -> Option<T> {
    let result = workers::run(|| {
        slot.begin_poll();
        let result = as_current(invocation, || catch_unwind(AssertUnwindSafe(step)));
        slot.end_poll();
        result
    });
    // A panic's value may panic when it is dropped.
    result.map_err(std::mem::forget).ok()
}

impl Future for Run {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        let this = &mut *self;
        if this.ended.is_none() {
            let Poll::Ready(result) = this.advance(context) else { return Poll::Pending };
            this.abandon();
            if !this.invocation.claim() {
                return Poll::Ready(Ended::AnsweredElsewhere);
            }
            let ended = match result {
                Ok(outcome) => Ended::Finished(outcome, std::mem::take(&mut *this.response)),
                Err(why) => Ended::Cut(why),
            };
            if !this.invocation.has_printed() {
                return Poll::Ready(ended);
            }
            this.ended = Some(Box::new(ended));
            native::drain(&this.invocation);
        }
        this.invocation.wakes(context);
        match this.invocation.is_drained() {
            true => Poll::Ready(*this.ended.take().expect("it is polled until it is ready")),
            false => Poll::Pending,
        }
    }
}

impl Drop for Run {
    /// Without an end, its caller is gone. What it printed still finds its invocation in its slot.
    fn drop(&mut self) {
        self.abandon();
        if !self.invocation.is_drained()
            && self.invocation.has_printed()
            && let Some(taken) = self.taken.take()
        {
            tokio::spawn(Drain { invocation: Arc::clone(&self.invocation), _taken: taken });
            native::drain(&self.invocation);
        }
    }
}

/// Keeps a slot until the native output of its invocation is in the log.
struct Drain {
    invocation: Arc<Invocation>,
    _taken: Taken,
}

impl Future for Drain {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.invocation.wakes(context);
        if self.invocation.is_drained() { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::time::Duration;

    use super::*;
    use crate::slots::Slots;

    #[derive(Debug)]
    struct Mute;

    impl fmt::Display for Mute {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("it has no text")
        }
    }

    impl std::error::Error for Mute {}

    fn fails(_: Request, _: &mut Response) -> Result<(), Mute> {
        Err(Mute)
    }

    async fn fails_later(_: Request, _: &mut Response) -> Result<(), Mute> {
        tokio::task::yield_now().await;
        Err(Mute)
    }

    #[test]
    fn an_error_without_a_text_is_a_panic() {
        let slots: &'static Slots = Box::leak(Box::new(Slots::new(1)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        for function in [crate::function!(fails), crate::function!(fails_later)] {
            let taken = slots.take().expect("there is a slot");
            let invocation = Invocation::new(String::from("id"), None, 0, 0, false, taken.index);
            let invocation = Arc::new(invocation);
            taken.begin(&invocation, Duration::from_secs(1));
            let ended = runtime.block_on(Run::start(function, Request::default(), invocation, taken));
            assert!(matches!(ended, Ended::Finished(Outcome::Panicked, _)));
        }
    }
}
