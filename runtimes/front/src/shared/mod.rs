//! Processes that run many invocations at a time, on threads or in an event loop: usually one.
//!
//! One that does not yield after an invocation was overdue, or that ends, is replaced. What it has certainly not begun when it has
//! ended goes to the replacement; not before, since it could still begin that.

mod door;
mod interrupt;
mod outgoing;
mod process;
mod signs;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use slipway_http::answer::Refusal;
use slipway_http::contract::Code;
use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_local;
use tokio::time::sleep;

use self::process::{Event, Process, State};
use crate::function::Function;
use crate::job::{Ended, Job, Task};
use crate::logs::{self, Level};
use crate::pool::not_loaded;
use crate::server::Slot;

pub struct Pool {
    function: &'static Function,
    workers: usize,
    /// Those that take invocations, or will when they have loaded the function.
    processes: RefCell<Vec<Rc<Process>>>,
    /// Those that only finish what they have.
    retired: RefCell<Vec<Rc<Process>>>,
    /// For a process that can take it.
    waiting: RefCell<VecDeque<Job>>,
    number: Cell<u32>,
    /// Whether it has been loaded before, and whether it could not be the last time.
    has_loaded: Cell<bool>,
    failed: Cell<bool>,
    changed: Notify,
    /// Told when there is something to look after, unless that is known.
    busy: Notify,
    looking: Cell<bool>,
    retry: Cell<Duration>,
    /// Nothing is waited for any more.
    over: Cell<bool>,
}

/// How often deadlines are looked at while anything is in flight: no timer for each.
const LOOK: Duration = Duration::from_millis(20);
/// How long what runs beside a hung invocation may go on in a process that gives no sign of life.
const SILENCE: Duration = Duration::from_secs(1);
/// A process that ends by itself, or doesn't load any more, is replaced after the first of these times, and twice as long each
/// time.
const RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

impl Pool {
    pub fn new(function: &'static Function, workers: usize) -> Rc<Self> {
        Rc::new(Self {
            function,
            workers,
            processes: RefCell::default(),
            retired: RefCell::default(),
            waiting: RefCell::default(),
            number: Cell::new(0),
            has_loaded: Cell::new(false),
            failed: Cell::new(false),
            changed: Notify::new(),
            busy: Notify::new(),
            looking: Cell::new(false),
            retry: Cell::new(Duration::ZERO),
            over: Cell::new(false),
        })
    }

    pub fn is_loaded(&self) -> bool {
        self.has_loaded.get() && !self.failed.get()
    }

    pub async fn start(self: &Rc<Self>) {
        for _ in 0..self.workers {
            if let Err(error) = self.launch() {
                self.failed.set(true);
                not_loaded(&error.to_string());
                return;
            }
        }
        let pool = Rc::clone(self);
        spawn_local(async move { pool.look_after().await });
        while !self.failed.get() && self.processes.borrow().iter().any(|one| one.state() == State::Loading) {
            self.changed.notified().await;
        }
    }

    pub fn run(&self, task: Task<'_>, slot: Slot) -> oneshot::Receiver<Ended> {
        self.number.set(self.number.get().wrapping_add(1).max(1));
        let (job, ended) = Job::new(self.number.get(), task, slot);
        if self.over.get() {
            job.end(Ended::Cut(Code::ShuttingDown));
            return ended;
        }
        self.give(job);
        self.look();
        ended
    }

    pub fn end_all(&self) {
        self.over.set(true);
        self.waiting.take().into_iter().for_each(|job| job.end(Ended::Cut(Code::ShuttingDown)));
        for process in self.all() {
            process.take_all().into_iter().for_each(|job| job.end(Ended::Cut(Code::ShuttingDown)));
        }
    }

    /// Gives it to the process with the least to do, or keeps it for the next that can take one.
    fn give(&self, job: Job) {
        let processes = self.processes.borrow();
        match processes.iter().filter(|one| one.takes()).min_by_key(|one| one.load()) {
            Some(process) => process.give(job),
            None => self.waiting.borrow_mut().push_back(job),
        }
    }

    fn give_waiting(&self) {
        self.waiting.take().into_iter().for_each(|job| self.give(job));
    }

    fn look(&self) {
        if !self.looking.replace(true) {
            self.busy.notify_one();
        }
    }

    /// Every process.
    fn all(&self) -> Vec<Rc<Process>> {
        self.processes.borrow().iter().chain(&*self.retired.borrow()).cloned().collect()
    }

    /// Starts one more process.
    fn launch(self: &Rc<Self>) -> std::io::Result<()> {
        let process = Rc::new(Process::start(self.function)?);
        self.processes.borrow_mut().push(Rc::clone(&process));
        let pool = Rc::clone(self);
        spawn_local(async move {
            process.attend(&|event| pool.hear(&process, event)).await;
            pool.lose(&process);
        });
        Ok(())
    }

    fn hear(self: &Rc<Self>, process: &Rc<Process>, event: Event) {
        match event {
            Event::Loaded => {
                self.failed.set(false);
                self.has_loaded.set(true);
                self.give_waiting();
            }
            Event::NotLoaded(why) => self.fail(process, &why),
            Event::Takes => self.give_waiting(),
        }
        self.changed.notify_one();
    }

    /// The function can't be loaded: for good where it never could be, else it is tried again.
    fn fail(self: &Rc<Self>, process: &Rc<Process>, why: &str) {
        self.failed.set(true);
        not_loaded(why);
        let refuse = |job: Job| job.end(Ended::Refused(Refusal::not_loaded()));
        self.waiting.take().into_iter().for_each(refuse);
        if self.has_loaded.get() {
            self.forget(process);
            process.kill();
            self.launch_later();
        }
    }

    /// Whether it was one of those that take invocations.
    fn forget(&self, process: &Rc<Process>) -> bool {
        self.retired.borrow_mut().retain(|other| !Rc::ptr_eq(other, process));
        let mut processes = self.processes.borrow_mut();
        let before = processes.len();
        processes.retain(|other| !Rc::ptr_eq(other, process));
        processes.len() < before
    }

    /// A process is gone: one that had work is replaced at once, another after a while.
    fn lose(self: &Rc<Self>, process: &Rc<Process>) {
        // What it has started ends with it.
        process.kill();
        let worked = process.load() > 0;
        let served = self.forget(process);
        for job in process.take_not_begun() {
            if self.over.get() { job.end(Ended::Cut(Code::ShuttingDown)) } else { self.give(job) }
        }
        for job in process.take_all() {
            job.invocation.log(Level::Error, "the function ended its process");
            job.end(Ended::Died);
        }
        let never_loaded = process.state() == State::Loading && !self.has_loaded.get();
        if !served || self.over.get() {
            return;
        }
        if never_loaded {
            self.failed.set(true);
            not_loaded("its process ended while it was loaded");
            self.changed.notify_one();
        } else if worked {
            self.replace();
        } else {
            if !self.failed.get() {
                logs::say(Level::Error, "the function's process ended and is replaced");
            }
            if process.age() > LONGEST_RETRY {
                self.retry.set(Duration::ZERO);
            }
            self.launch_later();
        }
    }

    fn replace(self: &Rc<Self>) {
        if let Err(error) = self.launch() {
            logs::say(Level::Error, &error.to_string());
            self.launch_later();
        }
    }

    fn launch_later(self: &Rc<Self>) {
        let wait = (self.retry.get() * 2).clamp(RETRY, LONGEST_RETRY);
        self.retry.set(wait);
        let pool = Rc::clone(self);
        spawn_local(async move {
            sleep(wait).await;
            pool.replace();
        });
    }

    /// Looks at deadlines, and at who yields, for as long as there is anything in flight.
    async fn look_after(self: Rc<Self>) {
        loop {
            self.busy.notified().await;
            while self.looking.get() {
                sleep(LOOK).await;
                let now = Instant::now();
                for process in self.all() {
                    process.end_overdue(now);
                    if let Some(invocation) = process.hangs(now) {
                        invocation.log(Level::Error, "the function does not yield: its process is replaced");
                        self.retire(&process);
                    }
                    let is_retired = process.state() == State::Retired;
                    let waits = is_retired && process.is_silent(now, SILENCE);
                    if is_retired && process.load() == 0 || waits && !process.interrupt(now) {
                        process.kill();
                    }
                }
                let (due, waiting): (VecDeque<_>, _) =
                    self.waiting.take().into_iter().partition(|job| job.deadline <= now);
                *self.waiting.borrow_mut() = waiting;
                due.into_iter().for_each(|job| job.end(Ended::Cut(Code::Timeout)));
                let is_idle = self.retired.borrow().is_empty()
                    && self.waiting.borrow().is_empty()
                    && self.processes.borrow().iter().all(|process| process.is_idle());
                self.looking.set(!is_idle);
            }
        }
    }

    /// Others may finish there, nothing new begins.
    fn retire(self: &Rc<Self>, process: &Rc<Process>) {
        if !self.forget(process) {
            return;
        }
        self.retired.borrow_mut().push(Rc::clone(process));
        process.retire();
        self.replace();
        self.give_waiting();
    }
}

#[cfg(test)]
mod tests;
