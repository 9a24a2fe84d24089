//! Where invocations run: what both kinds of pools offer.

use std::rc::Rc;

use tokio::sync::oneshot;

use crate::function::{Function, Processes};
use crate::job::{Ended, Task};
use crate::logs::{self, Level};
use crate::server::Slot;
use crate::{forked, shared};

pub enum Pool {
    Forked(Rc<forked::Pool>),
    Shared(Rc<shared::Pool>),
}

impl Pool {
    /// Of `workers` processes, where each runs many invocations.
    pub fn new(function: &'static Function, workers: usize) -> Self {
        match function.processes {
            Processes::Forked => Self::Forked(forked::Pool::new(function)),
            Processes::Shared => Self::Shared(shared::Pool::new(function, workers)),
        }
    }

    /// Loads the function. Returns when it is known whether it can be called.
    pub async fn start(&self) {
        match self {
            Self::Forked(pool) => pool.start().await,
            Self::Shared(pool) => pool.start().await,
        }
    }

    pub fn is_loaded(&self) -> bool {
        match self {
            Self::Forked(pool) => pool.is_loaded(),
            Self::Shared(pool) => pool.is_loaded(),
        }
    }

    /// Runs the function. Whoever called it may wait for its end, or not.
    pub fn run(&self, task: Task<'_>, slot: Slot) -> oneshot::Receiver<Ended> {
        match self {
            Self::Forked(pool) => pool.run(task, slot),
            Self::Shared(pool) => pool.run(task, slot),
        }
    }

    /// Ends everything, and whatever may still come.
    pub fn end_all(&self) {
        match self {
            Self::Forked(pool) => pool.end_all(),
            Self::Shared(pool) => pool.end_all(),
        }
    }
}

/// Says why there is no function to call.
pub fn not_loaded(why: &str) {
    logs::say(Level::Error, &format!("the function could not be loaded: {why}"));
}
