//! How long a worker takes for an invocation, as far as that can be told without asking it, and how many it may therefore be
//! given in advance.

use std::time::{Duration, Instant};

/// For so long an invocation may wait for others before it, where it would have to wait in any case.
pub const WAIT: Duration = Duration::from_micros(300);
/// About what it takes to wake another worker, which is better than to wait for longer.
pub const MOMENT: Duration = Duration::from_micros(50);
/// So many are given at most.
const MOST_GIVEN: usize = 32;
/// No invocation takes less.
const LEAST: Duration = Duration::from_micros(1);
/// So many tell how long each takes, where there is always one more.
const SAMPLE: u32 = 32;

pub struct Pace {
    /// How many it may be given, however quick it is.
    depth: usize,
    /// How long each takes it.
    each: Duration,
    /// Since when what follows is counted.
    since: Instant,
    /// Whether it had nothing to do before then.
    was_idle: bool,
    count: u32,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { depth: 1, each: WAIT, since: now, was_idle: true, count: 0 }
    }

    /// It had nothing to do, and is given something.
    pub fn begin(&mut self, now: Instant) {
        (self.since, self.was_idle, self.count) = (now, true, 0);
    }

    /// It is seen to have ended some, and to have nothing to do now, or more.
    pub fn end(&mut self, some: u32, is_free: bool, now: Instant) {
        self.depth = (self.depth * 2).clamp(1, MOST_GIVEN);
        self.count += some;
        // Of a few whose beginning was not seen some may have been done before.
        if self.count < SAMPLE && !(self.was_idle && is_free) {
            return;
        }
        // That it has ended them is seen later than it happens: they have taken no longer than this.
        let each = now.duration_since(self.since) / self.count;
        self.each = each.min(self.each * 2).max(LEAST);
        (self.since, self.was_idle, self.count) = (now, false, 0);
    }

    /// Whether one more begins in such a time when `given` are before it.
    pub fn has_room(&self, given: usize, time: Duration) -> bool {
        given < self.depth && self.each * u32::try_from(given).unwrap_or(u32::MAX) <= time
    }

    /// Nothing more than this is good for it now. It gets more again as it ends some.
    pub fn narrow(&mut self, depth: usize) {
        self.depth = depth;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker that has run `turns` invocations by itself, each for `each`.
    fn after(turns: u32, each: Duration) -> (Pace, Instant) {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..turns {
            pace.begin(now);
            now += each;
            pace.end(1, true, now);
        }
        (pace, now)
    }

    fn micros(count: u64) -> Duration {
        Duration::from_micros(count)
    }

    #[test]
    fn nothing_is_given_in_advance_before_anything_has_ended() {
        assert!(!Pace::new(Instant::now()).has_room(1, WAIT));
    }

    #[test]
    fn a_quick_one_is_given_as_much_as_it_ends_in_the_time() {
        let (pace, _) = after(6, micros(10));
        assert!(pace.has_room(5, MOMENT));
        assert!(!pace.has_room(6, MOMENT));
        assert!(pace.has_room(30, WAIT));
        assert!(!pace.has_room(31, WAIT));
    }

    #[test]
    fn no_one_waits_behind_another_for_longer_than_it_takes_to_wake_a_worker() {
        let (pace, _) = after(6, micros(100));
        assert!(!pace.has_room(1, MOMENT));
        assert!(pace.has_room(3, WAIT));
        assert!(!pace.has_room(4, WAIT));
    }

    #[test]
    fn a_slow_one_is_given_nothing_in_advance() {
        let (pace, _) = after(6, micros(2000));
        assert!(!pace.has_room(1, WAIT));
    }

    #[test]
    fn however_quick_it_is_given_no_more_than_a_few_at_first_and_never_too_many() {
        let (pace, _) = after(1, micros(1));
        assert!(pace.has_room(1, WAIT));
        assert!(!pace.has_room(2, WAIT));
        let (pace, _) = after(20, micros(1));
        assert!(pace.has_room(MOST_GIVEN - 1, WAIT));
        assert!(!pace.has_room(MOST_GIVEN, WAIT));
    }

    #[test]
    fn two_reads_in_a_row_do_not_make_it_look_quick() {
        let (mut pace, now) = after(6, micros(100));
        pace.begin(now);
        // Three have ended before they are seen, and two more right after.
        pace.end(3, false, now + micros(300));
        pace.end(2, false, now + micros(310));
        assert!(!pace.has_room(1, MOMENT));
        // What was not seen from its beginning tells nothing before there is enough of it.
        pace.end(1, true, now + micros(600));
        pace.end(5, false, now + micros(605));
        assert!(!pace.has_room(1, MOMENT));
    }

    #[test]
    fn where_there_is_always_one_more_many_of_them_tell() {
        let (mut pace, mut now) = after(6, micros(100));
        pace.begin(now);
        for _ in 0..4 {
            now += micros(80);
            pace.end(8, false, now);
        }
        assert!(pace.has_room(5, MOMENT));
        assert!(!pace.has_room(6, MOMENT));
    }

    #[test]
    fn once_slow_is_soon_forgotten_and_soon_believed() {
        let (mut pace, mut now) = after(6, micros(10));
        // Held up once: it is taken to need twice as long, not a hundred times.
        pace.begin(now);
        now += micros(1000);
        pace.end(1, true, now);
        assert!(pace.has_room(2, MOMENT));
        assert!(!pace.has_room(3, MOMENT));
        pace.begin(now);
        now += micros(10);
        pace.end(1, true, now);
        assert!(pace.has_room(5, MOMENT));
        for _ in 0..6 {
            pace.begin(now);
            now += micros(1000);
            pace.end(1, true, now);
        }
        assert!(!pace.has_room(1, WAIT));
    }

    #[test]
    fn what_was_narrowed_is_widened_by_what_it_ends() {
        let (mut pace, now) = after(6, micros(1));
        pace.narrow(0);
        assert!(!pace.has_room(0, WAIT));
        pace.begin(now);
        pace.end(1, true, now + micros(1));
        assert!(pace.has_room(0, WAIT));
        assert!(!pace.has_room(1, WAIT));
    }
}
