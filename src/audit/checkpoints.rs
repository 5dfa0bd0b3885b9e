//! Checkpoints: signed roots over the events so far, each chained to the one before. Whoever keeps one can find out later
//! whether anything before it was changed.
use crate::leaf::{canonical, microseconds};
use crate::tree::Hash;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use platform::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// How leaves, trees and statements are written: docs/decisions/0009-how-events-are-sealed.md.
const FORMAT: u64 = 1;

/// The type of the signature, so that no token can be taken for one and it for no token.
const TYPE: &str = "checkpoint+jws";

/// A signed root: everything that had happened by then, as one hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Checkpoint {
    /// The first is 1, and none is left out.
    #[schema(minimum = 1, example = 42)]
    pub number: i64,
    /// How many events were sealed by then.
    #[schema(minimum = 1, example = 1234)]
    pub tree_size: i64,
    /// The root of the Merkle tree over them (RFC 6962 §2.1), in hexadecimal.
    #[schema(
        min_length = 64,
        max_length = 64,
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub root: String,
    /// The hash of this checkpoint: the SHA-256 of what is signed.
    #[schema(
        min_length = 64,
        max_length = 64,
        example = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
    )]
    pub hash: String,
    /// The hash of the checkpoint before; null for the first.
    #[schema(
        min_length = 64,
        max_length = 64,
        example = "fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13"
    )]
    pub previous_hash: Option<String>,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
    /// A JWS (RFC 7515, ES256) whose payload says all of the above and names the organization.
    #[schema(
        max_length = 2000,
        example = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjAxOTM4YzZlIiwidHlwIjoiY2hlY2twb2ludCtqd3MifQ.eyJmb3JtYXQiOjF9.c2lnbmF0dXJl"
    )]
    pub signature: String,
    /// The key that signed it.
    pub key: SigningKey,
}

/// The public key behind a signature (RFC 7517). While it signs, `/.well-known/jwks.json` shows it too, under the same `kid`.
/// A retired one is vouched for by the checkpoints that came later: each names the hash of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SigningKey {
    /// Its id.
    #[schema(max_length = 36, example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    pub kid: String,
    /// `EC`.
    #[schema(max_length = 10, example = "EC")]
    pub kty: String,
    /// `P-256`.
    #[schema(max_length = 10, example = "P-256")]
    pub crv: String,
    /// The point, in base64url.
    #[schema(max_length = 43, example = "WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis")]
    pub x: String,
    /// The point, in base64url.
    #[schema(max_length = 43, example = "y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE")]
    pub y: String,
}

impl SigningKey {
    /// The key of this id, given as an uncompressed point (SEC 1 §2.3.3).
    fn of(id: Uuid, point: &[u8]) -> Self {
        let [x, y] = [1..33, 33..65].map(|half| URL_SAFE_NO_PAD.encode(point.get(half).unwrap_or_default()));
        Self { kid: id.to_string(), kty: "EC".into(), crv: "P-256".into(), x, y }
    }
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub format: u64,
    pub organization_id: Uuid,
    pub number: i64,
    pub tree_size: i64,
    pub root: String,
    pub previous_hash: Option<String>,
    #[serde(serialize_with = "microseconds")]
    pub sealed_at: DateTime<Utc>,
}

impl Statement {
    /// What the next checkpoint says.
    pub(crate) fn next(
        organization_id: Uuid,
        number: i64,
        tree_size: i64,
        root: &Hash,
        previous: Option<&[u8]>,
        sealed_at: DateTime<Utc>,
    ) -> Self {
        let previous_hash = previous.map(hex);
        Self { format: FORMAT, organization_id, number, tree_size, root: hex(root), previous_hash, sealed_at }
    }

    /// Signs it; answers the JWS and the checkpoint's hash.
    pub(crate) fn sign(&self, key: Uuid, private_key: &[u8]) -> Result<(String, Hash)> {
        let value = serde_json::to_value(self).map_err(Problem::internal)?;
        let payload = canonical(&value)?;
        let header = canonical(&json!({"alg": "ES256", "kid": key, "typ": TYPE}))?;
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(&payload));
        let signature =
            crypto::sign(message.as_bytes(), &EncodingKey::from_ec_der(private_key), Algorithm::ES256)
                .map_err(Problem::internal)?;
        Ok((format!("{message}.{signature}"), Sha256::digest(payload).into()))
    }
}

impl Checkpoint {
    /// What is signed, if the signature holds and says what the checkpoint says; else what is wrong with it.
    ///
    /// # Errors
    /// A sentence on what does not hold.
    pub fn verify(&self) -> std::result::Result<Statement, String> {
        let mut parts = self.signature.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("its signature is no JWS".into());
        };
        let bytes =
            |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "its signature is no JWS".to_owned());
        let (head, said) = (bytes(header)?, bytes(payload)?);
        let head: Value = serde_json::from_slice(&head).unwrap_or_default();
        if head != json!({"alg": "ES256", "kid": self.key.kid, "typ": TYPE}) {
            return Err("its signature names another key or another way of signing".into());
        }
        let key = DecodingKey::from_ec_components(&self.key.x, &self.key.y).map_err(|_| "its key is none")?;
        let message = format!("{header}.{payload}");
        // What is no point of the curve verifies nothing.
        if !crypto::verify(signature, message.as_bytes(), &key, Algorithm::ES256).unwrap_or(false) {
            return Err("its signature does not hold".into());
        }
        let statement: Statement = serde_json::from_slice(&said)
            .map_err(|_| "what is signed is no checkpoint that this program reads")?;
        let told = Statement {
            format: FORMAT,
            organization_id: statement.organization_id,
            number: self.number,
            tree_size: self.tree_size,
            root: self.root.clone(),
            previous_hash: self.previous_hash.clone(),
            sealed_at: self.sealed_at,
        };
        if statement != told || hex(&Sha256::digest(&said)) != self.hash {
            return Err("it says something else than what is signed".into());
        }
        Ok(statement)
    }
}

/// In hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes from hexadecimal, as the database writes them (`\x…`) or we do.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x").unwrap_or(text);
    let pairs = digits.as_bytes().chunks(2).map(std::str::from_utf8);
    pairs
        .map(|pair| {
            pair.ok().filter(|pair| pair.len() == 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect()
}

impl Checkpoint {
    /// From a row of the table, as JSON.
    #[must_use]
    pub fn of_row(row: &Value) -> Option<Self> {
        let bytes = |field: &str| row[field].as_str().and_then(unhex);
        let row = Row {
            number: row["number"].as_i64()?,
            tree_size: row["tree_size"].as_i64()?,
            root: bytes("root")?,
            hash: bytes("hash")?,
            previous_hash: bytes("previous_hash"),
            sealed_at: row["sealed_at"].as_str()?.parse().ok()?,
            signature: row["signature"].as_str()?.to_owned(),
            key_id: row["key_id"].as_str()?.parse().ok()?,
            public_key: bytes("public_key")?,
        };
        Some(row.into())
    }
}

/// A checkpoint as the table holds it.
#[derive(Debug, QueryableByName)]
pub(crate) struct Row {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = BigInt)]
    pub tree_size: i64,
    #[diesel(sql_type = Binary)]
    root: Vec<u8>,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    previous_hash: Option<Vec<u8>>,
    #[diesel(sql_type = Timestamptz)]
    sealed_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    signature: String,
    #[diesel(sql_type = SqlUuid)]
    key_id: Uuid,
    #[diesel(sql_type = Binary)]
    public_key: Vec<u8>,
}

impl From<Row> for Checkpoint {
    fn from(row: Row) -> Self {
        Self {
            number: row.number,
            tree_size: row.tree_size,
            root: hex(&row.root),
            hash: hex(&row.hash),
            previous_hash: row.previous_hash.as_deref().map(hex),
            sealed_at: row.sealed_at,
            signature: row.signature,
            key: SigningKey::of(row.key_id, &row.public_key),
        }
    }
}

/// Columns of a [`Row`].
pub(crate) const COLUMNS: &str = "c.number, c.tree_size, c.root, c.hash, c.previous_hash, c.sealed_at, c.signature, c.key_id, c.public_key";

impl Named for Checkpoint {
    const NAME: &'static str = "checkpoints";
}

/// Checkpoints, the newest first.
#[derive(Serialize, ToSchema)]
struct CheckpointPage {
    /// The checkpoints.
    data: Vec<Checkpoint>,
    /// Where to go on; null at the first checkpoint.
    #[schema(max_length = 2000, example = "NDI")]
    next_cursor: Option<String>,
}

/// What the list takes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CheckpointPaging {
    /// How many checkpoints at the most.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    #[serde(default)]
    limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before. Opaque.
    #[param(min_length = 1, max_length = 2000, required = false)]
    #[serde(default)]
    cursor: Option<String>,
}

/// List checkpoints
///
/// Signed roots over all events up to a moment, the newest first. Each holds the hash of the one before, so the newest vouches
/// for all. Keep one outside this service: `GET /v1/audit/consistency` and `backoffice verify-events` show later that nothing
/// before it was changed, taken out or put in. A checkpoint says nothing of what happened.
#[utoipa::path(get, path = "/v1/audit/checkpoints", tag = "Events")]
async fn list_checkpoints(
    may: May<Read, Checkpoint>,
    paging: Params<CheckpointPaging>,
) -> Reply<Plain<CheckpointPage>> {
    let before = match &paging.0.cursor {
        None => i64::MAX,
        Some(cursor) => read_cursor(cursor).ok_or_else(|| {
            Problem::invalid(vec![Fault::of(
                "cursor",
                "bad-cursor",
                "must be `next_cursor` of a page of this list",
            )])
        })?,
    };
    let limit = paging.0.limit.unwrap_or(50);
    let rows: Vec<Row> = may
        .read(async |db| {
            let list = diesel::sql_query(format!(
                "select {COLUMNS} from checkpoints c where org_id = $1 and number < $2 order by number desc limit $3"
            ));
            let list = list.bind::<SqlUuid, _>(db.organization()).bind::<BigInt, _>(before).bind::<BigInt, _>(limit);
            Ok(list.load(db).await?)
        })
        .await?;
    let data: Vec<Checkpoint> = rows.into_iter().map(Checkpoint::from).collect();
    // Numbers have no gap, so it is known where the list ends.
    let next_cursor = data
        .last()
        .filter(|last| last.number > 1)
        .map(|last| URL_SAFE_NO_PAD.encode(last.number.to_string()));
    Plain(CheckpointPage { data, next_cursor }).answer(may.grants())
}

fn read_cursor(cursor: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    std::str::from_utf8(&bytes).ok()?.parse().ok().filter(|number| *number > 1)
}

pub fn routes(api: &mut Api) {
    api.call(operation!(list_checkpoints));
}
