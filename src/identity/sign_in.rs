//! Sign-in.
use crate::passwords;
use crate::throttle::Throttle;

/// What sign-in remembers between requests. One for the process.
#[derive(Default)]
pub struct SignIn {
    pub(crate) throttle: Throttle,
}

impl SignIn {
    /// Ready to sign people in; what the first would have to wait for is done now.
    ///
    /// # Errors
    /// None that is known; the machine has no randomness.
    pub fn new() -> platform::problem::Result<Self> {
        passwords::prepare();
        Ok(Self::default())
    }
}
