//! Proofs: that an event was sealed, and that a later checkpoint seals all that an earlier one did.
use crate::checkpoints::{COLUMNS, Checkpoint, Row, hex};
use crate::seal;
use crate::tree::{Hash, Known, needed_for_consistency};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, SmallInt, Uuid as SqlUuid};
use platform::api::{Argument, OperationDoc, path_id};
use platform::feed::Events;
use platform::prelude::*;

/// Proof that an event is among those that a checkpoint seals (RFC 6962 §2.1.1).
#[derive(Serialize, ToSchema)]
struct InclusionProof {
    /// The event's place in the tree, counted from 0.
    #[schema(minimum = 0, example = 7)]
    leaf_index: i64,
    /// How many events the checkpoint seals.
    #[schema(minimum = 1, example = 1234)]
    tree_size: i64,
    /// The hashes, in hexadecimal, that lead from the hash of the event up to the root.
    #[schema(example = json!(["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]))]
    audit_path: Vec<String>,
    /// The checkpoint whose root that is.
    checkpoint: Checkpoint,
}

/// Proof that the newer tree begins with all of the older, unchanged (RFC 6962 §2.1.2).
#[derive(Serialize, ToSchema)]
struct ConsistencyProof {
    /// The older checkpoint.
    older: Checkpoint,
    /// The newer one.
    newer: Checkpoint,
    /// The hashes, in hexadecimal, from which both roots follow; none where both are the same.
    #[schema(example = json!(["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]))]
    path: Vec<String>,
}

/// The id of an event in the path.
struct EventId(Uuid);

impl actix_web::FromRequest for EventId {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(http: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let id = http.match_info().get("id").and_then(|id| id.parse().ok());
        std::future::ready(id.map(Self).ok_or_else(Problem::not_found))
    }
}

impl Argument for EventId {
    fn describe(doc: &mut OperationDoc) {
        doc.parameters.push(path_id("The id of the event."));
    }
}

/// Against which checkpoint.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Against {
    /// The `tree_size` of the checkpoint to prove it against, such as one that was kept; the newest unless told.
    #[param(minimum = 1, maximum = 1_000_000_000_000_i64, required = false)]
    #[serde(default)]
    tree_size: Option<i64>,
}

/// Between which checkpoints.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Between {
    /// The `tree_size` of the older checkpoint.
    #[param(minimum = 1, maximum = 1_000_000_000_000_i64)]
    from: i64,
    /// The `tree_size` of the newer checkpoint; the newest unless told.
    #[param(minimum = 1, maximum = 1_000_000_000_000_i64, required = false)]
    #[serde(default)]
    to: Option<i64>,
}

/// The leaf and the checkpoint, and of the tree's complete subtrees those beside the leaf's way up and those at the right
/// edge: the path is made of them, however large the tree.
#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    leaf_index: i64,
    #[diesel(embed)]
    checkpoint: Row,
    #[diesel(sql_type = Array<SmallInt>)]
    levels: Vec<i16>,
    #[diesel(sql_type = Array<BigInt>)]
    indexes: Vec<i64>,
    #[diesel(sql_type = Array<Binary>)]
    hashes: Vec<Vec<u8>>,
}

/// Prove that an event was sealed
///
/// Events are sealed within a minute, in the order of the feed. Write the event as
/// [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785) does, `at` with six decimals, hash it, follow `audit_path` upwards
/// (RFC 6962 §2.1.1), and compare with the checkpoint's `root`, whose signature vouches for it. Shows proofs of events that the
/// feed shows whole to the caller: where it leaves out custom fields, a proof would tell guesses about them from the truth.
#[utoipa::path(get, path = "/v1/events/{id}/proof", tag = "Events")]
async fn get_event_proof(
    may: May<Read, Events>,
    id: EventId,
    against: Params<Against>,
) -> Reply<Plain<InclusionProof>> {
    let found: Option<Found> = may
        .read(async |db| {
            let proof = diesel::sql_query(format!(
                "select l.leaf_index, {COLUMNS}, n.levels, n.indexes, n.hashes
                from sealed_events l
                join events e on e.org_id = l.org_id and e.at = l.at and e.sequence = l.sequence and e.id = l.event_id
                cross join lateral (
                    select * from checkpoints where org_id = $1 and ($4::bigint is null or tree_size = $4) order by number desc limit 1) c
                cross join lateral (
                    select coalesce(array_agg(s.level), '{{}}') as levels, coalesce(array_agg(s.index), '{{}}') as indexes,
                        coalesce(array_agg(s.hash), '{{}}') as hashes
                    from generate_series(0, 40) height
                    join sealed_nodes s on s.org_id = $1 and s.level = height
                        and s.index in ((l.leaf_index >> height) # 1, (c.tree_size >> height) - 1)) n
                where l.org_id = $1 and l.event_id = $2 and l.leaf_index < c.tree_size
                    and e.resource = any((select readable_resources($3))::text[])
                    and (not (select hides_custom()) or shown_changes(e.changes, e.resource) = e.changes)"
            ));
            let proof = proof
                .bind::<SqlUuid, _>(db.organization())
                .bind::<SqlUuid, _>(id.0)
                .bind::<SqlUuid, _>(may.claims().sid)
                .bind::<Nullable<BigInt>, _>(against.0.tree_size);
            Ok(proof.get_result(db).await.optional()?)
        })
        .await?;
    let Some(Found { leaf_index, checkpoint, levels, indexes, hashes }) = found else {
        return Err(platform::problem::NOT_FOUND.because(
            "There is no such event that you may know of, or it was not sealed by then: events are sealed within a minute.",
        ));
    };
    let nodes = levels.into_iter().zip(indexes).zip(&hashes);
    let nodes: Result<Vec<_>> = nodes.map(|((level, index), hash)| seal::node(level, index, hash)).collect();
    let (leaf, size) = (leaf_index.cast_unsigned(), checkpoint.tree_size.cast_unsigned());
    let path = Known::new(nodes?).inclusion(leaf, size);
    let proof = InclusionProof {
        leaf_index,
        tree_size: checkpoint.tree_size,
        audit_path: written(path)?,
        checkpoint: checkpoint.into(),
    };
    Plain(proof).answer(may.grants())
}

/// Prove that a checkpoint seals what an older one did
///
/// Nothing before the older checkpoint was changed, taken out or put in: both roots follow from `path` (RFC 6962 §2.1.2).
#[utoipa::path(get, path = "/v1/audit/consistency", tag = "Events")]
async fn get_consistency_proof(
    may: May<Read, Checkpoint>,
    between: Params<Between>,
) -> Reply<Plain<ConsistencyProof>> {
    let Between { from, to } = between.0;
    let checkpoints: Vec<Row> = may
        .read(async |db| {
            let both = diesel::sql_query(format!(
                "select {COLUMNS} from checkpoints c where org_id = $1 and tree_size in ($2,
                    coalesce($3::bigint, (select tree_size from checkpoints where org_id = $1 order by number desc limit 1)))
                order by number"
            ));
            let both = both.bind::<SqlUuid, _>(db.organization()).bind::<BigInt, _>(from).bind::<Nullable<BigInt>, _>(to);
            Ok(both.load(db).await?)
        })
        .await?;
    let checkpoints: Vec<Checkpoint> = checkpoints.into_iter().map(Checkpoint::from).collect();
    let at = |size: i64| checkpoints.iter().find(|each| each.tree_size == size).cloned();
    let (older, newer) = (at(from), to.map_or_else(|| checkpoints.last().cloned(), at));
    let unknown = |parameter: &str| {
        let rule = "must be the `tree_size` of a checkpoint: `GET /v1/audit/checkpoints` lists them";
        Problem::invalid(vec![Fault::of(parameter, "no-such-checkpoint", rule)])
    };
    let older = older.ok_or_else(|| unknown("from"))?;
    let newer = newer.ok_or_else(|| unknown("to"))?;
    if older.tree_size > newer.tree_size {
        return Err(Problem::invalid(vec![Fault::of(
            "to",
            "before-from",
            "must not be smaller than `from`",
        )]));
    }
    let (from, to) = (older.tree_size.cast_unsigned(), newer.tree_size.cast_unsigned());
    let needed = needed_for_consistency(from, to);
    let nodes = may.read(async |db| seal::nodes(db, &needed).await).await?;
    let path = written(Known::new(nodes).consistency(from, to))?;
    Plain(ConsistencyProof { older, newer, path }).answer(may.grants())
}

fn written(path: Option<Vec<Hash>>) -> Result<Vec<String>> {
    let path = path.ok_or_else(|| Problem::internal("a sealed subtree is missing"))?;
    Ok(path.iter().map(|hash| hex(hash)).collect())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_event_proof)).call(operation!(get_consistency_proof));
}
