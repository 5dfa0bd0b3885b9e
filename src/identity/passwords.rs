//! Passwords: Argon2id, worked out away from the threads that answer requests, and few at a time, so that many who sign
//! in at once slow nobody else.
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use platform::problem::{Problem, Result};
use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a password waits for its turn before the caller hears that we are busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Half the cores hash, the others answer.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(hashers()));

/// Threads that hash and do nothing else. A hash takes 19 MiB, which the allocator keeps for the thread that used it: on
/// threads that come and go it would be kept for each of them.
static HASHERS: LazyLock<std::io::Result<Runtime>> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(hashers()).thread_name("hasher").build());

fn hashers() -> usize {
    (std::thread::available_parallelism().map_or(1, usize::from) / 2).max(1)
}

async fn on_a_hasher<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let hashers = HASHERS.as_ref().map_err(Problem::internal)?;
    hashers.spawn(async move { work() }).await.map_err(Problem::internal)?
}

/// What the password of a login that is not there is compared with, so that the answer takes as long.
static NOBODYS: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this one").unwrap_or_default());

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt").lines().filter(|line| !line.starts_with('#')).collect()
});

/// Works out at the start what would make the first sign-in slower than the others.
///
/// # Errors
/// The machine has no randomness.
pub fn prepare() -> Result<()> {
    LazyLock::force(&COMMON);
    if NOBODYS.is_empty() { Err(Problem::internal("no password can be hashed")) } else { Ok(()) }
}

/// Whether the password is one that attackers try first, however its letters are cased.
pub fn is_common(password: &str) -> bool {
    COMMON.contains(password) || COMMON.contains(password.to_lowercase().as_str())
}

/// The rule that a new password breaks, if any: 8 to 256 characters of any script, and none of the commonest.
pub fn fault(password: &str) -> Option<(&'static str, &'static str)> {
    match password.chars().count() {
        ..8 => Some(("too-short", "must have at least 8 characters")),
        257.. => Some(("too-long", "must have at most 256 characters")),
        _ if is_common(password) => {
            Some(("too-common", "is among the passwords that are tried first: choose another"))
        }
        _ => None,
    }
}

/// A hash to be kept.
///
/// # Errors
/// 503 where too many wait for theirs.
pub async fn hash(password: &str) -> Result<String> {
    let _turn = turn().await?;
    let password = password.to_owned();
    on_a_hasher(move || hash_now(&password)).await
}

/// Whether the password is the one that was hashed, compared byte for byte. Without a hash it is not, and takes as long.
/// `may_try` is asked when the turn has come, so that guesses sent at once do not all get through.
///
/// # Errors
/// As [`hash`], and what `may_try` answers.
pub async fn verify(password: &str, hash: Option<String>, may_try: impl Fn() -> Result<()>) -> Result<bool> {
    let _turn = turn().await?;
    may_try()?;
    let password = password.to_owned();
    let verifying = move || {
        // Who has no password, having never chosen one, is told no sooner than who has another.
        let own = hash.as_deref().map(PasswordHash::new).and_then(std::result::Result::ok);
        let known = own.is_some();
        let parsed = own.map_or_else(|| PasswordHash::new(&NOBODYS), Ok).map_err(Problem::internal)?;
        let fits = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(known && fits)
    };
    on_a_hasher(verifying).await
}

async fn turn() -> Result<SemaphorePermit<'static>> {
    match tokio::time::timeout(PATIENCE, TURNS.acquire()).await {
        Ok(turn) => turn.map_err(Problem::internal),
        Err(_) => Err(Problem::unavailable("too many passwords wait to be hashed")),
    }
}

/// With a salt of its own and the parameters that the crate recommends (OWASP: 19 MiB, 2 passes).
fn hash_now(password: &str) -> Result<String> {
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(Problem::internal)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::{fault, hash, verify};

    #[tokio::test]
    async fn a_password_is_compared_exactly() {
        let kept = hash("Pärola 🔑 mea").await.unwrap();
        assert!(verify("Pärola 🔑 mea", Some(kept.clone()), || Ok(())).await.unwrap());
        assert!(!verify("Pärola 🔑 Mea", Some(kept), || Ok(())).await.unwrap());
        assert!(!verify("none", Some("none".into()), || Ok(())).await.unwrap());
        assert!(!verify("nobody has this one", None, || Ok(())).await.unwrap());
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for bad in ["password", "Password", "iloveyou", "1234567", &"a".repeat(257)] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        assert_eq!(fault("correct horse battery staple"), None);
        assert_eq!(fault("пароль12"), None);
    }
}
