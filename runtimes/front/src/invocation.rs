//! One invocation: whose lines they are, and which of them the result envelope holds.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use slipway_http::ids;
use slipway_http::logs::{Kept, Line};

use crate::logs::{self, Level, Owner};

pub struct Invocation {
    pub id: String,
    pub started: Instant,
    trace: RefCell<Option<String>>,
    /// None where nobody asked for the lines, or has got them already.
    kept: RefCell<Option<Kept>>,
}

impl Invocation {
    pub fn new(id: String, trace: Option<String>, keeps_lines: bool) -> Self {
        let kept = RefCell::new(keeps_lines.then(Kept::default));
        Self { id, started: Instant::now(), trace: RefCell::new(trace), kept }
    }

    /// Notes the trace that the envelope names; one of the HTTP request goes before it.
    pub fn note_trace(&self, trace: &str) {
        self.trace.borrow_mut().get_or_insert_with(|| trace.to_owned());
    }

    pub fn log(&self, level: Level, message: &str) {
        let trace = self.trace.borrow();
        let owner = Owner { invocation: &self.id, trace: trace.as_deref() };
        let time = logs::write(level, Some(owner), message);
        if let Some(kept) = &mut *self.kept.borrow_mut() {
            kept.keep(Line::new(time, level, message.to_owned()));
        }
    }

    /// The lines so far, and whether there were more. Those that come later are the log's alone.
    pub fn take_lines(&self) -> (Vec<Line>, bool) {
        self.kept.take().map(|mut kept| kept.take()).unwrap_or_default()
    }

    /// The same to the log, without what was kept.
    fn without_lines(&self) -> Self {
        Self {
            id: self.id.clone(),
            started: self.started,
            trace: self.trace.clone(),
            kept: RefCell::default(),
        }
    }
}

/// Invocations that have ended, for lines that come late: so many, and each by its number.
pub struct Recent {
    most: usize,
    all: VecDeque<(u32, Rc<Invocation>)>,
}

impl Recent {
    pub fn new(most: usize) -> Self {
        Self { most, all: VecDeque::new() }
    }

    /// Lines that were kept are for whoever waits for the answer, and need not be remembered as well.
    pub fn add(&mut self, number: u32, mut invocation: Rc<Invocation>) {
        if invocation.kept.borrow().is_some() {
            invocation = Rc::new(invocation.without_lines());
        }
        if self.all.len() == self.most {
            self.all.pop_front();
        }
        self.all.push_back((number, invocation));
    }

    pub fn get(&self, number: u32) -> Option<Rc<Invocation>> {
        self.all.iter().rev().find(|(of, _)| *of == number).map(|(_, invocation)| Rc::clone(invocation))
    }
}

/// Ids that no other invocation has.
pub struct Ids {
    prefix: String,
    next: Cell<u64>,
}

impl Ids {
    pub fn new() -> Self {
        Self { prefix: ids::prefix(), next: Cell::new(0) }
    }

    pub fn take(&self) -> String {
        let number = self.next.replace(self.next.get() + 1);
        format!("{}{number:08x}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_holds_no_lines() {
        let invocation = Rc::new(Invocation::new(String::from("id"), None, true));
        invocation.log(Level::Info, "kept");
        let mut recent = Recent::new(1);
        recent.add(1, Rc::clone(&invocation));
        let late = recent.get(1).expect("it is remembered");
        late.log(Level::Info, "late");
        assert_eq!((late.id.as_str(), late.take_lines().0.len()), ("id", 0));
        assert_eq!(invocation.take_lines().0.len(), 1);
        invocation.log(Level::Info, "after the answer");
        assert_eq!(invocation.take_lines().0.len(), 0);
    }
}
