//! The future that polls the function, in hyper's own task, without a hand-over between threads.
//!
//! Each poll is counted before and after, so that the watch can tell a function that awaits, which it wakes to be ended
//! here, from one that holds its thread, which it answers for.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use slipway::Response;

use crate::function::{Outcome, Running};
use crate::invocation::{Cut, Invocation, as_current};
use crate::native;
use crate::slots::{Slot, Taken};

/// How an invocation ended.
pub enum Ended {
    Finished(Outcome, Response),
    Cut(Cut),
    /// The watch has answered for it.
    AnsweredElsewhere,
}

/// Polls the function until it has ended, in one way or another.
pub struct Run {
    running: Option<Running>,
    invocation: Arc<Invocation>,
    ended: Option<Ended>,
    /// None once it has been left to somebody else.
    taken: Option<Taken>,
    slot: &'static Slot,
}

impl Run {
    pub fn new(running: Running, invocation: Arc<Invocation>, taken: Taken) -> Self {
        let slot = taken.slot();
        Self { running: Some(running), invocation, ended: None, taken: Some(taken), slot }
    }

    /// Runs function code, as seen by the watch and by whoever asks for the current invocation.
    fn inside<T>(invocation: &Invocation, slot: &Slot, step: impl FnOnce() -> T) -> T {
        slot.count_poll();
        let result = as_current(invocation, step);
        slot.count_poll();
        result
    }

    /// Drops the function's future. What is dropped is the function's too, and may panic or take its time.
    fn abandon(&mut self) {
        if let Some(running) = self.running.take() {
            Self::inside(&self.invocation, self.slot, || {
                drop(catch_unwind(AssertUnwindSafe(|| drop(running))));
            });
        }
    }
}

impl Future for Run {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        let this = &mut *self;
        this.invocation.wakes(context);
        if let Some(running) = &mut this.running {
            let ended = match Self::inside(&this.invocation, this.slot, || running.as_mut().poll(context)) {
                Poll::Ready((outcome, response)) => Ended::Finished(outcome, response),
                Poll::Pending => match this.invocation.cut_by() {
                    Some(why) => Ended::Cut(why),
                    None => return Poll::Pending,
                },
            };
            this.abandon();
            if !this.invocation.claim() {
                return Poll::Ready(Ended::AnsweredElsewhere);
            }
            if !this.invocation.has_printed() {
                return Poll::Ready(ended);
            }
            this.ended = Some(ended);
            native::drain(&this.invocation);
        }
        if this.invocation.is_drained() {
            Poll::Ready(this.ended.take().expect("it is polled until it is ready"))
        } else {
            Poll::Pending
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
