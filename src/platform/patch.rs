//! JSON Merge Patch (RFC 7396) for `Edit…` types: left out keeps, null clears.
//!
//! A field that can be cleared is `Option<Option<T>>`, one that can not is `Option<T>`, and null for it is refused. Put
//! `#[apply(_ => #[serde(default, deserialize_with = "given")])]` on the type, and every field keeps this rule.
use serde::{Deserialize, Deserializer};

/// What was given for the field: `Some(None)` is null, where the field takes it.
///
/// # Errors
/// Null for a field that can not be cleared.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
