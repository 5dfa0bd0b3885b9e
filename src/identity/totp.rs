//! One-time codes: six digits that a key and the time make (RFC 6238: SHA-1, 30 seconds, as all authenticator apps know
//! them), and the recovery codes for who lost the app.
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use platform::problem::{Problem, Result};
use sha2::{Digest, Sha256};
use url::form_urlencoded::byte_serialize;
use uuid::Uuid;

/// Seconds that a code is shown for.
const STEP: i64 = 30;
/// Recovery codes that somebody gets.
const CODES: usize = 10;

/// A new key.
///
/// # Errors
/// 500 where the machine has no randomness.
pub fn new_key() -> Result<[u8; 20]> {
    let mut key = [0; 20];
    getrandom::fill(&mut key).map_err(Problem::internal)?;
    Ok(key)
}

/// The key as people type it.
pub fn as_text(key: &[u8]) -> String {
    BASE32_NOPAD.encode(key)
}

/// The key as authenticator apps read it, from a QR code.
pub fn as_uri(key: &[u8], email: &str) -> String {
    let email: String = byte_serialize(email.as_bytes()).collect();
    format!("otpauth://totp/backoffice:{email}?secret={}&issuer=backoffice", as_text(key))
}

/// The step whose code this is: the present one, or one beside it, since clocks differ. All are compared, whatever the
/// first comparison said.
pub fn step_of(key: &[u8], code: &str, now: i64) -> Option<i64> {
    let now = now.div_euclid(STEP);
    let mut found = None;
    for step in [now - 1, now, now + 1] {
        if verify_slices_are_equal(code_of(key, step).as_bytes(), code.as_bytes()).is_ok() {
            found = Some(step);
        }
    }
    found
}

/// The code of a step (RFC 4226 §5.3).
fn code_of(key: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes([tag[offset], tag[offset + 1], tag[offset + 2], tag[offset + 3]]);
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// New recovery codes of 80 random bits each, and what is kept of them.
///
/// # Errors
/// 500 where the machine has no randomness.
pub fn recovery_codes(user: Uuid) -> Result<(Vec<String>, Vec<Vec<u8>>)> {
    let mut bytes = [0; 10 * CODES];
    getrandom::fill(&mut bytes).map_err(Problem::internal)?;
    let codes: Vec<String> = bytes
        .chunks(10)
        .map(|code| {
            let text = BASE32_NOPAD.encode(code).to_lowercase();
            format!("{}-{}-{}-{}", &text[..4], &text[4..8], &text[8..12], &text[12..])
        })
        .collect();
    let hashes = codes.iter().map(|code| hash(user, code)).collect();
    Ok((codes, hashes))
}

/// What is kept of a recovery code: the same whether it was typed with hyphens, in capitals, or without.
pub fn hash(user: Uuid, code: &str) -> Vec<u8> {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Sha256::new().chain_update(user.as_bytes()).chain_update(letters.to_lowercase()).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::{as_text, as_uri, code_of, hash, recovery_codes, step_of};
    use uuid::Uuid;

    /// RFC 6238, appendix B: the last six of its eight digits.
    const KEY: &[u8] = b"12345678901234567890";
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn codes_are_those_of_the_standard() {
        for (time, code) in VECTORS {
            assert_eq!(code_of(KEY, time / 30), code, "at {time}");
        }
    }

    #[test]
    fn a_code_holds_a_step_earlier_and_later_and_no_longer() {
        for late in [-30, 0, 30] {
            assert_eq!(step_of(KEY, "287082", 59 + late), Some(1));
        }
        assert_eq!(step_of(KEY, "287082", 59 + 60), None);
        assert_eq!(step_of(KEY, "287082", 59 - 60), None);
        for wrong in ["287083", "28708", "2870820", ""] {
            assert_eq!(step_of(KEY, wrong, 59), None);
        }
    }

    #[test]
    fn a_key_is_written_as_apps_read_it() {
        assert_eq!(as_text(KEY), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = as_uri(KEY, "ana+1@demo.example");
        assert_eq!(
            uri,
            format!(
                "otpauth://totp/backoffice:ana%2B1%40demo.example?secret={}&issuer=backoffice",
                as_text(KEY)
            )
        );
    }

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed() {
        let user = Uuid::now_v7();
        let (codes, hashes) = recovery_codes(user).unwrap();
        assert_eq!((codes.len(), codes[0].len()), (10, 19));
        assert!(codes.iter().all(|code| codes.iter().filter(|each| *each == code).count() == 1));
        assert_eq!(hash(user, &codes[3].to_uppercase().replace('-', " ")), hashes[3]);
        assert_ne!(hash(Uuid::now_v7(), &codes[3]), hashes[3]);
    }
}
