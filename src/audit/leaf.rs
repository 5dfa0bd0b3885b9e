//! What of an event is sealed: all that a reader of the feed sees of it, in one way of writing it (RFC 8785). Written
//! down for others in docs/decisions/0009-how-events-are-sealed.md: no event that was sealed can be verified any more if
//! this changes.
use crate::tree::{self, Hash};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::problem::{Problem, Result};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

/// An event as the feed, an archive and the table of events have it: other fields of theirs are not sealed.
#[derive(Clone, Debug, Deserialize, Serialize, QueryableByName)]
pub struct SealedEvent {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[serde(serialize_with = "microseconds")]
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    pub actor: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub session_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub request_id: Option<String>,
    #[diesel(sql_type = Text)]
    pub r#type: String,
    #[diesel(sql_type = Text)]
    pub resource: String,
    #[diesel(sql_type = SqlUuid)]
    pub resource_id: Uuid,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    #[diesel(sql_type = Jsonb)]
    pub changes: Value,
}

impl SealedEvent {
    /// The hash of the leaf that it is.
    ///
    /// # Errors
    /// It holds a number that JSON can not.
    pub fn hash(&self) -> Result<Hash> {
        let mut fields = serde_json::to_value(self).map_err(Problem::internal)?;
        keep_integers(&mut fields);
        Ok(tree::leaf(&canonical(&fields)?))
    }
}

/// As RFC 8785 writes it.
pub(crate) fn canonical(value: &Value) -> Result<Vec<u8>> {
    serde_json_canonicalizer::to_vec(value).map_err(Problem::internal)
}

/// All six decimals, whatever they are: readers that know of the moment, and not of how it was written, write the same.
pub(crate) fn microseconds<S: Serializer>(
    at: &DateTime<Utc>,
    out: S,
) -> std::result::Result<S::Ok, S::Error> {
    out.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// RFC 8785 writes numbers as doubles, in which integers beyond 2^53 fall together: as it advises, those are texts.
fn keep_integers(value: &mut Value) {
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Number(number)
            if number
                .as_i64()
                .map(i64::unsigned_abs)
                .or(number.as_u64())
                .is_some_and(|size| size >= EXACT) =>
        {
            *value = Value::String(number.to_string());
        }
        Value::Array(all) => all.iter_mut().for_each(keep_integers),
        Value::Object(all) => all.values_mut().for_each(keep_integers),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{SealedEvent, canonical, keep_integers};
    use serde_json::{Value, json};
    use sha2::{Digest, Sha256};

    fn event() -> Value {
        json!({
            "id": "6f1b2a6e-5c0e-4f39-9d51-0e6ad6a8d1c1", "at": "2026-11-22T03:04:05.12+00:00", "actor": "system",
            "session_id": null, "request_id": null, "type": "role.created", "resource": "roles",
            "resource_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "version": 1,
            "changes": {"title": {"before": null, "after": "Ă\u{1}\"é"}, "limit": {"after": 9_007_199_254_740_993_i64, "before": 1.0}}
        })
    }

    #[test]
    fn a_leaf_is_what_the_page_on_it_says() {
        let read: SealedEvent = serde_json::from_value(event()).unwrap();
        let written = concat!(
            r#"{"actor":"system","at":"2026-11-22T03:04:05.120000Z","#,
            r#""changes":{"limit":{"after":"9007199254740993","before":1},"title":{"after":"Ă\u0001\"é","before":null}},"#,
            r#""id":"6f1b2a6e-5c0e-4f39-9d51-0e6ad6a8d1c1","request_id":null,"resource":"roles","#,
            r#""resource_id":"01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f","session_id":null,"type":"role.created","version":1}"#
        );
        let expected: [u8; 32] = Sha256::new().chain_update([0]).chain_update(written).finalize().into();
        assert_eq!(read.hash().unwrap(), expected);
    }

    #[test]
    fn the_order_of_fields_and_fields_that_are_not_sealed_do_not_count_and_all_others_do() {
        let hash =
            |value: &Value| serde_json::from_value::<SealedEvent>(value.clone()).unwrap().hash().unwrap();
        let mut other = event();
        other["transaction"] = json!("12345");
        other["changes"] = json!({"limit": {"before": 1, "after": 9_007_199_254_740_993_i64}, "title": {"after": "Ă\u{1}\"é", "before": null}});
        other["at"] = json!("2026-11-22T04:04:05.120000+01:00");
        assert_eq!(hash(&other), hash(&event()));
        for (field, value) in [
            ("id", json!("6f1b2a6e-5c0e-4f39-9d51-0e6ad6a8d1c2")),
            ("at", json!("2026-11-22T03:04:05.120001Z")),
            ("actor", json!("user:6f1b2a6e-5c0e-4f39-9d51-0e6ad6a8d1c1")),
            ("session_id", json!("6f1b2a6e-5c0e-4f39-9d51-0e6ad6a8d1c1")),
            ("request_id", json!("")),
            ("type", json!("role.updated")),
            ("resource", json!("role")),
            ("resource_id", json!("01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e50")),
            ("version", json!(2)),
            (
                "changes",
                json!({"limit": {"before": 1, "after": 9_007_199_254_740_992_i64}, "title": {"after": "Ă\u{1}\"é", "before": null}}),
            ),
        ] {
            let mut changed = event();
            changed[field] = value;
            assert_ne!(hash(&changed), hash(&event()), "{field}");
        }
    }

    /// The examples of RFC 8785 §3.2.2 and §3.2.3.
    #[test]
    fn json_is_written_as_the_rfc_does() {
        let mut numbers = json!({"numbers": [333_333_333.333_333_3, 1E30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001]});
        keep_integers(&mut numbers);
        assert_eq!(
            String::from_utf8(canonical(&numbers).unwrap()).unwrap(),
            r#"{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}"#
        );
        let keys =
            json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        assert_eq!(
            String::from_utf8(canonical(&keys).unwrap()).unwrap(),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
    }
}
