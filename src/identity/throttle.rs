//! Failed sign-ins are counted: ten per account and address and a hundred per address in fifteen minutes. Who signs in
//! from another address is not locked out by them.
use actix_web::http::header::{HeaderName, RETRY_AFTER};
use platform::problem::{Problem, Result, TOO_MANY_REQUESTS};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures of one account from one address.
pub const PER_ACCOUNT: u32 = 10;
/// Failures from one address, whatever the account.
pub const PER_ADDRESS: u32 = 100;
/// The time in which they count.
pub const WINDOW: Duration = Duration::from_mins(15);
/// Counts that are kept at the most, some 5 MB; the oldest go first.
const MOST: usize = 100_000;

/// The counts of one process. They are lost when it stops, and then begin anew.
#[derive(Default)]
pub struct Throttle {
    counts: Mutex<HashMap<u64, Count>>,
    keyed: RandomState,
}

#[derive(Clone, Copy)]
struct Count {
    failures: u32,
    since: Instant,
}

/// Whose failures are counted.
pub struct Attempt {
    account: u64,
    address: u64,
}

impl Throttle {
    /// Of somebody at the address who wants to be the account, which may not exist.
    pub fn attempt(&self, account: &str, address: &str) -> Attempt {
        let address = network(address);
        Attempt {
            account: self.keyed.hash_one((account.to_lowercase(), &address)),
            address: self.keyed.hash_one(&address),
        }
    }

    /// Lets the attempt go on, or not.
    ///
    /// # Errors
    /// 429, with the time until the next try.
    pub fn check(&self, attempt: &Attempt) -> Result<()> {
        Self::judge(&self.counts(), attempt)
    }

    /// Lets the attempt go on, or not, and counts it as failed until it is known to have [`Self::succeeded`]: of guesses
    /// that are sent at once no more get through than of others.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn begin(&self, attempt: &Attempt) -> Result<()> {
        let mut counts = self.counts();
        Self::judge(&counts, attempt)?;
        Self::count(&mut counts, attempt);
        Ok(())
    }

    fn judge(counts: &HashMap<u64, Count>, attempt: &Attempt) -> Result<()> {
        for (key, limit, whose) in
            [(attempt.account, PER_ACCOUNT, "account"), (attempt.address, PER_ADDRESS, "address")]
        {
            let Some(count) = counts.get(&key) else { continue };
            let Some(left) = WINDOW.checked_sub(count.since.elapsed()).filter(|_| count.failures >= limit)
            else {
                continue;
            };
            return Err(too_many(whose, limit, left.as_secs() + 1));
        }
        Ok(())
    }

    /// Counts a failure.
    pub fn failed(&self, attempt: &Attempt) {
        Self::count(&mut self.counts(), attempt);
    }

    fn count(counts: &mut HashMap<u64, Count>, attempt: &Attempt) {
        if counts.len() >= MOST {
            forget(counts);
        }
        for key in [attempt.account, attempt.address] {
            let count = counts.entry(key).or_insert(Count { failures: 0, since: Instant::now() });
            if count.since.elapsed() > WINDOW {
                *count = Count { failures: 0, since: Instant::now() };
            }
            count.failures += 1;
        }
    }

    /// Forgets the failures of the account from this address: they were its owner's; and that this attempt was counted.
    pub fn succeeded(&self, attempt: &Attempt) {
        let mut counts = self.counts();
        counts.remove(&attempt.account);
        if let Some(count) = counts.get_mut(&attempt.address) {
            count.failures = count.failures.saturating_sub(1);
        }
    }

    /// Counts one more of what is limited by itself, such as mails to one address.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn one_more(&self, what: &str, whose: &str, limit: u32) -> Result<()> {
        let mut counts = self.counts();
        if counts.len() >= MOST {
            forget(&mut counts);
        }
        let key = self.keyed.hash_one((what, network(&whose.to_lowercase())));
        let count = counts.entry(key).or_insert(Count { failures: 0, since: Instant::now() });
        let left = WINDOW.saturating_sub(count.since.elapsed());
        if left.is_zero() {
            *count = Count { failures: 0, since: Instant::now() };
        } else if count.failures >= limit {
            return Err(too_many("address", limit, left.as_secs() + 1));
        }
        count.failures += 1;
        Ok(())
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<u64, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An IPv6 subscriber has a whole /64.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            format!("{:x?}", &address.segments()[..4])
        }
        _ => address.to_owned(),
    }
}

/// Drops what has run out, or else the older half.
fn forget(counts: &mut HashMap<u64, Count>) {
    counts.retain(|_, count| count.since.elapsed() <= WINDOW);
    if counts.len() >= MOST {
        let mut ages: Vec<Instant> = counts.values().map(|count| count.since).collect();
        let (_, middle, _) = ages.select_nth_unstable(MOST / 2);
        let middle = *middle;
        counts.retain(|_, count| count.since > middle);
    }
}

pub(crate) fn too_many(whose: &str, limit: u32, seconds: u64) -> Problem {
    TOO_MANY_REQUESTS
        .because(format!("Too many attempts of this {whose}: wait {seconds} s."))
        .with(RETRY_AFTER, seconds.to_string())
        .with(HeaderName::from_static("ratelimit"), format!("\"{whose}\";r=0;t={seconds}"))
        .with(
            HeaderName::from_static("ratelimit-policy"),
            format!("\"{whose}\";q={limit};w={}", WINDOW.as_secs()),
        )
}

#[cfg(test)]
mod tests {
    use super::{PER_ACCOUNT, PER_ADDRESS, Throttle};

    #[test]
    fn failures_lock_out_where_they_happen() {
        let throttle = Throttle::default();
        let here = throttle.attempt("ana@demo.example", "192.0.2.1");
        (0..PER_ACCOUNT).for_each(|_| throttle.begin(&here).unwrap());
        assert!(throttle.begin(&here).is_err());
        assert!(throttle.check(&here).is_err());
        assert!(throttle.check(&throttle.attempt("ANA@demo.example", "192.0.2.1")).is_err());
        assert!(throttle.check(&throttle.attempt("ana@demo.example", "192.0.2.2")).is_ok());
        assert!(throttle.check(&throttle.attempt("dan@demo.example", "192.0.2.1")).is_ok());
        throttle.succeeded(&here);
        assert!(throttle.check(&here).is_ok());
    }

    #[test]
    fn one_password_for_many_accounts_is_noticed() {
        let throttle = Throttle::default();
        let of = |account: u32| throttle.attempt(&format!("{account}@demo.example"), "2001:db8::1");
        (0..PER_ADDRESS).for_each(|account| throttle.failed(&of(account)));
        assert!(throttle.check(&throttle.attempt("new@demo.example", "2001:db8::2")).is_err());
        assert!(throttle.check(&throttle.attempt("new@demo.example", "2001:db8:0:1::1")).is_ok());
    }
}
