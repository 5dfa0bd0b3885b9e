//! Signatures after Standard Webhooks (<https://www.standardwebhooks.com>): HMAC-SHA256 over id, time and body, one for each
//! secret that holds.
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::problem::{Problem, Result};

/// Bytes of a secret; the standard asks for 24 to 64.
const LENGTH: usize = 32;

/// A new secret, as it is kept and as it is shown.
///
/// # Errors
/// 500 where the machine has no randomness.
pub fn new_secret() -> Result<(Vec<u8>, String)> {
    let mut secret = vec![0; LENGTH];
    getrandom::fill(&mut secret).map_err(Problem::internal)?;
    let shown = format!("whsec_{}", STANDARD.encode(&secret));
    Ok((secret, shown))
}

/// The secrets that sign for an endpoint.
pub struct Signer(Vec<hmac::Key>);

impl Signer {
    #[must_use]
    pub fn new(secrets: &[Vec<u8>]) -> Self {
        Self(secrets.iter().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret)).collect())
    }

    /// The value of `webhook-signature`.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: &str, body: &str) -> String {
        let each = self.0.iter().map(|key| {
            let mut signing = hmac::Context::with_key(key);
            for part in [id, ".", timestamp, ".", body] {
                signing.update(part.as_bytes());
            }
            format!("v1,{}", STANDARD.encode(signing.sign()))
        });
        each.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::Signer;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn the_standards_own_example_comes_out() {
        // Standard Webhooks, "Verifying signatures".
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = Signer::new(&[secret]).sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
