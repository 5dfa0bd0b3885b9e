//! Which refresh tokens are being used right now. Of two requests that bring the same one at once, from two windows of one
//! browser, the second has lost a race; only one that comes after the first was answered shows that the token was copied.
//! With several processes the database decides alone, and sees only those at once that wait for each other there.
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long after the end of a renewal a request may still be read that came before it.
const LATE: Duration = Duration::from_secs(30);
/// Finished renewals that are kept before the old ones are looked for.
const MANY: usize = 1000;

/// When the token's renewal was done; not yet, while it runs.
type Running = HashMap<Vec<u8>, Option<Instant>>;

/// The renewals of one process.
#[derive(Default)]
pub struct Renewals(Mutex<Running>);

/// The renewal that goes first.
pub struct Renewal<'a> {
    all: &'a Renewals,
    hash: Vec<u8>,
    is_done: bool,
}

impl Renewals {
    /// Goes first with this token, unless another was on its way when this one came.
    pub fn begin(&self, hash: &[u8], arrived: Instant) -> Option<Renewal<'_>> {
        let mut running = self.running();
        match running.get(hash) {
            Some(None) => return None,
            Some(Some(done)) if *done > arrived => return None,
            _ => {}
        }
        if running.len() >= MANY {
            running.retain(|_, done| done.is_none_or(|done| done.elapsed() < LATE));
        }
        running.insert(hash.to_vec(), None);
        Some(Renewal { all: self, hash: hash.to_vec(), is_done: false })
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Renewal<'_> {
    /// It is committed, and about to be answered.
    pub fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Renewal<'_> {
    fn drop(&mut self) {
        let mut running = self.all.running();
        if self.is_done {
            running.insert(std::mem::take(&mut self.hash), Some(Instant::now()));
        } else {
            running.remove(&self.hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Renewals;
    use std::time::Instant;

    #[test]
    fn the_second_at_once_has_lost_and_a_later_one_is_looked_at() {
        let renewals = Renewals::default();
        let (first, second) = (Instant::now(), Instant::now());
        let renewal = renewals.begin(b"token", first).unwrap();
        assert!(renewals.begin(b"token", second).is_none());
        assert!(renewals.begin(b"another", second).is_some());
        renewal.done();
        assert!(renewals.begin(b"token", second).is_none());
        assert!(renewals.begin(b"token", Instant::now()).is_some());
    }

    #[test]
    fn one_that_failed_can_be_tried_again() {
        let renewals = Renewals::default();
        drop(renewals.begin(b"token", Instant::now()).unwrap());
        assert!(renewals.begin(b"token", Instant::now()).is_some());
    }
}
