//! JSON Merge Patch (RFC 7396) for `Edit…` types: left out keeps, null clears.
//!
//! A field that can be cleared is `Option<Option<T>>`, one that can not is `Option<T>`, and null for it is refused. Put
//! `#[apply(_ => #[serde(default, deserialize_with = "given")])]` on the type, and every field keeps this rule.
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// What was given for the field: `Some(None)` is null, where the field takes it.
///
/// # Errors
/// Null for a field that can not be cleared.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The fields that `T` refuses to clear, found by trying, so that the contract can not drift from the code. Empty where
/// `T` is no patch: a patch is what can be left out altogether.
pub(crate) fn not_null<T: DeserializeOwned>(schema: &Value) -> Vec<String> {
    if serde_json::from_value::<T>(json!({})).is_err() {
        return Vec::new();
    }
    let names = schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys());
    names.filter(|name| serde_json::from_value::<T>(json!({name.as_str(): null})).is_err()).cloned().collect()
}
