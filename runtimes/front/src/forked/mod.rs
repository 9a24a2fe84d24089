//! Workers that run one invocation at a time: as many as are needed at once, and no more processes in turn than are good for the processor.
//!
//! Up to `lanes` workers are given something at once: the busy ones as much in advance as they end within a moment, then idle
//! ones, then the busy ones as much as has to wait anyway. What finds no room waits, which with functions that only compute is
//! a matter of microseconds. Where it takes longer, the lanes are widened, and those that wait get workers of their own, forked
//! where need be.

mod loader;
mod pace;
mod queue;
mod worker;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use slipway_http::contract::Code;
use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_local;
use tokio::time::{sleep, sleep_until};

use self::loader::Loader;
use self::worker::Worker;
use crate::frames::Frame;
use crate::function::Function;
use crate::job::{Ended, Job, Task};
use crate::logs::{self, Level};
use crate::pool::not_loaded;
use crate::server::Slot;

pub struct Pool {
    function: &'static Function,
    loader: RefCell<Option<Rc<Loader>>>,
    loaded: Cell<bool>,
    /// Forked and not there yet.
    starting: Cell<usize>,
    /// The last that came is the first to be taken: it is the warmest.
    idle: RefCell<Vec<Rc<Worker>>>,
    busy: RefCell<Vec<Rc<Worker>>>,
    waiting: RefCell<VecDeque<Job>>,
    /// Told when something has come to wait.
    come: Notify,
    number: Cell<u32>,
    /// How many may be busy before others have to wait a moment.
    lanes: Cell<usize>,
    cores: usize,
    most_busy: Cell<usize>,
    crowded: Notify,
    /// Whether those that wait are looked after already.
    looking: Cell<bool>,
    /// When the next deadline may pass.
    earliest: Cell<Option<Instant>>,
    sooner: Notify,
    /// Nothing is waited for any more.
    over: Cell<bool>,
}

/// How long a wait is no reason for more workers.
const PATIENCE: Duration = Duration::from_millis(5);
/// So many looks at functions that wait for something themselves, and those behind them are served otherwise.
const STALLED: u32 = 2;
/// So many that saw a core free while others wait for functions that end soon, but sleep.
const UNUSED: u32 = 3;
/// So many where they compute: on a machine that has other work to do, each has to wait for its turn at times.
const LONG: u32 = 20;
const LOOK: Duration = Duration::from_millis(1);
const TURN: Duration = Duration::from_secs(1);
const BEFORE_ANOTHER_TRY: Duration = Duration::from_millis(500);

/// What the running functions leave of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Processor {
    /// All of them compute.
    Taken,
    /// Some sleep, and still each core has one that computes.
    Shared,
    /// So many sleep that a core has none.
    Free,
}

impl Pool {
    pub fn new(function: &'static Function) -> Rc<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Rc::new(Self {
            function,
            loader: RefCell::default(),
            loaded: Cell::new(false),
            starting: Cell::new(0),
            idle: RefCell::default(),
            busy: RefCell::default(),
            waiting: RefCell::default(),
            come: Notify::new(),
            number: Cell::new(0),
            lanes: Cell::new(cores),
            cores,
            most_busy: Cell::new(0),
            crowded: Notify::new(),
            looking: Cell::new(false),
            earliest: Cell::new(None),
            sooner: Notify::new(),
            over: Cell::new(false),
        })
    }

    pub fn is_loaded(&self) -> bool {
        self.loaded.get()
    }

    /// Loads the function and forks the first worker. Returns when it is known whether there is one.
    pub async fn start(self: &Rc<Self>) {
        let loader = self.load().await;
        let pool = Rc::clone(self);
        spawn_local(async move { pool.keep_loaded(loader).await });
        let pool = Rc::clone(self);
        spawn_local(async move { pool.widen().await });
        let pool = Rc::clone(self);
        spawn_local(async move { pool.shrink().await });
        let pool = Rc::clone(self);
        spawn_local(async move { pool.watch_deadlines().await });
        let pool = Rc::clone(self);
        spawn_local(async move { pool.deal_what_comes().await });
        if self.is_loaded() {
            self.fork(1);
        }
    }

    /// Runs the function. Whoever called it may wait for its end, or not.
    pub fn run(&self, task: Task<'_>, slot: Slot) -> oneshot::Receiver<Ended> {
        self.number.set(self.number.get().wrapping_add(1));
        let (job, ended) = Job::new(self.number.get(), task, slot);
        if self.over.get() {
            job.end(Ended::Cut(Code::ShuttingDown));
            return ended;
        }
        if self.earliest.get().is_none_or(|earliest| job.deadline < earliest) {
            self.earliest.set(Some(job.deadline));
            self.sooner.notify_one();
        }
        self.waiting.borrow_mut().push_back(job);
        self.come.notify_one();
        ended
    }

    /// Gives out what has come during a turn of the event loop, so that a worker is woken for all of it at once.
    async fn deal_what_comes(self: Rc<Self>) {
        loop {
            self.come.notified().await;
            self.deal();
        }
    }

    /// Gives what waits to the workers that have room for it, in order.
    fn deal(&self) {
        let mut waiting = self.waiting.borrow_mut();
        while let Some(job) = waiting.pop_front() {
            let given = match self.worker_for(&job) {
                Some(worker) => worker.give(job),
                None => Err(job),
            };
            if let Err(job) = given {
                waiting.push_front(job);
                break;
            }
        }
        let crowded = !waiting.is_empty() || self.busy.borrow().iter().any(|worker| worker.is_awaited());
        if crowded && !self.looking.get() {
            self.looking.set(true);
            self.crowded.notify_one();
        }
    }

    /// One that is busy and quick is better than one that has to be woken, and that better than to wait longer.
    fn worker_for(&self, job: &Job) -> Option<Rc<Worker>> {
        let with_room = |time| self.busy.borrow().iter().find(|worker| worker.has_room(job, time)).cloned();
        if let Some(worker) = with_room(pace::MOMENT) {
            return Some(worker);
        }
        let has_lane = self.busy.borrow().len() < self.lanes.get();
        let idle = if has_lane { self.idle.borrow_mut().pop() } else { None };
        let Some(worker) = idle else {
            // While a core has no worker of its own, this one shall wait for that.
            return if self.all() < self.cores { None } else { with_room(pace::WAIT) };
        };
        self.begin(&worker);
        Some(worker)
    }

    /// Counts it among the busy ones.
    fn begin(&self, worker: &Rc<Worker>) {
        let mut busy = self.busy.borrow_mut();
        busy.push(Rc::clone(worker));
        self.most_busy.set(self.most_busy.get().max(busy.len()));
    }

    /// A worker has ended invocations, and may be free now. What was taken back from it comes before all others.
    fn settle(&self, worker: &Rc<Worker>, back: VecDeque<Job>) {
        self.put_back(back);
        if worker.is_free() {
            let mut busy = self.busy.borrow_mut();
            if let Some(place) = busy.iter().position(|other| Rc::ptr_eq(other, worker)) {
                self.idle.borrow_mut().push(busy.swap_remove(place));
            }
        }
        self.deal();
    }

    fn put_back(&self, back: VecDeque<Job>) {
        let mut waiting = self.waiting.borrow_mut();
        back.into_iter().rev().for_each(|job| waiting.push_front(job));
    }

    /// Finds out when those that wait are waiting in vain.
    async fn widen(self: Rc<Self>) {
        loop {
            self.crowded.notified().await;
            // Looks in a row that saw no invocation end, and that saw a core free.
            let (mut in_vain, mut unused) = (0, 0);
            while self.looking.get() {
                // Each core may have its worker without delay.
                let missing = self.cores.saturating_sub(self.all());
                let free = self.lanes.get().saturating_sub(self.busy.borrow().len());
                self.serve_waiting(missing.max(free));
                let ended = self.ended();
                sleep(LOOK).await;
                let processor = self.look();
                unused = if processor == Processor::Free { unused + 1 } else { 0 };
                in_vain = if ended == self.ended() { in_vain + 1 } else { 0 };
                let oldest = self.waiting.borrow().front().map(|job| job.invocation.started.elapsed());
                let wanted = self.busy.borrow().len() + self.waiting.borrow().len();
                match oldest {
                    None => {
                        (in_vain, unused) = (0, 0);
                        self.looking.set(self.busy.borrow().iter().any(|worker| worker.is_awaited()));
                    }
                    // Whoever is busy will be so for long.
                    Some(_) if in_vain >= STALLED && processor != Processor::Taken => {
                        self.lanes.set(wanted.max(self.cores))
                    }
                    Some(oldest) if unused >= UNUSED || (in_vain >= LONG && oldest >= PATIENCE) => {
                        unused = 0;
                        self.lanes.set((self.lanes.get() * 2).min(wanted).max(self.cores));
                    }
                    // What computes would not be faster for having more beside it.
                    Some(_) => {}
                }
            }
        }
    }

    /// Counts what the workers have ended.
    fn ended(&self) -> u64 {
        let (busy, idle) = (self.busy.borrow(), self.idle.borrow());
        busy.iter().chain(&*idle).map(|worker| worker.answered()).sum()
    }

    /// Looks at those that are busy, and takes back what waits behind an invocation that takes long. Whether the functions that
    /// run wait for something themselves, and leave the processor to others.
    fn look(&self) -> Processor {
        let busy = self.busy.borrow().clone();
        let (mut awake, mut asleep) = (0, 0);
        for worker in &busy {
            // It takes a while to find out, and is of use only until enough are known to compute.
            if awake >= self.cores && !worker.is_awaited() {
                continue;
            }
            let sleeps = worker.is_asleep();
            *(if sleeps { &mut asleep } else { &mut awake }) += 1;
            let back = if worker.is_awaited() { worker.take_back_stalled(sleeps) } else { VecDeque::new() };
            self.settle(worker, back);
        }
        match asleep {
            0 => Processor::Taken,
            _ if awake >= self.cores => Processor::Shared,
            _ => Processor::Free,
        }
    }

    /// Gives workers to so many of those that wait: idle ones, and then new ones.
    fn serve_waiting(self: &Rc<Self>, count: usize) {
        let count = count.min(self.waiting.borrow().len());
        let idle = count.min(self.idle.borrow().len());
        for _ in 0..idle {
            let worker = self.idle.borrow_mut().pop();
            worker.into_iter().for_each(|worker| self.place(worker));
        }
        self.fork((count - idle).saturating_sub(self.starting.get()));
    }

    /// Gives what has waited longest to this worker, or else lays it aside.
    fn place(&self, worker: Rc<Worker>) {
        let Some(job) = self.waiting.borrow_mut().pop_front() else {
            return self.idle.borrow_mut().push(worker);
        };
        self.begin(&worker);
        if let Err(job) = worker.give(job) {
            self.waiting.borrow_mut().push_front(job);
        }
    }

    fn all(&self) -> usize {
        self.busy.borrow().len() + self.idle.borrow().len() + self.starting.get()
    }

    /// Ends each invocation whose deadline has passed.
    async fn watch_deadlines(self: Rc<Self>) {
        loop {
            let earliest = self.earliest.get();
            tokio::select! {
                () = self.sooner.notified() => continue,
                () = async {
                    match earliest {
                        Some(earliest) => sleep_until(earliest.into()).await,
                        None => std::future::pending().await,
                    }
                } => {}
            }
            let now = Instant::now();
            self.cut(&|job| job.deadline <= now, Code::Timeout);
            let mut next = self.waiting.borrow().iter().map(|job| job.deadline).min();
            for worker in &*self.busy.borrow() {
                next = next.into_iter().chain(worker.earliest_deadline()).min();
            }
            self.earliest.set(next);
        }
    }

    /// Ends everything, and whatever may still come.
    pub fn end_all(&self) {
        self.over.set(true);
        self.cut(&|_| true, Code::ShuttingDown);
    }

    /// Ends the invocations that are due. A worker that runs one of them ends with it.
    fn cut(&self, is_due: &dyn Fn(&Job) -> bool, code: Code) {
        let (due, waiting) = self.waiting.take().into_iter().partition(is_due);
        *self.waiting.borrow_mut() = waiting;
        let due: VecDeque<Job> = due;
        due.into_iter().for_each(|job| job.end(Ended::Cut(code)));
        let busy = self.busy.borrow().clone();
        for worker in busy {
            let back = worker.cut(is_due, code);
            self.settle(&worker, back);
        }
    }

    fn fork(self: &Rc<Self>, count: usize) {
        let Some(loader) = self.loader.borrow().clone() else { return };
        self.starting.set(self.starting.get() + count);
        for _ in 0..count {
            let (pool, loader) = (Rc::clone(self), Rc::clone(&loader));
            spawn_local(async move {
                if let Err(error) = loader.fork().await {
                    pool.not_forked(&error).await;
                }
            });
        }
    }

    /// What the system has refused, it would refuse again at once.
    async fn not_forked(&self, error: &io::Error) {
        logs::say(Level::Error, &format!("no worker can be forked: {error}"));
        sleep(BEFORE_ANOTHER_TRY).await;
        self.starting.set(self.starting.get().saturating_sub(1));
    }

    /// Starts its process and waits until it has loaded the function, or hasn't.
    async fn load(&self) -> Option<Rc<Loader>> {
        self.loaded.set(false);
        let loader = match Loader::start(self.function) {
            Ok(loader) => Rc::new(loader),
            Err(error) => {
                not_loaded(&error.to_string());
                return None;
            }
        };
        match loader.next().await {
            Some(Frame::Ready) => {
                self.loaded.set(true);
                *self.loader.borrow_mut() = Some(Rc::clone(&loader));
                Some(loader)
            }
            Some(Frame::Failed(why)) => {
                not_loaded(&why);
                None
            }
            _ => {
                not_loaded("its process ended while it was loaded");
                None
            }
        }
    }

    /// Hears of new workers, and loads the function again should its process be gone.
    async fn keep_loaded(self: Rc<Self>, mut loader: Option<Rc<Loader>>) {
        // What can't be loaded at the start is not tried again: it would not change.
        while let Some(current) = loader.take() {
            while let Some(frame) = current.next().await {
                let Frame::Forked(process) = frame else { continue };
                match current.forked(process) {
                    Ok(worker) => self.welcome(worker),
                    Err(error) => {
                        let pool = Rc::clone(&self);
                        spawn_local(async move { pool.not_forked(&error).await });
                    }
                }
            }
            *self.loader.borrow_mut() = None;
            self.starting.set(0);
            logs::say(Level::Error, "the process that had loaded the function is gone; it is loaded again");
            loader = self.load().await;
            while loader.is_none() {
                sleep(BEFORE_ANOTHER_TRY).await;
                loader = self.load().await;
            }
            self.fork(self.waiting.borrow().len());
        }
    }

    fn welcome(self: &Rc<Self>, worker: Worker) {
        self.starting.set(self.starting.get().saturating_sub(1));
        let worker = Rc::new(worker);
        self.place(Rc::clone(&worker));
        let pool = Rc::clone(self);
        spawn_local(async move {
            worker.watch(&|back| pool.settle(&worker, back)).await;
            pool.lose(&worker);
        });
    }

    /// A worker is gone, from among the idle or the busy.
    fn lose(self: &Rc<Self>, worker: &Rc<Worker>) {
        self.idle.borrow_mut().retain(|other| !Rc::ptr_eq(other, worker));
        self.busy.borrow_mut().retain(|other| !Rc::ptr_eq(other, worker));
        if self.all() == 0 {
            // The next caller should not have to wait for it.
            self.fork(1);
        }
        self.deal();
    }

    /// Ends workers that were not needed for a while, and narrows the lanes that a stall has widened.
    async fn shrink(self: Rc<Self>) {
        loop {
            sleep(TURN).await;
            let busy = self.busy.borrow().len();
            let needed = self.most_busy.replace(busy).max(self.cores);
            self.lanes.set((self.lanes.get() / 2).max(self.cores));
            let mut idle = self.idle.borrow_mut();
            let surplus = (idle.len() + busy).saturating_sub(needed).min(idle.len());
            // The oldest lie lowest.
            idle.drain(..surplus.div_ceil(2)).for_each(|worker| worker.dismiss());
        }
    }
}
