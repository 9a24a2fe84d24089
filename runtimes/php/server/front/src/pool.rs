//! The workers: as many as are needed at once, and no more processes in turn than are good for the processor.
//!
//! Up to `lanes` invocations get a worker at once. Others wait for one to come free, which with functions that only compute is
//! a matter of microseconds. Where it takes longer, the lanes are widened, and those that wait get workers of their own,
//! forked where need be.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::frames::Frame;
use crate::loader::{self, Loader};
use crate::logs::{self, Level};
use crate::settings::Php;
use crate::worker::Worker;

pub struct Pool {
    php: &'static Php,
    loader: RefCell<Option<Rc<Loader>>>,
    loaded: Cell<bool>,
    /// Forked and not there yet.
    starting: Cell<usize>,
    /// The last that came is the first to be taken: it is the warmest.
    idle: RefCell<Vec<Rc<Worker>>>,
    busy: Cell<usize>,
    /// Who waits, and since when.
    waiting: RefCell<VecDeque<(Instant, oneshot::Sender<Rc<Worker>>)>>,
    /// How many may be busy before others have to wait a moment.
    lanes: Cell<usize>,
    cores: usize,
    /// Counts workers that came free.
    freed: Cell<u64>,
    most_busy: Cell<usize>,
    crowded: Notify,
}

/// How long a wait is no reason for more workers.
const PATIENCE: Duration = Duration::from_millis(5);
const STALLED: u32 = 2;
const LOOK: Duration = Duration::from_millis(1);
const TURN: Duration = Duration::from_secs(1);
const BEFORE_ANOTHER_TRY: Duration = Duration::from_millis(500);

impl Pool {
    pub fn new(php: &'static Php) -> Rc<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Rc::new(Self {
            php,
            loader: RefCell::default(),
            loaded: Cell::new(false),
            starting: Cell::new(0),
            idle: RefCell::default(),
            busy: Cell::new(0),
            waiting: RefCell::default(),
            lanes: Cell::new(cores),
            cores,
            freed: Cell::new(0),
            most_busy: Cell::new(0),
            crowded: Notify::new(),
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
        if self.is_loaded() {
            self.fork(1);
        }
    }

    /// A worker, as soon as there is one; whoever takes it gives it back by ending the invocation.
    pub async fn take(&self) -> Rc<Worker> {
        if self.busy.get() < self.lanes.get()
            && self.waiting.borrow().is_empty()
            && let Some(worker) = self.idle.borrow_mut().pop()
        {
            self.note_busy();
            return worker;
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().push_back((Instant::now(), sender));
        self.crowded.notify_one();
        let mut place = Waiting { pool: self, receiver: Some(receiver) };
        let worker = match &mut place.receiver {
            Some(receiver) => receiver.await.ok(),
            None => None,
        };
        place.receiver = None;
        worker.expect("the queue keeps a sender until it has sent a worker")
    }

    fn note_busy(&self) {
        self.busy.set(self.busy.get() + 1);
        self.most_busy.set(self.most_busy.get().max(self.busy.get()));
    }

    /// A busy worker can take another invocation.
    fn give_back(&self, worker: &Rc<Worker>) {
        self.freed.set(self.freed.get() + 1);
        self.busy.set(self.busy.get() - 1);
        self.place(Rc::clone(worker));
    }

    /// Gives a worker to the one that has waited longest, or else lays it aside.
    fn place(&self, worker: Rc<Worker>) {
        let mut worker = worker;
        loop {
            let Some((_, sender)) = self.waiting.borrow_mut().pop_front() else { break };
            match sender.send(worker) {
                Ok(()) => return self.note_busy(),
                Err(back) => worker = back,
            }
        }
        self.idle.borrow_mut().push(worker);
    }

    /// Finds out when those that wait are waiting in vain.
    async fn widen(self: Rc<Self>) {
        loop {
            self.crowded.notified().await;
            // Looks in a row that saw no worker come free.
            let mut in_vain = 0;
            while !self.waiting.borrow().is_empty() {
                // Each core may have its worker without delay.
                let missing = self.cores.saturating_sub(self.all());
                let free = self.lanes.get().saturating_sub(self.busy.get());
                self.serve_waiting(missing.max(free));
                let freed = self.freed.get();
                sleep(LOOK).await;
                in_vain = if freed == self.freed.get() { in_vain + 1 } else { 0 };
                let Some(oldest) = self.waiting.borrow().front().map(|(since, _)| since.elapsed()) else {
                    break;
                };
                let wanted = self.busy.get() + self.waiting.borrow().len();
                if in_vain >= STALLED {
                    // Whoever is busy will be so for long.
                    self.lanes.set(wanted.max(self.cores));
                } else if oldest >= PATIENCE {
                    self.lanes.set((self.lanes.get() * 2).min(wanted).max(self.cores));
                }
            }
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

    fn all(&self) -> usize {
        self.busy.get() + self.idle.borrow().len() + self.starting.get()
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

    /// Starts PHP and waits until it has loaded the function, or hasn't.
    async fn load(&self) -> Option<Rc<Loader>> {
        self.loaded.set(false);
        let loader = match Loader::start(self.php) {
            Ok(loader) => Rc::new(loader),
            Err(error) => {
                loader::report(&format!("{} can't be started: {error}", self.php.program.to_string_lossy()));
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
                loader::report(&why);
                None
            }
            _ => {
                loader::report("its process ended while it was loaded");
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
            worker.watch(|| pool.give_back(&worker)).await;
            pool.lose(&worker);
        });
    }

    /// A worker is gone, from among the idle or the busy.
    fn lose(self: &Rc<Self>, worker: &Rc<Worker>) {
        let mut idle = self.idle.borrow_mut();
        match idle.iter().position(|other| Rc::ptr_eq(other, worker)) {
            Some(index) => drop(idle.remove(index)),
            None => self.busy.set(self.busy.get().saturating_sub(1)),
        }
        let none = idle.is_empty() && self.busy.get() == 0 && self.starting.get() == 0;
        drop(idle);
        if none {
            // The next caller should not have to wait for it.
            self.fork(1);
        }
    }

    /// Ends workers that were not needed for a while, and narrows the lanes that a stall has widened.
    async fn shrink(self: Rc<Self>) {
        loop {
            sleep(TURN).await;
            let needed = self.most_busy.replace(self.busy.get()).max(self.cores);
            self.lanes.set((self.lanes.get() / 2).max(self.cores));
            let mut idle = self.idle.borrow_mut();
            let surplus = (idle.len() + self.busy.get()).saturating_sub(needed).min(idle.len());
            // The oldest lie lowest. Their channels are closed by hand, as their watchers hold them too.
            let leaving: Vec<_> = idle.drain(..surplus.div_ceil(2)).collect();
            drop(idle);
            for worker in leaving {
                self.busy.set(self.busy.get() + 1);
                worker.dismiss();
            }
        }
    }
}

/// A place in the queue. A worker that comes when it has been left goes to the next.
struct Waiting<'a> {
    pool: &'a Pool,
    receiver: Option<oneshot::Receiver<Rc<Worker>>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(receiver) = &mut self.receiver {
            receiver.close();
            if let Ok(worker) = receiver.try_recv() {
                self.pool.give_back(&worker);
            }
        }
    }
}
