//! Sealing: what has happened since the last checkpoint becomes leaves of the organization's tree, in the order of the feed,
//! and a new checkpoint is signed. It reads what is complete and locks nothing that a write needs.
use crate::checkpoints::Statement;
use crate::leaf::SealedEvent;
use crate::tree::{self, Edge, Hash, Node};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use platform::database::Database;
use platform::job::{Running, Task};
use platform::prelude::*;
use serde_json::Value;

/// Events sealed in one transaction, by one checkpoint.
const BATCH: i64 = 5_000;

/// Seals what happened in all organizations. Done every minute, once however many work.
#[derive(Serialize, Deserialize)]
pub struct Seal;

impl Task for Seal {
    const KIND: &'static str = "events.seal";

    async fn run(self, job: &Running) -> Result<Value> {
        job.in_every_organization(async |organization| seal(job.database(), organization).await).await
    }
}

/// Seals all that is complete in the organization, and answers how many events that were.
///
/// # Errors
/// 503 where the database is away.
pub async fn seal(database: &Database, organization: Uuid) -> Result<i64> {
    let mut sealed = 0;
    loop {
        let batch = database.as_system(organization, seal_batch).await?;
        sealed += batch;
        if batch < BATCH {
            return Ok(sealed);
        }
    }
}

/// Where the last seal ended, and what signs the next.
#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = BigInt)]
    tree_size: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    hash: Option<Vec<u8>>,
    #[diesel(sql_type = Text)]
    transaction: String,
    #[diesel(sql_type = BigInt)]
    sequence: i64,
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
    #[diesel(sql_type = SqlUuid)]
    key_id: Uuid,
    #[diesel(sql_type = Binary)]
    private_key: Vec<u8>,
    #[diesel(sql_type = Binary)]
    public_key: Vec<u8>,
}

#[derive(QueryableByName)]
struct Unsealed {
    #[diesel(embed)]
    event: SealedEvent,
    #[diesel(sql_type = Text)]
    transaction: String,
    #[diesel(sql_type = BigInt)]
    sequence: i64,
}

/// A constant number of statements, whatever the number of events.
async fn seal_batch(db: &mut Db) -> Result<i64> {
    diesel::define_sql_function! { fn pg_try_advisory_xact_lock(key: BigInt) -> Bool; }
    diesel::define_sql_function! { fn hashtextextended(text: Text, seed: BigInt) -> BigInt; }
    // Who comes second leaves it to the first; the numbers of checkpoints would not let both commit either. On its own, so
    // that what is read next is what the one before has left.
    let name = format!("seal{}", db.organization());
    let is_mine: bool =
        diesel::select(pg_try_advisory_xact_lock(hashtextextended(name, 0))).get_result(db).await?;
    if !is_mine {
        return Ok(0);
    }
    let head: Option<Head> = diesel::sql_query(
        "select coalesce(c.number, 0) as number, coalesce(c.tree_size, 0) as tree_size, c.hash,
            coalesce(c.transaction, '0')::text as transaction, coalesce(c.sequence, 0) as sequence, now() as now,
            k.id as key_id, k.private_key, k.public_key
        from (select * from signing_keys where retired_at is null order by created_at desc limit 1) k
        left join (select * from checkpoints where org_id = $1 order by number desc limit 1) c on true",
    )
    .bind::<SqlUuid, _>(db.organization())
    .get_result(db)
    .await
    .optional()?;
    let head = head.ok_or_else(|| Problem::unavailable("there is no signing key"))?;
    let events: Vec<Unsealed> = diesel::sql_query(
        "select id, at, actor, session_id, request_id, type, resource, resource_id, version, changes,
            transaction::text as transaction, sequence
        from events e where org_id = $1 and (e.transaction, sequence) > ($2::text::xid8, $3) and e.transaction < events_horizon()
        -- Of the table: the text of the same name sorts otherwise.
        order by e.transaction, sequence limit $4",
    )
    .bind::<SqlUuid, _>(db.organization())
    .bind::<Text, _>(&head.transaction)
    .bind::<BigInt, _>(head.sequence)
    .bind::<BigInt, _>(BATCH)
    .load(db)
    .await?;
    let Some(last) = events.last() else { return Ok(0) };

    let size = u64::try_from(head.tree_size).map_err(Problem::internal)?;
    let mut edge = edge(db, size).await?;
    let mut nodes: Vec<(Node, Hash)> = Vec::with_capacity(2 * events.len());
    for unsealed in &events {
        edge.append(unsealed.event.hash()?, |node, hash| nodes.push((node, hash)));
    }
    let tree_size = i64::try_from(edge.size()).map_err(Problem::internal)?;
    let (organization, number) = (db.organization(), head.number + 1);
    let next = Statement::next(organization, number, tree_size, &edge.root(), head.hash.as_deref(), head.now);
    let (signature, hash) = next.sign(head.key_id, &head.private_key)?;

    diesel::sql_query(
        "with leaves as (
            insert into sealed_events (event_id, leaf_index, at, sequence)
            select id, $4 + row - 1, at, sequence from unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) with ordinality each (id, at, sequence, row)
        ), subtrees as (
            insert into sealed_nodes (level, index, hash) select * from unnest($5::smallint[], $6::bigint[], $7::bytea[])
        )
        insert into checkpoints (number, tree_size, root, hash, previous_hash, signature, key_id, public_key, transaction, sequence)
        values ($8, $9, $10, $11, $12, $13, $14, $15, $16::text::xid8, $17)",
    )
    .bind::<Array<SqlUuid>, _>(events.iter().map(|each| each.event.id).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(events.iter().map(|each| each.event.at).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(events.iter().map(|each| each.sequence).collect::<Vec<_>>())
    .bind::<BigInt, _>(head.tree_size)
    .bind::<Array<SmallInt>, _>(nodes.iter().map(|(node, _)| i16::from(node.level)).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(nodes.iter().map(|(node, _)| node.index.cast_signed()).collect::<Vec<_>>())
    .bind::<Array<Binary>, _>(nodes.iter().map(|(_, hash)| &hash[..]).collect::<Vec<_>>())
    .bind::<BigInt, _>(number)
    .bind::<BigInt, _>(tree_size)
    .bind::<Binary, _>(&edge.root()[..])
    .bind::<Binary, _>(&hash[..])
    .bind::<Nullable<Binary>, _>(&head.hash)
    .bind::<Text, _>(signature)
    .bind::<SqlUuid, _>(head.key_id)
    .bind::<Binary, _>(&head.public_key)
    .bind::<Text, _>(&last.transaction)
    .bind::<BigInt, _>(last.sequence)
    .execute(db)
    .await?;
    i64::try_from(events.len()).map_err(Problem::internal)
}

/// The right edge of the tree as it was sealed.
async fn edge(db: &mut Db, size: u64) -> Result<Edge> {
    let wanted: Vec<Node> = tree::peaks(size).collect();
    let found = nodes(db, &wanted).await?;
    let hashes: Option<Vec<Hash>> = wanted
        .iter()
        .map(|peak| found.iter().find(|(node, _)| node == peak).map(|(_, hash)| *hash))
        .collect();
    Ok(Edge::of(size, hashes.ok_or_else(|| Problem::internal("a sealed subtree is missing"))?))
}

/// The hashes of these subtrees, as many as are there.
pub(crate) async fn nodes(db: &mut Db, wanted: &[Node]) -> Result<Vec<(Node, Hash)>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = SmallInt)]
        level: i16,
        #[diesel(sql_type = BigInt)]
        index: i64,
        #[diesel(sql_type = Binary)]
        hash: Vec<u8>,
    }
    let found: Vec<Found> = diesel::sql_query(
        "select n.level, n.index, n.hash from unnest($2::smallint[], $3::bigint[]) wanted (level, index)
        join sealed_nodes n on n.org_id = $1 and n.level = wanted.level and n.index = wanted.index",
    )
    .bind::<SqlUuid, _>(db.organization())
    .bind::<Array<SmallInt>, _>(wanted.iter().map(|node| i16::from(node.level)).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(wanted.iter().map(|node| node.index.cast_signed()).collect::<Vec<_>>())
    .load(db)
    .await?;
    found.into_iter().map(|each| node(each.level, each.index, &each.hash)).collect()
}

/// A subtree as the table holds it.
pub(crate) fn node(level: i16, index: i64, hash: &[u8]) -> Result<(Node, Hash)> {
    let level = u8::try_from(level).map_err(Problem::internal)?;
    let index = u64::try_from(index).map_err(Problem::internal)?;
    Ok((Node { level, index }, hash.try_into().map_err(Problem::internal)?))
}
