//! Opaque tokens: refresh tokens, invitations, secrets of API clients. Each holds 256 random bits, behind the organization
//! and the row that it belongs to, so that it is found without looking through all organizations. Only hashes are kept.
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use platform::problem::{Problem, Result};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Characters of a token at the most; all have 86.
pub const LONGEST: usize = 100;

/// What a token says, and what is kept of it.
pub struct Opaque {
    /// The organization that it belongs to.
    pub organization: Uuid,
    /// The session, invitation or API client.
    pub id: Uuid,
    /// SHA-256 of all of it.
    pub hash: Vec<u8>,
}

impl Opaque {
    /// A new token, as text and as it is kept.
    ///
    /// # Errors
    /// 500 where the machine has no randomness.
    pub fn make(organization: Uuid, id: Uuid) -> Result<(String, Self)> {
        let mut bytes = [0; 64];
        bytes[..16].copy_from_slice(organization.as_bytes());
        bytes[16..32].copy_from_slice(id.as_bytes());
        getrandom::fill(&mut bytes[32..]).map_err(Problem::internal)?;
        Ok((URL_SAFE_NO_PAD.encode(bytes), Self { organization, id, hash: Sha256::digest(bytes).to_vec() }))
    }

    /// Reads a token, if it has the form of one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 64)?;
        Some(Self {
            organization: Uuid::from_slice(&bytes[..16]).ok()?,
            id: Uuid::from_slice(&bytes[16..32]).ok()?,
            hash: Sha256::digest(&bytes).to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Opaque};
    use uuid::Uuid;

    #[test]
    fn a_token_names_its_row_and_no_two_are_alike() {
        let (organization, id) = (Uuid::now_v7(), Uuid::now_v7());
        let (text, made) = Opaque::make(organization, id).unwrap();
        let read = Opaque::read(&text).unwrap();
        assert_eq!((read.organization, read.id, &read.hash), (organization, id, &made.hash));
        assert!(text.len() <= LONGEST && Opaque::make(organization, id).unwrap().0 != text);
        assert!(Opaque::read("short").is_none() && Opaque::read(&format!("{text}=")).is_none());
    }
}
